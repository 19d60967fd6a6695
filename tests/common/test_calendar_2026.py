"""What holds of working days on every day of the real 2026, with its holidays and make-up days."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.workdays import SHANGHAI, days_between, due_after_pause, due_at, due_at_calendar_days, share_elapsed
from tests.common.test_workdays import CALENDAR

MAKE_UP_DAYS = [day for day, worked in CALENDAR.exceptions.items() if worked and day.year == 2026]
HOLIDAYS = [day for day, worked in CALENDAR.exceptions.items() if not worked and day.year == 2026]
days = st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
moments = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 11, 30), timezones=st.just(SHANGHAI))  # noqa: DTZ001 -- hypothesis adds the zone
terms = st.integers(1, 20)


def test_2026_has_its_six_make_up_days_and_each_counts_as_one():
    assert len(MAKE_UP_DAYS) == 6
    for day in MAKE_UP_DAYS:
        assert day.weekday() >= 5
        assert CALENDAR.working_days_between(day - dt.timedelta(1), day) == 1
        assert CALENDAR.working_day_on_or_after(day) == day


@given(moments, terms)
def test_a_clock_ends_with_the_last_second_of_a_working_day_after_exactly_so_many(start, n):
    due = due_at(start, days=n, calendar=CALENDAR)

    assert CALENDAR.is_working_day(due.date())
    assert due.time() == dt.time(23, 59, 59)
    assert days_between(start, due, calendar=CALENDAR) == n
    assert due.date() not in HOLIDAYS


@given(moments, moments, terms, terms)
def test_who_comes_later_or_has_longer_is_never_due_sooner(one, other, few, many):
    (early, late), (short, long) = sorted((one, other)), sorted((few, many))

    assert due_at(early, days=short, calendar=CALENDAR) <= due_at(late, days=long, calendar=CALENDAR)


@given(days, terms, terms)
def test_terms_add_up(day, one, other):
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(day, one), other) == CALENDAR.add_working_days(day, one + other)


@given(days)
def test_a_closing_day_moves_over_rest_days_only_and_only_forward(day):
    moved = CALENDAR.working_day_on_or_after(day)

    assert moved >= day
    assert CALENDAR.is_working_day(moved)
    assert not any(CALENDAR.is_working_day(day + dt.timedelta(n)) for n in range((moved - day).days))


@given(moments, terms, st.integers(0, 25), st.integers(0, 40))
def test_a_return_gives_the_unit_back_exactly_the_working_days_it_took(start, allowed, after, length):
    due = due_at(start, days=allowed, calendar=CALENDAR)
    left, back = start + dt.timedelta(after), start + dt.timedelta(after + length)

    moved = due_after_pause(due, paused_at=left, resumed_at=back, calendar=CALENDAR)

    was_late = left.date() > due.date()
    given_back = 0 if was_late else days_between(left, back, calendar=CALENDAR)
    assert days_between(due, moved, calendar=CALENDAR) == given_back
    assert days_between(start, moved, calendar=CALENDAR) == allowed + given_back


@given(moments, terms)
def test_the_share_grows_reaches_the_whole_on_the_due_day_and_passes_it_after(start, allowed):
    due = due_at(start, days=allowed, calendar=CALENDAR)
    every_day = [start + dt.timedelta(n) for n in range((due.date() - start.date()).days + 1)]

    shares = [share_elapsed(start, due=due, at=at, calendar=CALENDAR) for at in every_day]

    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    next_day = dt.datetime.combine(CALENDAR.next_working_day(due.date()), dt.time(8), tzinfo=SHANGHAI)
    assert share_elapsed(start, due=due, at=next_day, calendar=CALENDAR) > 1


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ((2026, 2, 13, 23, 59, 59), 1, (2026, 2, 14)),  # the last second of Friday: the make-up Saturday counts
        ((2026, 2, 14, 0, 0, 0), 1, (2026, 2, 24)),  # one second later the festival lies between
        ((2026, 1, 30, 9, 0, 0), 3, (2026, 2, 4)),  # over a month's end and a weekend
        ((2026, 9, 29, 9, 0, 0), 3, (2026, 10, 9)),  # over the National Day holiday
        ((2026, 12, 31, 9, 0, 0), 1, (2027, 1, 1)),  # no notice of 2027 yet: its first day is a plain Friday
        ((2024, 2, 28, 9, 0, 0), 1, (2024, 2, 29)),  # a leap day is a day
        ((2024, 2, 29, 23, 59, 59), 1, (2024, 3, 1)),
    ],
)
def test_edges_of_days_months_and_years(start, days, due):
    expected = dt.datetime(*due, 23, 59, 59, tzinfo=SHANGHAI)

    assert due_at(dt.datetime(*start, tzinfo=SHANGHAI), days=days, calendar=CALENDAR) == expected


def test_calendar_days_run_through_leap_day_and_holiday():
    assert due_at_calendar_days(dt.datetime(2024, 2, 20, 9, tzinfo=SHANGHAI), days=10) == dt.datetime(
        2024, 3, 1, 23, 59, 59, tzinfo=SHANGHAI
    )
    start, due = dt.datetime(2026, 2, 10, 9, tzinfo=SHANGHAI), dt.datetime(2026, 2, 20, 23, 59, 59, tzinfo=SHANGHAI)
    assert share_elapsed(start, due=due, at=dt.datetime(2026, 2, 15, tzinfo=SHANGHAI), calendar=None) == Fraction(1, 2)
