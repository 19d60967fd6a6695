"""The bank tells what a loan costs beside its interest; interest itself comes from the terms."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import Param, lock, record
from deals.costs.models import LoanCost
from deals.models import Deal
from deals.states import BEFORE_SIGNING, by_bank
from organisations.actors import Person

D = Deal.State
TOLD_IN = BEFORE_SIGNING | {D.SIGNED, D.DRAWING}
COST = (
    Param("kind", "code", _("费用项目"), choices=lambda: list(LoanCost.Kind.choices)),
    Param(
        "charged_by",
        "text",
        _("收取机构"),
        help=_("例如：担保公司、评估机构、不动产登记中心。同一机构的同一项目再次登记，以最后一次为准。"),
    ),
    Param("due", "code", _("收取方式"), choices=lambda: list(LoanCost.Due.choices)),
    Param("amount", "wan", _("每次金额（万元）"), help=_("不再收取的填 0。")),
    Param("basis", "text", _("收费依据"), required=False),
)


def may_tell(deal: Deal, by: Person) -> bool:
    return deal.state in TOLD_IN and by_bank(deal, by)


def tell_cost(
    deal: Deal, *, kind: str, charged_by: str, due: str, amount: Decimal, by: Person, at: dt.datetime, basis: str = ""
) -> LoanCost:
    """One line of the sheet, new or in place of the one told before. The same again changes nothing."""
    charged_by, told = charged_by.strip(), {"due": due, "amount": amount, "basis": basis.strip()}
    with transaction.atomic():
        (current,) = lock(Deal.objects.filter(pk=deal.pk).select_related("branch"))
        if not by_bank(current, by):
            raise NotAllowed(_("贷款费用由经办银行登记。"))
        if current.state not in TOLD_IN:
            raise Conflict(_("此笔对接已结束，不再登记费用。"))
        if problems := list(_problems(charged_by, amount)):
            raise Invalid(problems)
        row, is_new = LoanCost.objects.get_or_create(
            deal=current, kind=kind, charged_by=charged_by, defaults=told | {"province": current.province}
        )
        before = dict.fromkeys(told) if is_new else {name: getattr(row, name) for name in told}
        if before == told:
            return row
        if not is_new:
            for name, value in told.items():
                setattr(row, name, value)
            row.version += 1
            row.save(update_fields=[*told, "version"])
        record(row, "tell", by=by, at=at, changes={name: [before[name], value] for name, value in told.items() if before[name] != value})
    return row


def _problems(charged_by: str, amount: Decimal) -> Iterable[Problem]:
    if not charged_by:
        yield Problem("charged_by", "required", _("请填写收取机构。"), _("每项费用须写明由谁收取。"))
    if amount < 0:
        yield Problem("amount", "negative", _("费用金额不能小于 0。"), _("不再收取的填 0。"))
