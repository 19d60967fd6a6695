"""A loan lived through day by day, to check the formulas by: plain integers (fen, basis points), nothing of `schemes.formulas` in it.

Every day money comes and goes first and is counted then; a day's balance times the day's rate goes into a pot; on an interest day, and
on the loan's last day, each pot is rounded half-up to the fen, once. On such a day the schemes give way to the interest in their order,
and what is left of each goes through its caps.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

EQUIPMENT_ONLY, ALL = "equipment", "whole"
FROM_PAYMENT, FROM_ISSUE = "paid_to_supplier", "loan_issued"
BY_DAYS, PLAINLY = "days_360", "plain_years"


@dataclass(frozen=True)
class Version:
    """What one document grants: from when, for how long, on what, and how it is counted."""

    rate_bp: int
    starts: str
    months: int
    part: str
    each_drawdown: bool = True
    counted: str = BY_DAYS
    firm_loans: int | None = None  # the firm's principal that is subsidised at most


@dataclass(frozen=True)
class Drawn:
    amount: int
    equipment: int
    issued_on: date
    paid_on: date
    back: tuple[tuple[date, int], ...]  # repaid, or refunded by the supplier
    versions: dict[str, Version]  # the one of each scheme that covers this drawdown


@dataclass(frozen=True)
class Loan:
    drawn: tuple[Drawn, ...]  # by day
    last: date
    rates: tuple[tuple[date, int], ...]
    interest_months: tuple[int, ...]
    interest_day: int
    stopped: tuple[tuple[date, date], ...]
    used_elsewhere: int
    caps: dict[str, dict[str, int | None]]  # scheme → of a loan, of its project in a year, of its firm in a year
    yields: tuple[str, ...]


@dataclass
class Booked:
    """What was booked: (drawdown, day) → interest; (scheme, drawdown, day) → subsidy; (scheme, day) → what a claim is left with."""

    interest: dict[tuple[int, date], int] = field(default_factory=dict)
    subsidy: dict[tuple[str, int, date], int] = field(default_factory=dict)
    claims: dict[tuple[str, date], int] = field(default_factory=dict)


def live(loan: Loan) -> Booked:
    booked, room = Booked(), {}
    owed = [0] * len(loan.drawn)
    pots: dict[object, int] = defaultdict(int)
    principal = {scheme: _principal(loan, scheme) for scheme in loan.yields}
    divisors = {
        (scheme, index): _divisor(version, loan, index)
        for index, drawn in enumerate(loan.drawn)
        for scheme, version in drawn.versions.items()
    }
    day = loan.drawn[0].issued_on
    while day <= loan.last:
        ends = day == loan.last or _is_interest_day(day, loan)
        rate = max(rate for rate in loan.rates if rate[0] <= day)[1]
        for index, drawn in enumerate(loan.drawn):
            if day < drawn.issued_on:
                continue
            if day == drawn.issued_on:
                owed[index] = drawn.amount
            owed[index] -= sum(amount for on, amount in drawn.back if on == day)
            pots[index] += owed[index] * rate
            if ends:
                booked.interest[index, day] = _half_up(pots.pop(index), 3_600_000)
            for scheme, version in drawn.versions.items():
                _count(pots, (scheme, index), version, loan, index, day, owed[index], principal[scheme][index])
                if ends:
                    booked.subsidy[scheme, index, day] = _half_up(pots.pop((scheme, index), 0), divisors[scheme, index])
        if ends:
            _claim(booked, loan, day, room)
        day += timedelta(1)
    return booked


def _count(pots, key, version, loan, index, day, owed, part):
    drawn = loan.drawn[index]
    if not _in_window(day, version, loan, index) or any(first <= day <= last for first, last in loan.stopped):
        return
    share = _half_up(owed * part, drawn.amount)
    pots[key] += share * version.rate_bp * (version.months if version.counted == PLAINLY else 1)


def _in_window(day, version, loan, index):
    """So many months have not yet gone by since the first subsidised day."""
    start = _start(version, loan.drawn[index])
    since = start if version.each_drawdown else min(_start(version, drawn) for drawn in loan.drawn)
    months = (day.year - since.year) * 12 + day.month - since.month
    return start <= day and (months < version.months or (months == version.months and day.day < since.day))


def _start(version, drawn):
    return drawn.issued_on if version.starts == FROM_ISSUE else drawn.paid_on


def _divisor(version, loan, index):
    """Fen-days times basis points to fen: 360 days a year, or the window's own days for its years."""
    if version.counted == BY_DAYS:
        return 3_600_000
    day = _start(version, loan.drawn[index])
    days = 0
    while _in_window(day, version, loan, index):
        days, day = days + 1, day + timedelta(1)
    return 10_000 * 12 * days if days else 1


def _principal(loan, scheme):
    """Of each drawdown what is subsidised, until the firm has had as much as it may."""
    used, parts = loan.used_elsewhere, []
    for drawn in loan.drawn:
        version = drawn.versions.get(scheme)
        part = 0 if version is None else drawn.equipment if version.part == EQUIPMENT_ONLY else drawn.amount
        most = part if version is None or version.firm_loans is None else version.firm_loans - used
        parts.append(max(min(part, most), 0))
        used += part
    return parts


def _is_interest_day(day, loan):
    tomorrow = day + timedelta(1)
    return day.month in loan.interest_months and (
        day.day == loan.interest_day or (day.day < loan.interest_day and tomorrow.month != day.month)
    )


def _claim(booked, loan, day, room):
    """Whoever gives way first loses first what all have beyond the interest; then each cap takes what exceeds its room."""
    mine = {
        scheme: sum(amount for (of, _index, on), amount in booked.subsidy.items() if (of, on) == (scheme, day)) for scheme in loan.yields
    }
    too_much = sum(mine.values()) - sum(amount for (_index, on), amount in booked.interest.items() if on == day)
    for scheme in loan.yields:
        given = min(mine[scheme], max(too_much, 0))
        too_much -= given
        left = mine[scheme] - given
        for cap, limit in loan.caps[scheme].items():
            key = (scheme, cap) if cap == "per_loan" else (scheme, cap, day.year)
            if limit is not None:
                left = min(left, room.setdefault(key, limit))
        for cap in loan.caps[scheme]:
            key = (scheme, cap) if cap == "per_loan" else (scheme, cap, day.year)
            if key in room:
                room[key] -= left
        booked.claims[scheme, day] = left


def _half_up(amount, divisor):
    whole, rest = divmod(amount, divisor)
    return whole + (2 * rest >= divisor)
