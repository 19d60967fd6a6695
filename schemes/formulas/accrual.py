"""Interest and subsidy of one drawdown by balance-days, a line for each interest period."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from schemes.formulas.amounts import BP, fen, round_fen, yuan
from schemes.formulas.periods import ONE_DAY, Period


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
        for change in self.changes:
            if change.on < self.opened_on:
                raise ValueError(f"change on {change.on} before the drawdown of {self.opened_on}")
        for day in (self.opened_on, *(change.on for change in self.changes)):
            if self.fen_on(day) < 0:
                raise ValueError(f"balance below zero on {day}")

    def fen_on(self, day: date) -> int:
        if day < self.opened_on:
            return 0
        return fen(self.opening) + sum(fen(change.amount) for change in self.changes if change.on <= day)


@dataclass(frozen=True)
class RatePeriod:
    """The rate from `first` until the next one begins."""

    first: date
    rate_bp: int


@dataclass(frozen=True)
class Line:
    """One drawdown in one interest period. `amount` is what is booked; `unrounded` is kept to show the rounding.

    `balance_days` is in yuan-days (积数). `interest_on` is the interest day of the whole period, also where a window ends before it.
    """

    period_start: date
    period_end: date
    balance_days: Decimal
    unrounded: Fraction
    amount: Decimal
    interest_on: date


def accrue(
    balances: Balances,
    *,
    first: date,
    last: date,
    rate_bp: int,
    periods: Sequence[Period],
    excluded: Sequence[Period] = (),
    day_count: int | Fraction = 360,
) -> tuple[Line, ...]:
    """Subsidy of one drawdown, a line for each interest period that meets the window `first`…`last`.

    `excluded` days earn nothing: overdue (penalty interest is never subsidised) and suspended (a doubt under examination). (infer)
    """
    rates = (RatePeriod(date.min, rate_bp),)
    return _lines(balances, rates, first=first, last=last, periods=periods, excluded=excluded, day_count=day_count)


def interest(
    balances: Balances, *, first: date, last: date, rates: Sequence[RatePeriod], periods: Sequence[Period], day_count: int = 360
) -> tuple[Line, ...]:
    """Gross interest of one drawdown; a floating rate changes inside a period without a second rounding."""
    return _lines(balances, tuple(rates), first=first, last=last, periods=periods, excluded=(), day_count=day_count)


def _lines(
    balances: Balances,
    rates: Sequence[RatePeriod],
    *,
    first: date,
    last: date,
    periods: Sequence[Period],
    excluded: Sequence[Period],
    day_count: int | Fraction,
) -> tuple[Line, ...]:
    cuts = {balances.opened_on, *(change.on for change in balances.changes), *(rate.first for rate in rates)}
    cuts |= {day for period in excluded for day in (period.first, period.last + ONE_DAY)}
    lines = []
    for period in periods:
        start, end = max(first, period.first), min(last, period.last)
        if start > end:
            continue
        fen_days = weighted = 0
        for piece in _pieces(start, end, cuts):
            if any(piece.first in gap for gap in excluded):
                continue
            piece_fen_days = balances.fen_on(piece.first) * ((piece.last - piece.first).days + 1)
            fen_days += piece_fen_days
            weighted += piece_fen_days * _rate_on(piece.first, rates) if piece_fen_days else 0
        unrounded = Fraction(weighted * day_count.denominator, 100 * BP * day_count.numerator)
        lines.append(Line(start, end, yuan(fen_days), unrounded, round_fen(unrounded), period.last))
    return tuple(lines)


def _pieces(first: date, last: date, cuts: Iterable[date]) -> Iterable[Period]:
    """Stretches on which balance, rate and exclusion stay as they are."""
    starts = sorted({first, *(cut for cut in cuts if first < cut <= last)})
    return [Period(start, after - ONE_DAY) for start, after in pairwise([*starts, last + ONE_DAY])]


def _rate_on(day: date, rates: Sequence[RatePeriod]) -> int:
    begun = [rate for rate in rates if rate.first <= day]
    if not begun:
        raise ValueError(f"no rate on {day}")
    return max(begun, key=lambda rate: rate.first).rate_bp


def total(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), yuan(0))


def part_of(balances: Balances, *, part: Decimal) -> Balances:
    """The subsidised part of a drawdown that paid for other things too: repayments count for it in proportion, to the fen (infer)."""
    whole = fen(balances.opening)
    if not 0 <= fen(part) <= whole:
        raise ValueError(f"a part of {part} out of {balances.opening}")
    changes, before = [], part
    for day in sorted({change.on for change in balances.changes}):
        after = round_fen(Fraction(balances.fen_on(day) * fen(part), 100 * whole))
        changes.append(Change(day, after - before))
        before = after
    return Balances(balances.opened_on, part, tuple(changes))


def without(balances: Balances, amount: Decimal, *, on: date) -> Balances:
    """The same drawdown less a part that was put to another use from a day on; repayments are counted for that part last (infer)."""
    if fen(amount) < 0:
        raise ValueError("what was diverted is not negative")
    on = max(on, balances.opened_on)
    changes, before = [], fen(balances.opening)
    for day in sorted({on, *(change.on for change in balances.changes)}):
        after = balances.fen_on(day)
        after = max(after - fen(amount), 0) if day >= on else after
        changes.append(Change(day, yuan(after - before)))
        before = after
    return Balances(balances.opened_on, balances.opening, tuple(changes))


def after_paid(lines: Sequence[Line], settled: Sequence[Line], *, paid: Sequence[Period]) -> tuple[Line, ...]:
    """What is still due of lines, where the days of `paid` were settled before; `settled` are the same lines for those days alone.

    A period cut in two keeps its one rounding: both parts together come to the line of the whole period, to the fen.
    """
    left = []
    for line, gone in zip(lines, settled, strict=True):
        start = line.period_start
        for period in sorted(paid):
            start = period.last + ONE_DAY if start in period else start
        if start <= line.period_end:
            left.append(
                replace(
                    line,
                    period_start=start,
                    balance_days=line.balance_days - gone.balance_days,
                    unrounded=line.unrounded - gone.unrounded,
                    amount=line.amount - gone.amount,
                )
            )
    return tuple(left)


@dataclass(frozen=True)
class Adjustment:
    """What a later fact or a retroactive version changes of a line already booked: a new line, never an edit."""

    period_start: date
    period_end: date
    amount: Decimal
    interest_on: date


def adjustments(booked: Sequence[Line], recomputed: Sequence[Line]) -> tuple[Adjustment, ...]:
    """Compute per interest day what is now right minus what was booked, leaving out what did not change."""
    old, new = ({line.interest_on: line for line in lines} for lines in (booked, recomputed))
    differences = []
    for day in sorted(old | new):
        line = new.get(day) or old[day]
        amount = (new[day].amount if day in new else yuan(0)) - (old[day].amount if day in old else yuan(0))
        if amount:
            differences.append(Adjustment(line.period_start, line.period_end, amount, day))
    return tuple(differences)
