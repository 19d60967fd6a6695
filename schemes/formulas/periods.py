"""Which days count: interest periods, the subsidised window, the first day."""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

QUARTERLY = (3, 6, 9, 12)
MONTHLY = tuple(range(1, 13))
AT_MATURITY = ()  # interest is paid with the principal: one period

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Period:
    """Days `first` to `last`, both included. `interest_on` is the day on which its interest falls due."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"period ends {self.last} before it begins {self.first}")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def interest_periods(first: date, last: date, *, interest_months: Sequence[int] = QUARTERLY, interest_day: int = 20) -> tuple[Period, ...]:
    """Cut `first`…`last` after every interest day. No interest months: one period, interest at maturity with the principal.

    An interest day that a month lacks (the 31st) is that month's last day. To keep whole periods for a window that ends inside one,
    cut the life of the loan here and give the window to `accrue`.
    """
    ends = [day for day in _interest_days(first, last, interest_months, interest_day) if first <= day < last]
    return tuple(Period(before + ONE_DAY, end) for before, end in pairwise([first - ONE_DAY, *ends, last]))


def _interest_days(first: date, last: date, months: Sequence[int], day: int) -> Iterable[date]:
    for year in range(first.year, last.year + 1):
        for month in sorted(months):
            yield date(year, month, min(day, calendar.monthrange(year, month)[1]))


def outside(periods: Sequence[Period], *, within: Period) -> tuple[Period, ...]:
    """The days of `within` that lie in none of these periods."""
    gaps, reached = [], within.first
    for period in sorted(periods):
        if period.first > within.last:
            break
        if period.first > reached:
            gaps.append(Period(reached, period.first - ONE_DAY))
        reached = max(reached, period.last + ONE_DAY)
    if reached <= within.last:
        gaps.append(Period(reached, within.last))
    return tuple(gaps)


def window(start: date, *, months: int) -> date:
    """The last day, included, of `months` months from `start`: 2025-03-10 and 24 months end on 2027-03-09.

    It is the day before the corresponding day, or the month's last day where the month has no corresponding day
    (2024-02-29 and 24 months end on 2026-02-28). (infer)
    """
    if months < 1:
        raise ValueError(f"months must be at least 1, not {months}")
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    month_end = calendar.monthrange(year, month)[1]
    return date(year, month, month_end) if start.day > month_end else date(year, month, start.day) - ONE_DAY


def subsidised_days(anchor: str, *, start: date, first_start: date, months: int) -> Period | None:
    """The window of one drawdown, counted from its own start or from the loan's first (`window_anchor`); None when that is over."""
    if anchor not in {"each_drawdown", "first_drawdown"}:
        raise ValueError(f"unknown window anchor {anchor!r}")
    last = window(start if anchor == "each_drawdown" else first_start, months=months)
    return Period(start, last) if start <= last else None


def start_day(rule: str, *, issued_on: date, paid_to_supplier_on: date | None) -> date | None:
    """The first subsidised day: 划付供应商账户之日 (财金〔2024〕54号) or 固定资产贷款发放之日 (财金〔2026〕2号); None while not yet paid."""
    if rule == "loan_issued":
        return issued_on
    if rule == "paid_to_supplier":
        return paid_to_supplier_on
    raise ValueError(f"unknown start rule {rule!r}")
