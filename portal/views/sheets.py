"""高频调度: a county fills its weekly sheet and monthly report in one page; whoever stands above sees who has and who asks for help."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.errors import DomainError
from common.money import format_wan
from deals.models import Deal, ProgressReport, ReportingMonth
from deals.progress import figures, steps
from deals.progress.states import MONTH_STEPS, PARAMS, REPORT_STEPS
from organisations.actors import Person
from organisations.days import parse_day
from organisations.entering import read
from organisations.idempotency import Answer
from organisations.models import Unit
from organisations.paging import counted, told
from portal import reads
from portal.access import require, sees_filings, signed_in
from portal.inputs import draw, unplaced
from portal.page import once, page_of, render
from portal.panel import Refused, explained, life, panel
from projects.models import Filing

K = ProgressReport.Kind
WAN = ("approved", "signed", "drawn", "paid", "invested")
WORDS = {"stage": dict(ProgressReport.Stage.choices), "problem": dict(ProgressReport.Problem.choices)}
PERIODS_BACK = 5


@dataclass(frozen=True)
class Sheet:
    """Which report of which period of which unit."""

    unit: Unit | None
    kind: str
    period_start: dt.date

    @property
    def period(self) -> str:
        return self.period_start.isoformat()

    @property
    def query(self) -> str:
        return f"kind={self.kind}&period={self.period}"


@dataclass(frozen=True)
class Row:
    """A project that is due: its report, or what one would say."""

    filing: Filing
    report: ProgressReport | None
    told: Mapping[str, Any]


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(sees_filings(by))
    sheet = _sheet(request, by)
    context: dict[str, Any] = {"sheet": sheet, "kinds": K.choices, "periods": _periods(sheet.kind, timezone.localdate(by.at))}
    if sheet.unit is not None and figures.due(sheet.unit, K.MONTHLY).exists():
        due = figures.due(sheet.unit, sheet.kind)
        shown = page_of(due.select_related("project__region", "firm").order_by("pk"), request)
        left = counted(due.exclude(_reported(sheet)))
        context |= {"page": shown, "rows": _rows(sheet, list(shown)), "left": left, "left_told": told(left)}
    else:
        context |= {"units": _by_unit(by, sheet), "asking": _asking(by, sheet)}
    return render(request, "portal/sheet/list.html", context, by=by)


@require_POST
@signed_in
def unchanged(request: HttpRequest, by: Person) -> HttpResponse:
    """无变化: everything that is left, as prefilled."""
    sheet = _sheet(request, by)
    require(sheet.unit is not None)

    def act() -> Answer:
        return 303, len(steps.report_unchanged(sheet.unit, kind=sheet.kind, period_start=sheet.period_start, by=by, at=by.at))

    messages.success(request, _("已报送 %(n)s 个项目。") % {"n": once(request, by, act)})
    return redirect(f"{reverse('sheets')}?{sheet.query}")


@signed_in
def enter(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """One project's report, begun with what is known. A refusal keeps what was typed."""
    sheet = _sheet(request, by)
    require(sheet.unit is not None)
    filing = get_object_or_404(figures.due(sheet.unit, K.MONTHLY).select_related("project", "firm"), pk=pk)
    if request.method != "POST":
        return _form(request, by, sheet, filing)
    try:
        once(request, by, lambda: _report(request, by, sheet, filing))
    except DomainError as error:
        return _form(request, by, sheet, filing, error=error)
    messages.success(request, _("已报送：%(filing)s") % {"filing": filing})
    return redirect(f"{reverse('sheets')}?{sheet.query}")


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.progress_reports(by), pk=pk))


def page(request: HttpRequest, by: Person, report: ProgressReport, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    context = {
        "report": report,
        **life("progress-reports", report, REPORT_STEPS, by, refused=refused, only={"correct"}, likely={"correct": _typed(vars(report))}),
    }
    return render(request, "portal/sheet/detail.html", context, by=by, status=status)


@signed_in
def months(request: HttpRequest, by: Person) -> HttpResponse:
    """The months of the province, and the button that closes one."""
    return months_page(request, by, None)


def months_page(
    request: HttpRequest, by: Person, month: ReportingMonth | None, *, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    require(sees_filings(by))
    rows = page_of(reads.reporting_months(by).order_by("-month"), request)
    for row in rows.object_list:
        own = refused if month is not None and row.pk == month.pk else None
        row.steps = panel("reporting-months", row, MONTH_STEPS, by, refused=own, only={"close"})
    return render(request, "portal/sheet/months.html", {"page": rows, "refused": explained(refused, MONTH_STEPS)}, by=by, status=status)


def _report(request: HttpRequest, by: Person, sheet: Sheet, filing: Filing) -> Answer:
    entered = read(PARAMS[sheet.kind], request.POST)
    made = steps.report(filing, unit=sheet.unit, kind=sheet.kind, period_start=sheet.period_start, by=by, at=by.at, **entered)
    return 303, made.pk


def _sheet(request: HttpRequest, by: Person) -> Sheet:
    """Of this week, unless another is asked for; nonsense asks for this week."""
    kind = request.GET.get("kind", K.WEEKLY) if request.GET.get("kind") in K.values else K.WEEKLY
    today = timezone.localdate(by.at)
    try:
        day = min(parse_day(request.GET.get("period", "")), today)
    except ValueError:
        day = today
    unit = Unit.objects.filter(pk__in=by.track_units).select_related("organisation").order_by("pk").first()
    return Sheet(unit, str(kind), steps.period_of(kind, day))


def _periods(kind: str, today: dt.date) -> list[dt.date]:
    """The week or month that runs, and some before it."""
    found = [steps.period_of(kind, today)]
    for _n in range(PERIODS_BACK):
        found.append(steps.period_of(kind, found[-1] - steps.ONE_DAY))
    return found


def _reported(sheet: Sheet) -> Exists:
    return Exists(ProgressReport.objects.filter(filing=OuterRef("pk"), kind=sheet.kind, period_start=sheet.period_start))


def _rows(sheet: Sheet, filings: Sequence[Filing]) -> list[Row]:
    known = ProgressReport.objects.filter(filing__in=filings, kind=sheet.kind, period_start=sheet.period_start)
    reports = {row.filing_id: row for row in known}
    told = figures.prefilled(filings, sheet.kind, period_start=sheet.period_start)
    return [_row(filing, reports.get(filing.pk), told[filing.pk]) for filing in filings]


def _row(filing: Filing, report: ProgressReport | None, told: Mapping[str, Any]) -> Row:
    shown = dict(vars(report)) if report else dict(told)
    return Row(filing, report, shown | {f"{name}_label": words[shown[name]] for name, words in WORDS.items()})


def _form(request: HttpRequest, by: Person, sheet: Sheet, filing: Filing, *, error: DomainError | None = None) -> HttpResponse:
    params = PARAMS[sheet.kind]
    problems = error.problems if error else ()
    known = figures.prefilled([filing], sheet.kind, period_start=sheet.period_start)[filing.pk]
    context = {
        "sheet": sheet,
        "filing": filing,
        "fields": draw(params, prefix="sheet", typed=request.POST if error else None, problems=problems, likely=_typed(known)),
        "error": error,
        "loose": unplaced(params, problems),
    }
    return render(request, "portal/sheet/form.html", context, by=by, status=error.status if error else 200)


def _typed(told: Mapping[str, Any]) -> dict[str, str]:
    """Values as a person would type them."""
    found = {name: format_wan(told[name]).replace(",", "") for name in WAN if name in told}
    others = ("contacted", "stage", "problem", "help_asked", "physical_percent", "milestone", "correction")
    return found | {name: str(told[name]) for name in others if told.get(name) not in (None, "")}


def _by_unit(by: Person, sheet: Sheet) -> Sequence[Mapping[str, Any]]:
    """For each receiving unit: how many projects are due, reported, with a problem, asking for help."""
    due = Filing.objects.visible_to(by).filter(state=Filing.State.LISTED)
    if sheet.kind == K.WEEKLY:
        due = due.exclude(Exists(Deal.objects.filter(filing=OuterRef("pk"), state__in=figures.SIGNED)))
    this = FilteredRelation(
        "progress_reports", condition=Q(progress_reports__kind=sheet.kind, progress_reports__period_start=sheet.period_start)
    )
    first = FilteredRelation("steps", condition=Q(steps__position=1))
    by_office = due.annotate(first=first, this=this, office=F("first__unit__organisation__name")).order_by().values("office")
    return list(
        by_office.annotate(
            due=Count("pk"),
            reported=Count("this"),
            troubled=Count("this", filter=~Q(this__problem=ProgressReport.Problem.NONE)),
            asking=Count("this", filter=~Q(this__help_asked="")),
        ).order_by("office")
    )


def _asking(by: Person, sheet: Sheet) -> Sequence[ProgressReport]:
    rows = reads.progress_reports(by).filter(kind=sheet.kind, period_start=sheet.period_start).exclude(help_asked="")
    return list(rows.order_by("unit", "pk")[:50])
