"""Reports are written, corrected while their month is open, and closed with it. A cumulative figure falls only with its reason."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import insert_rows, lock, record_many, take
from deals.models import ProgressReport, ReportingMonth
from deals.progress import figures
from deals.progress.states import MONTH_STEPS, REPORT_STEPS, by_reporting_unit
from organisations.actors import Person
from organisations.models import Unit
from projects.models import Filing

K = ProgressReport.Kind
ENTERED = ("contacted", "stage", *ProgressReport.CUMULATIVE, "problem", "help_asked", "physical_percent", "milestone")
LABELS = {field.name: field.verbose_name for field in ProgressReport._meta.concrete_fields}
PERCENT_MAX = 100
ONE_DAY = dt.timedelta(days=1)


def period_of(kind: str, day: dt.date) -> dt.date:
    """The first day of the week or month."""
    return day.replace(day=1) if kind == K.MONTHLY else day - day.weekday() * ONE_DAY


def report(
    filing: Filing, *, unit: Unit, kind: str, period_start: dt.date, by: Person, at: dt.datetime, correction: str = "", **entered: Any
) -> ProgressReport:
    """One project's report of one period. What is not entered is as `figures.prefilled` says."""
    made = _write([filing], unit, kind, period_start, {filing.pk: entered}, by=by, at=at, correction=correction)
    if not made:
        remedy = _("请从待报的项目中选择。")
        raise Invalid([Problem("filing", "not_due", _("此项目不在调度范围：只调度本单位受理、已列入清单的项目。"), remedy)])
    return made[0]


def report_unchanged(unit: Unit, *, kind: str, period_start: dt.date, by: Person, at: dt.datetime) -> list[ProgressReport]:
    """无变化: every project that is due and not yet reported, as it is prefilled; sent again it adds nothing."""
    return _write(list(figures.due(unit, kind)), unit, kind, period_start, {}, by=by, at=at, skip_known=True)


def correct(report: ProgressReport, *, by: Person, at: dt.datetime, seen: int, note: str = "", correction: str = "", **entered: Any) -> Any:
    """Put right what a report of an open month says; what it said before stays in the audit trail."""
    if not by_reporting_unit(report, by):
        raise NotAllowed(_("调度报表由受理该项目的单位更正。"))
    with transaction.atomic():
        lock(Filing.objects.filter(pk=report.filing_id))
        _open_month(report.province, report.month)
        before = figures.last_reports([report.filing], report.kind, before=report.period_start).get(report.filing_id)
        after = (
            report.filing.progress_reports.filter(kind=report.kind, period_start__gt=report.period_start).order_by("period_start").first()
        )
        reason = correction.strip() or report.correction
        told = {name: value for name, value in entered.items() if name in ENTERED} | {"correction": reason, "is_unchanged": False}

        def problems(current: ProgressReport) -> Iterable[Problem]:
            would = {name: told.get(name, getattr(current, name)) for name in ENTERED}
            yield from _problems(would, before, reason)
            if after is not None and not after.correction:
                yield from _falling({name: getattr(after, name) for name in ProgressReport.CUMULATIVE}, would, _("下期"))

        return take(REPORT_STEPS, "correct", report, by=by, at=at, seen=seen, note=note, changes=told, also=problems)


def close(month: ReportingMonth, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ReportingMonth:
    """锁账: a month that is over takes no more reports."""
    taken: ReportingMonth = take(
        MONTH_STEPS,
        "close",
        month,
        by=by,
        at=at,
        seen=seen,
        note=note,
        changes={"closed_at": at},
        also=lambda current: _not_over(current, on=timezone.localdate(at)),
    )
    return taken


def _write(
    filings: Sequence[Filing],
    unit: Unit,
    kind: str,
    period_start: dt.date,
    entered: Mapping[int, Mapping[str, Any]],
    *,
    by: Person,
    at: dt.datetime,
    correction: str = "",
    skip_known: bool = False,
) -> list[ProgressReport]:
    """All or none; a project reported by two at once is reported once."""
    if not by_reporting_unit(ProgressReport(unit=unit), by):
        raise NotAllowed(_("调度报表由受理该项目的单位报送。"))
    _right_period(kind, period_start, on=timezone.localdate(at))
    with transaction.atomic():
        lock(Filing.objects.filter(pk__in=[filing.pk for filing in filings]).only("pk"))
        _open_month(unit.province, period_start.replace(day=1))
        known = set(
            ProgressReport.objects.filter(filing__in=filings, kind=kind, period_start=period_start).values_list("filing", flat=True)
        )
        if known and not skip_known:
            raise Conflict(_("此项目本期已报送。"), code="reported", remedy=_("如有错误，请在已报送的报表上更正。"))
        rows = _rows(
            [filing for filing in filings if filing.pk not in known], unit, kind, period_start, entered, at=at, correction=correction
        )
        insert_rows(rows)
        record_many(rows, "report", by=by, at=at)
    return rows


def _rows(
    filings: Sequence[Filing],
    unit: Unit,
    kind: str,
    period_start: dt.date,
    entered: Mapping[int, Mapping[str, Any]],
    *,
    at: dt.datetime,
    correction: str,
) -> list[ProgressReport]:
    filings = list(figures.due(unit, K.MONTHLY).filter(pk__in=[filing.pk for filing in filings]).select_related("project"))
    prefilled = figures.prefilled(filings, kind, period_start=period_start)
    before = figures.last_reports(filings, kind, before=period_start)
    rows: list[ProgressReport] = []
    problems: list[Problem] = []
    for filing in filings:
        typed = {name: value for name, value in entered.get(filing.pk, {}).items() if name in ENTERED}
        told = prefilled[filing.pk] | typed
        problems += _problems(told, before.get(filing.pk), correction)
        rows.append(
            ProgressReport(
                filing=filing,
                unit=unit,
                kind=kind,
                period_start=period_start,
                is_unchanged=_is_as_before(told, before.get(filing.pk)),
                correction=correction.strip(),
                reported_at=at,
                province=filing.province,
                **told,
            )
        )
    if problems:
        raise Invalid(problems)
    return rows


def _is_as_before(told: Mapping[str, Any], before: ProgressReport | None) -> bool:
    return before is not None and all(getattr(before, name) == told[name] for name in ENTERED)


def _problems(told: Mapping[str, Any], before: ProgressReport | None, correction: str) -> Iterable[Problem]:
    for less, more, words in (("paid", "drawn", _("划付供应商超过放款。")), ("drawn", "signed", _("放款超过签约。"))):
        if told[less] > told[more]:
            yield Problem(less, f"{less}_above_{more}", words, _("请核对银行提供的累计数。"))
    if (told["physical_percent"] or 0) > PERCENT_MAX:
        yield Problem("physical_percent", "above_100", _("形象进度大于 100。"), _("请填 0 至 100。"))
    if before is not None and not correction.strip():
        yield from _falling(told, {name: getattr(before, name) for name in ProgressReport.CUMULATIVE}, _("上期"))


def _falling(later: Mapping[str, Any], earlier: Mapping[str, Any], which: Any) -> Iterable[Problem]:
    """The one rule of cumulative figures."""
    for name in ProgressReport.CUMULATIVE:
        if later[name] < earlier[name]:
            message = _("%(label)s与%(which)s相比减少了。") % {"label": LABELS[name], "which": which}
            yield Problem(name, "falls", message, _("累计数只增不减；确需核减的，请填写核减说明。"))


def _right_period(kind: str, period_start: dt.date, *, on: dt.date) -> None:
    if period_start != period_of(kind, period_start) or period_start > on:
        remedy = _("周报从周一起，月报从一日起，且不早报。")
        raise Invalid([Problem("period_start", "not_a_period", _("%(day)s 不是本报表的期间。") % {"day": period_start}, remedy)])


def _not_over(month: ReportingMonth, *, on: dt.date) -> Iterable[Problem]:
    if period_of(K.MONTHLY, on) <= month.month:
        yield Problem("", "not_over", _("%(month)s 尚未结束，不能锁账。") % {"month": month}, _("请在次月锁账。"))


def _locked_month(province: str, month: dt.date) -> ReportingMonth:
    ReportingMonth.objects.bulk_create([ReportingMonth(province=province, month=month)], ignore_conflicts=True)
    (row,) = lock(ReportingMonth.objects.filter(province=province, month=month))
    return row


def _open_month(province: str, month: dt.date) -> None:
    """Held until the report is written, so that a month is never closed under it."""
    if _locked_month(province, month).state == ReportingMonth.State.CLOSED:
        remedy = _("请在下一期报表中核减或补记，并写明原因。")
        raise Conflict(_("%(month)s 已锁账，不能再报送或更正。") % {"month": f"{month:%Y-%m}"}, code="month_closed", remedy=remedy)
