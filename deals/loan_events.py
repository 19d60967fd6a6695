"""What becomes of a running loan: extended (展期), replaced at the same bank (借新还旧), moved to another bank (转贷).

What each means for a subsidy is said by the version: by default an extension lengthens no subsidised term, and a loan that takes the
place of another is no new loan for equipment (infer: 专款专用, no money for the repayment of other debts).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, NotFound, Problem
from common.money import format_wan
from common.steps import lock, record, take
from deals import drawdowns, needs
from deals.clocks import day
from deals.direct import registered
from deals.drawdowns import ZERO, balance
from deals.invitations import loaded
from deals.models import Deal, Drawdown, Extension, RatePeriod
from deals.signing import contract_problems, contracts_elsewhere
from deals.states import DEAL_STEPS, by_bank, by_firm
from lenders.models import Branch
from organisations.actors import Person
from schemes import formulas

D = Deal.State
S = Deal.Succession


def extend(
    deal: Deal, *, by: Person, at: dt.datetime, seen: int, agreement_no: str, agreed_on: dt.date, months: int, note: str = ""
) -> Deal:
    """展期: the last day moves by so many months. The same agreement again changes nothing."""
    with transaction.atomic():
        (current,) = lock(Deal.objects.filter(pk=deal.pk))
        row = loaded([current])[0]
        known = Extension.objects.filter(deal=row, agreement_no=agreement_no.strip()).first()
        if known is not None and by_bank(row, by):
            if (known.agreed_on, known.months) != (agreed_on, months):
                raise Conflict(_("该展期协议已登记，日期或月数与本次不一致。"), code="other_facts", remedy=_("请核对协议编号。"))
            return row

        def problems(now: Deal) -> Iterable[Problem]:
            if not agreement_no.strip():
                yield Problem("agreement_no", "required", _("请填写展期协议编号。"), _("编号用于防止重复登记。"))
            if not now.contract_on <= agreed_on <= day(at):
                yield Problem("agreed_on", "out_of_range", _("展期协议日期须在签约日期与今天之间。"), _("请按协议填写。"))
            if months < 1:
                yield Problem("months", "too_short", _("展期至少为 1 个月。"), _("请核对月数。"))

        facts = {"agreement_no": [None, agreement_no.strip()], "months": [None, months]}
        taken: Deal = take(DEAL_STEPS, "extend", row, by=by, at=at, seen=seen, note=note, also=problems, facts=facts)
        Extension.objects.create(deal=taken, agreement_no=agreement_no.strip(), agreed_on=agreed_on, months=months, province=taken.province)
    return taken


def refinance(
    deal: Deal,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    on: dt.date,
    slip_no: str,
    contract_no: str,
    contract_on: dt.date,
    rate_bp: int,
    term_months: int,
    note: str = "",
) -> Deal:
    """借新还旧: a new contract of the same bank pays back all that is owed; the old deal ends, the new one is linked to it.

    No appetite is taken: the bank's money is where it was; what was never drawn is given back. The same contract again changes nothing.
    """
    with transaction.atomic():
        needs.lock_all([deal.need_id])
        lock(Deal.objects.filter(pk=deal.pk))
        old = loaded([deal])[0]
        owed = _owed(old)
        contract = _contract(contract_no, contract_on, sum(owed.values(), ZERO), rate_bp, term_months)
        if by_bank(old, by) and _known(old, S.REFINANCED, contract):
            return old

        def problems(now: Deal) -> Iterable[Problem]:
            yield from _new_contract_problems(Deal(branch=now.branch), contract, at=at)
            if not contract_on <= on <= day(at):
                yield Problem("on", "out_of_range", _("还款日期须在新合同签约日期与今天之间。"), _("请按凭证填写。"))
            if not slip_no.strip():
                yield Problem("slip_no", "required", _("请填写凭证号。"), _("凭证号用于防止重复登记。"))
            yield from _succeeded(now)

        equipment = sum((_equipment_left(row, left) for row, left in owed.items()), ZERO)
        paid_on = [row.paid_to_supplier_on for row in owed]
        taken: Deal = take(
            DEAL_STEPS, "refinance", old, by=by, at=at, seen=seen, note=note, also=problems, facts={"contract_no": contract_no}
        )
        for row, left in owed.items():
            drawdowns.repay(row, by=by, at=at, on=on, amount=left, slip_no=slip_no)
        new = registered(taken.need, taken.branch, contract, at=at, state=D.COMPLETED, succeeds=taken, succession=S.REFINANCED)
        record(new, "refinance", by=by, at=at, note=note)
        RatePeriod.objects.create(deal=new, valid_from=contract_on, rate_bp=rate_bp, province=new.province)
        drawn = Drawdown.objects.create(
            deal=new,
            number=1,
            slip_no=slip_no.strip(),
            drawn_on=on,
            amount=contract["amount"],
            equipment_amount=equipment,
            payee=taken.branch.organisation.name,
            paid_to_supplier_on=None if None in paid_on else max(filter(None, paid_on)),
            relending=Drawdown.Relending.NOT_ELIGIBLE,
            province=new.province,
        )
        record(drawn, "refinance", by=by, at=at)
        drawdowns.take_back_undrawn(taken, by=by, at=at)
    return taken


def move(
    deal: Deal,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    branch: str,
    amount: Decimal,
    contract_no: str,
    contract_on: dt.date,
    rate_bp: int,
    term_months: int,
    note: str = "",
) -> Deal:
    """转贷: the firm registers its contract with another bank that pays this loan back.

    That bank confirms it, which posts its appetite, for it does lend, and draws; this one records what comes back as ever.
    """
    with transaction.atomic():
        needs.lock_all([deal.need_id])
        lock(Deal.objects.filter(pk=deal.pk))
        old = loaded([deal])[0]
        to = Branch.objects.filter(code=branch).select_related("organisation", "bank").first()
        if to is None:
            raise NotFound
        contract = _contract(contract_no, contract_on, amount, rate_bp, term_months)
        if by_firm(old, by) and _known(old, S.MOVED, contract):
            return old
        owed = sum(_owed(old).values(), ZERO)

        def problems(now: Deal) -> Iterable[Problem]:
            yield from _new_contract_problems(Deal(branch=to), contract, at=at)
            if to.pk == now.branch_id:
                yield Problem("branch", "same_branch", _("转入银行与原贷款银行相同。"), _("同一银行的新贷款请由银行登记借新还旧。"))
            if Deal.objects.live().filter(need=now.need_id, branch=to).exists():
                yield Problem("branch", "already_under_way", _("与该行已有在办的对接项目。"), _("请在该对接项目中办理。"))
            if amount > owed:
                figures = {"amount": format_wan(amount), "owed": format_wan(owed)}
                message = _("转贷金额 %(amount)s 万元超过原贷款余额 %(owed)s 万元。") % figures
                yield Problem("amount", "out_of_range", message, _("超出部分请另行申请贷款。"))
            yield from _succeeded(now)

        taken: Deal = take(DEAL_STEPS, "move", old, by=by, at=at, seen=seen, note=note, also=problems, facts={"contract_no": contract_no})
        new = registered(
            taken.need, to, contract, at=at, state=D.INTENT, registered_by_id=taken.firm_id, succeeds=taken, succession=S.MOVED
        )
        record(new, "register_direct", by=by, at=at, note=note)
    return taken


def _owed(deal: Deal) -> dict[Drawdown, Decimal]:
    """Drawdown → what is still owed of it, where something is."""
    rows = lock(Drawdown.objects.filter(deal=deal).select_related("deal__branch"))
    return {row: left for row in rows if (left := balance(row))}


def _equipment_left(row: Drawdown, left: Decimal) -> Decimal:
    """The part for equipment of what is owed: repayments counted for it in proportion, as its subsidy did."""
    return formulas.in_proportion([row.equipment_amount, row.amount - row.equipment_amount], left)[0]


def _contract(contract_no: str, contract_on: dt.date, amount: Decimal, rate_bp: int, term_months: int) -> dict[str, Any]:
    return {"contract_no": contract_no, "contract_on": contract_on, "amount": amount, "rate_bp": rate_bp, "term_months": term_months}


def _new_contract_problems(candidate: Deal, contract: Mapping[str, Any], *, at: dt.datetime) -> list[Problem]:
    return contract_problems(candidate, contract, contracts_elsewhere([candidate], {None: contract}), at=at)


def _succeeded(deal: Deal) -> Iterable[Problem]:
    if _successor(deal) is not None:
        yield Problem("", "already_succeeded", _("该贷款已登记由另一笔贷款承接。"), _("请先由转入银行退回原登记。"))


def _successor(deal: Deal) -> Deal | None:
    return Deal.objects.filter(succeeds=deal).exclude(state__in=Deal.GIVEN_UP).first()


def _known(deal: Deal, succession: str, contract: Mapping[str, Any]) -> bool:
    """Whether this very contract was registered as the one that takes the loan's place. Raises Conflict if with other facts."""
    known = _successor(deal)
    if known is None or (known.succession, known.contract_no) != (succession, contract["contract_no"].strip()):
        return False
    facts = ("contract_on", "rate_bp", "term_months")
    if any(getattr(known, name) != contract[name] for name in facts):
        raise Conflict(_("该合同已登记，日期、利率或期限与本次不一致。"), code="other_facts", remedy=_("请核对合同。"))
    return True
