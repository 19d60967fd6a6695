"""The button under which a list page exports what it shows: the page's own address read as the filters of the API's list."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from organisations.models import Region
from portal.page import number_in
from portal.views import claims, deals, dockings, filings, invitations

Filters = dict[str, list[str]]


def _states(tabs: Sequence[tuple[str, Any, Sequence[str]]], sent: QueryDict) -> list[str]:
    wanted = sent.get("state", "")
    return [str(state) for state in next((states for value, _label, states in tabs if value == wanted), tabs[0][2])]


def _ledger(sent: QueryDict) -> Filters:
    found: Filters = {"state": _states(filings.TABS, sent)}
    if words := sent.get("q", "").replace("\x00", "").strip():
        found["q"] = [words]
    if (place := number_in(sent.get("place", ""))) is not None:
        found["region"] = list(Region.objects.filter(pk=place).values_list("code", flat=True))
    return found


def _recommendations(sent: QueryDict) -> Filters:
    return {"rank": ["1", "2"] if sent.get("state") == "standby" else ["0"]}


OF_PAGE: Mapping[str, Callable[[QueryDict], Filters]] = {
    "filings": _ledger,
    "invitations": lambda sent: {"state": _states(invitations.TABS, sent)},
    "deals": lambda sent: {"state": _states(deals.TABS, sent)},
    "second-dockings": lambda sent: {"state": _states(dockings.TABS, sent)},
    "claims": lambda sent: {"state": _states(claims.TABS, sent)},
    "recommendations": _recommendations,
}


def filters_of(page: str, sent: QueryDict) -> Filters:
    """What the page shows under this address, as filters of its list."""
    return OF_PAGE[page](sent) if page in OF_PAGE else {}
