"""What comes back, in parts, until nothing is left. Each receipt goes back to the budgets its claims were paid from, the oldest first."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Problem
from common.money import format_yuan
from common.steps import lock, record, take
from deals.clocks import day
from deals.models import Recovery, RecoveryPart, RecoveryReceipt
from deals.recovery.states import RECOVERY_STEPS, by_office
from deals.recovery.steps import end_if_complete, loaded
from ledger import accounts
from ledger.accounts import Reverse
from organisations.actors import Person
from schemes.models import Budget

ZERO = Decimal(0)


def receive(
    recovery: Recovery, *, on: dt.date, slip_no: str, amount: Decimal, by: Person, at: dt.datetime, seen: int, note: str = ""
) -> Recovery:
    """A receipt, known by its slip: sent again it is the same one."""
    slip_no = slip_no.strip()
    with transaction.atomic():
        lock(Recovery.objects.filter(pk=recovery.pk))
        row = loaded(recovery)
        known = RecoveryReceipt.objects.filter(recovery=row, slip_no=slip_no).first()
        if known is not None and by_office(row, by):
            if (known.on, known.amount) != (on, amount):
                raise Conflict(
                    _("凭证 %(slip)s 已登记，与本次填写的内容不一致。") % {"slip": slip_no}, code="other_facts", remedy=_("请核对凭证号。")
                )
            return row

        def problems(current: Recovery) -> Iterator[Problem]:
            if not slip_no:
                yield Problem("slip_no", "required", _("请填写凭证号。"), _("凭证号用于防止重复登记。"))
            if on > day(at) or (current.decided_on is not None and on < current.decided_on):
                yield Problem("on", "out_of_range", _("入账日期须在决定日期与今天之间。"), _("请按凭证填写。"))
            left = current.left or ZERO
            if not 0 < amount <= left:
                told = {"amount": format_yuan(amount), "left": format_yuan(left)}
                message = _("金额 %(amount)s 元须大于 0 且不超过尚未收回的 %(left)s 元。") % told
                yield Problem("amount", "out_of_range", message, _("多缴的部分不属于追回款，请退回付款人。"))

        before = row.recovered
        take(
            RECOVERY_STEPS,
            "receive",
            row,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes=lambda current: {"recovered": current.recovered + amount},
            also=problems,
            facts={"slip_no": [None, slip_no]},
        )
        receipt = RecoveryReceipt.objects.create(recovery=row, on=on, amount=amount, slip_no=slip_no, province=row.province)
        record(receipt, "receive", by=by, at=at, changes={"amount": [None, amount]})
        _give_back(row, receipt, before, by=by, at=at)
        end_if_complete(row, at=at)
    return row


def _give_back(row: Recovery, receipt: RecoveryReceipt, before: Decimal, *, by: Person, at: dt.datetime) -> None:
    """What was posted of each claim is reversed; for a scheme without a budget, or paid before Fulcrum was, nothing was posted."""
    budgets = dict(Budget.objects.filter(scheme=row.scheme_id).values_list("fiscal_year", "account"))
    reverses = [
        Reverse(budgets[part.claim.fiscal_year], amount, f"recovery:{row.pk}:receipt:{receipt.pk}:claim:{part.claim_id}")
        for part, amount in _shares(row, before, receipt.amount)
        if part.claim.fiscal_year in budgets and not part.claim.is_opening
    ]
    accounts.reverse_many(reverses, by=by, at=at, note=receipt.slip_no)


def _shares(row: Recovery, before: Decimal, amount: Decimal) -> Iterator[tuple[RecoveryPart, Decimal]]:
    """The claims whose parts lie between what had come back before and what has now."""
    reached, until = ZERO, before + amount
    for part in RecoveryPart.objects.filter(recovery=row, is_withheld=False).select_related("claim").order_by("claim__period_end", "pk"):
        share = min(until, reached + part.amount) - max(before, reached)
        reached += part.amount
        if share > 0:
            yield part, share
