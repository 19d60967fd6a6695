"""二次对接: whose move it is and since when; to a firm what each bank said and what it can do next; to an office its meetings and its weeks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from common.steps import Step
from deals import needs
from deals.docking.states import BANKS, DOCKING_STEPS
from deals.docking.steps import DOCKING_ACTIONS
from deals.models import FourPartyMeeting, Invitation, ListedDocking, SecondDocking
from lenders.models import Branch
from matching import refusals
from organisations.actors import FIRM_ROLES, Person
from portal import moves, reads
from portal.access import is_firm, require, sees_filings, signed_in
from portal.application_form import branches_serving
from portal.page import page_of, render, tabs_of
from portal.panel import Refused, life

S = SecondDocking.State
TABS = (
    ("", _("待推进"), (S.ADJUSTING, S.MEETING_DUE, S.CONVENED)),
    ("seeking", S.SEEKING.label, (S.SEEKING,)),
    ("parked", S.PARKED.label, (S.PARKED,)),
    ("ended", _("已办结"), (S.SETTLED, S.ENDED)),
)
WEEKS_SHOWN = 5


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """The longest waiting first."""
    require(is_firm(by) or sees_filings(by))
    tabs, tab, found = tabs_of(reads.dockings(by), TABS, request)
    rows = page_of(found.order_by("since", "pk"), request, found=tab.rows)
    shown = list(rows)
    left = needs.left([row.need for row in shown])
    for row, move in zip(shown, of_rows(shown, by), strict=True):
        row.move, row.left = move, left[row.need_id]
    rows.object_list = shown
    weeks = reads.docking_lists(by).order_by("-week", "unit")[:WEEKS_SHOWN] if not is_firm(by) else ()
    return render(request, "portal/docking/list.html", {"page": rows, "tabs": tabs, "state": tab.value, "weeks": weeks}, by=by)


def of_rows(rows: Sequence[SecondDocking], by: Person) -> list[moves.Move]:
    """Whose move each is; two queries for the letters and deals of all."""
    due = moves.open_deadlines(rows)
    return [moves.of_second_docking(row, by, due.get(row.pk)) for row in rows]


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.dockings(by), pk=pk))


def page(request: HttpRequest, by: Person, docking: SecondDocking, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    letters = list(reads.invitations(by).filter(need=docking.need_id).order_by("-sent_at", "rank", "pk"))
    for letter in letters:
        letter.move = moves.of_invitation(letter, by)
    context = {
        "docking": docking,
        "left": needs.left([docking.need])[docking.need_id],
        "move": of_rows([docking], by)[0],
        "letters": letters,
        "deals": list(reads.deals(by).filter(need=docking.need_id).order_by("started_at")),
        "meetings": list(FourPartyMeeting.objects.filter(docking=docking).order_by("-number")),
        "is_own": by.seat(docking.filing.firm_id, *FIRM_ROLES) is not None,
        **life("second-dockings", docking, steps_of(docking), by, refused=refused, only=DOCKING_ACTIONS),
    }
    return render(request, "portal/docking/detail.html", context, by=by, status=status)


def steps_of(docking: SecondDocking) -> Mapping[str, Step]:
    """The table, with the banks that serve the place to choose from."""
    choices = cache(lambda: _banks_of(docking))
    banks = tuple(replace(param, kind="choice", choices=choices) for param in BANKS)
    return {**DOCKING_STEPS, "ask": replace(DOCKING_STEPS["ask"], params=(*banks, *DOCKING_STEPS["ask"].params[len(BANKS) :]))}


def _banks_of(docking: SecondDocking) -> list[tuple[str, Any]]:
    """By code; of one that declined that is said beside its name, and whether the need is still what it declined. Who is busy is left out."""
    assert docking.filing.project is not None
    pk = docking.need_id
    standing, busy = refusals.standing([pk]), needs.busy([pk])
    declined = set(Invitation.objects.filter(need=pk, state=Invitation.State.DECLINED).values_list("branch", flat=True))
    offered = [option for _label, options in branches_serving(docking.filing.project.region) for option in options]
    ids = dict(Branch.objects.filter(code__in=[code for code, _name in offered]).values_list("code", "pk"))

    def told(code: str, name: Any) -> Any:
        if ids[code] not in declined:
            return name
        words = _("%(bank)s（曾谢绝）") if (pk, ids[code]) in standing else _("%(bank)s（曾谢绝，需求已变更）")
        return words % {"bank": name}

    return [(code, told(code, name)) for code, name in offered if (pk, ids[code]) not in busy]


@signed_in
def week(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """An office's list of one week, as it stood then and as it stands now."""
    row = get_object_or_404(reads.docking_lists(by), pk=pk)
    lines = ListedDocking.objects.filter(list=row).select_related("docking__filing__firm", "docking__need").order_by("since", "pk")
    return render(request, "portal/docking/week.html", {"week": row, "page": page_of(lines, request)}, by=by)
