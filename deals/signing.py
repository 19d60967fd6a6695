"""The signed contract: a fact, posted even beyond the appetite, which then is raised with a flag in the same transaction."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import Taken, lock, only, take_many
from deals import holds, needs, standbys
from deals.bulk import By, succeeded, voice
from deals.clocks import day
from deals.invitations import loaded
from deals.models import Deal, RatePeriod
from deals.states import BEFORE_SIGNING, DEAL_STEPS
from ledger import accounts
from ledger.accounts import Post
from matching.models import Recommendation
from matching.states import RECOMMENDATION_STEPS
from organisations.actors import Person, system

D = Deal.State


def sign(
    deal: Deal,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    contract_no: str,
    contract_on: dt.date,
    amount: Decimal,
    rate_bp: int,
    term_months: int,
    is_first_loan: bool = False,
    note: str = "",
) -> Deal:
    """The contract is signed: posted to the bank's appetite, the rest of the promise freed. The same contract again changes nothing."""
    contract = {
        "contract_no": contract_no,
        "contract_on": contract_on,
        "amount": amount,
        "rate_bp": rate_bp,
        "term_months": term_months,
        "is_first_loan": is_first_loan,
    }
    return only(sign_many([deal], by=by, at=at, contracts={deal.pk: contract}, seen={deal.pk: seen}, note=note))


def sign_many(
    deals: Sequence[Deal],
    *,
    by: By,
    at: dt.datetime,
    contracts: Mapping[int, Mapping[str, Any]],
    seen: Mapping[int, int] | None = None,
    note: str = "",
) -> list[Taken]:
    """`contracts`: deal → contract_no, contract_on, amount, rate_bp, term_months and perhaps is_first_loan."""
    if not deals:
        return []
    with transaction.atomic():
        wanted = needs.lock_all({deal.need_id for deal in deals})
        spare = [row for rows in standbys.waiting(wanted).values() for row in rows]
        rows = loaded(deals)
        current = {row.pk: row for row in lock(Deal.objects.filter(pk__in=[row.pk for row in rows]))}
        again = [row for row in rows if _signed_alike(current[row.pk], contracts[row.pk])]
        others = contracts_elsewhere(rows, contracts)
        problems = {row.pk: contract_problems(current[row.pk], contracts[row.pk], others, at=at) for row in rows if row not in again}
        fit = [row for row in rows if row.pk in problems and not problems[row.pk]]
        changes = {row.pk: contract_fields(contracts[row.pk]) for row in fit}
        for pk, account in holds.accounts_of([row for row in fit if not row.account_id], at=at).items():
            changes[pk] = with_account(changes[pk], account)
        results = take_many(DEAL_STEPS, "sign", fit, by=by, at=at, seen=seen, note=note, changes=changes)
        signed = succeeded(results)
        after_signing(signed, spare, by=voice(by, at=at), at=at)
    refused = [Taken(row, Invalid(problems[row.pk])) for row in rows if problems.get(row.pk)]
    return results + refused + [Taken(loaded([current[row.pk]])[0]) for row in again]


def after_signing(signed: Sequence[Deal], spare: Sequence[Recommendation], *, by: Person, at: dt.datetime) -> None:
    """What every signed contract leaves: its first rate, no more standbys, the post and the freed rest of its promise."""
    settled = {deal.need_id for deal in signed}
    RatePeriod.objects.bulk_create(
        [RatePeriod(deal=deal, valid_from=deal.contract_on, rate_bp=deal.rate_bp, province=deal.province) for deal in signed]
    )
    take_many(RECOMMENDATION_STEPS, "spend", [row for row in spare if row.need_id in settled], by=system(at), at=at)
    posted = [deal for deal in signed if deal.account_id]
    accounts.lock(deal.account_id for deal in posted)
    requests = [Post(deal.account_id, deal.signed_amount, f"deal:{deal.pk}:sign", deal.hold_key) for deal in posted]
    accounts.post_many(requests, by=by, at=at, fact=True, note="签约")
    holds.release(holds.of_deals(posted), by=by, at=at, note="签约后剩余")


def contract_fields(contract: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "contract_no": contract["contract_no"].strip(),
        "contract_on": contract["contract_on"],
        "signed_amount": contract["amount"],
        "rate_bp": contract["rate_bp"],
        "term_months": contract["term_months"],
        "is_first_loan": contract.get("is_first_loan", False),
    }


def contract_problems(
    deal: Deal, contract: Mapping[str, Any], elsewhere: Mapping[tuple[int, str], int], *, at: dt.datetime
) -> list[Problem]:
    """Only what cannot be: a contract is a fact, and over the appetite it is recorded all the same."""
    problems = []
    number, amount = contract["contract_no"].strip(), contract["amount"]
    if not number:
        problems.append(Problem("contract_no", "required", _("请填写合同编号。"), _("按借款合同填写。")))
    elif elsewhere.get((deal.branch_id, number), deal.pk) != deal.pk:
        problems.append(
            Problem("contract_no", "used", _("合同编号 %(number)s 已登记在另一笔贷款下。") % {"number": number}, _("请核对合同编号。"))
        )
    if contract["contract_on"] > day(at):
        problems.append(Problem("contract_on", "in_future", _("签约日期晚于今天。"), _("请在签约后登记。")))
    most = deal.approved_amount
    if amount <= 0 or (most is not None and amount > most):
        problems.append(
            Problem(
                "amount",
                "out_of_range",
                _("签约金额 %(amount)s 元须大于 0 且不超过授信金额 %(most)s 元。") % {"amount": amount, "most": most},
                _("授信有变的，请先更新授信批复。"),
            )
        )
    if contract["term_months"] < 1:
        problems.append(Problem("term_months", "too_short", _("期限至少为 1 个月。"), _("请核对期限。")))
    return problems


def contracts_elsewhere(deals: Sequence[Deal], contracts: Mapping[int, Mapping[str, Any]]) -> dict[tuple[int, str], int]:
    """(branch, contract number) → the deal that already carries it; within one call, the first."""
    numbers = {contracts[deal.pk]["contract_no"].strip() for deal in deals} - {""}
    rows = Deal.objects.filter(branch__in={deal.branch_id for deal in deals}, contract_no__in=numbers)
    found = {
        (branch, number): pk for pk, branch, number in rows.exclude(state__in=Deal.GIVEN_UP).values_list("pk", "branch", "contract_no")
    }
    for deal in deals:
        found.setdefault((deal.branch_id, contracts[deal.pk]["contract_no"].strip()), deal.pk)
    return found


def _signed_alike(deal: Deal, contract: Mapping[str, Any]) -> bool:
    """The very contract was recorded before: the repeated command changes nothing."""
    return deal.state not in BEFORE_SIGNING and all(getattr(deal, name) == value for name, value in contract_fields(contract).items())


def with_account(changes: dict[str, Any], account_id: int | None) -> dict[str, Any]:
    """The changes, and the account as `take` wants a foreign key."""
    return changes if account_id is None else changes | {"account": accounts.LedgerAccount(pk=account_id)}
