"""What a decision takes of each claim, laid open line by line: computed from booked lines, by the scope its version names.

For each drawdown and interest day, what was booked less what is still due is affected. It falls to the claims that hold the lines,
the oldest first. Of a claim that was paid the same share is to be paid back, of one not yet paid it is withheld; rounded half-up
to the fen once a claim.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import QuerySet, Sum

from deals.clocks import day
from deals.loans import Loan, loans
from deals.models import AccrualLine, Recovery, RecoveryPart, SubsidyClaim
from deals.recovery.suspension import Stops
from deals.subsidies import accrual, versions
from deals.subsidies.grants import Grants
from schemes import formulas
from schemes.models import SchemeVersion

ZERO = Decimal(0)
C = SubsidyClaim.State
Place = tuple[int, dt.date]  # drawdown, interest day


@dataclass(frozen=True)
class Reckoning:
    """The parts of a decision, and the last interest day that was booked before it."""

    parts: tuple[RecoveryPart, ...]
    reckoned_to: dt.date | None

    @property
    def amount(self) -> Decimal:
        """What is to be paid back."""
        return sum((part.amount for part in self.parts if not part.is_withheld), ZERO)

    def scaled_to(self, amount: Decimal) -> "Reckoning":
        """The same claims, to be paid back to another sum: in proportion, to the fen."""
        back = [part for part in self.parts if not part.is_withheld]
        for part, share in zip(back, formulas.in_proportion([part.amount for part in back], amount), strict=True):
            part.amount = share
        return Reckoning(tuple(part for part in self.parts if part.amount), self.reckoned_to)


def scope_of(recovery: Recovery) -> str:
    """As the version says under which the loan was last subsidised; central money asks for the whole loan."""
    lines = AccrualLine.objects.filter(drawdown__deal=recovery.deal_id, version__scheme=recovery.scheme_id)
    newest = lines.order_by("-interest_on", "-pk").values_list("version__clawback_scope", flat=True).first()
    return newest or SchemeVersion.ClawbackScope.WHOLE_LOAN


def paid_of(recovery: Recovery) -> Decimal:
    """What was paid of the scheme on this loan and no earlier decision took back."""
    paid = _claims(recovery).filter(state=C.SETTLED).aggregate(sum=Sum("paid"))["sum"] or ZERO
    return paid - sum(_taken_before(recovery).values(), ZERO)


def reckon(recovery: Recovery, *, at: dt.datetime) -> Reckoning:
    """The parts of the decision, unsaved; `recovery` says scope, drawdown, and what was diverted from when."""
    lines = list(
        AccrualLine.objects.filter(drawdown__deal=recovery.deal_id, version__scheme=recovery.scheme_id).order_by("interest_on", "pk")
    )
    affected = _affected(recovery, lines, at=at)
    taken = _taken_before(recovery)
    before = _affected_before(recovery)
    rows = list(_claims(recovery))
    first = {row.period_end: row for row in rows if not row.carried}  # it holds the lines; what was carried over shares its fate
    parts = []
    for claim in rows:
        whole = first[claim.period_end]
        wrong = min(affected[whole.pk], whole.requested - before.get(whole.pk, ZERO))
        parts.append(_part(recovery, claim, wrong, of=whole.requested, taken=taken.get(claim.pk, ZERO)))
    return Reckoning(tuple(part for part in parts if part is not None), max((line.interest_on for line in lines), default=None))


def _claims(recovery: Recovery) -> QuerySet[SubsidyClaim]:
    rows = SubsidyClaim.objects.filter(deal=recovery.deal_id, scheme=recovery.scheme_id).exclude(state=C.REFUSED)
    return rows.order_by("period_end", "pk")


def _before(recovery: Recovery) -> QuerySet[RecoveryPart]:
    rows = RecoveryPart.objects.filter(recovery__deal=recovery.deal_id, recovery__scheme=recovery.scheme_id)
    return rows.exclude(recovery=recovery.pk).order_by()


def _taken_before(recovery: Recovery) -> Mapping[int, Decimal]:
    """Claim → what earlier decisions took back of it."""
    rows = _before(recovery).filter(is_withheld=False).values("claim").annotate(sum=Sum("amount"))
    return dict(rows.values_list("claim", "sum"))


def _affected_before(recovery: Recovery) -> Mapping[int, Decimal]:
    return dict(_before(recovery).values("claim").annotate(sum=Sum("affected")).values_list("claim", "sum"))


def _affected(recovery: Recovery, lines: Sequence[AccrualLine], *, at: dt.datetime) -> Mapping[int, Decimal]:
    """Claim → what of its lines should not have been booked."""
    booked: dict[Place, Decimal] = defaultdict(lambda: ZERO)
    held: dict[Place, dict[int, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for line in lines:
        booked[line.drawdown_id, line.interest_on] += line.amount
        if line.claim_id is not None:
            held[line.drawdown_id, line.interest_on][line.claim_id] += line.amount
    due = _still_due(recovery, at=at)
    affected: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for place, wrong in _wrong(recovery, booked, due).items():
        left = wrong
        for claim, amount in held[place].items():
            share = min(max(amount, ZERO), left)
            affected[claim] += share
            left -= share
    return affected


def _wrong(recovery: Recovery, booked: Mapping[Place, Decimal], due: Mapping[Place, Decimal]) -> dict[Place, Decimal]:
    """What of each booked figure should not have been booked, by the scope of the decision."""
    by_day: dict[dt.date, dict[str, Decimal]] = defaultdict(dict)
    for (drawdown, interest_on), amount in booked.items():
        by_day[interest_on][str(drawdown)] = amount
    found: dict[Place, Decimal] = {}
    for interest_on, amounts in sorted(by_day.items()):
        touched = str(recovery.drawdown_id)
        if recovery.scope != SchemeVersion.ClawbackScope.WHOLE_LOAN and touched not in amounts:
            continue
        still_due = due.get((recovery.drawdown_id or 0, interest_on), ZERO)
        taken = formulas.clawback(amounts, scope=recovery.scope, affected=touched, still_due=still_due)
        found |= {(int(drawdown), interest_on): amount for drawdown, amount in taken.items() if amount > 0}
    return found


def _still_due(recovery: Recovery, *, at: dt.datetime) -> Mapping[Place, Decimal]:
    """What the affected drawdown is still entitled to, as if the decision were made already."""
    if recovery.scope != SchemeVersion.ClawbackScope.DIVERTED_PART:
        return {}
    loan: Loan = loans([recovery.deal])[recovery.deal_id]
    decided = Recovery(
        deal_id=recovery.deal_id,
        scheme_id=recovery.scheme_id,
        state=Recovery.State.DECIDED,
        scope=recovery.scope,
        drawdown_id=recovery.drawdown_id,
        diverted_amount=recovery.diverted_amount,
        diverted_from=recovery.diverted_from,
    )
    known = versions.book(province=loan.deal.province, known_on=day(at))
    computed = accrual.compute(loan, known, stops=Stops([decided]), grants=Grants([loan]))
    mine = [one for one in computed if (one.drawdown.pk, one.choice.scheme_id) == (recovery.drawdown_id, recovery.scheme_id)]
    return {(one.drawdown.pk, line.interest_on): line.amount for one in mine for line in one.lines}


def _part(recovery: Recovery, claim: SubsidyClaim, affected: Decimal, *, of: Decimal, taken: Decimal) -> RecoveryPart | None:
    is_paid = claim.state == C.SETTLED
    base = (claim.paid if is_paid else claim.requested if claim.arranged is None else claim.arranged) or ZERO
    if affected <= 0 or base <= 0:
        return None
    amount = min(formulas.round_fen(Fraction(base) * Fraction(affected) / Fraction(of)), base - taken)
    if amount <= 0:
        return None
    return RecoveryPart(
        recovery=recovery, claim=claim, is_withheld=not is_paid, base=base, affected=affected, amount=amount, province=recovery.province
    )
