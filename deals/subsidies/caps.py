"""What of an accrued subsidy may be claimed: within the caps of its version, and never above the interest really borne."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from deals.loans import Loan
from deals.models import AccrualLine, InterestReceipt, SubsidyClaim
from deals.subsidies import reasons
from schemes import formulas
from schemes.formulas import CapLine, Cut
from schemes.models import SchemeVersion

ZERO = Decimal(0)
C = SubsidyClaim.State

# What a claim takes of a cap or of the interest: arranged once that is decided, else what is eligible.
Cuts = list[dict[str, str]]


def plain(cuts: Sequence[Cut]) -> Cuts:
    """As rows keep them."""
    return [{"amount": str(cut.amount), "reason": cut.reason} for cut in cuts]


def told(cuts: Cuts) -> list[tuple[Decimal, str]]:
    """As people read them: (amount, sentence)."""
    return [(Decimal(cut["amount"]), str(reasons.SENTENCES[cut["reason"]])) for cut in cuts]


def are_set(version: SchemeVersion) -> bool:
    return any(cap is not None for cap in (version.per_loan_cap, version.project_year_cap, version.firm_year_cap))


def within_caps(amount: Decimal, *, loan: Loan, version: SchemeVersion, interest_on: dt.date, claim_id: int | None) -> tuple[Decimal, Cuts]:
    """The part within the caps per loan, project-year and firm-year (by USCC, across banks), the earlier claims of the scheme counted."""
    if amount <= 0 or not are_set(version):
        return amount, []
    caps = {"per_loan": version.per_loan_cap, "project_year": version.project_year_cap, "firm_year": version.firm_year_cap}
    deal = loan.deal
    firm = deal.firm.uscc or str(deal.firm_id)
    line = CapLine(str(claim_id), amount, str(deal.pk), str(deal.filing.project_id), firm, interest_on.year)
    (capped,) = formulas.apply_caps([line], caps, used=_used(loan, version, line, claim_id))
    return capped.allowed, plain(capped.cuts)


def beyond_decision(amount: Decimal, withheld: Decimal) -> tuple[Decimal, Cuts]:
    """The part of an amount that no decision of recovery withholds."""
    cut = min(amount, withheld)
    return amount - cut, plain([Cut("", cut, reasons.TAKEN_BACK)]) if cut else []


def within_interest(claim: SubsidyClaim, amount: Decimal, *, others: Sequence[SubsidyClaim], borne: Decimal) -> tuple[Decimal, Cuts]:
    """The part of this claim once all subsidies of the deal's period together stay within the interest borne.

    What is already decided keeps its place; of the rest the scheme with the lower yield rank gives way first (`Scheme.yield_rank`).
    """
    decided = sum((other.arranged or ZERO for other in others if other.arranged is not None), ZERO)
    open_ = [other for other in others if other.arranged is None]
    parts = {str(claim.pk): amount} | {str(other.pk): other.eligible for other in open_}
    order = [str(row.pk) for row in sorted([claim, *open_], key=lambda row: (row.scheme.yield_rank, row.scheme_id))]
    _left, cuts = formulas.yield_cut(parts, max(borne - decided, ZERO), order)
    mine = [cut for cut in cuts if cut.key == str(claim.pk)]
    return amount - sum((cut.amount for cut in mine), ZERO), plain(mine)


def receipts_of(claims: Sequence[SubsidyClaim]) -> dict[int, list[InterestReceipt]]:
    """Claim → the slips of its interest period."""
    by_deal: dict[int, list[InterestReceipt]] = defaultdict(list)
    for row in InterestReceipt.objects.filter(deal__in={claim.deal_id for claim in claims}).order_by("period_start", "pk"):
        by_deal[row.deal_id].append(row)
    return {
        claim.pk: [row for row in by_deal[claim.deal_id] if claim.period_start <= row.period_end <= claim.period_end] for claim in claims
    }


def covers(receipts: Sequence[InterestReceipt], lines: Sequence[AccrualLine]) -> bool:
    """Whether the slips reach from the first to the last subsidised day of these lines without a gap."""
    reached = min(line.period_start for line in lines)
    for row in receipts:
        if row.period_start <= reached:
            reached = max(reached, row.period_end + dt.timedelta(days=1))
    return reached > max(line.period_end for line in lines)


def _used(loan: Loan, version: SchemeVersion, line: CapLine, claim_id: int | None) -> Mapping[tuple[str, ...], Decimal]:
    used: dict[tuple[str, ...], Decimal] = defaultdict(lambda: ZERO)
    rows = SubsidyClaim.objects.filter(scheme=version.scheme_id, deal__firm=loan.deal.firm_id).exclude(state=C.REFUSED).exclude(pk=claim_id)
    found = rows.values_list("deal", "deal__filing__project", "period_end", "eligible", "arranged")
    for deal, project, period_end, eligible, arranged in found:
        amount = eligible if arranged is None else arranged
        for scope in CapLine("", amount, str(deal), str(project), line.firm, period_end.year).scopes().values():
            used[scope] += amount
    return used
