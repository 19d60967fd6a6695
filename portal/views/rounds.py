"""Matching rounds for the provincial office: what went in, what came out, how close to the best possible, and who published it."""

from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _

from deals.actions import ROUND_ACTIONS
from matching import smallest, tasks
from matching.explain import UNMATCHED
from matching.explain import smallest as smallest_told
from matching.models import NonMatch, Recommendation, Round
from matching.states import ROUND_STEPS, by_provincial_office
from organisations.actors import Person
from portal import moves, reads
from portal.access import oversees, require, signed_in
from portal.page import page_of, polled, render, tabs_of
from portal.panel import Refused, life
from portal.unmatched import with_reasons

RUNNING = (Round.State.FROZEN, Round.State.SOLVING)
MOST = 1000  # reasons counted: each is looked up at its case, and the page of the round tells the whole
C = Recommendation.State


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(oversees(by))
    rows = page_of(reads.rounds(by).order_by("-planned_for", "-pk"), request)
    for row in rows:
        row.move = moves.of_round(row, by)
    return render(request, "portal/round/list.html", {"page": rows}, by=by)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.rounds(by), pk=pk))


def page(request: HttpRequest, by: Person, round_: Round, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    context = _shown(round_, by) | {
        "children": list(Round.objects.visible_to(by).filter(parent=round_).order_by("-pk")[:50]),
        **life("rounds", round_, ROUND_STEPS, by, refused=refused, only=ROUND_ACTIONS),
    }
    return render(request, "portal/round/detail.html", context, by=by, status=status)


def _shown(round_: Round, by: Person) -> dict[str, Any]:
    recommended = Recommendation.objects.filter(round=round_)
    by_state = dict(recommended.order_by().values_list("state").annotate(n=Count("pk")))
    reasons = NonMatch.objects.filter(round=round_).order_by().values_list("code").annotate(n=Count("pk")).order_by("-n", "code")
    return {
        "round": round_,
        "move": moves.of_round(round_, by),
        "is_running": round_.state in RUNNING,
        "leads": recommended.filter(rank=0).aggregate(n=Count("pk"), amount=Sum("amount")),
        "by_state": [(C(state).label, n) for state, n in sorted(by_state.items())],
        "reasons": [(code, UNMATCHED.get(code, code), n) for code, n in reasons],
    }


@signed_in
def status(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """The figures alone, asked for every two seconds while a round is computed; polling stops when it is done."""
    round_ = get_object_or_404(reads.rounds(by), pk=pk)
    return polled(request, "portal/round/status.html", _shown(round_, by), by=by)


@signed_in
def recommendations(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    round_ = get_object_or_404(reads.rounds(by), pk=pk)
    ranks = (("", _("首推"), (0,)), ("standby", _("候补"), (1, 2)))
    tabs, tab, found = tabs_of(reads.recommendations(by).filter(round=round_), ranks, request, by="rank")
    rows = page_of(found.order_by("-value", "need_id", "rank"), request, found=tab.rows)
    return render(request, "portal/round/recommendations.html", {"round": round_, "page": rows, "tabs": tabs}, by=by)


@signed_in
def non_matches(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Needs without a recommendation, by reason: what to do about each is in its own words."""
    round_ = get_object_or_404(reads.rounds(by), pk=pk)
    codes = sorted(NonMatch.objects.filter(round=round_).order_by().values_list("code", flat=True).distinct())
    reasons = [("", _("全部"), codes), *((code, UNMATCHED.get(code, code), (code,)) for code in codes)]
    all_rows = NonMatch.objects.visible_to(by).filter(round=round_).select_related("round", "need__filing__project__region", "need__firm")
    tabs, tab, found = tabs_of(all_rows, reasons, request, by="code", most=MOST)
    rows = page_of(found.order_by("code", "need_id"), request, size=30, found=tab.rows, most=MOST)
    context = {
        "round": round_,
        "page": rows,
        "tabs": tabs,
        "rows": [(_marked(row, by), reasons) for row, reasons in with_reasons(rows, at=by.at)],
        "seeks": by_provincial_office(round_, by),
    }
    return render(request, "portal/round/non_matches.html", context, by=by)


@signed_in
def smallest_change(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Ask for the smallest change that would have got a need its recommendation, and read what was found; a part of the page above."""
    row = get_object_or_404(NonMatch.objects.filter(pk__in=NonMatch.objects.visible_to(by).values("pk")).select_related("round"), pk=pk)
    require(by_provincial_office(row, by))
    if request.method == "POST" and smallest.ask(row, by=by, at=by.at):
        tasks.dispatch_smallest(row)
    if request.method == "POST" and not request.htmx:  # type: ignore[attr-defined]  # its middleware
        return redirect("round-non-matches", row.round_id)
    return render(request, "portal/round/smallest.html", {"row": _marked(row, by)}, by=by)


def _marked(row: Any, by: Person) -> Any:
    row.smallest_told, row.may_ask = smallest_told(row), smallest.may_ask(row, at=by.at)
    return row
