"""上报批次: a unit gathers what it has done with, prints letter and list, uploads the stamped letter, and sends all of it up."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.errors import DomainError, NotAllowed
from common.steps import Param, allowed_verbs
from exchange import forward_papers
from organisations.actors import Person
from organisations.entering import read
from organisations.idempotency import Answer
from organisations.models import Batch, Unit
from portal import moves, reads
from portal.access import require, sees_filings, signed_in
from portal.inputs import draw, unplaced
from portal.page import attached, once, page_of, render, take_uploads
from portal.panel import Refused, life
from projects.actions import FORWARD_ACTIONS
from projects.forwarding import scans, steps
from projects.forwarding.states import FORWARD_STEPS, by_unit
from projects.models import Filing, ForwardBatch, ForwardedCase, ForwardScan, passed_through

PULL_BACK = "pull_back"
BATCHES_SHOWN = 6


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """What this person's units sent up and received, and a form for one more."""
    require(sees_filings(by))
    if request.method != "POST":
        return _index(request, by)
    try:
        pk = once(request, by, lambda: _prepare(read(_params(by), request.POST), by))
    except DomainError as error:
        return _index(request, by, error=error)
    return redirect("forward", pk)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.forwards(by), pk=pk))


def page(request: HttpRequest, by: Person, forward: ForwardBatch, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    cases = ForwardedCase.objects.filter(forward=forward).select_related("filing__firm", "filing__project__region", "filing__batch")
    readable = set(Filing.objects.visible_to(by).filter(forwarded__forward=forward).values_list("pk", flat=True))
    context: dict[str, Any] = {
        "forward": forward,
        "move": moves.of_forward(forward, by),
        "on_list": [case for case in cases.order_by("filing__project__region__code", "filing") if case.pulled_at is None],
        "pulled": [case for case in cases.order_by("pulled_at", "pk") if case.pulled_at is not None],
        "readable": readable,
        "papers": [(name, label) for name, (label, _type, _make) in forward_papers.PAPERS.items()] if forward.content else [],
        "can_attach": scans.may_attach(forward, by),
        "can_pull": PULL_BACK in allowed_verbs(FORWARD_STEPS, forward, by),
        **life("forwards", forward, FORWARD_STEPS, by, refused=refused, only=FORWARD_ACTIONS.keys() - {PULL_BACK}),
    }
    return render(request, "portal/forward/detail.html", context, by=by, status=status)


@signed_in
def paper(_request: HttpRequest, by: Person, pk: int, name: str) -> HttpResponse:
    """Letter or list, written from the frozen list."""
    forward = get_object_or_404(reads.forwards(by), pk=pk)
    if name not in forward_papers.PAPERS:
        raise Http404
    _label, content_type, make = forward_papers.PAPERS[name]
    return attached(make(forward), name=forward_papers.file_name(forward, name), content_type=content_type)


@require_POST
@signed_in
def attach(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    forward = get_object_or_404(reads.forwards(by), pk=pk)
    require(by_unit(forward, by))
    take_uploads(request, lambda upload: scans.attach(forward, upload=upload, by=by, at=by.at))
    return redirect("forward", pk)


@signed_in
def scan(_request: HttpRequest, by: Person, pk: int, scan_pk: int) -> HttpResponse:
    row = get_object_or_404(ForwardScan, pk=scan_pk, forward=get_object_or_404(reads.forwards(by), pk=pk))
    with row.content.open("rb") as stored:
        return attached(stored.read(), name=row.name)


def _prepare(values: dict[str, Any], by: Person) -> Answer:
    units = _units(by)
    if not units:
        raise NotAllowed(_("上报批次由审核单位编制。"))
    unit = Unit.objects.get(pk=values["unit"]) if "unit" in values else units[0]
    forward = steps.prepare(unit, batch=Batch.objects.get(pk=values["batch"]), by=by, at=by.at)
    return 303, forward.pk


def _units(by: Person) -> list[Unit]:
    return list(Unit.objects.filter(pk__in=by.track_units).select_related("organisation").order_by("code"))


def _params(by: Person) -> tuple[Param, ...]:
    units = _units(by)
    if not units:
        return ()
    which = Param("unit", "choice", _("上报单位"), choices=lambda: [(unit.pk, unit.organisation.name) for unit in units])
    batch = Param("batch", "choice", _("批次"), choices=lambda: _batches(units))
    return (which, batch) if len(units) > 1 else (batch,)


def _batches(units: Iterable[Unit]) -> list[tuple[int, str]]:
    """The batches that have cases waiting in these units, the earliest first."""
    states = (Filing.State.IN_REVIEW, Filing.State.IN_POOL)
    waiting = Filing.objects.filter(passed_through([unit.pk for unit in units]), batch=OuterRef("pk"), state__in=states)
    here = Batch.objects.filter(Exists(waiting), track__in={unit.line for unit in units}).order_by("province_closes_at", "pk")
    return [(batch.pk, batch.name) for batch in here[:BATCHES_SHOWN]]


def _index(request: HttpRequest, by: Person, *, error: DomainError | None = None) -> HttpResponse:
    rows = page_of(reads.forwards(by).order_by("-pk"), request)
    for row in rows.object_list:
        row.move = moves.of_forward(row, by)
    params = _params(by)
    problems = error.problems if error else ()
    context = {
        "page": rows,
        "fields": draw(params, prefix="forward", typed=request.POST if error else None, problems=problems),
        "error": error,
        "loose": unplaced(params, problems),
    }
    return render(request, "portal/forward/list.html", context, by=by, status=error.status if error else 200)
