"""Which lists there are, from the URL table itself, and the databases they are asked of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.core.management import call_command
from django.db import connections, models, transaction
from django.test import Client

from benchmarks import _copies, _rows
from config.api import RESOURCES
from ledger.models import LedgerAccount
from matching.models import Round
from organisations.models import User
from projects.models import MinistryAnswer
from tests import factories, people
from tests.permissions import desks, expected, readers, routes

# The provincial office, to which nearly everything is shown; a county with most of it; a bank with a third; a firm with next to nothing.
READERS = ("zhao", "chen", "bai", "lin", "qian", "ops")
FEW_READERS = ("zhao", "bai", "lin")
NO_LISTS = {  # forms, pages without rows, sums over everything (`adequacy/`, `progress/`, `monitoring/`)
    "healthz", "i18n/setlang/", "sign-in/", "can-i-apply/", "register/", "register/ask/", "join/", "filings/new/", "appetites/new/",
    "notices/choices/", "adequacy/", "progress/", "accounts/outlook/",
    "monitoring/", "monitoring/answers/", "monitoring/evenness/", "monitoring/report.xlsx",
}  # fmt: skip
WITHIN: dict[str, type[models.Model]] = {  # lists on the page of one thing, the province's to see
    "rounds/<int:pk>/recommendations/": Round,
    "rounds/<int:pk>/non-matches/": Round,
    "answers/<int:pk>/": MinistryAnswer,
    "accounts/<int:pk>/": LedgerAccount,
}
FILTERED = (
    "mo_county /filings/",  # a tenth of them
    "zhao /filings/?state=in_pool",
    "zhao /filings/?page=19",
    "zhao /filings/?page=200",
    "zhao /filings/?q=改造",
    "zhao /filings/?q=设备7有限公司",
    "zhao /filings/?q=没有的企业",
    "zhao /deals/?state=signed",
    "zhao /registrations/?state=ended",
    "bai /invitations/?state=accepted",
    "bai /deals/?state=signed",
    "zhao /api/filings/?ordering=-submitted_at",
    "zhao /api/filings/?state=listed",
    "mo_bank /api/filings/",  # of many, none
    "mo_bank /api/deals/",
    "mo_bank /invitations/",
)


def addresses() -> list[str]:
    """`zhao /filings/` and so on: who asks, and what; every list of the pages, the API and the admin."""
    pages = [
        f"{who} /{address.replace('<int:pk>', _first(WITHIN[address]) if address in WITHIN else '')}"
        for address in routes.pages()
        if address not in NO_LISTS and ("<" not in address or address in WITHIN)
        for who in (READERS if address not in WITHIN else ("zhao",))
        if who in expected.PAGES[address].get
    ]
    api = [f"{who} /api/{resource.kind}/" for resource in RESOURCES for who in FEW_READERS]
    desk = [f"{_whose(model)} /admin/{model._meta.label_lower.replace('.', '/')}/" for model in admin.site._registry]  # noqa: SLF001 -- Django's own name
    return [*pages, *FILTERED, *api, *desk]


def growing() -> list[str]:
    """Those of rows that grow with the number of filings."""
    grown = {f"/admin/{model._meta.label_lower.replace('.', '/')}/" for model in _copies.COPIED}
    grown |= {f"/api/{resource.kind}/" for resource in RESOURCES if resource.model in _copies.COPIED}
    return [name for name in addresses() if not (path := _path(name)).startswith(("/api/", "/admin/")) or path in grown]


def _path(name: str) -> str:
    return name.partition(" ")[2].partition("?")[0]


def _whose(model: type[models.Model]) -> str:
    return next((who for who in READERS if who in desks.DESKS[model._meta.label_lower]), "root")


def _first(model: type[models.Model]) -> str:
    return str(model._default_manager.order_by("pk").values_list("pk", flat=True).first())


def signed_in(who: str) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(username=who), backend="django.contrib.auth.backends.ModelBackend")
    return client


def populate(number: int) -> None:
    """A small province, everybody who reads in it, and that many filings."""
    world = factories.province()
    cast = people.cast(world)
    readers.seated(world, cast)
    _rows.populate(world, cast, number)


def fill(address: str, *, base: int, to: int) -> None:
    """Bring that database to so many filings. One that was kept has only the newest migrations to catch up with."""
    connection = connection_to(address)
    with using(connection):
        call_command("migrate", verbosity=0)
        if not User.objects.exists():
            with transaction.atomic():
                populate(base)
        _copies.grow(base, to=to)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as the database would by itself after a while
    connection.close()


def connection_to(address: str) -> Any:
    """One more connection, to a database of that server."""
    connection = connections["default"].copy()
    connection.settings_dict["NAME"] = urlsplit(address).path.lstrip("/")
    return connection


@contextmanager
def using(connection: Any) -> Iterator[None]:
    """Whatever asks the default database meanwhile, asks this one."""
    usual = connections["default"]
    connections["default"] = connection
    try:
        yield
    finally:
        connections["default"] = usual
