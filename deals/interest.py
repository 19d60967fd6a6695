"""Interest as charged: recorded from the slip, compared with ours. A difference is a query to be cleared, never a refusal."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import lock, record
from deals.clocks import day
from deals.invitations import loaded
from deals.loans import Loan, loans
from deals.models import AccrualLine, Deal, InterestReceipt, RatePeriod
from deals.states import by_bank, by_firm
from organisations import policy
from organisations.actors import Person
from schemes.models import Scheme

ZERO = Decimal(0)
RUNNING = (Deal.State.SIGNED, Deal.State.DRAWING, Deal.State.COMPLETED, Deal.State.REPAID)


def record_receipt(
    deal: Deal,
    *,
    by: Person,
    at: dt.datetime,
    slip_no: str,
    period_start: dt.date,
    period_end: dt.date,
    paid_on: dt.date,
    amount: Decimal,
) -> InterestReceipt:
    """A slip of interest paid. Beyond the tolerance of our own figure it carries a query. The same slip again is the same row."""
    with transaction.atomic():
        lock(Deal.objects.filter(pk=deal.pk))
        (deal,) = loaded([deal])
        if not (by_bank(deal, by) or by_firm(deal, by)):
            raise NotAllowed(_("付息凭证由经办银行或企业登记。"))
        facts = {"period_start": period_start, "period_end": period_end, "paid_on": paid_on, "amount": amount}
        known = InterestReceipt.objects.filter(deal=deal, slip_no=slip_no.strip()).first()
        if known is not None:
            return _same(known, facts)
        if problems := _problems(deal, slip_no, period_start, period_end, paid_on, amount, at=at):
            raise Invalid(problems)
        query = _query(deal, period_start, period_end, amount, on=day(at))
        row = InterestReceipt.objects.create(deal=deal, slip_no=slip_no.strip(), query=query, province=deal.province, **facts)
        record(row, "receive", by=by, at=at, note=query, changes={"amount": [None, amount]})
    return row


def change_rate(deal: Deal, *, by: Person, at: dt.datetime, valid_from: dt.date, rate_bp: int) -> RatePeriod:
    """A floating rate was fixed anew from a day on."""
    with transaction.atomic():
        lock(Deal.objects.filter(pk=deal.pk))
        (deal,) = loaded([deal])
        if not by_bank(deal, by):
            raise NotAllowed(_("利率变动由经办银行登记。"))
        if deal.state not in RUNNING or valid_from < deal.contract_on:
            raise Invalid([Problem("valid_from", "before_contract", _("利率变动须在签约之后。"), _("请核对日期。"))])
        row, created = RatePeriod.objects.get_or_create(
            deal=deal, valid_from=valid_from, defaults={"rate_bp": rate_bp, "province": deal.province}
        )
        if not created and row.rate_bp != rate_bp:
            raise Conflict(_("该日起的利率已登记为 %(rate)s 基点。") % {"rate": row.rate_bp}, code="other_facts", remedy=_("请核对利率。"))
        if created:
            record(row, "change_rate", by=by, at=at, changes={"rate_bp": [None, rate_bp]})
    return row


def borne(loan: Loan, receipts: Sequence[InterestReceipt], *, tolerance: Decimal) -> Decimal:
    """The interest of these slips before subsidy: where the bank collected the net amount, what it deducted belongs to it."""
    total = ZERO
    for row in receipts:
        gross, net = _figures(loan, row.period_start, row.period_end)
        is_net = abs(row.amount - gross) > tolerance >= abs(row.amount - net)
        total += row.amount + (gross - net if is_net else ZERO)
    return total


def tolerance(province: str, *, on: dt.date) -> Decimal:
    return policy.value("interest_tolerance", province=province, on=on)


def _figures(loan: Loan, first: dt.date, last: dt.date) -> tuple[Decimal, Decimal]:
    """(gross, net of what the bank deducts itself) for these days, as we compute them."""
    gross = loan.interest_of(first, last)
    netted = AccrualLine.objects.filter(
        drawdown__deal=loan.deal,
        version__scheme__channel=Scheme.Channel.BANK_NET,
        period_start__gte=first,
        period_end__lte=last,
    ).aggregate(sum=Sum("amount"))["sum"]
    return gross, gross - (netted or ZERO)


def _query(deal: Deal, first: dt.date, last: dt.date, amount: Decimal, *, on: dt.date) -> str:
    loan = loans([deal]).get(deal.pk)
    gross, net = _figures(loan, first, last) if loan else (ZERO, ZERO)
    allowed = tolerance(deal.province, on=on)
    if min(abs(amount - gross), abs(amount - net)) <= allowed:
        return ""
    return str(_("系统测算应付利息 %(gross)s 元（扣除贴息后 %(net)s 元），与凭证不符。") % {"gross": gross, "net": net})


def _problems(
    deal: Deal, slip_no: str, first: dt.date, last: dt.date, paid_on: dt.date, amount: Decimal, *, at: dt.datetime
) -> list[Problem]:
    """Only what cannot be."""
    problems = []
    if deal.state not in RUNNING:
        problems.append(Problem("deal", "not_signed", _("尚未签约的对接项目没有利息。"), _("请先登记签约和放款。")))
    if not slip_no.strip():
        problems.append(Problem("slip_no", "required", _("请填写付息凭证号。"), _("凭证号用于防止重复登记。")))
    if last < first:
        problems.append(Problem("period_end", "before_start", _("计息期止早于计息期起。"), _("请按凭证填写。")))
    if paid_on > day(at):
        problems.append(Problem("paid_on", "in_future", _("付息日期晚于今天。"), _("请在付息后登记。")))
    if amount < 0:
        problems.append(Problem("amount", "negative", _("利息不能为负数。"), _("退息请联系经办银行更正凭证。")))
    return problems


def _same(known: InterestReceipt, facts: dict[str, object]) -> InterestReceipt:
    if any(getattr(known, name) != value for name, value in facts.items()):
        raise Conflict(
            _("付息凭证 %(slip)s 已登记，与本次填写的内容不一致。") % {"slip": known.slip_no},
            code="other_facts",
            remedy=_("请核对凭证号。"),
        )
    return known
