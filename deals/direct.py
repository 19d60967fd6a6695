"""银企自行达成: a loan signed outside any round, registered by one side and confirmed by the other. Counted, but no match of ours."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import record, take
from deals import choice, holds, needs
from deals.docking.following import follow
from deals.invitations import loaded
from deals.models import Deal, Origin
from deals.signing import after_signing, contract_fields, contract_problems, contracts_elsewhere, with_account
from deals.states import DEAL_STEPS, OFFICERS
from ledger import accounts
from lenders.models import Branch
from organisations.actors import FIRM_ROLES, Person
from projects.models import Filing, Need

D = Deal.State


def register_direct(
    need: Need,
    branch: Branch,
    *,
    by: Person,
    at: dt.datetime,
    contract_no: str,
    contract_on: dt.date,
    amount: Decimal,
    rate_bp: int,
    term_months: int,
    is_first_loan: bool = False,
    note: str = "",
) -> Deal:
    """银企自行达成: bank or firm registers a contract signed outside any round; the other side confirms it (`confirm_direct`).

    The same contract registered again answers with the first row.
    """
    side = by.seat(need.firm_id, *FIRM_ROLES) or by.seat(branch.organisation_id, *OFFICERS)
    if side is None:
        raise NotAllowed(_("自行达成的贷款由企业或经办银行登记。"))
    contract = {
        "contract_no": contract_no,
        "contract_on": contract_on,
        "amount": amount,
        "rate_bp": rate_bp,
        "term_months": term_months,
        "is_first_loan": is_first_loan,
    }
    with transaction.atomic():
        (need,) = needs.lock_all([need.pk])
        known = Deal.objects.filter(need=need, branch=branch, contract_no=contract_no.strip()).exclude(contract_no="").first()
        if known is not None and known.state not in Deal.GIVEN_UP:
            return _registered_alike(known, contract)
        _may_register(need, branch, contract, at=at)
        deal = registered(need, branch, contract, at=at, state=D.INTENT, registered_by_id=side.organisation_id)
        record(deal, "register_direct", by=by, at=at, note=note)
        follow([need.pk], at=at)
    return deal


def registered(need: Need, branch: Branch, contract: Mapping[str, Any], *, at: dt.datetime, **marks: Any) -> Deal:
    """The row of a contract that no round and no invitation led to; whoever makes it records how it came."""
    return Deal.objects.create(
        need=need,
        filing=need.filing,
        firm=need.filing.firm,
        branch=branch,
        origin=Origin.DIRECT,
        amount=contract["amount"],
        approved_amount=contract["amount"],
        approved_rate_bp=contract["rate_bp"],
        approved_term_months=contract["term_months"],
        started_at=at,
        province=need.province,
        **contract_fields(contract),
        **marks,
    )


def confirm_direct(deal: Deal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Deal:
    """The other side confirms what was registered: signed, promised and posted at once."""
    with transaction.atomic():
        rivals = choice.Rivals([deal.need_id])
        (deal,) = loaded([deal])
        if (error := rivals.why_not(deal)) is not None:
            raise error
        changes = with_account({"confirmed_at": at}, holds.accounts_of([deal], at=at).get(deal.pk))
        taken = take(DEAL_STEPS, "confirm_direct", deal, by=by, at=at, seen=seen, note=note, changes=changes)
        settling = [] if taken.succeeds_id else [taken]  # what took another loan's place settles nothing anew
        freed = rivals.lapse(settling, at=at)
        choice.show([taken], by=by, at=at)
        follow([taken.need_id], at=at)
        accounts.lock([account for account, _key in freed] + ([taken.account_id] if taken.account_id else []))
        holds.release(freed, by=by, at=at, note="企业已选其他银行")
        after_signing([taken], rivals.standbys if settling else [], by=by, at=at)
    return taken


def _registered_alike(known: Deal, contract: Mapping[str, Any]) -> Deal:
    if all(getattr(known, name) == value for name, value in contract_fields(contract).items()):
        return known
    raise Conflict(
        _("合同编号 %(number)s 已登记，但金额、日期、利率或期限与本次不一致。") % {"number": known.contract_no},
        code="other_facts",
        remedy=_("请核对；登记有误的，先由另一方退回后重新登记。"),
    )


def _may_register(need: Need, branch: Branch, contract: Mapping[str, Any], *, at: dt.datetime) -> None:
    if need.filing.state != Filing.State.LISTED:
        raise Conflict(_("项目不在备选项目清单内，不能登记。"), code="not_listed")
    if Deal.objects.live().filter(need=need, branch=branch).exists():
        raise Conflict(_("与该行已有在办的对接项目。"), code="already_under_way", remedy=_("请在该对接项目中登记签约。"))
    candidate = Deal(branch=branch)
    problems = contract_problems(candidate, contract, contracts_elsewhere([candidate], {None: contract}), at=at)
    left = needs.left([need])[need.pk]
    if contract["amount"] > left:
        problems.append(
            Problem(
                "amount",
                "out_of_range",
                _("签约金额 %(amount)s 元超过需求余额 %(left)s 元。") % {"amount": contract["amount"], "left": left},
                _("请核对金额，或由企业先变更融资需求。"),
            )
        )
    if problems:
        raise Invalid(problems)
