"""What was paid of a loan's subsidies before Fulcrum was (期初已付): settled claims of those days, that the accrual neither pays again nor corrects.

The amount is a fact. It is laid on drawdowns and interest periods as our own figures are to each other, so that caps count it in its
year and a recovery finds it where it belongs. It was paid outside: no budget of ours moves for it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from deals.loans import Loan
from deals.models import AccrualLine, Drawdown, SubsidyClaim
from deals.recovery.suspension import Stops
from deals.subsidies import accrual
from deals.subsidies.firm_cap import FirmLoans
from deals.subsidies.versions import Book
from schemes import formulas
from schemes.formulas import Line, Period
from schemes.models import SchemeVersion

ZERO = Decimal(0)


class Only(Stops):
    """Nothing but these days earns anything; `life` are all the days there are."""

    def __init__(self, days: Period, *, life: Period) -> None:
        super().__init__()
        self.rest = list(formulas.outside([days], within=life))

    def excluded(self, _row: Drawdown, _scheme: int) -> list[Period]:
        return self.rest


@dataclass(frozen=True)
class Part:
    """One drawdown in one interest period of what was paid."""

    drawdown: Drawdown
    version: SchemeVersion
    line: Line
    weight: Decimal


def lines_of(claim: SubsidyClaim, loan: Loan, known: Book, *, at: dt.datetime) -> list[AccrualLine]:
    """The lines of a claim that was paid before, unsaved; they sum to what was paid."""
    days = Period(claim.period_start, claim.period_end)
    parts = _computed(claim, loan, known, days) or _by_principal(claim, loan, known, days)
    amounts = shared([part.weight for part in parts], claim.requested)
    return [_row(claim, part, amount, at=at) for part, amount in zip(parts, amounts, strict=True) if amount]


def shared(weights: Sequence[Decimal], amount: Decimal) -> list[Decimal]:
    """The amount by these weights, to the fen: more than their sum as well as less."""
    times = amount // sum(weights, ZERO) + 1
    return formulas.in_proportion([weight * times for weight in weights], amount)


def _computed(claim: SubsidyClaim, loan: Loan, known: Book, days: Period) -> list[Part]:
    life = Period(loan.first, max(loan.maturity, days.last))
    found = accrual.compute(loan, known, stops=Only(days, life=life), firms=FirmLoans([loan], known))
    mine = (one for one in found if one.choice.scheme_id == claim.scheme_id and one.version is not None)
    return [Part(one.drawdown, one.version, line, line.amount) for one in mine for line in one.lines if line.amount and one.version]


def _by_principal(claim: SubsidyClaim, loan: Loan, known: Book, days: Period) -> list[Part]:
    """Where our own rules give nothing for these days (a rule has changed since, a drawdown is outside): by what was drawn."""
    versions = [row for row in known.rows.values() if row.scheme_id == claim.scheme_id]
    version = max(versions, key=lambda row: (row.announced_on, row.pk))
    line = Line(days.first, days.last, ZERO, Fraction(0), ZERO, days.last)
    return [Part(row, version, line, row.amount) for row in loan.drawdowns if row.drawn_on <= days.last]


def _row(claim: SubsidyClaim, part: Part, amount: Decimal, *, at: dt.datetime) -> AccrualLine:
    return AccrualLine(
        claim=claim,
        drawdown=part.drawdown,
        version=part.version,
        kind=AccrualLine.Kind.OPENING,
        period_start=max(part.line.period_start, claim.period_start),
        period_end=min(part.line.period_end, claim.period_end),
        interest_on=part.line.interest_on,
        balance_days=part.line.balance_days,
        rate_bp=part.version.rate_bp,
        unrounded=amount,
        amount=amount,
        accrued_at=at,
        province=claim.province,
    )
