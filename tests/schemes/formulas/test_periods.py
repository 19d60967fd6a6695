from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes.formulas import AT_MATURITY, MONTHLY, Period, interest_periods, start_day, subsidised_days, window

days = st.dates(date(2020, 1, 1), date(2032, 12, 31))


def test_interest_periods_end_on_the_twentieth_of_the_quarter():
    periods = interest_periods(date(2025, 3, 10), date(2025, 9, 30))

    assert periods == (
        Period(date(2025, 3, 10), date(2025, 3, 20)),
        Period(date(2025, 3, 21), date(2025, 6, 20)),
        Period(date(2025, 6, 21), date(2025, 9, 20)),
        Period(date(2025, 9, 21), date(2025, 9, 30)),
    )


def test_interest_periods_may_be_monthly_or_one_at_maturity():
    first, last = date(2025, 3, 10), date(2026, 3, 9)

    assert len(interest_periods(first, last, interest_months=MONTHLY)) == 13
    assert interest_periods(first, last, interest_months=AT_MATURITY) == (Period(first, last),)


def test_an_interest_day_that_a_month_lacks_is_its_last_day():
    periods = interest_periods(date(2025, 2, 1), date(2025, 4, 30), interest_months=MONTHLY, interest_day=31)

    assert [period.last for period in periods] == [date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)]


def test_a_drawdown_on_the_interest_day_has_a_period_of_one_day():
    assert interest_periods(date(2025, 3, 20), date(2025, 3, 21))[0] == Period(date(2025, 3, 20), date(2025, 3, 20))


@given(days, st.integers(0, 2000), st.sampled_from([(3, 6, 9, 12), MONTHLY, AT_MATURITY, (12, 6)]), st.integers(1, 31))
def test_interest_periods_cover_every_day_once(first, length, months, interest_day):
    last = first + timedelta(length)

    periods = interest_periods(first, last, interest_months=months, interest_day=interest_day)

    assert (periods[0].first, periods[-1].last) == (first, last)
    assert all(after.first == before.last + timedelta(1) for before, after in pairwise(periods))


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2025, 3, 10), 24, date(2027, 3, 9)),
        (date(2025, 4, 25), 24, date(2027, 4, 24)),
        (date(2025, 3, 1), 24, date(2027, 2, 28)),
        (date(2026, 3, 1), 24, date(2028, 2, 29)),
        (date(2024, 2, 29), 24, date(2026, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 28)),
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2025, 1, 1), 12, date(2025, 12, 31)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
    ],
)
def test_window_ends_the_day_before_the_corresponding_day(start, months, last):
    assert window(start, months=months) == last


@given(days)
def test_a_window_of_two_years_has_730_days_or_one_more_with_a_leap_day(start):
    length = (window(start, months=24) - start).days + 1

    has_leap_day = any(start <= date(year, 2, 29) <= window(start, months=24) for year in (2020, 2024, 2028, 2032))
    assert length == 730 + has_leap_day


def test_window_refuses_no_months():
    with pytest.raises(ValueError, match="at least 1"):
        window(date(2025, 1, 1), months=0)


def test_a_period_cannot_end_before_it_begins():
    with pytest.raises(ValueError, match="before it begins"):
        Period(date(2025, 1, 2), date(2025, 1, 1))


def test_money_at_the_borrower_on_the_first_and_at_the_supplier_on_the_tenth():
    facts = {"issued_on": date(2025, 3, 1), "paid_to_supplier_on": date(2025, 3, 10)}

    assert start_day("paid_to_supplier", **facts) == date(2025, 3, 10)
    assert start_day("loan_issued", **facts) == date(2025, 3, 1)


def test_a_drawdown_not_yet_paid_to_the_supplier_has_not_started():
    assert start_day("paid_to_supplier", issued_on=date(2025, 3, 1), paid_to_supplier_on=None) is None


def test_start_day_refuses_an_unknown_rule():
    with pytest.raises(ValueError, match="start rule"):
        start_day("contract_signed", issued_on=date(2025, 3, 1), paid_to_supplier_on=None)


def test_a_window_counts_from_each_drawdown_or_from_the_first():
    second, first = date(2025, 4, 25), date(2025, 3, 10)

    assert subsidised_days("each_drawdown", start=second, first_start=first, months=24) == Period(second, date(2027, 4, 24))
    assert subsidised_days("first_drawdown", start=second, first_start=first, months=24) == Period(second, date(2027, 3, 9))
    assert subsidised_days("first_drawdown", start=date(2027, 3, 10), first_start=first, months=24) is None
    with pytest.raises(ValueError, match="anchor"):
        subsidised_days("contract", start=second, first_start=first, months=24)
