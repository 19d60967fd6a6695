"""What a budget gives to claims: shared by the scheme's rule over the whole list at once, held, posted when paid, freed when not."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from deals.models import AccrualLine, SubsidyClaim
from deals.subsidies.carrying import with_lines
from ledger import accounts
from ledger.accounts import Hold, Post
from organisations.actors import Person
from schemes import formulas
from schemes.formulas import Arranged, Claim
from schemes.models import Budget, SchemeVersion

ZERO = Decimal(0)
CARRY_OVER = SchemeVersion.ShortfallRule.CARRY_OVER
Budgets = Mapping[tuple[int, int], Budget]  # scheme and year


class Rank(NamedTuple):
    """Before whom a claim comes: by the priority its scheme gives, then by when it was handed in."""

    priority: int
    place: int


UNRANKED = Rank(0, 0)
Ranks = Mapping[int, Rank]


def hold_key(claim: SubsidyClaim) -> str:
    return f"claim:{claim.pk}:hold"


def budgets_of(claims: Sequence[SubsidyClaim]) -> Budgets:
    rows = Budget.objects.filter(scheme__in={claim.scheme_id for claim in claims})
    return {(row.scheme_id, row.fiscal_year): row for row in rows}


def arranged(
    rows: Sequence[SubsidyClaim], budgets: Budgets, year: int, *, ranks: Ranks, by: Person, at: dt.datetime
) -> dict[int, dict[str, Any]]:
    """What each claim gets of its scheme's budget of the year; the budget is held for it. Without a budget: all that is eligible.

    What an earlier document owes comes before all else, the longest owed first.
    """
    changes = {row.pk: {"arranged": row.eligible, "fiscal_year": year} for row in rows}
    funded = {scheme: budgets[scheme, year] for scheme in {row.scheme_id for row in rows} if (scheme, year) in budgets}
    accounts.lock(budget.account_id for budget in funded.values())
    for scheme, budget in sorted(funded.items()):
        mine = sorted((row for row in rows if row.scheme_id == scheme), key=lambda row: (-row.carried, ranks.get(row.pk, UNRANKED)))
        holds = []
        for row, share in zip(mine, _shared(mine, accounts.room(budget.account_id), ranks), strict=True):
            changes[row.pk]["arranged"] = share.arranged
            if share.cut:
                changes[row.pk]["cuts"] = [*row.cuts, {"amount": str(share.cut), "reason": share.reason}]
            if share.arranged:
                holds.append(Hold(budget.account_id, share.arranged, hold_key(row)))
        accounts.hold_many(holds, by=by, at=at, note="批准")
    return changes


def _shared(rows: Sequence[SubsidyClaim], free: Decimal | None, ranks: Ranks) -> tuple[Arranged, ...]:
    """Those carried over in full while the money lasts, then the others by the scheme's rule."""
    asked = [Claim(str(row.pk), row.eligible, ranks.get(row.pk, UNRANKED).priority) for row in rows]
    if free is None:
        free = sum((claim.amount for claim in asked), ZERO)
    owed = sum(row.carried > 0 for row in rows)
    first = formulas.arrange(asked[:owed], free, CARRY_OVER)
    return first + formulas.arrange(asked[owed:], free - sum((share.arranged for share in first), ZERO), rule_of(rows))


def rule_of(claims: Sequence[SubsidyClaim]) -> str:
    """The rule of the newest version these claims were computed by."""
    newest = AccrualLine.objects.filter(claim__in=with_lines(claims)).order_by("-version__announced_on", "-version_id")
    return newest.values_list("version__shortfall_rule", flat=True).first() or CARRY_OVER


def post(settled: Sequence[SubsidyClaim], budgets: Budgets, *, by: Person, at: dt.datetime) -> None:
    funded = [(row, budgets[row.scheme_id, row.fiscal_year].account_id) for row in settled if (row.scheme_id, row.fiscal_year) in budgets]
    funded = [(row, account) for row, account in funded if row.arranged]
    accounts.lock(account for _row, account in funded)
    posts = [Post(account, row.paid, f"claim:{row.pk}:settle", hold_key(row)) for row, account in funded if row.paid]
    accounts.post_many(posts, by=by, at=at, note="拨付")
    accounts.release_many(
        [(account, hold_key(row), f"{hold_key(row)}:release") for row, account in funded], by=by, at=at, note="拨付后剩余"
    )


def free(claims: Sequence[SubsidyClaim], *, by: Person, at: dt.datetime, note: str) -> None:
    """What was held for approved claims that will not be paid."""
    budgets = budgets_of(claims)
    funded = [(row, budgets[row.scheme_id, row.fiscal_year].account_id) for row in claims if (row.scheme_id, row.fiscal_year) in budgets]
    accounts.release_many([(account, hold_key(row), f"{hold_key(row)}:release") for row, account in funded], by=by, at=at, note=note)


def room_of(budget: Budget) -> Decimal | None:
    """What the budget may still give."""
    return accounts.room(budget.account_id)
