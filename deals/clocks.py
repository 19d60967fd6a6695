"""The clocks of invitations and deals: opened and closed with the step that does it. Overdue is noticed and listed, never decided by."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from common.workdays import SHANGHAI, WorkCalendar, due_at, due_at_calendar_days, load_calendar
from organisations import deadlines, policy

CONTACT, CONSENT, DECISION, CHOICE, MATERIALS = "contact", "consent", "decision", "choice", "materials"
EXPLAIN, PAY_BACK = "explain", "pay_back"
MEETING = "meeting"
IN_WORKING_DAYS = frozenset({CONTACT, EXPLAIN, MEETING})
KEYS = ["bank_first_contact_days", "bank_decision_days", "consent_days", "max_live_invitations"]


@dataclass(frozen=True)
class Terms:
    """The days that apply on one day in one province, with the working-day calendar."""

    contact_days: int
    decision_days: int
    consent_days: int
    looking_max: int
    calendar: WorkCalendar

    def contact_due(self, at: dt.datetime) -> dt.datetime:
        return due_at(at, days=self.contact_days, calendar=self.calendar)

    def decision_due(self, at: dt.datetime) -> dt.datetime:
        return due_at_calendar_days(at, days=self.decision_days)

    def consent_due(self, at: dt.datetime) -> dt.datetime:
        return due_at_calendar_days(at, days=self.consent_days)


@dataclass(frozen=True)
class Clock:
    obj: Any
    kind: str
    organisation_id: int
    due: dt.datetime


def terms(province: str, *, at: dt.datetime) -> Terms:
    found = policy.values(KEYS, province=province, on=day(at))
    contact, decision, consent, looking = (int(found[key]) for key in KEYS)
    return Terms(contact, decision, consent, looking, load_calendar())


def day(at: dt.datetime) -> dt.date:
    """The date in China."""
    return at.astimezone(SHANGHAI).date()


def end_of(on: dt.date) -> dt.datetime:
    return dt.datetime.combine(on, dt.time(23, 59, 59), tzinfo=SHANGHAI)


def start(clocks: Iterable[Clock], *, at: dt.datetime) -> None:
    """What is due in working days; all other terms run through rest days."""
    deadlines.open_many(
        deadlines.Clock(clock.obj, clock.kind, clock.organisation_id, at, clock.due, counts_rest_days=clock.kind not in IN_WORKING_DAYS)
        for clock in clocks
    )


def stop(objects: Sequence[Any], *kinds: str, at: dt.datetime) -> None:
    """Close the open clocks of these objects (of one model), or only those kinds."""
    deadlines.close_many(objects, *kinds, at=at)


def move(obj: Any, kind: str, *, due: dt.datetime) -> None:
    """Another due moment for an open clock, as the step that calls it records."""
    deadlines.running([obj], kind).update(due_at=due)
