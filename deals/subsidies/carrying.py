"""结转: what a budget could not cover and is owed becomes a claim of its own, which the next document serves before all others.

Only where the scheme's rule says so (`carry_over`); what other rules cut has lapsed.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from django.db.models import QuerySet

from common.steps import record_many
from deals.models import AccrualLine, Recovery, RecoveryPart, SubsidyClaim
from deals.subsidies import caps
from deals.subsidies.models import Period
from organisations.actors import Person
from schemes import formulas

ZERO = Decimal(0)
C = SubsidyClaim.State


def carry(settled: Sequence[SubsidyClaim], *, by: Person, at: dt.datetime) -> list[SubsidyClaim]:
    """A reviewed claim for what each settled one is still owed, less the share that a decision of recovery withholds."""
    owed = {row.pk: amount for row in settled if (amount := owed_of(row))}
    withheld = _withheld_shares([row for row in settled if row.pk in owed])
    fresh = [_carried(row, owed[row.pk], withheld.get(row.period, Fraction(0))) for row in settled if row.pk in owed]
    SubsidyClaim.objects.bulk_create(fresh)
    record_many(fresh, "carry", by=by, at=at)
    return fresh


def owed_of(claim: SubsidyClaim) -> Decimal:
    """What the budget it was arranged from could not cover and the next one owes."""
    return sum((Decimal(cut["amount"]) for cut in claim.cuts if cut["reason"] == formulas.CARRIED_OVER), ZERO)


def waiting_longer(claims: Sequence[SubsidyClaim]) -> Mapping[tuple[int, int | None], int]:
    """(scheme, office) of these → one carried-over claim that waits there and is not among them: it has to be served with them."""
    doubted = Recovery.objects.in_doubt().values("deal")
    rows = SubsidyClaim.objects.filter(state=C.REVIEWED, carried__gt=0, scheme__in={claim.scheme_id for claim in claims})
    left_out = rows.exclude(pk__in=[claim.pk for claim in claims]).exclude(deal__in=doubted).order_by("-pk")
    return {(scheme, office): pk for pk, scheme, office in left_out.values_list("pk", "scheme", "office")}


def with_lines(claims: Sequence[SubsidyClaim]) -> list[int]:
    """The claims that hold the booked lines of these: themselves, or of one carried over the first of its period."""
    carried = [claim for claim in claims if claim.carried]
    periods = {claim.period for claim in carried}
    rows = SubsidyClaim.objects.filter(deal__in={claim.deal_id for claim in carried}, carried=0).only("deal", "scheme", "period_end")
    return [claim.pk for claim in claims if not claim.carried] + [row.pk for row in rows if row.period in periods]


def lines_of(claim: SubsidyClaim) -> QuerySet[AccrualLine]:
    """The computation behind a claim, drawdown by drawdown."""
    rows = AccrualLine.objects.filter(claim__in=with_lines([claim])).select_related("version", "drawdown")
    return rows.order_by("drawdown__number", "period_end", "pk")


def _carried(row: SubsidyClaim, owed: Decimal, withheld: Fraction) -> SubsidyClaim:
    eligible, cuts = caps.beyond_decision(owed, formulas.round_fen(Fraction(owed) * withheld))
    return SubsidyClaim(
        deal_id=row.deal_id,
        scheme_id=row.scheme_id,
        claimant_id=row.claimant_id,
        office_id=row.office_id,
        state=C.REVIEWED,
        period_start=row.period_start,
        period_end=row.period_end,
        carried=row.carried + 1,
        fiscal_year=row.fiscal_year,
        requested=owed,
        eligible=eligible,
        cuts=cuts,
        prepared_by_id=row.prepared_by_id,
        province=row.province,
    )


def _withheld_shares(claims: Sequence[SubsidyClaim]) -> Mapping[Period, Fraction]:
    """Period → the part of what was asked for it that decisions withhold."""
    shares: dict[Period, Fraction] = {}
    parts = RecoveryPart.objects.filter(claim__in=claims, is_withheld=True).select_related("claim").order_by("pk")
    asked = {row.period: row.requested for row in SubsidyClaim.objects.filter(deal__in={row.deal_id for row in claims}, carried=0)}
    for part in parts:
        period = part.claim.period
        shares[period] = min(shares.get(period, Fraction(0)) + Fraction(part.affected) / Fraction(asked[period]), Fraction(1))
    return shares
