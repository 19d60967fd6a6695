"""Working days as the State Council sets them: weekends and holidays off, make-up days (调休) on.

One counting convention everywhere: the day of the event does not count, the due day does. A case that arrives on Monday with
three working days is due at the end of Thursday. Clocks run in whole days, as the officers who live by them count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from types import MappingProxyType
from zoneinfo import ZoneInfo

from common.models import CalendarException

SHANGHAI = ZoneInfo("Asia/Shanghai")
END_OF_DAY = time(23, 59, 59)
REST_DAYS_IN_A_ROW_MAX = 60  # the longest real run is nine; beyond this the table is wrong, not the holiday long

ONE_DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True)
class WorkCalendar:
    """`exceptions` says for each day of a notice whether it is worked; all other days follow the week.

    A year with no exceptions has no notice yet: its weekends are off and nothing else, `knows_year` is False, and pages say so.
    """

    exceptions: Mapping[date, bool]
    _years: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exceptions", MappingProxyType(dict(self.exceptions)))
        object.__setattr__(self, "_years", frozenset(day.year for day in self.exceptions))

    def is_working_day(self, day: date) -> bool:
        return self.exceptions.get(day, day.weekday() < SATURDAY)

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day`, n ≥ 1."""
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}")
        for _count in range(n):
            day = self.next_working_day(day)
        return day

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        return self.working_day_on_or_after(day + ONE_DAY)

    def working_day_on_or_after(self, day: date) -> date:
        """`day` itself if it is worked, else the first working day after it: where a closing date on a rest day moves to."""
        for ahead in range(REST_DAYS_IN_A_ROW_MAX):
            if self.is_working_day(day + ahead * ONE_DAY):
                return day + ahead * ONE_DAY
        raise ValueError(f"no working day within {REST_DAYS_IN_A_ROW_MAX} days of {day}: the calendar is wrong")

    def working_days_between(self, first: date, last: date) -> int:
        """Working days after `first` up to and including `last`; negative when `last` lies before `first`."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(self.is_working_day(day) for day in _days_after(first, last))

    def knows_year(self, year: int) -> bool:
        return year in self._years

    def missing_years(self, first: date, last: date) -> tuple[int, ...]:
        return tuple(year for year in range(first.year, last.year + 1) if not self.knows_year(year))


def load_calendar() -> WorkCalendar:
    return WorkCalendar(dict(CalendarException.objects.order_by("day").values_list("day", "is_working")))


def due_at(start: datetime, *, days: int, calendar: WorkCalendar) -> datetime:
    """The last second of the `days`-th working day after `start`, in Shanghai."""
    return _end_of(calendar.add_working_days(_local_day(start), days))


def due_at_calendar_days(start: datetime, *, days: int) -> datetime:
    """The same for a period that runs through rest days (a bank's 30 days, a public notice of calendar days)."""
    if days < 1:
        raise ValueError(f"days must be at least 1, not {days}")
    return _end_of(_local_day(start) + days * ONE_DAY)


def due_after_pause(due: datetime, *, paused_at: datetime, resumed_at: datetime, calendar: WorkCalendar | None) -> datetime:
    """Where `due` moves when a pause ends: later by the working days that were paused. A clock already run out does not move.

    Without a calendar the days are calendar days, as of `due_at_calendar_days`.
    """
    if resumed_at < paused_at:
        raise ValueError("a pause cannot end before it begins")
    if calendar is None:
        stood = _local_day(resumed_at) - _local_day(paused_at)
        return due if not stood or _local_day(paused_at) > _local_day(due) else _end_of(_local_day(due) + stood)
    paused = calendar.working_days_between(_local_day(paused_at), _local_day(resumed_at))
    if paused == 0 or _local_day(paused_at) > _local_day(due):
        return due
    return _end_of(calendar.add_working_days(_local_day(due), paused))


def share_elapsed(start: datetime, *, due: datetime, at: datetime, calendar: WorkCalendar | None, paused_days: int = 0) -> Fraction:
    """How much of the allowed days is used at `at`; reminders go out at 1/2 and 4/5, above 1 it is overdue.

    `due` already contains what finished pauses added (`due_after_pause`), so their days are subtracted from both sides. Without a
    calendar the days are calendar days.
    """
    used, allowed = (days_between(start, until, calendar=calendar) - paused_days for until in (at, due))
    if allowed < 1:
        raise ValueError(f"no day between {start} and {due}")
    return Fraction(used, allowed)


def days_between(start: datetime, until: datetime, *, calendar: WorkCalendar | None) -> int:
    """Working days after `start` up to and including `until`; calendar days without a calendar."""
    first, last = _local_day(start), _local_day(until)
    return (last - first).days if calendar is None else calendar.working_days_between(first, last)


def _days_after(first: date, last: date) -> Iterator[date]:
    return (first + ahead * ONE_DAY for ahead in range(1, (last - first).days + 1))


def _local_day(at: datetime) -> date:
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone has no date in Shanghai")
    return at.astimezone(SHANGHAI).date()


def _end_of(day: date) -> datetime:
    return datetime.combine(day, END_OF_DAY, tzinfo=SHANGHAI)
