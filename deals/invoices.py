"""发票查验: whether an invoice still stands, as the tax platform says on a day. It is asked again before money is settled, and every year.

A check is a fact and never refused for what it says; a reversed or void invoice is a question to the office that approves
(`deals.crosschecks`), and no claim for its drawdown is settled.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param, amend
from deals.clocks import day
from deals.drawdowns import by_bank_of_drawdown, invoice_problems
from deals.models import Deal, Drawdown, SubsidyClaim
from organisations import policy
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit

I = Drawdown.Invoice  # noqa: E741 -- the rules read better with one letter
OVER = (SubsidyClaim.State.SETTLED, SubsidyClaim.State.REFUSED)
ENDED = (I.REVERSED, I.VOID)
LINES = (Unit.Line.FINANCE, Unit.Line.INDUSTRY, Unit.Line.NDRC)
RECHECK = "invoice_recheck_days"

CHECK = (
    Param("status", "choice", _("发票状态"), choices=lambda: [(value, label) for value, label in I.choices if value != I.UNCHECKED]),
    Param("on", "date", _("查验日期")),
    Param("ended_on", "date", _("红冲或作废日期"), required=False, help=_("状态为已红冲、已作废的须填写。")),
    Param("invoice_no", "text", _("换开后的发票号码"), required=False, help=_("原发票已换开的填写，状态为新发票的状态。")),
    Param("invoice_on", "date", _("开票日期"), required=False),
    Param("amount", "wan", _("发票价税合计（万元）"), required=False),
    Param("net", "wan", _("发票不含税金额（万元）"), required=False),
)


def by_checker(drawdown: Drawdown, by: Person) -> bool:
    """The bank that paid on it, or an office of the province that reviews or decides on the money."""
    return by_bank_of_drawdown(drawdown, by) or any(by.office(*REVIEW_ROLES, line=line, province=drawdown.province) for line in LINES)


def check_invoice(
    drawdown: Drawdown,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    status: str,
    on: dt.date,
    ended_on: dt.date | None = None,
    invoice_no: str = "",
    invoice_on: dt.date | None = None,
    amount: Decimal | None = None,
    net: Decimal | None = None,
    note: str = "",
) -> Drawdown:
    """What the platform said of the invoice that day. What is not told anew stays as it was."""

    def problems(row: Drawdown) -> Iterable[Problem]:
        yield from invoice_problems(invoice_no)
        if not (row.invoice_no or invoice_no):
            yield Problem("status", "no_invoice", _("该笔放款没有登记发票号码。"), _("请先登记发票号码。"))
        if status not in I.values or status == I.UNCHECKED:
            yield Problem("status", "unknown_choice", _("没有此发票状态。"), _("请从列出的选项中选择。"))
        if on > day(at) or (row.invoice_checked_on is not None and on < row.invoice_checked_on):
            yield Problem("on", "out_of_range", _("查验日期须在上次查验与今天之间。"), _("请按查验结果填写。"))
        if (status in ENDED) != (ended_on is not None):
            yield Problem("ended_on", "contradicts", _("已红冲、已作废的须填写日期，正常的不填。"), _("请按查验结果填写。"))
        if ended_on is not None and ended_on > on:
            yield Problem("ended_on", "out_of_range", _("红冲或作废日期晚于查验日期。"), _("请按查验结果填写。"))
        if invoice_on is not None and invoice_on > on:
            yield Problem("invoice_on", "out_of_range", _("开票日期晚于查验日期。"), _("请按发票填写。"))
        if amount is not None and amount <= 0:
            yield Problem("amount", "not_positive", _("发票金额须大于 0。"), _("请按发票填写。"))
        if net is not None and not 0 < net <= (amount or row.invoice_amount or net):
            yield Problem("net", "out_of_range", _("不含税金额须大于 0 且不超过价税合计。"), _("请按发票填写。"))

    told = {"invoice_no": invoice_no.strip() or None, "invoice_on": invoice_on, "invoice_amount": amount, "invoice_net": net}
    changes = {name: value for name, value in told.items() if value is not None}
    changes |= {"invoice_status": status, "invoice_checked_on": on, "invoice_ended_on": ended_on}
    return amend(drawdown, "check_invoice", by=by, at=at, seen=seen, note=note, changes=changes, allow=by_checker, also=problems)


def due(rows: QuerySet[Drawdown], *, on: dt.date) -> QuerySet[Drawdown]:
    """Those whose invoice was not asked about within the term, of loans that still owe or claims that wait for money."""
    late = Q(invoice_checked_on=None)
    for province in set(Unit.objects.filter(kind=Unit.Kind.PROVINCE).values_list("province", flat=True)):
        late |= Q(province=province, invoice_checked_on__lt=on - dt.timedelta(days=policy.number(RECHECK, province=province, on=on)))
    claimed = SubsidyClaim.objects.exclude(state__in=OVER).values("deal")
    running = ~Q(deal__state=Deal.State.REPAID) | Q(deal__in=claimed)
    return rows.filter(late, running).exclude(invoice_key="").exclude(invoice_status__in=ENDED)


def unsettled(claims: Sequence[SubsidyClaim], *, on: dt.date) -> dict[int, list[Problem]]:
    """Claim → why no money goes out for it yet: an invoice of its loan is gone, or was not asked about within the term."""
    rows: dict[int, list[Drawdown]] = defaultdict(list)
    for row in Drawdown.objects.filter(deal__in={claim.deal_id for claim in claims}).exclude(invoice_key="").order_by("number"):
        rows[row.deal_id].append(row)
    provinces = {row.province for found in rows.values() for row in found}
    since = {province: on - dt.timedelta(days=policy.number(RECHECK, province=province, on=on)) for province in provinces}
    return {
        claim.pk: [problem for row in rows[claim.deal_id] if (problem := _why_unsettled(row, since[row.province])) is not None]
        for claim in claims
    }


def _why_unsettled(drawdown: Drawdown, since: dt.date) -> Problem | None:
    told = {"number": drawdown.number, "invoice": drawdown.invoice_no}
    if drawdown.invoice_status in ENDED:
        message = _("第 %(number)s 笔放款的发票 %(invoice)s %(status)s。") % (told | {"status": drawdown.get_invoice_status_display()})
        return Problem("invoices", "invoice_ended", message, _("请核实是否已换开发票；未换开的，不予拨付。"))
    if drawdown.invoice_checked_on is None or drawdown.invoice_checked_on < since:
        message = _("第 %(number)s 笔放款的发票 %(invoice)s 尚未在期限内查验。") % told
        return Problem("invoices", "invoice_unchecked", message, _("请先在税务查验平台查验，并登记结果。"))
    return None
