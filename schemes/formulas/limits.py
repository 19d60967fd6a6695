"""Never more than the interest paid, never above a cap: who yields, what each cap takes off, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemes.formulas.amounts import fen, yuan

CAP_REASONS = {"per_loan": "cap_per_loan", "project_year": "cap_project_year", "firm_year": "cap_firm_year"}
CAP_FIRM_LOAN = "cap_firm_loan"
EXCEEDS_INTEREST_PAID = "exceeds_interest_paid"


@dataclass(frozen=True)
class Cut:
    """What was taken off, from what, and why."""

    key: str
    amount: Decimal
    reason: str


DEFAULT_YIELD_ORDER = ("city", "province", "central")


def yield_cut(
    parts: Mapping[str, Decimal], interest_paid: Decimal, yield_order: Sequence[str] = DEFAULT_YIELD_ORDER
) -> tuple[dict[str, Decimal], tuple[Cut, ...]]:
    """Never more than the interest actually paid: the first of `yield_order` gives up its part first, central money last (infer)."""
    if unknown := set(parts) - set(yield_order):
        raise ValueError(f"nobody said when {sorted(unknown)} yield")
    if fen(interest_paid) < 0 or any(fen(amount) < 0 for amount in parts.values()):
        raise ValueError("interest paid and subsidies are not negative")
    left, cuts = dict(parts), []
    excess = sum(parts.values(), yuan(0)) - interest_paid
    for key in yield_order:
        taken = min(max(excess, yuan(0)), left.get(key, yuan(0)))
        if taken:
            left[key] -= taken
            excess -= taken
            cuts.append(Cut(key, taken, EXCEEDS_INTEREST_PAID))
    return left, tuple(cuts)


COUNTED_GRANT = "counted_grant"


def beyond_grants(amount: Decimal, *, granted: Decimal, counted: Decimal) -> tuple[Decimal, Decimal]:
    """取高: what of an amount goes beyond the grants on the project, and what they cut.

    `counted` is what the same grants have cut before. All cuts of a row of claims sum to the lesser of grants and requests, so grant
    and subsidy together come to the higher of the two.
    """
    if fen(amount) < 0 or fen(granted) < 0 or fen(counted) < 0:
        raise ValueError("neither claims nor grants nor cuts are negative")
    cut = min(amount, max(granted - counted, yuan(0)))
    return amount - cut, cut


EQUIPMENT, WHOLE = "equipment", "whole"


def subsidised_principal(part: str, *, amount: Decimal, equipment: Decimal) -> Decimal:
    """Of one drawdown what a version subsidises: the equipment it pays for, or the whole of it.

    Equipment purchase loans (财金〔2024〕54号) against all fixed-asset loans of the project (财金〔2026〕2号).
    """
    if part not in (EQUIPMENT, WHOLE):
        raise ValueError(f"unknown part {part!r}")
    if not 0 <= fen(equipment) <= fen(amount):
        raise ValueError("the equipment is part of the drawdown")
    return equipment if part == EQUIPMENT else amount


def within_firm_loan_cap(amount: Decimal, *, limit: Decimal | None, used: Decimal) -> tuple[Decimal, Decimal]:
    """Principal that is still subsidised, and what is cut (reason `CAP_FIRM_LOAN`): 50 m yuan of loans per firm across all banks (财金〔2026〕4号)."""
    allowed = amount if limit is None else min(amount, max(limit - used, yuan(0)))
    return allowed, amount - allowed


@dataclass(frozen=True)
class CapLine:
    """One booked amount with what its caps count by; `year` is that of its interest day. `firm` is a USCC: caps run across banks."""

    key: str
    amount: Decimal
    loan: str
    project: str
    firm: str
    year: int

    def scopes(self) -> dict[str, tuple[str, ...]]:
        return {
            "per_loan": ("per_loan", self.loan),
            "project_year": ("project_year", self.project, str(self.year)),
            "firm_year": ("firm_year", self.firm, str(self.year)),
        }


@dataclass(frozen=True)
class Capped:
    line: CapLine
    allowed: Decimal
    cuts: tuple[Cut, ...]


def apply_caps(
    lines: Sequence[CapLine], caps: Mapping[str, Decimal | None], *, used: Mapping[tuple[str, ...], Decimal] | None = None
) -> tuple[Capped, ...]:
    """Take the lines in the order given; each cap takes off what exceeds its room, in the order loan, project-year, firm-year.

    `caps` names a limit for any of `CAP_REASONS` (None: no cap); `used` is what earlier lines already took, keyed as in `CapLine.scopes`.
    A negative line (an adjustment) gives room back.
    """
    if unknown := set(caps) - set(CAP_REASONS):
        raise ValueError(f"unknown caps {sorted(unknown)}")
    taken = dict(used or {})
    results = []
    for line in lines:
        allowed, cuts, scopes = line.amount, [], line.scopes()
        for kind, reason in CAP_REASONS.items():
            limit = caps.get(kind)
            if limit is None or allowed <= 0:
                continue
            cut = allowed - min(allowed, max(limit - taken.get(scopes[kind], yuan(0)), yuan(0)))
            if cut:
                allowed -= cut
                cuts.append(Cut(line.key, cut, reason))
        for scope in scopes.values():
            taken[scope] = taken.get(scope, yuan(0)) + allowed
        results.append(Capped(line, allowed, tuple(cuts)))
    return tuple(results)
