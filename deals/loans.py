"""A signed loan as the formulas want it: balances of each drawdown, its rates, its interest periods. Read in a few queries for many."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from deals.models import Deal, Drawdown
from schemes import formulas
from schemes.formulas import Balances, Change, Line, Period, RatePeriod

ZERO = Decimal(0)


@dataclass(frozen=True)
class Loan:
    deal: Deal
    drawdowns: tuple[Drawdown, ...]
    balances: dict[int, Balances]
    rates: tuple[RatePeriod, ...]

    @property
    def first(self) -> dt.date:
        return min(row.drawn_on for row in self.drawdowns)

    @property
    def maturity(self) -> dt.date:
        """The last day of the contract; what is owed after it is overdue, and penalty interest is never subsidised."""
        return max(formulas.window(self.deal.contract_on, months=self.deal.term_months), self.first)

    def periods(self, *, months: Iterable[int] = formulas.QUARTERLY, day: int = 20) -> tuple[Period, ...]:
        return formulas.interest_periods(self.first, self.maturity, interest_months=tuple(months), interest_day=day)

    def interest(self, periods: Iterable[Period]) -> list[Line]:
        """Gross interest of all drawdowns, a line for each drawdown and period, each rounded once."""
        periods = tuple(periods)
        return [
            line
            for balances in self.balances.values()
            for line in formulas.interest(balances, first=balances.opened_on, last=self.maturity, rates=self.rates, periods=periods)
        ]

    def interest_of(self, first: dt.date, last: dt.date) -> Decimal:
        """What the bank should have charged for these days."""
        return formulas.total(self.interest([Period(first, last)]))


def loans(deals: Iterable[Deal]) -> dict[int, Loan]:
    """Deal → its loan, for deals from which something was drawn."""
    rows = (
        Deal.objects.filter(pk__in=[deal.pk for deal in deals])
        .select_related("firm__firm", "filing__project__region", "branch__bank", "branch__organisation")
        .prefetch_related("drawdowns__repayments", "rate_periods")
        .order_by("pk")
    )
    return {deal.pk: _loan(deal) for deal in rows if deal.drawdowns.all()}


def _loan(deal: Deal) -> Loan:
    drawdowns = tuple(sorted(deal.drawdowns.all(), key=lambda row: (row.drawn_on, row.number)))
    rates = sorted(deal.rate_periods.all(), key=lambda row: row.valid_from)
    periods = [RatePeriod(row.valid_from, row.rate_bp) for row in rates] or [RatePeriod(deal.contract_on, deal.rate_bp)]
    return Loan(deal, drawdowns, {row.pk: _balances(row) for row in drawdowns}, tuple(periods))


def _balances(row: Drawdown) -> Balances:
    changes = sorted((Change(back.on, -back.amount) for back in row.repayments.all()), key=lambda change: change.on)
    return Balances(row.drawn_on, row.amount, tuple(changes))
