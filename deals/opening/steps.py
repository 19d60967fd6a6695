"""Entering a loan of the stock, correcting it, confirming it. Nothing is lent, promised or posted by it: it happened before."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed
from common.steps import record, take
from deals.clocks import day
from deals.opening import rules, writing
from deals.opening.facts import LoanTold
from deals.opening.models import OpeningLoan
from deals.opening.states import OPENING_STEPS, provinces_of
from lenders.models import Branch
from organisations.actors import Person

RELATED = ("branch__organisation", "branch__bank", "entered_by", "deal")


def loaded(loan: OpeningLoan) -> OpeningLoan:
    """With all that permissions read."""
    return OpeningLoan.objects.select_related(*RELATED).get(pk=loan.pk)


def propose(told: LoanTold, *, province: str, by: Person, at: dt.datetime) -> OpeningLoan:
    """Enter a loan for a second person to confirm. The same loan told again in the same words is the same row."""
    if province not in provinces_of(by):
        raise NotAllowed(_("存量贷款由省级主管部门录入。"))
    with transaction.atomic():
        known = OpeningLoan.objects.filter(branch__code=told.branch, contract_no=told.contract_no).first()
        if known is not None:
            return _known(known, told)
        _require_sound(told, province=province, at=at)
        branch = Branch.objects.get(code=told.branch)
        loan = OpeningLoan.objects.create(branch=branch, province=province, **_columns(told, by=by, at=at))
        record(loan, "enter", by=by, at=at, changes={"as_of": [None, told.as_of], "outstanding": [None, told.outstanding]})
    return loan


def revise(loan: OpeningLoan, told: LoanTold, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> OpeningLoan:
    """What was entered wrong is entered anew; whoever does so is the one who entered it."""
    if (loan.branch.code, loan.contract_no) != (told.branch, told.contract_no):
        raise Conflict(_("银行机构或合同编号与原录入不同。"), code="other_loan", remedy=_("另一笔贷款请另行录入。"))
    _require_sound(told, province=loan.province, at=at)
    row: OpeningLoan = take(OPENING_STEPS, "revise", loaded(loan), by=by, at=at, seen=seen, note=note, changes=_columns(told, by=by, at=at))
    return row


def confirm(loan: OpeningLoan, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> OpeningLoan:
    """A second person has compared it with the papers: firm, project, loan and what was paid of it are written, and marked."""
    row = loaded(loan)

    def written(current: OpeningLoan) -> Mapping[str, Any]:
        told = LoanTold.from_plain(current.told)
        ground = _require_sound(told, province=current.province, at=at)
        return {"deal": writing.write(told, ground, by=by, at=at)}

    with transaction.atomic():
        taken: OpeningLoan = take(OPENING_STEPS, "confirm", row, by=by, at=at, seen=seen, note=note, changes=written)
    return taken


def reject(loan: OpeningLoan, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> OpeningLoan:
    row: OpeningLoan = take(OPENING_STEPS, "reject", loaded(loan), by=by, at=at, seen=seen, note=note)
    return row


OPENING_ACTIONS = {"confirm": confirm, "reject": reject}


def _known(known: OpeningLoan, told: LoanTold) -> OpeningLoan:
    if known.told == told.as_plain() and known.state != OpeningLoan.State.REJECTED:
        return known
    raise Conflict(
        _("该合同已录入（%(state)s），与本次填写的内容不一致。") % {"state": known.get_state_display()},
        code="other_facts",
        remedy=_("更正请用导出的文件，保留“编号”和“版本”；已入账的不能更正。"),
    )


def _require_sound(told: LoanTold, *, province: str, at: dt.datetime) -> rules.Ground:
    ground = rules.Ground([told], province=province, on=day(at))
    if problems := rules.problems(told, ground, at=at):
        raise Invalid(problems)
    return ground


def _columns(told: LoanTold, *, by: Person, at: dt.datetime) -> dict[str, Any]:
    """`told` whole, and what of it is found by."""
    own = ("as_of", "firm_uscc", "firm_name", "project_code", "contract_no", "amount", "drawn", "outstanding", "paid_before")
    facts = {name: getattr(told, name) for name in own}
    return facts | {
        "interest_paid_to": told.interest_paid_to,
        "told": told.as_plain(),
        "entered_by_id": by.user_id,
        "entered_at": at,
    }
