import csv
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.models import CalendarException
from common.workdays import (
    SHANGHAI,
    WorkCalendar,
    days_between,
    due_after_pause,
    due_at,
    due_at_calendar_days,
    load_calendar,
    share_elapsed,
)

SEED = Path(__file__).resolve().parents[2] / "seeds" / "data" / "calendar.csv"
with SEED.open(encoding="utf-8", newline="") as seed_file:
    SEED_ROWS = list(csv.DictReader(seed_file))
CALENDAR = WorkCalendar({date.fromisoformat(row["day"]): row["is_working"] == "true" for row in SEED_ROWS})

# 2026, Spring Festival: off Sunday 15 to Monday 23 February; Saturdays 14 and 28 are worked.
FRIDAY_BEFORE, MAKE_UP_SATURDAY, FIRST_DAY_BACK = date(2026, 2, 13), date(2026, 2, 14), date(2026, 2, 24)

days = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def shanghai(*parts):
    return datetime(*parts, tzinfo=SHANGHAI)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_seed_agrees_with_an_independent_calendar_on_every_day(year):
    china = holidays.China(years=year)
    new_year = date(year, 1, 1)
    every_day = [new_year + timedelta(n) for n in range((date(year + 1, 1, 1) - new_year).days)]

    differing = [day for day in every_day if CALENDAR.is_working_day(day) != china.is_working_day(day)]

    assert differing == []


def test_seed_lists_only_days_that_differ_from_the_week_and_names_its_source():
    redundant = [row for row in SEED_ROWS if (row["is_working"] == "true") == (date.fromisoformat(row["day"]).weekday() < 5)]

    assert redundant == []
    assert {(row["day"][:4], row["source"]) for row in SEED_ROWS} == {
        ("2024", "国办发明电〔2023〕7号"),
        ("2025", "国办发明电〔2024〕12号"),
        ("2026", "国务院办公厅放假通知 2026"),
    }
    assert [row["day"] for row in SEED_ROWS] == sorted({row["day"] for row in SEED_ROWS})


def test_add_working_days_counts_make_up_saturdays_and_skips_the_festival():
    assert CALENDAR.add_working_days(FRIDAY_BEFORE, 1) == MAKE_UP_SATURDAY
    assert CALENDAR.add_working_days(FRIDAY_BEFORE, 2) == FIRST_DAY_BACK
    assert CALENDAR.add_working_days(date(2026, 2, 18), 1) == FIRST_DAY_BACK


def test_add_working_days_does_not_count_the_day_of_the_event():
    monday = date(2026, 3, 2)

    assert CALENDAR.add_working_days(monday, 3) == date(2026, 3, 5)


@pytest.mark.parametrize("n", [0, -1])
def test_add_working_days_refuses_less_than_one(n):
    with pytest.raises(ValueError, match="at least 1"):
        CALENDAR.add_working_days(FRIDAY_BEFORE, n)


def test_next_working_day_is_after_and_on_or_after_may_be_the_day_itself():
    assert CALENDAR.next_working_day(FRIDAY_BEFORE) == MAKE_UP_SATURDAY
    assert CALENDAR.working_day_on_or_after(FRIDAY_BEFORE) == FRIDAY_BEFORE
    assert CALENDAR.working_day_on_or_after(date(2026, 2, 15)) == FIRST_DAY_BACK


def test_next_working_day_gives_up_on_a_calendar_without_any():
    never = WorkCalendar({date(2026, 1, 1) + timedelta(n): False for n in range(400)})

    with pytest.raises(ValueError, match="the calendar is wrong"):
        never.next_working_day(date(2026, 1, 1))


@given(days, st.integers(1, 60))
def test_working_days_between_undoes_add_working_days(day, n):
    due = CALENDAR.add_working_days(day, n)

    assert CALENDAR.working_days_between(day, due) == n
    assert CALENDAR.working_days_between(due, day) == -n
    assert CALENDAR.is_working_day(due)


def test_a_year_without_a_notice_follows_the_week_and_is_reported():
    assert not CALENDAR.knows_year(2027)
    assert CALENDAR.is_working_day(date(2027, 1, 1))
    assert not CALENDAR.is_working_day(date(2027, 1, 2))
    assert CALENDAR.missing_years(date(2025, 6, 1), date(2028, 1, 1)) == (2027, 2028)
    assert CALENDAR.missing_years(date(2024, 1, 1), date(2026, 12, 31)) == ()


def test_calendar_cannot_be_changed_from_outside():
    exceptions = {date(2026, 1, 1): False}
    calendar = WorkCalendar(exceptions)

    exceptions[date(2026, 1, 5)] = False

    assert calendar.is_working_day(date(2026, 1, 5))
    with pytest.raises(TypeError):
        calendar.exceptions[date(2026, 1, 5)] = False


def test_due_at_is_the_last_second_of_the_due_day_in_shanghai():
    arrived_after_midnight_in_shanghai = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)

    due = due_at(arrived_after_midnight_in_shanghai, days=3, calendar=CALENDAR)

    assert due == shanghai(2026, 3, 5, 23, 59, 59)


def test_due_at_calendar_days_runs_through_rest_days():
    assert due_at_calendar_days(shanghai(2026, 2, 13, 9), days=5) == shanghai(2026, 2, 18, 23, 59, 59)


def test_due_at_refuses_a_naive_moment():
    with pytest.raises(ValueError, match="time zone"):
        due_at(datetime(2026, 3, 2, 9), days=3, calendar=CALENDAR)  # noqa: DTZ001 -- the refusal is what is tested


def test_share_elapsed_reaches_half_and_four_fifths_on_whole_days():
    start = shanghai(2026, 3, 2, 9)
    due = due_at(start, days=5, calendar=CALENDAR)

    shares = [share_elapsed(start, due=due, at=start + timedelta(n), calendar=CALENDAR) for n in range(9)]

    assert shares == [Fraction(n, 5) for n in (0, 1, 2, 3, 4, 4, 4, 5, 6)]


def test_a_pause_moves_the_due_day_and_takes_its_days_out_of_the_share():
    start = shanghai(2026, 3, 2, 9)
    paused_at, resumed_at = shanghai(2026, 3, 4, 15), shanghai(2026, 3, 10, 10)
    due = due_at(start, days=5, calendar=CALENDAR)

    extended = due_after_pause(due, paused_at=paused_at, resumed_at=resumed_at, calendar=CALENDAR)
    shares = [
        share_elapsed(start, due=extended, at=shanghai(2026, 3, day, 18), calendar=CALENDAR, paused_days=4) for day in (10, 11, 13, 16)
    ]

    assert extended == shanghai(2026, 3, 13, 23, 59, 59)
    assert shares == [Fraction(n, 5) for n in (2, 3, 5, 6)]


def test_a_pause_of_rest_days_or_after_the_due_day_moves_nothing():
    due = shanghai(2026, 3, 6, 23, 59, 59)

    over_a_weekend = due_after_pause(due, paused_at=shanghai(2026, 3, 6, 18), resumed_at=shanghai(2026, 3, 8, 9), calendar=CALENDAR)
    when_overdue = due_after_pause(due, paused_at=shanghai(2026, 3, 9, 9), resumed_at=shanghai(2026, 3, 12, 9), calendar=CALENDAR)

    assert (over_a_weekend, when_overdue) == (due, due)


def test_a_pause_cannot_end_before_it_begins():
    with pytest.raises(ValueError, match="before it begins"):
        due_after_pause(shanghai(2026, 3, 6), paused_at=shanghai(2026, 3, 5), resumed_at=shanghai(2026, 3, 4), calendar=CALENDAR)


@given(days, st.integers(1, 20), st.integers(0, 30), st.integers(0, 40))
def test_a_pause_within_the_clock_leaves_the_allowed_days_as_they_were(day, allowed, pause_after, pause_length):
    start = datetime(day.year, day.month, day.day, 10, tzinfo=SHANGHAI)
    due = due_at(start, days=allowed, calendar=CALENDAR)
    pause = (start + timedelta(pause_after), start + timedelta(pause_after + pause_length))

    extended = due_after_pause(due, paused_at=pause[0], resumed_at=pause[1], calendar=CALENDAR)
    stood = days_between(due, extended, calendar=CALENDAR)

    assert share_elapsed(start, due=extended, at=extended, calendar=CALENDAR, paused_days=stood) == 1


@pytest.mark.django_db
def test_load_calendar_reads_the_rows():
    CalendarException.objects.all().delete()
    CalendarException.objects.create(day=MAKE_UP_SATURDAY, is_working=True, source="测试")

    assert load_calendar() == WorkCalendar({MAKE_UP_SATURDAY: True})
