"""What of an accrued subsidy may be claimed: within the caps of its version, and never above the interest really borne."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from deals import interest
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


def within_caps(amount: Decimal, *, loan: Loan, version: SchemeVersion, interest_on: dt.date, claim_id: int | None) -> tuple[Decimal, Cuts]:
    """The part within the caps per loan, project-year and firm-year (by USCC, across banks), the earlier claims of the scheme counted."""
    caps = {"per_loan": version.per_loan_cap, "project_year": version.project_year_cap, "firm_year": version.firm_year_cap}
    if amount <= 0 or not any(cap is not None for cap in caps.values()):
        return amount, []
    deal = loan.deal
    firm = deal.firm.uscc or str(deal.firm_id)
    line = CapLine(str(claim_id), amount, str(deal.pk), str(deal.filing.project_id), firm, interest_on.year)
    (capped,) = formulas.apply_caps([line], caps, used=_used(loan, version, line, claim_id))
    return capped.allowed, plain(capped.cuts)


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


def receipts_of(claim: SubsidyClaim) -> list[InterestReceipt]:
    """The slips of the claim's interest period."""
    rows = InterestReceipt.objects.filter(deal=claim.deal_id, period_end__gte=claim.period_start, period_end__lte=claim.period_end)
    return list(rows.order_by("period_start", "pk"))


def covers(receipts: Sequence[InterestReceipt], lines: Sequence[AccrualLine]) -> bool:
    """Whether the slips reach from the first to the last subsidised day of these lines without a gap."""
    reached = min(line.period_start for line in lines)
    for row in receipts:
        if row.period_start <= reached:
            reached = max(reached, row.period_end + dt.timedelta(days=1))
    return reached > max(line.period_end for line in lines)


def borne_of(claim: SubsidyClaim, loan: Loan, receipts: Sequence[InterestReceipt], *, on: dt.date) -> Decimal:
    return interest.borne(loan, receipts, tolerance=interest.tolerance(claim.province, on=on))


def _used(loan: Loan, version: SchemeVersion, line: CapLine, claim_id: int | None) -> Mapping[tuple[str, ...], Decimal]:
    used: dict[tuple[str, ...], Decimal] = defaultdict(lambda: ZERO)
    rows = SubsidyClaim.objects.filter(scheme=version.scheme_id, deal__firm=loan.deal.firm_id).exclude(state=C.REFUSED).exclude(pk=claim_id)
    found = rows.values_list("deal", "deal__filing__project", "period_end", "eligible", "arranged")
    for deal, project, period_end, eligible, arranged in found:
        amount = eligible if arranged is None else arranged
        for scope in CapLine("", amount, str(deal), str(project), line.firm, period_end.year).scopes().values():
            used[scope] += amount
    return used
