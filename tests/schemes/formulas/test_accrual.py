from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes.formulas import (
    AT_MATURITY,
    MONTHLY,
    QUARTERLY,
    Adjustment,
    Balances,
    Change,
    Period,
    RatePeriod,
    accrue,
    adjustments,
    interest,
    interest_periods,
    part_of,
    start_day,
    total,
    window,
)

DRAWN = date(2025, 3, 10)
LOAN_ENDS = date(2028, 3, 9)
PERIODS = interest_periods(DRAWN, LOAN_ENDS)
EIGHT_MILLION = Decimal(8_000_000)


def subsidy(balances, *, first=DRAWN, last=None, rate_bp=150, **rest):
    return accrue(balances, first=first, last=last or window(first, months=24), rate_bp=rate_bp, periods=PERIODS, **rest)


def days(lines, balance=EIGHT_MILLION):
    return [line.balance_days / balance for line in lines]


def test_the_drawdown_day_counts_and_the_repayment_day_does_not():
    repaid_next_day = Balances(DRAWN, EIGHT_MILLION, (Change(DRAWN + timedelta(1), -EIGHT_MILLION),))

    lines = subsidy(repaid_next_day)

    assert days(lines) == [1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert total(lines) == Decimal("333.33")


def test_a_balance_counts_from_its_own_day_also_in_a_window_that_began_before():
    second = Balances(date(2025, 4, 25), EIGHT_MILLION)

    assert days(subsidy(second))[:2] == [0, 57]


def test_a_leap_day_in_the_window_is_one_more_day():
    drawn = date(2026, 3, 10)
    periods = interest_periods(drawn, date(2029, 3, 9))

    lines = accrue(Balances(drawn, EIGHT_MILLION), first=drawn, last=window(drawn, months=24), rate_bp=150, periods=periods)

    assert sum(days(lines)) == 731
    assert days(on_period_end(lines, date(2028, 3, 9))) == [80]


def on_period_end(lines, day):
    return [line for line in lines if line.period_end == day]


def test_an_early_repayment_within_a_quarter_lowers_the_balance_from_its_day():
    balances = Balances(DRAWN, EIGHT_MILLION, (Change(date(2025, 5, 1), Decimal(-3_000_000)),))

    lines = subsidy(balances)

    # 21 March to 30 April: 41 days of 8 m; 1 May to 20 June: 51 days of 5 m.
    assert lines[1].balance_days == 8_000_000 * 41 + 5_000_000 * 51
    assert lines[1].amount == Decimal("24291.67")


def test_a_refund_by_the_supplier_lowers_the_subsidised_balance_but_not_the_loan():
    refund = Change(date(2025, 4, 1), Decimal(-2_000_000))
    owed, subsidised = Balances(DRAWN, EIGHT_MILLION), Balances(DRAWN, EIGHT_MILLION, (refund,))

    gross = interest(owed, first=DRAWN, last=date(2025, 6, 20), rates=[RatePeriod(DRAWN, 285)], periods=PERIODS)
    central = subsidy(subsidised, last=date(2025, 6, 20))

    assert gross[1].balance_days == 8_000_000 * 92
    assert central[1].balance_days == 8_000_000 * 11 + 6_000_000 * 81


def test_overdue_and_suspended_days_earn_nothing():
    overdue = Period(date(2025, 6, 21), date(2025, 6, 30))
    suspended = Period(date(2025, 6, 26), date(2025, 7, 5))

    lines = subsidy(Balances(DRAWN, EIGHT_MILLION), excluded=[overdue, suspended])

    assert days(lines)[:4] == [11, 92, 92 - 15, 91]


def test_a_period_wholly_excluded_keeps_a_line_of_zero():
    lines = subsidy(Balances(DRAWN, EIGHT_MILLION), excluded=[Period(date(2025, 3, 21), date(2025, 6, 20))])

    assert (lines[1].balance_days, lines[1].amount) == (0, Decimal("0.00"))
    assert len(lines) == 9


def test_a_drawdown_across_a_version_boundary_takes_its_start_from_the_version_chosen():
    facts = {"issued_on": date(2025, 12, 29), "paid_to_supplier_on": date(2026, 1, 6)}
    drawn = Balances(facts["issued_on"], EIGHT_MILLION)

    by_2025 = subsidy(drawn, first=start_day("paid_to_supplier", **facts))
    by_2026 = subsidy(drawn, first=start_day("loan_issued", **facts))

    assert (days(by_2025)[0], days(by_2026)[0]) == (74, 82)
    assert (by_2025[-1].period_end, by_2026[-1].period_end) == (date(2028, 1, 5), date(2027, 12, 28))


def test_the_part_of_a_loan_not_for_equipment_earns_nothing_and_repayments_count_in_proportion():
    loan = Balances(DRAWN, EIGHT_MILLION, (Change(date(2025, 6, 1), Decimal(-1)), Change(date(2026, 3, 10), Decimal(-7_999_999))))

    equipment = part_of(loan, part=Decimal(6_000_000))

    assert equipment.opening == Decimal(6_000_000)
    assert equipment.changes == (Change(date(2025, 6, 1), Decimal("-0.75")), Change(date(2026, 3, 10), Decimal("-5999999.25")))
    assert subsidy(equipment)[0].amount == Decimal("2750.00")


def test_part_of_refuses_more_than_the_whole():
    with pytest.raises(ValueError, match="a part of"):
        part_of(Balances(DRAWN, EIGHT_MILLION), part=Decimal(9_000_000))


def test_interest_follows_a_floating_rate_without_a_second_rounding():
    rates = [RatePeriod(date(2025, 4, 21), 270), RatePeriod(DRAWN, 285)]

    lines = interest(Balances(DRAWN, EIGHT_MILLION), first=DRAWN, last=date(2025, 6, 20), rates=rates, periods=PERIODS)

    exact = Fraction(8_000_000 * (31 * 285 + 61 * 270), 10_000 * 360)
    assert (lines[1].unrounded, lines[1].amount) == (exact, Decimal("56233.33"))


def test_interest_refuses_a_day_without_a_rate():
    with pytest.raises(ValueError, match="no rate on 2025-03-10"):
        interest(
            Balances(DRAWN, EIGHT_MILLION), first=DRAWN, last=date(2025, 6, 20), rates=[RatePeriod(date(2025, 4, 1), 285)], periods=PERIODS
        )


@pytest.mark.parametrize(
    ("months", "lines", "booked"), [(QUARTERLY, 5, "121666.67"), (MONTHLY, 13, "121666.65"), (AT_MATURITY, 1, "121666.67")]
)
def test_the_loans_own_cycle_decides_how_often_is_rounded(months, lines, booked):
    last = window(DRAWN, months=12)
    periods = interest_periods(DRAWN, last, interest_months=months)

    accrued = accrue(Balances(DRAWN, EIGHT_MILLION), first=DRAWN, last=last, rate_bp=150, periods=periods)

    assert (len(accrued), str(total(accrued))) == (lines, booked)


def test_half_a_fen_goes_up():
    one_day = Period(DRAWN, DRAWN)

    (line,) = accrue(Balances(DRAWN, Decimal(180)), first=DRAWN, last=DRAWN, rate_bp=100, periods=[one_day])

    assert (line.unrounded, line.amount) == (Fraction(1, 200), Decimal("0.01"))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ((Change(date(2025, 3, 9), Decimal(-1)),), "before the drawdown"),
        ((Change(date(2025, 5, 1), Decimal(-8_000_001)),), "below zero on 2025-05-01"),
        ((Change(date(2025, 5, 1), Decimal("-0.001")),), "whole number of fen"),
    ],
)
def test_balances_refuse_what_cannot_be(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        Balances(DRAWN, EIGHT_MILLION, changes)


def test_a_retroactive_rate_makes_adjustment_lines_and_leaves_the_booked_ones():
    booked = subsidy(Balances(DRAWN, EIGHT_MILLION), last=date(2025, 6, 20), rate_bp=100)
    recomputed = subsidy(Balances(DRAWN, EIGHT_MILLION), last=date(2025, 6, 20), rate_bp=150)

    assert adjustments(booked, recomputed) == (
        Adjustment(date(2025, 3, 10), date(2025, 3, 20), Decimal("1222.23"), date(2025, 3, 20)),
        Adjustment(date(2025, 3, 21), date(2025, 6, 20), Decimal("10222.23"), date(2025, 6, 20)),
    )


def test_adjustments_skip_what_did_not_change_and_take_back_what_is_no_longer_due():
    whole = subsidy(Balances(DRAWN, EIGHT_MILLION), last=date(2025, 6, 20))
    shortened = subsidy(Balances(DRAWN, EIGHT_MILLION), last=date(2025, 3, 20))

    assert adjustments(whole, whole) == ()
    assert [(line.interest_on, line.amount) for line in adjustments(whole, shortened)] == [(date(2025, 6, 20), Decimal("-30666.67"))]


@st.composite
def loans(draw):
    opened_on = draw(st.dates(date(2023, 11, 1), date(2026, 3, 1)))
    opening = draw(st.integers(1, 10**11))
    repayments, left = [], opening
    for offset in draw(st.lists(st.integers(0, 900), max_size=6)):
        part = draw(st.integers(0, left))
        repayments.append((opened_on + timedelta(offset), part))
        left -= part
    gaps = draw(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 60)), max_size=3))
    excluded = [Period(opened_on + timedelta(begin), opened_on + timedelta(begin + length)) for begin, length in gaps]
    return opened_on, opening, repayments, excluded


@given(loans(), st.integers(0, 500), st.integers(1, 30), st.sampled_from([QUARTERLY, MONTHLY, AT_MATURITY]), st.integers(1, 28))
def test_accrue_agrees_with_a_day_by_day_simulation(loan, rate_bp, months, interest_months, interest_day):
    opened_on, opening, repayments, excluded = loan
    last = window(opened_on, months=months)
    loan_ends = window(opened_on, months=36)
    balances = Balances(opened_on, Decimal(opening) / 100, tuple(Change(on, -Decimal(part) / 100) for on, part in repayments))
    periods = interest_periods(opened_on, loan_ends, interest_months=interest_months, interest_day=interest_day)

    lines = accrue(balances, first=opened_on, last=last, rate_bp=rate_bp, periods=periods, excluded=excluded)

    booked, earned_in_period, day = [], Decimal(0), opened_on
    while day <= last:
        balance = opening - sum(part for on, part in repayments if on <= day)
        if not any(gap.first <= day <= gap.last for gap in excluded):
            earned_in_period += Decimal(balance) * rate_bp
        period_is_over = day.month in interest_months and day.day == interest_day
        if period_is_over or day == last:
            booked.append((earned_in_period / (360 * 10_000)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
            earned_in_period = Decimal(0)
        day += timedelta(1)
    assert [line.amount * 100 for line in lines] == booked
