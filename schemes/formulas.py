"""Interest and subsidy by balance-days (积数计息法), caps, and what happens when money is short. Pure: standard library only.

Units: amounts are Decimal yuan in whole fen, rates are integer basis points a year (150 = 1.5 percentage points), days are dates in China.

    interest or subsidy of a period = Σ over its days (balance of the day × rate) / day count

- Day count 360, actual days (日利率 = 年利率/360); the drawdown day counts, the repayment day does not (算头不算尾): a change takes
  effect on its day. Interest days are the 20th of March, June, September and December; the interest day is the last day of its period.
- Rounding point, the only one: half-up to the fen, once per period and drawdown. Totals, caps and budgets use the rounded amounts.
- Year: an amount belongs to the year of its interest day, so interest after 20 December counts in the next year.

Rates, start rules and terms: 财金〔2024〕54号, 发改资环〔2024〕1104号, 财金〔2026〕2号, 财金〔2026〕4号. What those leave open (window per
drawdown, month ends, rounding, who yields) is marked (infer): our reading, chosen by a parameter where more than one is plausible.
"""

import calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise

QUARTERLY = (3, 6, 9, 12)
MONTHLY = tuple(range(1, 13))
AT_MATURITY = ()  # interest is paid with the principal: one period

BP = 10_000
ONE_DAY = timedelta(days=1)

# Reason codes; the sentences for them are written where people read them.
CAP_REASONS = {"per_loan": "cap_per_loan", "project_year": "cap_project_year", "firm_year": "cap_firm_year"}
CAP_FIRM_LOAN = "cap_firm_loan"
EXCEEDS_INTEREST_PAID = "exceeds_interest_paid"
BUDGET_EXHAUSTED = "budget_exhausted"
PRO_RATA_SHARE = "pro_rata_share"
LOWER_PRIORITY = "lower_priority"
CARRIED_OVER = "carried_over"


# --- Periods and windows ---------------------------------------------------------------------------------------------------------------


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


def interest_periods(
    first: date, last: date, *, interest_months: Sequence[int] = QUARTERLY, interest_day: int = 20
) -> tuple[Period, ...]:
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


# --- Accrual ---------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """From `on`, that day included, the balance is higher by `amount`; a repayment or a supplier's refund is negative."""

    on: date
    amount: Decimal


@dataclass(frozen=True)
class Balances:
    """What counts of one drawdown, day by day: nothing before `opened_on`, then `opening` and the changes.

    For interest this is what the firm owes; for a subsidy it is the part that is subsidised, which a supplier's refund lowers too.
    """

    opened_on: date
    opening: Decimal
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        steps = sorted((change.on, change.amount) for change in self.changes)
        if steps and steps[0][0] < self.opened_on:
            raise ValueError(f"change on {steps[0][0]} before the drawdown of {self.opened_on}")
        by_day = dict(zip((on for on, _amount in steps), accumulate((amount for _on, amount in steps), initial=self.opening), strict=False))
        ends = {on: self.fen_on(on) for on in by_day} | {self.opened_on: self.fen_on(self.opened_on)}
        for on, balance in ends.items():
            if balance < 0:
                raise ValueError(f"balance below zero on {on}")

    def fen_on(self, day: date) -> int:
        if day < self.opened_on:
            return 0
        return _fen(self.opening) + sum(_fen(change.amount) for change in self.changes if change.on <= day)
