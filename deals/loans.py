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
class Root:
    """The first loan of those that a loan has taken the place of: its first drawdown, and how each took the place of the one before."""

    drawdown: Drawdown
    deal: Deal
    successions: frozenset[str]


@dataclass(frozen=True)
class Loan:
    deal: Deal
    drawdowns: tuple[Drawdown, ...]
    balances: dict[int, Balances]
    rates: tuple[RatePeriod, ...]
    ends: tuple[dt.date, ...]  # the last day as signed, then as each extension moved it
    root: "Root | None" = None

    @property
    def first(self) -> dt.date:
        return min(row.drawn_on for row in self.drawdowns)

    @property
    def maturity(self) -> dt.date:
        """The last day of the term; what is owed after it is overdue, and penalty interest is never subsidised."""
        return self.ends[-1]

    def last_of(self, *, extended: bool) -> dt.date:
        """The last day as extended, or as signed."""
        return self.ends[-1] if extended else self.ends[0]

    def periods(self, *, months: Iterable[int] = formulas.QUARTERLY, day: int = 20) -> tuple[Period, ...]:
        """An interest period ends with each term as well, so that an extension moves nothing that was booked before it (infer)."""
        months, first = tuple(months), self.first
        found: list[Period] = []
        for last in dict.fromkeys(self.ends):
            found += formulas.interest_periods(first, last, interest_months=months, interest_day=day)
            first = last + formulas.ONE_DAY
        return tuple(found)

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
        .select_related("firm__firm", "filing__project__region", "branch__bank", "branch__organisation", "succeeds")
        .prefetch_related("drawdowns__repayments", "rate_periods", "extensions")
        .order_by("pk")
    )
    return {deal.pk: _loan(deal) for deal in rows if deal.drawdowns.all()}


def _loan(deal: Deal) -> Loan:
    drawdowns = tuple(sorted(deal.drawdowns.all(), key=lambda row: (row.drawn_on, row.number)))
    rates = sorted(deal.rate_periods.all(), key=lambda row: row.valid_from)
    periods = [RatePeriod(row.valid_from, row.rate_bp) for row in rates] or [RatePeriod(deal.contract_on, deal.rate_bp)]
    balances, ends = {row.pk: _balances(row) for row in drawdowns}, tuple(_ends(deal, drawdowns[0].drawn_on))
    return Loan(deal, drawdowns, balances, tuple(periods), ends, root_of(deal))


def root_of(deal: Deal) -> Root | None:
    """A loan that took another's place is rare; those before it are read one by one."""
    successions, first = set(), deal
    while first.succeeds is not None:
        successions.add(first.succession)
        first = first.succeeds
    drawn = first.drawdowns.order_by("drawn_on", "number").first() if first is not deal else None
    return Root(drawn, first, frozenset(successions)) if drawn is not None else None


def _ends(deal: Deal, first: dt.date) -> Iterable[dt.date]:
    """A drawdown told of after the term was its end: nothing of it is overdue on its own day."""
    months = deal.term_months
    yield max(formulas.window(deal.contract_on, months=months), first)
    for row in sorted(deal.extensions.all(), key=lambda row: (row.agreed_on, row.pk)):
        months += row.months
        yield max(formulas.window(deal.contract_on, months=months), first)


def _balances(row: Drawdown) -> Balances:
    changes = sorted((Change(back.on, -back.amount) for back in row.repayments.all()), key=lambda change: change.on)
    return Balances(row.drawn_on, row.amount, tuple(changes))
