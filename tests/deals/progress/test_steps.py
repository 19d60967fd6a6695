"""Sheets begun from the deals, cumulative figures that do not fall in silence, months that close."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent
from deals.models import Deal, ProgressReport, ReportingMonth
from deals.progress import figures, steps
from tests import factories
from tests.factories import NOW, WAN
from tests.portal import cases

WEEK, NEXT_WEEK, MONTH = dt.date(2026, 3, 2), dt.date(2026, 3, 9), dt.date(2026, 3, 1)
LATER = NOW + dt.timedelta(days=7)
W, M = ProgressReport.Kind.WEEKLY, ProgressReport.Kind.MONTHLY


@pytest.fixture
def unit(world):
    return world["IND-420111"]


@pytest.fixture
def drawing(world):
    """Ten million signed, eight drawn and paid to the supplier."""
    filing = factories.filing(world)
    loan = cases.deal(world, filing, state="drawing", approved_amount=1200 * WAN, signed_amount=1000 * WAN)
    cases.drawdown(loan, 1, 500 * WAN)
    cases.drawdown(loan, 2, 300 * WAN, paid_to_supplier_on=None)
    return filing


def weekly(filing, unit, by, *, week=WEEK, at=NOW, **entered):
    return steps.report(filing, unit=unit, kind=W, period_start=week, by=by, at=at, **entered)


def refused(call, *args, **entered):
    with pytest.raises(Invalid) as error:
        call(*args, **entered)
    return {(problem.field, problem.code) for problem in error.value.problems}


def test_a_report_begins_with_what_the_deals_say(world, cast, unit, drawing):
    row = steps.report(drawing, unit=unit, kind=M, period_start=MONTH, by=cast.chen, at=NOW)

    assert (row.contacted, row.stage, row.approved, row.signed, row.drawn, row.paid) == (
        True, "drawing", 1200 * WAN, 1000 * WAN, 800 * WAN, 500 * WAN,
    )  # fmt: skip
    event = AuditEvent.objects.get(subject="deals.progressreport")
    assert (event.verb, event.by_user_id) == ("report", cast.chen.user_id)


def test_the_weekly_sheet_is_of_what_is_listed_and_not_signed(world, cast, unit, drawing):
    listed = factories.filing(world)
    factories.filing(world, state="reported")
    factories.filing(world, region="420115")

    assert list(figures.due(unit, W)) == [listed]
    assert {row.pk for row in figures.due(unit, M)} == {listed.pk, drawing.pk}


def test_no_change_is_one_click_for_all_and_twice_adds_nothing(world, cast, unit):
    first, second = factories.filings(world, factories.firms(world, 2))
    weekly(first, unit, cast.chen, problem="collateral", help_asked="请协调担保公司")

    made = steps.report_unchanged(unit, kind=W, period_start=WEEK, by=cast.chen, at=NOW)
    again = steps.report_unchanged(unit, kind=W, period_start=WEEK, by=cast.hu, at=NOW)
    following = steps.report_unchanged(unit, kind=W, period_start=NEXT_WEEK, by=cast.chen, at=LATER)

    assert ([row.filing_id for row in made], again) == ([second.pk], [])
    assert [(row.filing_id, row.is_unchanged) for row in following] == [(first.pk, True), (second.pk, True)]
    assert (following[0].problem, following[0].help_asked) == ("collateral", "请协调担保公司")


def test_a_cumulative_figure_falls_only_with_its_reason(world, cast, unit):
    filing = factories.filing(world)
    weekly(filing, unit, cast.chen, approved=1000 * WAN, signed=500 * WAN)
    less = {"week": NEXT_WEEK, "at": LATER, "approved": 900 * WAN}

    assert refused(weekly, filing, unit, cast.chen, **less) == {("approved", "falls")}
    row = weekly(filing, unit, cast.chen, **less, correction="银行核减授信")

    assert (row.approved, row.signed, row.correction) == (900 * WAN, 500 * WAN, "银行核减授信")


def test_a_deal_that_ended_does_not_take_back_what_was_reported(world, cast, unit):
    filing = factories.filing(world)
    loan = cases.deal(world, filing, state="credit_approved")
    weekly(filing, unit, cast.chen)
    Deal.objects.filter(pk=loan.pk).update(state="withdrawn")

    (row,) = steps.report_unchanged(unit, kind=W, period_start=NEXT_WEEK, by=cast.chen, at=LATER)

    assert (row.approved, row.stage) == (loan.approved_amount, "approved")


@pytest.mark.parametrize(
    ("entered", "problem"),
    [
        ({"signed": Decimal(5), "drawn": Decimal(6)}, ("drawn", "drawn_above_signed")),
        ({"signed": Decimal(6), "drawn": Decimal(5), "paid": Decimal(6)}, ("paid", "paid_above_drawn")),
        ({"physical_percent": 101}, ("physical_percent", "above_100")),
    ],
)
def test_what_cannot_be_is_refused(entered, problem, world, cast, unit):
    assert refused(weekly, factories.filing(world), unit, cast.chen, **entered) == {problem}


def test_a_report_is_corrected_while_its_month_is_open_and_the_old_figures_stay_on_record(world, cast, unit):
    filing = factories.filing(world)
    row = weekly(filing, unit, cast.chen, approved=1000 * WAN)
    weekly(filing, unit, cast.chen, week=NEXT_WEEK, at=LATER)

    assert refused(steps.correct, row, by=cast.chen, at=LATER, seen=0, note="多报", approved=1100 * WAN) == {("approved", "falls")}
    row = steps.correct(row, by=cast.chen, at=LATER, seen=0, note="多报", approved=800 * WAN)

    assert (row.state, row.approved) == ("corrected", 800 * WAN)
    event = AuditEvent.objects.get(verb="correct")
    assert (event.note, [Decimal(value) for value in event.changes["approved"]]) == ("多报", [1000 * WAN, 800 * WAN])
    with pytest.raises(Stale):
        steps.correct(row, by=cast.hu, at=LATER, seen=0, note="x", approved=700 * WAN)


def test_a_closed_month_takes_no_more_and_what_is_found_later_is_said_in_the_next(world, cast, unit):
    filing = factories.filing(world)
    row = steps.report(filing, unit=unit, kind=M, period_start=MONTH, by=cast.chen, at=NOW, approved=1000 * WAN)
    month, april = ReportingMonth.objects.get(), NOW + dt.timedelta(days=31)
    assert refused(steps.close, month, by=cast.zhao, at=NOW, seen=0) == {("", "not_over")}

    steps.close(month, by=cast.zhao, at=april, seen=0)

    for call in (
        lambda: steps.correct(row, by=cast.chen, at=april, seen=0, note="x", approved=900 * WAN),
        lambda: weekly(factories.filing(world), unit, cast.chen, at=april),
    ):
        with pytest.raises(Conflict) as closed:
            call()
        assert closed.value.code == "month_closed"
    later = steps.report(
        filing, unit=unit, kind=M, period_start=dt.date(2026, 4, 1), by=cast.chen, at=april, approved=900 * WAN, correction="三月多报"
    )
    assert (later.approved, later.correction) == (900 * WAN, "三月多报")


def test_a_project_is_reported_once_in_a_period_that_has_begun(world, cast, unit):
    filing = factories.filing(world)
    weekly(filing, unit, cast.chen)

    with pytest.raises(Conflict):
        weekly(filing, unit, cast.hu)
    for week in (dt.date(2026, 3, 3), NEXT_WEEK):
        assert refused(weekly, filing, unit, cast.chen, week=week) == {("period_start", "not_a_period")}


def test_only_the_unit_that_received_it_reports_and_only_the_province_closes(world, cast, unit):
    filing = factories.filing(world, cast.firm)

    for by in (cast.mo_county, cast.wang, cast.zhao, cast.lin, cast.bai):
        with pytest.raises(NotAllowed):
            weekly(filing, unit, by)
    row = weekly(filing, unit, cast.chen)
    with pytest.raises(NotAllowed):
        steps.correct(row, by=cast.wang, at=NOW, seen=0, note="x")
    for by in (cast.chen, cast.wang, cast.lin):
        with pytest.raises(NotAllowed):
            steps.close(ReportingMonth.objects.get(), by=by, at=NOW + dt.timedelta(days=31), seen=0)
    seen = {name for name in ("chen", "wang", "zhao", "lin", "mo_county", "mo_firm", "bai") if _sees(getattr(cast, name))}
    assert seen == {"chen", "wang", "zhao", "lin"}


def test_a_case_that_is_not_on_the_list_has_nothing_to_report(world, cast, unit):
    assert refused(weekly, factories.filing(world, state="in_review"), unit, cast.chen) == {("filing", "not_due")}


def test_who_may_not_correct_is_not_told_that_the_month_is_closed(world, cast, unit):
    row = weekly(factories.filing(world), unit, cast.chen)
    steps.close(ReportingMonth.objects.get(), by=cast.zhao, at=NOW + dt.timedelta(days=31), seen=0)

    with pytest.raises(NotAllowed):
        steps.correct(row, by=cast.wang, at=NOW + dt.timedelta(days=31), seen=0, note="x")


def _sees(by):
    return ProgressReport.objects.visible_to(by).exists()
