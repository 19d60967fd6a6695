"""国家反馈: the province's office takes in the ministry's list, applies what is beyond doubt, and decides the rest row by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Invalid, Problem
from common.steps import Param
from deals.actions import ANSWER_ACTIONS, ANSWER_ROW_ACTIONS
from exchange import ministry_answers
from organisations.actors import REVIEW_ROLES, Person
from organisations.entering import read
from organisations.idempotency import Answer
from organisations.models import Batch, Programme, Unit
from portal import moves, reads
from portal.access import is_provincial, oversees, require, signed_in
from portal.inputs import draw, unplaced
from portal.page import Tab, once, page_of, render
from portal.panel import Refused, life
from projects.answers.states import ANSWER_STEPS, ROW_STEPS
from projects.models import AnswerRow, Filing, MinistryAnswer

R = AnswerRow.State
COMPARED = (  # label, what the row says, what the filing says
    (_("项目代码"), "project_code", lambda filing: filing.project.code),
    (_("统一社会信用代码"), "uscc", lambda filing: filing.firm.uscc),
    (_("企业名称"), "firm_name", lambda filing: filing.firm.name),
    (_("项目名称"), "project_name", lambda filing: filing.project.name),
)


@dataclass(frozen=True)
class Suggestion:
    """A filing that a row may mean: for each compared fact its label, the ministry's word, ours, and whether they agree."""

    filing: Filing
    facts: Sequence[tuple[Any, str, str, bool]]


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(is_provincial(by) or oversees(by))
    if request.method != "POST":
        return _index(request, by)
    try:
        pk = once(request, by, lambda: _enter(request, by))
    except DomainError as error:
        return _index(request, by, error=error)
    return redirect("answer", pk)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.answers(by), pk=pk))


def page(request: HttpRequest, by: Person, answer: MinistryAnswer, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    """The worklist first, while there is one."""
    own = AnswerRow.objects.filter(answer=answer)
    counts = dict(own.order_by().values_list("state").annotate(n=Count("pk")))
    wanted = request.GET.get("state") or next((state for state in (R.OPEN, R.MATCHED, R.DONE) if counts.get(state)), R.OPEN)
    rows = page_of(own.filter(state=wanted).select_related("filing").order_by("line"), request)
    silent = _unmentioned(answer)
    context: dict[str, Any] = {
        "answer": answer,
        "page": rows,
        "tabs": [Tab(state.value, state.label, counts.get(state, 0), current=state == wanted) for state in R],
        "move": moves.of_answer(answer, by),
        "unmentioned": silent.count(),
        "silent": silent.select_related("firm", "project__region").order_by("pk")[:10],
        **life("answers", answer, ANSWER_STEPS, by, refused=refused, only=ANSWER_ACTIONS),
    }
    return render(request, "portal/answer/detail.html", context, by=by, status=status)


@signed_in
def row(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return row_page(request, by, get_object_or_404(reads.answer_rows(by), pk=pk))


def row_page(request: HttpRequest, by: Person, row: AnswerRow, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    """The row as it was typed beside the filings it may mean; `?filing=` takes one of them into the form."""
    chosen = request.GET.get("filing", "")
    likely = {"resolve": {"filing": chosen if chosen.isdecimal() else "", "verdict": _said(row)}}
    context = {
        "row": row,
        "suggestions": _suggestions(row, by),
        "chosen": chosen,
        **life("answer-rows", row, ROW_STEPS, by, refused=refused, only=ANSWER_ROW_ACTIONS, likely=likely),
    }
    return render(request, "portal/answer/row.html", context, by=by, status=status)


def _said(row: AnswerRow) -> str:
    return "" if row.verdict == AnswerRow.Verdict.UNKNOWN else row.verdict


def _suggestions(row: AnswerRow, by: Person) -> list[Suggestion]:
    ids = [row.filing_id, *row.suggested] if row.filing_id else row.suggested
    found = Filing.objects.visible_to(by).select_related("firm", "project__region").in_bulk(ids)
    return [_suggestion(row, found[pk]) for pk in dict.fromkeys(ids) if pk in found]


def _suggestion(row: AnswerRow, filing: Filing) -> Suggestion:
    facts = [(label, getattr(row, name), ours(filing)) for label, name, ours in COMPARED]
    return Suggestion(filing, [(label, told, own, told == own) for label, told, own in facts])


def _unmentioned(answer: MinistryAnswer) -> QuerySet[Filing]:
    """Reported cases that no row of the file means, nor may mean while it waits for an officer."""
    waiting = Filing.objects.filter(
        province=answer.province, programme=answer.programme_id, track=answer.track, state=Filing.State.REPORTED
    )
    lists = AnswerRow.objects.filter(answer=answer, state=R.OPEN).values_list("suggested", flat=True)
    return waiting.exclude(Q(answers__answer=answer) | Q(pk__in={pk for suggested in lists for pk in suggested}))


def _params(by: Person) -> tuple[Param, ...]:
    tracks = [(seat.line, Batch.Track(seat.line).label) for seat in _offices(by)]
    return (
        Param("programme", "choice", _("政策项目"), choices=lambda: Programme.objects.order_by("code").values_list("pk", "name")),
        Param("track", "choice", _("渠道"), choices=lambda: dict(tracks).items()),
        Param("number", "text", _("来文文号")),
        Param("list_number", "text", _("清单批次"), help=_("来文中写明的批次，例如 2026-03；文件中逐行写明的以文件为准。")),
        Param("listed_on", "date", _("列入日期"), help=_("来文的成文日期。")),
    )


def _offices(by: Person) -> list[Any]:
    return [
        seat for seat in by.seats if seat.role in REVIEW_ROLES and seat.unit_kind == Unit.Kind.PROVINCE and seat.line in Batch.Track.values
    ]


def _enter(request: HttpRequest, by: Person) -> Answer:
    upload = request.FILES.get("upload")
    problems: list[Problem] = [] if upload else [Problem("upload", "required", _("没有选择文件。"), _("请选择国家反馈的 Excel 文件。"))]
    try:
        values = read(_params(by), request.POST)
    except Invalid as error:
        problems += error.problems
    if problems:
        raise Invalid(problems)
    programme = Programme.objects.get(pk=values.pop("programme"))
    province = next(seat.province for seat in _offices(by) if seat.line == values["track"])
    answer = ministry_answers.enter(upload, programme=programme, province=province, by=by, at=by.at, **values)
    return 303, answer.pk


def _likely(params: Iterable[Param]) -> Mapping[str, str]:
    """What leaves no choice."""
    only = {param.name: list(param.choices()) for param in params if param.choices}
    return {name: str(choices[0][0]) for name, choices in only.items() if len(choices) == 1}


def _index(request: HttpRequest, by: Person, *, error: DomainError | None = None) -> HttpResponse:
    open_rows = Count("rows", filter=Q(rows__state=R.OPEN))
    rows = page_of(reads.answers(by).annotate(rows_in_all=Count("rows"), rows_open=open_rows).order_by("-pk"), request)
    params = _params(by) if _offices(by) else ()
    problems = error.problems if error else ()
    context = {
        "page": rows,
        "fields": draw(params, prefix="answer", typed=request.POST if error else None, problems=problems, likely=_likely(params)),
        "upload_problems": [problem for problem in problems if problem.field == "upload"],
        "error": error,
        "loose": [problem for problem in unplaced(params, problems) if problem.field != "upload"],
    }
    return render(request, "portal/answer/list.html", context, by=by, status=error.status if error else 200)
