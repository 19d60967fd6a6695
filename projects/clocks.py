"""The clocks of a review: one for the unit where the case lies, one for the firm while it corrects, in working days."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.utils import timezone

from common.workdays import WorkCalendar, due_at, load_calendar
from organisations import deadlines, policy
from organisations.deadlines import Clock
from projects.models import Filing, ReviewStep

REVIEW = "review"
CORRECTION = "correction"
ESCALATION = "escalation"


def within(key: str, *, province: str, at: dt.datetime) -> dt.datetime:
    """The end of so many working days, told by this policy number, from `at`."""
    days = policy.number(key, province=province, on=timezone.localdate(at))
    return due_at(at, days=days, calendar=load_calendar())


def arrive(
    filings: Iterable[Filing], *, at: dt.datetime, calendar: WorkCalendar, steps: Mapping[int, Sequence[ReviewStep]]
) -> list[ReviewStep]:
    """Start the clock of the unit where each case has just arrived; returns the steps whose due moment is now known.

    `steps` maps filing id → the steps of that unit, the first of them the one to act.
    """
    started: list[ReviewStep] = []
    clocks: list[Clock] = []
    for filing in filings:
        first, *others = steps[filing.pk]
        first.started_at = at
        for step in (first, *others):
            step.due_at = due_at(at, days=first.working_days, calendar=calendar)
            started.append(step)
        clocks.append(Clock(filing, REVIEW, first.unit.organisation_id, at, first.due_at))
    deadlines.open_many(clocks)
    return started


def leave(filings: Sequence[Filing], *, at: dt.datetime) -> None:
    """The unit has done its part."""
    deadlines.close_many(filings, REVIEW, ESCALATION, at=at)


def wait_for_firm(filings: Sequence[Filing], *, at: dt.datetime, days: int, calendar: WorkCalendar) -> None:
    """The case is with the firm: the unit's clock stands still, the firm's runs."""
    deadlines.pause_many(filings, REVIEW, at=at)
    due = due_at(at, days=days, calendar=calendar)
    deadlines.open_many(Clock(filing, CORRECTION, filing.firm_id, at, due) for filing in filings)


def come_back(filings: Sequence[Filing], *, at: dt.datetime, calendar: WorkCalendar) -> dict[int, dt.datetime]:
    """The firm has answered: its clock is closed, the unit's runs on, later by the days it stood still; filing id → due."""
    deadlines.close_many(filings, CORRECTION, at=at)
    return deadlines.resume_many(filings, REVIEW, at=at, calendar=calendar)


def escalate(filings: Iterable[Filing], *, to: Mapping[int, ReviewStep], at: dt.datetime, calendar: WorkCalendar) -> None:
    """Tell the unit above that a case goes back and forth: a clock for it to look into, no power to decide."""
    deadlines.open_many(
        Clock(filing, ESCALATION, to[filing.pk].unit.organisation_id, at, due_at(at, days=to[filing.pk].working_days, calendar=calendar))
        for filing in filings
    )


def end(filings: Sequence[Filing], *, at: dt.datetime) -> None:
    """Nothing of the review runs any more."""
    deadlines.close_many(filings, REVIEW, CORRECTION, ESCALATION, at=at)
