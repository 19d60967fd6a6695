"""What goes with a docking wherever it arrives: whether its need enters rounds, whose clock runs, whether a meeting is still wanted."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import F

from common.workdays import due_at, load_calendar
from deals.clocks import MEETING, Clock, day, end_of, start, stop
from deals.docking.models import FourPartyMeeting, SecondDocking
from organisations import policy
from projects.models import Need

S = SecondDocking.State
AWAITS_MEETING = "待四方会商"


def arrive(rows: Sequence[SecondDocking], *, at: dt.datetime, reason: str = "", meeting_on: dt.date | None = None) -> None:
    """`reason`: why these are parked; `meeting_on`: the day of a meeting that was called."""
    for resting in (True, False):
        _mark([row for row in rows if (row.state in SecondDocking.RESTING) is resting], reason or AWAITS_MEETING if resting else "")
    ended = [row for row in rows if row.state != S.CONVENED]
    FourPartyMeeting.objects.filter(docking__in=ended, outcome=FourPartyMeeting.Outcome.OPEN).update(
        outcome=FourPartyMeeting.Outcome.DROPPED
    )
    stop(rows, MEETING, at=at)
    start([clock for row in rows if (clock := _clock(row, meeting_on, at=at))], at=at)


def _mark(rows: Sequence[SecondDocking], reason: str) -> None:
    """A need that rests says why, and no round takes it."""
    changed = Need.objects.filter(pk__in=[row.need_id for row in rows]).exclude(parked_reason=reason)
    changed.update(parked_reason=reason, version=F("version") + 1)
    for row in rows:
        row.need.parked_reason = reason


def _clock(row: SecondDocking, meeting_on: dt.date | None, *, at: dt.datetime) -> Clock | None:
    """The office's: to call the meeting, then to hold it."""
    if row.state == S.CONVENED and meeting_on is not None:
        return Clock(row, MEETING, row.unit.organisation_id, end_of(meeting_on))
    if row.state == S.MEETING_DUE:
        days = policy.number("docking_meeting_days", province=row.province, on=day(at))
        return Clock(row, MEETING, row.unit.organisation_id, due_at(at, days=days, calendar=load_calendar()))
    return None
