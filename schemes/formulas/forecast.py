"""What a subsidy is expected to cost, by year: for budgets that are reserved before anything is drawn."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from schemes.formulas.accrual import Balances, Change, Line, accrue, total
from schemes.formulas.amounts import BP, fen, round_fen, yuan
from schemes.formulas.periods import QUARTERLY, Period, interest_periods, window


def headline(amount: Decimal, *, rate_bp: int, months: int) -> Decimal:
    """The plain form rate × years in which notices state a maximum: 50 m yuan at 1.5 pp for 24 months is 1.5 m (财金〔2026〕4号)."""
    return round_fen(Fraction(fen(amount) * rate_bp * months, 100 * BP * 12))


def expected_by_year(
    amount: Decimal,
    *,
    rate_bp: int,
    start: date,
    term_months: int,
    window_months: int,
    amortisation: str = "bullet",
    day_count: int = 360,
    convention: str = "days_360",
    interest_months: Sequence[int] = QUARTERLY,
    interest_day: int = 20,
) -> dict[int, Decimal]:
    """Forecast of a subsidy by the year of its interest days, as budgets are reserved: one drawdown of `amount` on `start`.

    `convention="plain_years"` spreads `headline` over the same balance-days, to the fen; "days_360" is what will be booked,
    about 1.39 % more because a year has 365 days and the count has 360.
    """
    last = window(start, months=term_months)
    window_last = min(last, window(start, months=window_months))
    periods = _periods(start, last, tuple(interest_months), interest_day)
    balances = AMORTISATIONS[amortisation](amount, start, periods)
    if convention == "days_360":
        lines = accrue(balances, first=start, last=window_last, rate_bp=rate_bp, periods=periods, day_count=day_count)
        return {year: total(lines_of_year) for year, lines_of_year in _by_year(lines).items()}
    if convention != "plain_years":
        raise ValueError(f"unknown convention {convention!r}")
    days_a_year = Fraction(((window_last - start).days + 1) * 12, min(term_months, window_months))
    lines = accrue(balances, first=start, last=window_last, rate_bp=rate_bp, periods=periods, day_count=days_a_year)
    expected, before, so_far = {}, yuan(0), Fraction(0)
    for year, lines_of_year in _by_year(lines).items():
        so_far += sum((line.unrounded for line in lines_of_year), Fraction(0))
        expected[year] = round_fen(so_far) - before
        before += expected[year]
    return expected


@lru_cache(maxsize=1024)
def _periods(first: date, last: date, interest_months: tuple[int, ...], interest_day: int) -> tuple[Period, ...]:
    """Kept, since a round forecasts tens of thousands of options that share a few starts and terms."""
    return interest_periods(first, last, interest_months=interest_months, interest_day=interest_day)


def _by_year(lines: Iterable[Line]) -> dict[int, list[Line]]:
    years: dict[int, list[Line]] = {}
    for line in lines:
        years.setdefault(line.interest_on.year, []).append(line)
    return years


def _bullet(amount: Decimal, start: date, periods: Sequence[Period]) -> Balances:
    del periods
    return Balances(start, amount)


def _equal_principal(amount: Decimal, start: date, periods: Sequence[Period]) -> Balances:
    """An equal part on every interest day, the rest at maturity (等额本金)."""
    part = yuan(fen(amount) // len(periods))
    return Balances(start, amount, tuple(Change(period.last, -part) for period in periods[:-1]))


AMORTISATIONS: dict[str, Callable[[Decimal, date, Sequence[Period]], Balances]] = {"bullet": _bullet, "equal_principal": _equal_principal}
