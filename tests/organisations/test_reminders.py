"""Reminders at a half and at four fifths, and 督办 when overdue, as the wall clock strikes; nothing is ever decided by them."""

import csv
import datetime as dt

import pytest
import time_machine

from common.models import AuditEvent, CalendarException, Deadline
from common.workdays import SHANGHAI, due_at, load_calendar
from organisations import deadlines, tasks
from organisations.deadlines import Clock
from projects import review
from projects.models import Filing
from seeds.reference import DATA
from tests import factories
from tests.projects.cases import submitted

MARKS = {"remind_half": "50", "remind_soon": "80", "overdue": "over"}


@pytest.fixture
def calendar(db):
    with (DATA / "calendar.csv").open(encoding="utf-8", newline="") as rows:
        CalendarException.objects.bulk_create(
            CalendarException(day=row["day"], is_working=row["is_working"] == "true", source=row["source"]) for row in csv.DictReader(rows)
        )
    return load_calendar()


def clock(world, calendar, *, start, days):
    filing = factories.filing(world, state="in_review")
    due = due_at(start, days=days, calendar=calendar)
    deadlines.open_many([Clock(filing, "review", world["IND-420111"].organisation_id, start, due)])
    return filing


def said(filing):
    rows = AuditEvent.objects.filter(subject="projects.filing", subject_id=filing.pk, verb__in=MARKS).order_by("id")
    return [MARKS[verb] for verb in rows.values_list("verb", flat=True)]


def strike(*parts):
    with time_machine.travel(dt.datetime(*parts, tzinfo=SHANGHAI), tick=False):
        return tasks.remind()


def test_overdue_begins_after_the_last_second_of_the_due_day(world, calendar):
    filing = clock(world, calendar, start=dt.datetime(2026, 3, 2, 23, 59, 59, tzinfo=SHANGHAI), days=5)  # due on Monday the 9th

    assert strike(2026, 3, 4, 23, 59, 59) == 0  # two of five days
    assert strike(2026, 3, 5, 0, 0, 0) == 1
    assert strike(2026, 3, 5, 23, 59, 59) == 0  # the third day was told; a run again adds nothing
    assert strike(2026, 3, 6, 0, 0, 1) == 1
    assert strike(2026, 3, 9, 23, 59, 59) == 0
    assert strike(2026, 3, 10, 0, 0, 0) == 1

    assert said(filing) == ["50", "80", "over"]
    event = AuditEvent.objects.filter(verb="overdue").get()
    assert event.changes == {"clock": "review", "organisation": world["IND-420111"].organisation_id}
    row = Filing.objects.get(pk=filing.pk)
    assert (row.state, row.current_step_id, row.version) == ("in_review", filing.current_step_id, filing.version)


def test_a_holiday_passes_without_reminding_anybody(world, calendar):
    filing = clock(world, calendar, start=dt.datetime(2026, 2, 13, 9, tzinfo=SHANGHAI), days=4)  # Saturday is worked, then nine days off

    assert strike(2026, 2, 14, 9) == 0
    assert [strike(2026, 2, day, 9) for day in range(15, 24)] == [0] * 9
    assert strike(2026, 2, 24, 9) == 1
    assert said(filing) == ["50"]
    assert Deadline.objects.get(subject_id=filing.pk).due_at.astimezone(SHANGHAI).day == 26


def test_month_end_and_leap_day_are_days_like_others(world, calendar):
    filing = clock(world, calendar, start=dt.datetime(2024, 2, 28, 17, tzinfo=SHANGHAI), days=2)  # due on Friday 1 March

    assert strike(2024, 2, 29, 9) == 1
    assert strike(2024, 2, 29, 23, 59, 59) == 0
    assert strike(2024, 3, 1, 0, 0, 0) == 1
    assert strike(2024, 3, 2, 0, 0, 0) == 1
    assert said(filing) == ["50", "80", "over"]


def test_across_a_return_the_firm_is_reminded_and_the_unit_keeps_its_days(world, cast, calendar):
    monday = factories.NOW
    filing = submitted(world, cast)  # three working days from Monday 2 March
    tuesday = monday + dt.timedelta(days=1)
    review.return_step(filing, by=cast.chen, at=tuesday, seen=filing.version, note="请补充", fields=["content"])

    assert strike(2026, 3, 4, 9) == 0
    assert strike(2026, 3, 6, 9) == 1  # the firm's own clock: three of its five days
    assert AuditEvent.objects.get(verb="remind_half").changes["clock"] == "correction"
    review.resubmit(filing, by=cast.lin, at=monday + dt.timedelta(days=7), seen=filing.version)

    unit = Deadline.objects.get(subject_id=filing.pk, kind="review")
    assert (unit.due_at.astimezone(SHANGHAI).date(), unit.paused_days) == (dt.date(2026, 3, 11), 4)
    assert strike(2026, 3, 9, 18) == 0  # one of three days is used, however long the firm took
    assert strike(2026, 3, 10, 9) == 1
    assert strike(2026, 3, 11, 9) == 1
    assert strike(2026, 3, 12, 0, 0, 0) == 1
    assert said(filing) == ["50", "50", "80", "over"]


def test_a_year_without_a_notice_counts_weekends_only(world, calendar):
    filing = clock(world, calendar, start=dt.datetime(2026, 12, 31, 9, tzinfo=SHANGHAI), days=2)

    assert Deadline.objects.get(subject_id=filing.pk).due_at.astimezone(SHANGHAI).date() == dt.date(2027, 1, 4)
    assert strike(2027, 1, 1, 9) == 1  # New Year's Day counts as the Friday it is, until the notice is loaded
    assert strike(2027, 1, 3, 9) == 0
    assert strike(2027, 1, 5, 0, 0, 0) == 2
