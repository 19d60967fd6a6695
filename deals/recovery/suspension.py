"""What a doubt and a decision do to the accrual: nothing more is booked while a loan is in doubt, nothing of what is taken back later.

Lines once booked are never lowered by it. What was wrongly booked is taken back by the parts of the decision, and only there: a line
booked back besides would take it twice. Cleared, the accrual books what was due all along.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db.models import Sum

from deals.loans import Loan
from deals.models import Drawdown, Recovery, RecoveryPart
from schemes import formulas
from schemes.formulas import Balances, Period
from schemes.models import SchemeVersion

ALWAYS = Period(dt.date.min, dt.date.max)
Scope = SchemeVersion.ClawbackScope


class Stops:
    """The doubts and decisions on some loans."""

    def __init__(self, recoveries: Iterable[Recovery] = ()) -> None:
        self._of: dict[tuple[int, int], list[Recovery]] = defaultdict(list)
        for row in recoveries:
            self._of[row.deal_id, row.scheme_id].append(row)

    def excluded(self, row: Drawdown, scheme: int) -> list[Period]:
        """The days of a drawdown that earn nothing."""
        return [period for found in self._of.get((row.deal_id, scheme), ()) for period in _excluded(found, row)]

    def balances(self, loan: Loan, row: Drawdown, scheme: int) -> Balances:
        """The drawdown without what was diverted of it."""
        balances = loan.balances[row.pk]
        for found in self._of.get((row.deal_id, scheme), ()):
            if _is_decided(found) and found.scope == Scope.DIVERTED_PART and found.drawdown_id == row.pk:
                balances = formulas.without(balances, found.diverted_amount, on=found.diverted_from)
        return balances

    def keeps(self, row: Drawdown, scheme: int, interest_on: dt.date) -> bool:
        """Whether what is booked for that interest day is not to be lowered."""
        return any(_keeps(found, row, interest_on) for found in self._of.get((row.deal_id, scheme), ()))


def stops_of(loans: Iterable[Loan]) -> Stops:
    states = (*Recovery.IN_DOUBT, *Recovery.AFTER_DECISION)
    return Stops(Recovery.objects.filter(deal__in=[loan.deal for loan in loans], state__in=states).order_by("pk"))


def withheld(claims: Iterable[int]) -> Mapping[int, Decimal]:
    """Claim → what decisions withhold of it."""
    rows = RecoveryPart.objects.filter(claim__in=list(claims), is_withheld=True).order_by().values("claim").annotate(sum=Sum("amount"))
    return dict(rows.values_list("claim", "sum"))


def _is_decided(found: Recovery) -> bool:
    return found.state in Recovery.AFTER_DECISION


def _excluded(found: Recovery, row: Drawdown) -> list[Period]:
    if not _is_decided(found):
        return [Period(found.suspended_from, dt.date.max)]
    is_all = found.scope == Scope.WHOLE_LOAN or (found.scope == Scope.AFFECTED_DRAWDOWN and found.drawdown_id == row.pk)
    return [ALWAYS] if is_all else []


def _keeps(found: Recovery, row: Drawdown, interest_on: dt.date) -> bool:
    if not _is_decided(found):
        return interest_on >= found.suspended_from
    is_touched = found.scope == Scope.WHOLE_LOAN or found.drawdown_id == row.pk
    return is_touched and found.reckoned_to is not None and interest_on <= found.reckoned_to
