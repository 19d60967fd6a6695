"""Every address of the service, from the URL configuration itself, and the steps behind those that stand for many."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from config.api import RESOURCES
from organisations.resources import step_tables
from portal.views import bulk
from portal.views.steps import KINDS

STEP = "<slug:kind>/<int:pk>/<slug:verb>/"
STANDS_FOR = {  # one address for many: what it is called in the table of expectations
    STEP: (),
    "filings/bulk/<slug:verb>/": [f"filings/bulk/{verb}/" for verb in bulk.MANY],
    r"^(?P<kind>deals|filings|invitations)/(?P<pk>\d{1,18})/entries/(?P<name>[a-z-]+)/$": [
        f"{kind}/<int:pk>/entries/<name>/" for kind in ("deals", "filings", "invitations")
    ],
}
RESOURCE_OF = {resource.kind: resource for resource in RESOURCES}
NOWHERE = 999_999_999  # the number of nothing
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@cache
def addresses() -> tuple[str, ...]:
    """The address of every route, as the URL configuration spells it."""
    return tuple(address for found in _walk(get_resolver(), "") for address in STANDS_FOR.get(found, [found]))


def api() -> list[str]:
    """Of the API, without the answer to addresses that do not exist."""
    return [address for address in dict.fromkeys(within("api/")) if address != "api/"]


def within(*starts: str) -> list[str]:
    return [address for address in addresses() if address.startswith(starts)]


def pages() -> list[str]:
    """Ours. Those under `account/` are allauth's: sign-in and the second factor, nothing of anybody's case."""
    return [address for address in addresses() if not address.startswith(("api/", "admin/", "account/", "^account/"))]


def calls() -> list[str]:
    """The API's addresses without those of single steps, as under `/api/`."""
    steps = {f"api/{kind}/<int:pk>/{verb}/" for kind, verbs in step_names().items() for verb in verbs}
    return [address.removeprefix("api/") for address in api() if address not in steps]


@cache
def step_names() -> Mapping[str, frozenset[str]]:
    """Kind → the verbs that a page or the API offers."""
    found = {resource.kind: {verb for verb in step_tables(resource) if verb in resource.actions} for resource in RESOURCES}
    for kind, entry in KINDS.items():
        found[kind] = found.get(kind, set()) | entry.actions.keys()
    return {kind: frozenset(verbs) for kind, verbs in found.items() if verbs}


def fill(address: str, row: Any, args: Mapping[str, Any]) -> str:
    """The address of a sample: `filings/<int:pk>/` becomes `/filings/7/`."""
    values = {"pk": getattr(row, "pk", NOWHERE)} | dict(args)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values.get(found[1], NOWHERE)), address)


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield address
        else:
            yield from _walk(pattern, address)
