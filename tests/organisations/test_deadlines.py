"""Clocks on cases: one of a kind, paused and resumed by working days, closed."""

import datetime as dt

import pytest

from common.models import Deadline
from common.workdays import SHANGHAI, WorkCalendar, due_at
from organisations import deadlines
from organisations.deadlines import Clock
from organisations.models import Programme
from tests.factories import HUBEI

pytestmark = pytest.mark.django_db
CALENDAR = WorkCalendar({dt.date(2026, 3, 6): False, dt.date(2026, 3, 7): True})  # Friday off, Saturday made up


def day(of_month: int) -> dt.datetime:
    return dt.datetime(2026, 3, of_month, 10, tzinfo=SHANGHAI)


@pytest.fixture
def things():
    rows = Programme.objects.bulk_create([Programme(code=code, name=code) for code in "ab"])
    for row in rows:
        row.province = HUBEI
    return rows


def open_all(things, *, kind="review", at, days=3):
    deadlines.open_many(Clock(thing, kind, 7, at, due_at(at, days=days, calendar=CALENDAR)) for thing in things)


def due_days() -> list[int]:
    return [row.due_at.astimezone(SHANGHAI).day for row in Deadline.objects.order_by("subject_id", "pk")]


def test_a_clock_counts_working_days_and_knows_who_is_responsible(things):
    open_all(things, at=day(4))

    assert due_days() == [9, 9]  # Thursday, the made-up Saturday, Monday
    assert set(Deadline.objects.values_list("subject", "organisation_id", "province")) == {("organisations.programme", 7, HUBEI)}


def test_opening_a_running_clock_again_keeps_its_time(things):
    open_all(things, at=day(4))
    open_all(things[:1], at=day(10))

    assert due_days() == [9, 9]


def test_a_pause_gives_its_working_days_back_and_leaves_others_alone(things):
    open_all(things, at=day(4))

    deadlines.pause_many(things[:1], "review", at=day(5))
    resumed = deadlines.resume_many(things, "review", at=day(10), calendar=CALENDAR)

    assert due_days() == [12, 9]
    assert list(resumed) == [things[0].pk]
    assert not Deadline.objects.exclude(paused_at=None).exists()


def test_pausing_twice_counts_from_the_first(things):
    open_all(things, at=day(4))
    deadlines.pause_many(things, at=day(5))
    deadlines.pause_many(things, at=day(9))

    assert set(Deadline.objects.values_list("paused_at", flat=True)) == {day(5)}


def test_closing_takes_the_named_kinds_only_and_lets_a_new_one_begin(things):
    open_all(things, at=day(4))
    open_all(things, kind="correction", at=day(4))

    deadlines.close_many(things, "review", at=day(5))
    open_all(things, at=day(9), days=1)

    assert sorted(Deadline.objects.filter(closed_at=None).values_list("kind", flat=True)) == ["correction"] * 2 + ["review"] * 2
    assert deadlines.running(things, "review").count() == 2
    assert deadlines.running([]).count() == 0
