"""What `benchmarks.lists` asks for, and the rows behind it: a small province from the tests' factories, multiplied by the database."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.management import call_command
from django.db import connection, models, transaction
from django.test import Client

from common.models import AuditEvent, Deadline
from config.api import RESOURCES
from deals.models import Deal, Drawdown, InterestReceipt, Invitation, SubsidyClaim
from matching.models import NonMatch, Recommendation
from organisations.models import FirmProfile, Organisation
from projects.models import Disclosure, EquipmentItem, Filing, IntendedBank, Need, Project, ReviewStep
from tests import factories, people
from tests.factories import HUBEI, NOW, World
from tests.portal import cases

STEP = 1_000_000
PAGES = {
    "zhao": (
        "/",
        "/filings/",
        "/filings/?state=in_pool",
        "/filings/?q=改造",
        "/deals/?state=signed",
        "/claims/",
        "/forwards/",
        "/registrations/",
    ),
    "chen": ("/", "/inbox/", "/filings/", "/deals/", "/matters/"),
    "bai": ("/", "/invitations/", "/deals/", "/claims/"),
    "lin": ("/", "/filings/mine/", "/deals/"),
    "qian": ("/claims/",),
}
READERS_OF_API = ("zhao", "bai")
# In the order of their keys; a copy keeps its relations to what is not among them.
COPIED: tuple[type[models.Model], ...] = (
    Organisation,
    FirmProfile,
    Project,
    EquipmentItem,
    Filing,
    ReviewStep,
    Need,
    IntendedBank,
    Disclosure,
    Recommendation,
    NonMatch,
    Invitation,
    Deal,
    Drawdown,
    InterestReceipt,
    SubsidyClaim,
    Deadline,
    AuditEvent,
)
STATES = ("in_review", "returned", "in_pool", "reported", "listed", "listed", "listed", "not_listed", "withdrawn", "retired")


def addresses() -> dict[str, str]:
    """Name → address of every list: `zhao /filings/`."""
    found = {f"{who} {path}": path for who, paths in PAGES.items() for path in paths}
    found |= {f"{who} /api/{kind.kind}/": f"/api/{kind.kind}/" for who in READERS_OF_API for kind in RESOURCES}
    for model in admin.site._registry:  # noqa: SLF001 -- Django's own name
        if model in COPIED:
            path = f"/admin/{model._meta.label_lower.replace('.', '/')}/"
            found[f"zhao {path}"] = path
    return found


def signed_in(users: dict[str, Any], who: str) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(users[who], backend="django.contrib.auth.backends.ModelBackend")
    return client


def fill(number: int) -> dict[str, Any]:
    """That many filings in a province of their own; the accounts of the cast."""
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        world = factories.province()
        cast = people.seated(people.cast(world))
        populate(world, cast, number)
    return cast.users


def populate(world: World, cast: people.Cast, number: int) -> None:
    """That many filings, an equal share in each of STATES, with what hangs on them."""
    firms = [cast.firm, *factories.firms(world, max(number // 2, 1))]
    round_ = cases.round_(world)
    for place, state in enumerate(STATES):
        share = [firms[(place * 31 + index) % len(firms)] for index in range(number // len(STATES))]
        for filing in factories.filings(world, share, state=state):
            if state == "listed":
                _dock(world, round_, filing)
    _tell()


def settle() -> None:
    """Let the database know what it holds, as it would by itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _dock(world: Any, round_: Any, filing: Filing) -> None:
    """An invitation and a deal at the invited branch, half of them signed with a drawdown and a claim."""
    cases.disclosure(world, filing, "ICBC-WH")
    recommendation = cases.recommendation(world, round_, filing)
    cases.invitation(world, filing, state="open" if filing.pk % 3 else "accepted", recommendation=recommendation)
    if filing.pk % 2:
        loan = cases.deal(world, filing, state="drawing")
        cases.drawdown(loan)
        cases.claim(world, loan)
    else:
        cases.non_match(round_, filing)


def _tell() -> None:
    """An audit event and, of those in review, a deadline for each filing."""
    filings = list(Filing.objects.order_by("pk").select_related("current_step__unit"))
    AuditEvent.objects.bulk_create(
        AuditEvent(subject="projects.filing", subject_id=row.pk, verb="submit", by_label="企业", at=NOW, province=HUBEI) for row in filings
    )
    Deadline.objects.bulk_create(
        Deadline(
            subject="projects.filing", subject_id=row.pk, kind="review", organisation_id=row.current_step.unit.organisation_id, starts_at=NOW,
            due_at=NOW, province=HUBEI,
        )
        for row in filings
        if row.current_step_id
    )  # fmt: skip


def grow(base: int, *, to: int) -> None:
    """Copy the base as often as it takes; copies made before are left as they are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) / %s FROM projects_filing", [STEP])
        done = int(cursor.fetchone()[0])
    last = to // base - 1
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # copies of rows that were checked when they were made
        for model in COPIED:
            columns = dict(_copied(model))
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "  # noqa: S608 -- names of our own models
                f"FROM {model._meta.db_table} AS old, generate_series(%(first)s, %(last)s) AS k WHERE id < %(step)s {_which(model)}",
                {"first": done + 1, "last": last, "step": STEP},
            )
        cursor.execute("ANALYZE")  # a plan made for ten rows takes for ever on ten thousand


def _which(model: type[models.Model]) -> str:
    return "AND kind = 'firm'" if model is Organisation else ""


def _copied(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """(column, SQL of its value in a copy): ids and keys to what is copied too move on, codes that are unique get the copy's number."""
    shift = f"+ k * {STEP}"
    for field in model._meta.concrete_fields:
        column = f'"{field.column}"'
        if field.primary_key:
            yield column, f"{column} {shift}"
        elif field.name in ("uscc", "code") and model in (Organisation, Project):
            width = field.max_length or 0
            yield column, f"left({column}, {width - 9}) || 'Z' || lpad(k::text, 4, '0') || lpad((old.id %% 10000)::text, 4, '0')"
        elif field.name == "slip_no":
            yield column, f"{column} || '-' || k"
        elif column == '"subject_id"' or _is_copied(field):
            yield column, f"{column} {shift}"
        else:
            yield column, column


def _is_copied(field: Any) -> bool:
    """Lin's own firm and the like stay: what is pointed at must be copied, and firms are where the key says firm."""
    related = field.remote_field.model if field.remote_field else None
    if related is Organisation:
        return field.name in ("firm", "claimant") or (field.model is FirmProfile and field.name == "organisation")
    return related in COPIED
