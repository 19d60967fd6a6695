"""How a budget that is too small is shared, and what is recovered after a finding."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemes.formulas.amounts import fen, yuan

BUDGET_EXHAUSTED = "budget_exhausted"
PRO_RATA_SHARE = "pro_rata_share"
LOWER_PRIORITY = "lower_priority"
CARRIED_OVER = "carried_over"


@dataclass(frozen=True)
class Claim:
    """What is asked for. A lower `priority` comes first; only the rule that names it looks at it."""

    key: str
    amount: Decimal
    priority: int = 0


@dataclass(frozen=True)
class Arranged:
    key: str
    requested: Decimal
    arranged: Decimal
    cut: Decimal
    reason: str  # "" when nothing was cut


def arrange(claims: Sequence[Claim], available: Decimal, rule: str) -> tuple[Arranged, ...]:
    """Share `available` among the claims by the scheme's published rule; the shares sum to min(available, all claims) to the fen.

    `first_come` in the order given, what is cut lapses; `carry_over` likewise, what is cut is owed and goes first next time;
    `pro_rata` in proportion, odd fen to the largest remainders, ties to the earlier claim;
    `priority_then_pro_rata` each priority in full while the money lasts, the one where it ends in proportion.
    """
    amounts = [fen(claim.amount) for claim in claims]
    if fen(available) < 0 or any(amount < 0 for amount in amounts):
        raise ValueError("claims and the available amount are not negative")
    shares, reasons = SHORTFALL_RULES[rule](amounts, [claim.priority for claim in claims], fen(available))
    return tuple(
        Arranged(claim.key, claim.amount, yuan(share), yuan(amount - share), reason if share < amount else "")
        for claim, amount, share, reason in zip(claims, amounts, shares, reasons, strict=True)
    )


Shares = tuple[list[int], list[str]]  # fen and reason code for each claim


def _in_order(amounts: Sequence[int], available: int) -> list[int]:
    shares = []
    for amount in amounts:
        shares.append(min(amount, available))
        available -= shares[-1]
    return shares


def _in_proportion(amounts: Sequence[int], available: int) -> list[int]:
    asked = sum(amounts)
    if available >= asked:
        return list(amounts)
    shares = [amount * available // asked for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda index: (-(amounts[index] * available % asked), index))
    for index in by_remainder[: available - sum(shares)]:
        shares[index] += 1
    return shares


def in_proportion(amounts: Sequence[Decimal], available: Decimal) -> list[Decimal]:
    """Shares in proportion that sum to min(available, all amounts): odd fen to the largest remainders, ties to the earlier one."""
    return [yuan(share) for share in _in_proportion([fen(amount) for amount in amounts], fen(available))]


def _first_come(amounts: Sequence[int], priorities: Sequence[int], available: int) -> Shares:
    del priorities
    return _in_order(amounts, available), [BUDGET_EXHAUSTED] * len(amounts)


def _carry_over(amounts: Sequence[int], priorities: Sequence[int], available: int) -> Shares:
    del priorities
    return _in_order(amounts, available), [CARRIED_OVER] * len(amounts)


def _pro_rata(amounts: Sequence[int], priorities: Sequence[int], available: int) -> Shares:
    del priorities
    return _in_proportion(amounts, available), [PRO_RATA_SHARE] * len(amounts)


def _priority_then_pro_rata(amounts: Sequence[int], priorities: Sequence[int], available: int) -> Shares:
    shares, reasons = [0] * len(amounts), [LOWER_PRIORITY] * len(amounts)
    for priority in sorted(set(priorities)):
        if available == 0:
            break
        group = [index for index, each in enumerate(priorities) if each == priority]
        for index, share in zip(group, _in_proportion([amounts[index] for index in group], available), strict=True):
            shares[index], reasons[index] = share, PRO_RATA_SHARE
        available -= sum(shares[index] for index in group)
    return shares, reasons


SHORTFALL_RULES: dict[str, Callable[[Sequence[int], Sequence[int], int], Shares]] = {
    "first_come": _first_come,
    "pro_rata": _pro_rata,
    "priority_then_pro_rata": _priority_then_pro_rata,
    "carry_over": _carry_over,
}


def clawback(booked: Mapping[str, Decimal], *, scope: str, affected: str, still_due: Decimal | None = None) -> dict[str, Decimal]:
    """What is recovered of each drawdown of a loan after a finding about the drawdown `affected`. Central default: the whole loan.

    For `diverted_part_from_day`, `still_due` is the affected drawdown accrued again without the diverted part from its day on.
    """
    if scope == "whole_loan":
        return dict(booked)
    if scope == "affected_drawdown":
        return {affected: booked[affected]}
    if scope == "diverted_part_from_day" and still_due is not None:
        return {affected: booked[affected] - still_due}
    raise ValueError(f"unknown scope {scope!r}, or what is still due is missing")
