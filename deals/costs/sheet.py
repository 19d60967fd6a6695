"""《企业贷款综合融资成本清单》 of an offer: interest, each other cost, expected subsidies; in all a year, before and after subsidy.

One formula for all banks, so that offers compare:

    a year's cost = (interest + other costs - subsidies) ÷ (amount × years of the term)

for the whole amount drawn on the day of the sheet, paid to the supplier the same day and repaid at the end. Subsidies are those of the
versions in force as known that day, had the re-lending been accepted; what a notice has not yet extended counts nothing.
"""

import copy
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from deals.costs.models import LoanCost
from deals.loans import Loan, root_of
from deals.models import Deal, Drawdown
from deals.subsidies import versions
from deals.subsidies.accrual import compute
from deals.subsidies.versions import Book
from schemes import formulas
from schemes.formulas import Balances, RatePeriod

BP = 10_000
MONTHS = 12
ZERO = Decimal(0)


@dataclass(frozen=True)
class Terms:
    amount: Decimal
    rate_bp: int
    term_months: int


@dataclass(frozen=True)
class CostLine:
    """One other cost over the whole term."""

    cost: LoanCost
    total: Decimal


@dataclass(frozen=True)
class Expected:
    """What one scheme would pay over the whole term."""

    scheme: str
    total: Decimal


@dataclass(frozen=True)
class CostSheet:
    """All figures in yuan, yearly costs in basis points of the amount."""

    terms: Terms
    interest: Decimal
    lines: tuple[CostLine, ...]
    subsidies: tuple[Expected, ...]

    @property
    def costs(self) -> Decimal:
        return sum((line.total for line in self.lines), ZERO)

    @property
    def subsidy(self) -> Decimal:
        return sum((expected.total for expected in self.subsidies), ZERO)

    @property
    def yearly_bp(self) -> int:
        return self._a_year(self.interest + self.costs)

    @property
    def yearly_after_subsidy_bp(self) -> int:
        return self._a_year(self.interest + self.costs - self.subsidy)

    def _a_year(self, total: Decimal) -> int:
        return int((total * BP * MONTHS / (self.terms.amount * self.terms.term_months)).to_integral_value(ROUND_HALF_UP))


def sheets(deals: Iterable[Deal], *, on: dt.date) -> dict[int, CostSheet]:
    """Deal → its sheet, for those whose terms are known: as signed, else as approved, else as the product recommended."""
    rows = (
        Deal.objects.filter(pk__in=[deal.pk for deal in deals])
        .select_related(
            "firm__firm", "filing__project__region", "branch__bank", "branch__organisation", "need", "invitation__recommendation"
        )
        .prefetch_related("costs")
        .order_by("pk")
    )
    known: dict[str, Book] = {}
    found = {}
    for deal in rows:
        terms = terms_of(deal)
        if terms is not None:
            if deal.province not in known:
                known[deal.province] = versions.book(province=deal.province, known_on=on)
            found[deal.pk] = _sheet(deal, terms, known[deal.province], on)
    return found


def terms_of(deal: Deal) -> Terms | None:
    recommended = deal.invitation.recommendation if deal.invitation is not None else None
    amount = deal.signed_amount or deal.approved_amount or deal.amount
    rate = deal.rate_bp or deal.approved_rate_bp or (recommended.rate_bp if recommended else None)
    term = deal.term_months or deal.approved_term_months or deal.need.term_months
    return Terms(amount, rate, term) if amount and rate and term else None


def _sheet(deal: Deal, terms: Terms, known: Book, on: dt.date) -> CostSheet:
    loan = _as_if_drawn(deal, terms, on)
    interest = formulas.total(loan.interest(loan.periods()))
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for computed in compute(loan, known):
        if computed.version is not None:
            paid[computed.version.scheme.name] += formulas.total(computed.lines)
    costs = sorted((cost for cost in deal.costs.all() if cost.amount), key=lambda cost: (cost.kind, cost.charged_by))
    years = -(-terms.term_months // MONTHS)
    lines = tuple(CostLine(cost, cost.amount * (years if cost.due == LoanCost.Due.YEARLY else 1)) for cost in costs)
    return CostSheet(terms, interest, lines, tuple(Expected(scheme, total) for scheme, total in paid.items() if total))


def _as_if_drawn(deal: Deal, terms: Terms, on: dt.date) -> Loan:
    """The loan had all of it been drawn, accepted for re-lending and paid to the supplier on one day."""
    signed = copy.copy(deal)
    signed.contract_on, signed.rate_bp, signed.term_months = on, terms.rate_bp, terms.term_months
    row = Drawdown(
        pk=0,
        deal=signed,
        number=1,
        drawn_on=on,
        paid_to_supplier_on=on,
        amount=terms.amount,
        equipment_amount=terms.amount,
        relending=Drawdown.Relending.ACCEPTED,
        province=deal.province,
    )
    return Loan(
        signed,
        (row,),
        {0: Balances(on, terms.amount, ())},
        (RatePeriod(on, terms.rate_bp),),
        (formulas.window(on, months=terms.term_months),),
        root_of(deal),
    )
