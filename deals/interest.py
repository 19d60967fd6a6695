"""Interest as charged: recorded from the slip, compared with ours. A difference is a query to be cleared, never a refusal."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, NotAllowed, Problem
from common.steps import Taken, actor_for, lock, only, record, record_many
from deals.bulk import By
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
    facts = {"slip_no": slip_no, "period_start": period_start, "period_end": period_end, "paid_on": paid_on, "amount": amount}
    receipt: InterestReceipt = only(record_receipts([(deal, facts)], by=by, at=at))
    return receipt


def record_receipts(rows: Sequence[tuple[Deal, Mapping[str, Any]]], *, by: By, at: dt.datetime) -> list[Taken]:
    """`record_receipt` for (deal, facts) pairs, in a few queries. A result carries the slip, or the deal with the error."""
    with transaction.atomic():
        deals = {deal.pk: deal for deal in loaded([deal for deal, _facts in rows])}
        states = dict(lock_states(Deal.objects.filter(pk__in=deals)))
        known = {(row.deal_id, row.slip_no): row for row in InterestReceipt.objects.filter(deal__in=deals)}
        figures = Figures(loans(deals.values()))
        allowed = {province: tolerance(province, on=day(at)) for province in {deal.province for deal in deals.values()}}
        results: list[Taken] = []
        fresh: list[InterestReceipt] = []
        for deal, facts in rows:
            row = InterestReceipt(deal=deal, province=deal.province, **{**facts, "slip_no": facts["slip_no"].strip()})
            error = _why_not(row, known.get((deal.pk, row.slip_no)), states[deal.pk], by=actor_for(by, deal), at=at)
            if error is not None:
                results.append(Taken(deal, error))
                continue
            if (deal.pk, row.slip_no) not in known:
                row.query = figures.query(row, allowed[deal.province])
                known[deal.pk, row.slip_no] = row
                fresh.append(row)
            results.append(Taken(known[deal.pk, row.slip_no]))
        InterestReceipt.objects.bulk_create(fresh, batch_size=1000)
        record_many(fresh, "receive", by={row.pk: actor_for(by, row.deal) for row in fresh}, at=at)
    return results


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


class Figures:
    """What some loans should have been charged: gross, and net of what their banks deduct themselves."""

    def __init__(self, found: Mapping[int, Loan]) -> None:
        self.loans = found
        self.netted: dict[int, list[tuple[dt.date, dt.date, Decimal]]] = {pk: [] for pk in found}
        rows = AccrualLine.objects.filter(drawdown__deal__in=found, version__scheme__channel=Scheme.Channel.BANK_NET).order_by("pk")
        for deal, first, last, amount in rows.values_list("drawdown__deal", "period_start", "period_end", "amount"):
            self.netted[deal].append((first, last, amount))

    def of(self, deal_id: int, first: dt.date, last: dt.date) -> tuple[Decimal, Decimal]:
        """(gross, net) for these days; nothing for a loan of which nothing is drawn."""
        if deal_id not in self.loans or last < first:
            return ZERO, ZERO
        gross = self.loans[deal_id].interest_of(first, last)
        return gross, gross - sum((amount for start, end, amount in self.netted[deal_id] if first <= start and end <= last), ZERO)

    def query(self, row: InterestReceipt, allowed: Decimal) -> str:
        gross, net = self.of(row.deal_id, row.period_start, row.period_end)
        if min(abs(row.amount - gross), abs(row.amount - net)) <= allowed:
            return ""
        return str(_("系统测算应付利息 %(gross)s 元（扣除贴息后 %(net)s 元），与凭证不符。") % {"gross": gross, "net": net})

    def borne(self, receipts: Sequence[InterestReceipt], *, allowed: Decimal) -> Decimal:
        """The interest of these slips before subsidy: where the bank collected the net amount, what it deducted belongs to it."""
        total = ZERO
        for row in receipts:
            gross, net = self.of(row.deal_id, row.period_start, row.period_end)
            is_net = abs(row.amount - gross) > allowed >= abs(row.amount - net)
            total += row.amount + (gross - net if is_net else ZERO)
        return total


def tolerance(province: str, *, on: dt.date) -> Decimal:
    return policy.value("interest_tolerance", province=province, on=on)


def lock_states(deals: QuerySet[Deal]) -> list[tuple[int, str]]:
    """Lock the deals; (id, state) of each."""
    return [(deal.pk, deal.state) for deal in lock(deals)]


def _why_not(row: InterestReceipt, known: InterestReceipt | None, state: str, *, by: Person, at: dt.datetime) -> DomainError | None:
    deal = row.deal
    if not (by_bank(deal, by) or by_firm(deal, by)):
        return NotAllowed(_("付息凭证由经办银行或企业登记。"))
    if known is not None:
        same = all(getattr(known, name) == getattr(row, name) for name in ("period_start", "period_end", "paid_on", "amount"))
        return None if same else _other_facts(known)
    problems = _problems(row, state, at=at)
    return Invalid(problems) if problems else None


def _problems(row: InterestReceipt, state: str, *, at: dt.datetime) -> list[Problem]:
    """Only what cannot be."""
    problems = []
    if state not in RUNNING:
        problems.append(Problem("deal", "not_signed", _("尚未签约的对接项目没有利息。"), _("请先登记签约和放款。")))
    if not row.slip_no:
        problems.append(Problem("slip_no", "required", _("请填写付息凭证号。"), _("凭证号用于防止重复登记。")))
    if row.period_end < row.period_start:
        problems.append(Problem("period_end", "before_start", _("计息期止早于计息期起。"), _("请按凭证填写。")))
    if row.paid_on > day(at):
        problems.append(Problem("paid_on", "in_future", _("付息日期晚于今天。"), _("请在付息后登记。")))
    if row.amount < 0:
        problems.append(Problem("amount", "negative", _("利息不能为负数。"), _("退息请联系经办银行更正凭证。")))
    return problems


def _other_facts(known: InterestReceipt) -> Conflict:
    return Conflict(
        _("付息凭证 %(slip)s 已登记，与本次填写的内容不一致。") % {"slip": known.slip_no}, code="other_facts", remedy=_("请核对凭证号。")
    )
