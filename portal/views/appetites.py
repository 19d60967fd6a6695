"""投放意向: a bank's manager or administrator declares what it is willing to lend in a period, and reads what it declared."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Problem, Stale
from common.money import format_wan
from common.steps import Param
from deals.declarations import declare
from lenders.appetite import NEW, Place, places
from lenders.declaring import TERMS, choosing
from lenders.models import Appetite
from organisations.actors import Person
from organisations.entering import read
from organisations.idempotency import Answer
from organisations.models import Programme
from portal import reads
from portal.access import is_bank, require, signed_in
from portal.inputs import draw, unplaced
from portal.page import once, render, seen_in


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """What this person may declare for, and what stands declared, newest period first."""
    require(is_bank(by))
    own = places(by)
    require(bool(own))
    codes = {place.code for place in own}
    rows = [row for row in reads.appetites(by).order_by("-valid_from", "bank__code", "branch__code", "pk") if _code(row) in codes]
    return render(request, "portal/appetite/list.html", {"rows": rows}, by=by)


@signed_in
def form(request: HttpRequest, by: Person, pk: int | None = None) -> HttpResponse:
    """Declare for a period, or declare anew what stands. A refusal keeps what was typed, each problem beside its field."""
    own = {place.code: place for place in places(by)}
    known = _known(by, pk)
    require(_code(known) in own if known else bool(own))
    if request.method != "POST":
        return _page(request, by, own, known, likely=_likely(known, own))
    params = _params(own, known)
    try:
        answer = once(
            request, by, lambda: _declare(_fixed(known) | read(params, request.POST), own, seen=seen_in(request) if known else NEW, by=by)
        )
    except DomainError as error:
        return _page(request, by, own, _known(by, pk), error=error)
    messages.success(request, answer)
    return redirect("appetites")


def _declare(values: dict[str, Any], own: Mapping[str, Place], *, seen: int, by: Person) -> Answer:
    place = own[values.pop("place")]
    programme = Programme.objects.get(code=values.pop("programme"))
    row = declare(place.bank, place.branch, programme=programme, seen=seen, by=by, at=by.at, **({"limit": None} | values))
    return 303, str(_("已申报：%(appetite)s") % {"appetite": row})


def _fixed(known: Appetite | None) -> dict[str, Any]:
    """What a correction does not change: whose appetite it is, and of which period."""
    return {} if known is None else {"place": _code(known), "programme": known.programme.code, "period": known.period}


def _params(own: Mapping[str, Place], known: Appetite | None) -> tuple[Param, ...]:
    return (() if known else choosing(own)) + TERMS


def _code(row: Appetite) -> str:
    return row.branch.code if row.branch else row.bank.code


def _known(by: Person, pk: int | None) -> Appetite | None:
    return None if pk is None else get_object_or_404(reads.appetites(by), pk=pk)


def _likely(known: Appetite | None, own: Mapping[str, Place]) -> dict[str, str]:
    """What stands, to be corrected; for a new one what leaves no choice."""
    if known is None:
        programmes = list(Programme.objects.order_by("pk").values_list("code", flat=True))
        only = {"programme": programmes[0]} if len(programmes) == 1 else {}
        return only | ({"place": next(iter(own))} if len(own) == 1 else {})
    found = {
        "valid_from": known.valid_from,
        "valid_to": known.valid_to,
        "limit": _in_wan(known.account.limit),
        "max_ticket": _in_wan(known.max_ticket),
        "case_load": known.case_load,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _in_wan(amount: Any) -> str | None:
    return None if amount is None else format_wan(amount).replace(",", "")


def _page(
    request: HttpRequest,
    by: Person,
    own: Mapping[str, Place],
    known: Appetite | None,
    *,
    error: DomainError | None = None,
    likely: Mapping[str, str] | None = None,
) -> HttpResponse:
    params = _params(own, known)
    problems: Sequence[Problem] = error.problems if error else ()
    context = {
        "known": known,
        "seen": known.version if known else 0,
        "fields": draw(params, prefix="appetite", typed=request.POST if error else None, problems=problems, likely=likely),
        "error": error,
        "loose": unplaced(params, problems),
        "changed": error.changed if isinstance(error, Stale) else (),
    }
    return render(request, "portal/appetite/form.html", context, by=by, status=error.status if error else 200)
