"""Many filings at once: choose, look at what would happen to each, confirm, read what happened to each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.errors import DomainError, Problem
from common.steps import Step, Taken
from deals import invitations
from organisations.actors import Person
from organisations.entering import note_in, read
from organisations.idempotency import Answer
from portal import moves, reads
from portal.access import signed_in
from portal.inputs import draw
from portal.page import number_in, once, render
from projects import candidate_list, review
from projects.case import consultations
from projects.models import Filing
from projects.states import FILING_STEPS

ROWS_MAX = 500
CHANGED = _("您打开列表之后，此件已被他人更新。")
NOT_HERE = _("此件当前不在您可办理的环节。")
MANY: Mapping[str, Callable[..., list[Taken]]] = {
    "pass": review.pass_many,
    "report": candidate_list.report_many,
    "list": invitations.list_many,
}


@dataclass(frozen=True)
class Row:
    """One chosen filing, and why the step would be refused for it, if it would."""

    filing: Filing
    seen: int
    problems: Sequence[Problem] = ()


@require_POST
@signed_in
def filings(request: HttpRequest, by: Person, verb: str) -> HttpResponse:
    """First a preview, then, with `go`, the step itself. What a person may not see is not among the rows."""
    step = FILING_STEPS.get(verb)
    if step is None or verb not in MANY:
        raise Http404
    rows = _chosen(request, by, step)
    if "go" not in request.POST or not rows:
        return _preview(request, by, verb, step, rows)
    try:
        answer = once(request, by, lambda: _act(request, by, verb, step, rows))
    except DomainError as error:
        return _preview(request, by, verb, step, rows, error=error)
    context = {"step": step, "verb": verb, "results": answer, "done": sum(not row["problem"] for row in answer)}
    return render(request, "portal/filing/bulk_done.html", context, by=by)


def _act(request: HttpRequest, by: Person, verb: str, step: Step, rows: Sequence[Row]) -> Answer:
    entered = read(step.params, request.POST)
    results = MANY[verb](
        [row.filing for row in rows],
        by=by,
        at=by.at,
        seen={row.filing.pk: row.seen for row in rows},
        note=note_in(request.POST),
        **entered,
    )
    return 200, [
        {
            "pk": taken.obj.pk,
            "title": str(taken.obj),
            "state": str(taken.obj.get_state_display()),
            "problem": str(taken.error) if taken.error else "",
        }
        for taken in results
    ]


def _chosen(request: HttpRequest, by: Person, step: Step) -> list[Row]:
    """The rows ticked, each with the version that was looked at ("12:3")."""
    seen: dict[int, int] = {}
    for value in request.POST.getlist("row")[:ROWS_MAX]:
        key, _separator, looked_at = value.partition(":")
        pk, version = number_in(key), number_in(looked_at)
        if pk is not None and version is not None:
            seen[pk] = version
    found = reads.filings(by).filter(pk__in=seen).order_by("pk")
    rows = [Row(filing, seen[filing.pk], _problems(filing, seen[filing.pk], step, by)) for filing in found]
    open_of = consultations.open_of_many([row.filing for row in rows])
    for row in rows:
        row.filing.move = moves.of_filing(row.filing, by)
        row.filing.asked_others = open_of.get(row.filing.pk, 0)
    return rows


def _problems(filing: Filing, seen: int, step: Step, by: Person) -> tuple[Problem, ...]:
    """What `take` would say, without taking it."""
    if filing.version != seen:
        return (Problem("", "stale", CHANGED),)
    if filing.state not in step.source or not step.allow(filing, by) or step.recuses(filing, by):
        return (Problem("", "not_here", NOT_HERE),)
    return tuple(step.missing(filing))


def _preview(
    request: HttpRequest, by: Person, verb: str, step: Step, rows: Sequence[Row], *, error: DomainError | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "step": step,
        "verb": verb,
        "rows": rows,
        "ready": [row for row in rows if not row.problems],
        "fields": draw(step.params, prefix=verb, typed=request.POST, problems=error.problems if error else ()),
        "note": request.POST.get("note", ""),
        "offers_note": step.needs_note or verb == "pass",
        "error": error,
    }
    return render(request, "portal/filing/bulk.html", context, by=by, status=error.status if error else 200)
