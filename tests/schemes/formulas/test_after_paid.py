"""A loan that others subsidised up to a day: what is still due of it, so that before and after come to the whole to the fen."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes.formulas import Balances, Change, Period, accrue, after_paid, outside, total

FIRST, LAST = date(2025, 3, 10), date(2026, 3, 20)
PERIODS = (
    Period(FIRST, date(2025, 6, 20)),
    Period(date(2025, 6, 21), date(2025, 9, 20)),
    Period(date(2025, 9, 21), date(2025, 12, 20)),
    Period(date(2025, 12, 21), LAST),
)
LOAN = Balances(FIRST, Decimal("8000000.01"), (Change(date(2025, 7, 1), Decimal(-3_000_000)),))
ONE_DAY = timedelta(days=1)


def whole(*, excluded=()):
    return accrue(LOAN, first=FIRST, last=LAST, rate_bp=150, periods=PERIODS, excluded=excluded)


def left_after(*paid):
    """The lines of the whole, less those of the days paid: the days not paid left out."""
    return after_paid(whole(), whole(excluded=outside(paid, within=Period(FIRST, LAST))), paid=paid)


def test_nothing_paid_is_all_due():
    assert left_after() == whole()


def test_all_paid_leaves_nothing():
    assert left_after(Period(FIRST, LAST)) == ()


def test_whole_periods_paid_leave_the_others_as_they_were():
    assert left_after(Period(FIRST, date(2025, 9, 20))) == whole()[2:]


def test_period_that_was_cut_keeps_its_one_rounding():
    paid = Period(FIRST, date(2025, 8, 7))

    left = left_after(paid)

    line, before = whole()[1], accrue(LOAN, first=FIRST, last=paid.last, rate_bp=150, periods=PERIODS)
    assert (left[0].period_start, left[0].period_end, left[0].interest_on) == (date(2025, 8, 8), line.period_end, line.interest_on)
    assert left[0].balance_days == line.balance_days - before[1].balance_days == Decimal("5000000.01") * 44
    assert left[0].unrounded == line.unrounded - before[1].unrounded
    assert left[0].amount == line.amount - before[1].amount
    assert left[1:] == whole()[2:]
    assert total(before) + total(left) == total(whole())


def test_stretches_paid_one_after_the_other_are_one():
    both = (Period(FIRST, date(2025, 5, 1)), Period(date(2025, 5, 2), date(2025, 8, 7)))

    assert left_after(*both) == left_after(*reversed(both)) == left_after(Period(FIRST, date(2025, 8, 7)))


@pytest.mark.parametrize("last", [date(2025, 6, 19), date(2025, 6, 20), date(2025, 6, 21)])
def test_last_day_of_a_period_belongs_to_it(last):
    left = left_after(Period(FIRST, last))

    assert left[0].period_start == last + ONE_DAY
    assert len(left) == (4 if last < PERIODS[0].last else 3)


@given(days=st.integers(0, (LAST - FIRST).days))
def test_before_and_after_are_the_whole_to_the_fen_on_any_day(days):
    last = FIRST + ONE_DAY * days

    before = accrue(LOAN, first=FIRST, last=last, rate_bp=150, periods=PERIODS)

    assert total(before) + total(left_after(Period(FIRST, last))) == total(whole())


@given(stretches=st.lists(st.tuples(st.integers(-3, 30), st.integers(0, 9)), max_size=5))
def test_outside_is_every_day_in_none_of_them(stretches):
    within = Period(FIRST, FIRST + ONE_DAY * 20)
    periods = [Period(FIRST + ONE_DAY * begin, FIRST + ONE_DAY * (begin + length)) for begin, length in stretches]

    rest = outside(periods, within=within)

    days = [within.first + ONE_DAY * number for number in range(21)]
    assert [any(day in period for period in rest) for day in days] == [not any(day in period for period in periods) for day in days]
    assert all(period.first in within and period.last in within for period in rest)
