"""A deal from the firm's choice to the bank's approval. The bank decides; the service records.

Signing is `signing`, loans made outside rounds `direct`; their steps are named here too, so that callers find all of a deal's in one place.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import Taken, lock, only, take, take_many
from deals import choice, clocks, holds, needs, sending, standbys
from deals.bulk import By, rehearse, succeeded, voice
from deals.clocks import DECISION, MATERIALS, Clock, day
from deals.direct import confirm_direct, register_direct
from deals.docking.following import follow
from deals.invitations import loaded, looked_up
from deals.models import Deal, Invitation
from deals.signing import sign, sign_many, with_account
from deals.states import DEAL_STEPS, INVITATION_STEPS
from organisations.actors import Person, system

__all__ = [
    "approve_credit", "approve_credit_many", "confirm", "confirm_direct", "confirm_many", "register_direct", "report_up", "sign", "sign_many",
    "start_diligence", "start_diligence_many", "withdraw",
]  # fmt: skip


# the firm's choice


def confirm(deal: Deal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Deal:
    """The firm chooses this offer. The other live offers lapse with notice and what they held is freed.

    An offer no round recommended makes its promise now: if the bank's appetite is full the choice is refused (BankFull).
    Of two choices made at once one wins; the other is told which bank was chosen.
    """
    return only(confirm_many([deal], by=by, at=at, seen={deal.pk: seen}, note=note))


def confirm_many(deals: Sequence[Deal], *, by: By, at: dt.datetime, seen: Mapping[int, int] | None = None, note: str = "") -> list[Taken]:
    """`confirm` for a list; of two offers for one need the first is chosen."""
    if not deals:
        return []
    with transaction.atomic():
        rivals = choice.Rivals({deal.need_id for deal in deals})
        rows = loaded(deals)
        errors = {row.pk: error for row in rows if (error := rivals.why_not(row))}
        how: dict[str, Any] = {"by": by, "at": at, "seen": seen, "note": note}
        errors |= rehearse(DEAL_STEPS, "confirm", [row for row in rows if row.pk not in errors], **how)
        first: dict[int, Deal] = {}
        for row in rows:
            if row.pk not in errors and first.setdefault(row.need_id, row) is not row:
                errors[row.pk] = choice.AlreadyChosen(first[row.need_id].branch)
        changes, full = _promised([row for row in rows if row.pk not in errors], by=voice(by, at=at), at=at)
        errors |= full
        results = take_many(DEAL_STEPS, "confirm", [row for row in rows if row.pk not in errors], changes=changes, **how)
        chosen = succeeded(results)
        freed = rivals.lapse(chosen, at=at)
        choice.show(chosen, by=voice(by, at=at), at=at)
        follow({row.need_id for row in chosen}, at=at)
        holds.release(freed, by=system(at), at=at, note="企业已选其他银行")
    return [Taken(row, errors.get(row.pk)) for row in rows]


def withdraw(deal: Deal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Deal:
    """The firm steps back before signing; the promise is freed, and a standby may follow."""
    with transaction.atomic():
        wanted = needs.lock_all([deal.need_id])
        spare = standbys.waiting(wanted)
        asked = looked_up(lock(Invitation.objects.filter(deal=deal, state=Invitation.State.ACCEPTED)))
        taken = take(DEAL_STEPS, "withdraw", _loaded(deal), by=by, at=at, seen=seen, note=note)
        take_many(INVITATION_STEPS, "withdraw", asked, by=system(at), at=at, note=note)
        clocks.stop([taken], at=at)
        sending.end(asked, at=at)
        standbys.replace(wanted, freed=holds.of_deals([taken]), waiting=spare, at=at, note="企业退出")
        follow([taken.need_id], at=at)
    return taken


# the bank's work


def start_diligence(deal: Deal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Deal:
    """材料齐备: the decision clock starts here, not when the letter was sent."""
    return only(start_diligence_many([deal], by=by, at=at, seen={deal.pk: seen}, note=note))


def start_diligence_many(
    deals: Sequence[Deal], *, by: By, at: dt.datetime, seen: Mapping[int, int] | None = None, note: str = ""
) -> list[Taken]:
    if not deals:
        return []
    with transaction.atomic():
        rows = loaded(deals)
        results = take_many(DEAL_STEPS, "start_diligence", rows, by=by, at=at, seen=seen, note=note)
        due = clocks.terms(rows[0].province, at=at).decision_due(at)
        clocks.start([Clock(row, DECISION, row.branch.organisation_id, due) for row in succeeded(results)], at=at)
    return results


def report_up(deal: Deal, *, by: Person, at: dt.datetime, seen: int, expected_on: dt.date, note: str = "") -> Deal:
    """上报上级行审批: the bank says by when it expects the decision, and its clock moves there."""
    if expected_on < day(at):
        raise _wrong("expected_on", _("预计批复日期不能早于今天。"), _("请填写上级行预计批复的日期。"))
    with transaction.atomic():
        taken = take(DEAL_STEPS, "report_up", _loaded(deal), by=by, at=at, seen=seen, note=note)
        clocks.move(taken, DECISION, due=clocks.end_of(expected_on))
    return taken


def approve_credit(
    deal: Deal,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    amount: Decimal,
    rate_bp: int,
    term_months: int,
    until: dt.date | None = None,
    note: str = "",
) -> Deal:
    """授信批复, in full or in part; never more than the need still lacks."""
    terms = {deal.pk: {"amount": amount, "rate_bp": rate_bp, "term_months": term_months, "until": until}}
    return only(approve_credit_many([deal], by=by, at=at, terms=terms, seen={deal.pk: seen}, note=note))


def approve_credit_many(
    deals: Sequence[Deal],
    *,
    by: By,
    at: dt.datetime,
    terms: Mapping[int, Mapping[str, Any]],
    seen: Mapping[int, int] | None = None,
    note: str = "",
) -> list[Taken]:
    """`terms`: deal → amount, rate_bp, term_months and perhaps until."""
    if not deals:
        return []
    with transaction.atomic():
        wanted = needs.lock_all({deal.need_id for deal in deals})
        left = needs.left(wanted, apart_from=[deal.pk for deal in deals])
        rows = loaded(deals)
        problems = {row.pk: _approval_problems(terms[row.pk], left[row.need_id]) for row in rows}
        fit = [row for row in rows if not problems[row.pk]]
        changes = {row.pk: _approval(terms[row.pk]) for row in fit}
        results = take_many(DEAL_STEPS, "approve_credit", fit, by=by, at=at, seen=seen, note=note, changes=changes)
        clocks.stop(succeeded(results), DECISION, MATERIALS, at=at)
    return results + [Taken(row, Invalid(problems[row.pk])) for row in rows if problems[row.pk]]


def _promised(rows: Sequence[Deal], *, by: Person, at: dt.datetime) -> tuple[dict[int, dict[str, Any]], dict[int, holds.BankFull]]:
    """Make the promises of offers that no round recommended: (what confirming writes on each deal, those whose bank is full)."""
    changes: dict[int, dict[str, Any]] = {row.pk: {"confirmed_at": at} for row in rows}
    fresh = [row for row in rows if not row.hold_key]
    accounts_of = holds.accounts_of(fresh, at=at)
    for row in fresh:
        if row.pk in accounts_of:
            changes[row.pk] = with_account(changes[row.pk] | {"hold_key": holds.key_of(row)}, accounts_of[row.pk])
    full = holds.hold_for([row for row in fresh if row.pk in accounts_of], accounts_of, by=by, at=at)
    return changes, full


def _loaded(deal: Deal) -> Deal:
    return loaded([deal])[0]


def _approval(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "approved_amount": terms["amount"],
        "approved_rate_bp": terms["rate_bp"],
        "approved_term_months": terms["term_months"],
        "approved_until": terms.get("until"),
    }


def _approval_problems(terms: Mapping[str, Any], left: Decimal) -> list[Problem]:
    problems = []
    if not 0 < terms["amount"] <= left:
        problems.append(
            Problem(
                "amount",
                "out_of_range",
                _("授信金额 %(amount)s 元须大于 0 且不超过需求余额 %(left)s 元。") % {"amount": terms["amount"], "left": left},
                _("超过需求的部分，请企业先变更融资需求。"),
            )
        )
    if terms["term_months"] < 1:
        problems.append(Problem("term_months", "too_short", _("期限至少为 1 个月。"), _("请核对期限。")))
    return problems


def _wrong(field: str, message: Any, remedy: Any) -> Invalid:
    return Invalid([Problem(field, "out_of_range", message, remedy)])
