"""Loans of the stock in the admin: what the import has entered, for a second person to compare with the papers and confirm, one or many."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.money import format_yuan
from deals.models import OpeningLoan
from deals.opening.facts import LoanTold
from deals.opening.states import OPENING_STEPS
from deals.opening.steps import OPENING_ACTIONS, RELATED
from organisations.desk import ReadOnly, in_wan, state, table
from organisations.step_desk import StepDesk

AMOUNT, DRAWN = in_wan("amount", _("合同（万元）")), in_wan("drawn", _("已放款（万元）"))
OUTSTANDING, PAID = in_wan("outstanding", _("余额（万元）")), in_wan("paid_before", _("已付贴息（万元）"))


class OpeningDesk(StepDesk, ReadOnly):
    list_display = ("firm_name", "branch", state, "as_of", "contract_no", AMOUNT, OUTSTANDING, PAID, "entered_by")
    list_filter = ("state", "as_of", "branch__bank")
    search_fields = ("firm_name", "firm_uscc", "project_code", "contract_no")
    list_select_related = ("branch__organisation", "entered_by")
    ordering = ("-id",)
    steps, step_functions = OPENING_STEPS, OPENING_ACTIONS
    bulk_verbs = ("confirm", "reject")
    readonly_fields = ("version", AMOUNT, DRAWN, OUTSTANDING, PAID, "drawdowns_told", "repayments_told", "paid_told")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("firm_name", "firm_uscc"),
                    ("project_code", "branch"),
                    ("state", "version"),
                    ("as_of", "deal"),
                    ("entered_by", "entered_at"),
                )
            },
        ),
        (_("贷款"), {"fields": (("contract_no", AMOUNT), (DRAWN, OUTSTANDING), ("interest_paid_to", PAID))}),
        (_("放款"), {"fields": ("drawdowns_told",)}),
        (_("还款"), {"fields": ("repayments_told",)}),
        (_("已付贴息"), {"fields": ("paid_told",)}),
    )

    def loaded(self, rows: QuerySet[OpeningLoan]) -> QuerySet[OpeningLoan]:
        return rows.select_related(*RELATED)

    @display(description=_("放款明细"))
    def drawdowns_told(self, row: OpeningLoan) -> Any:
        head = (_("借据号"), _("放款日期"), _("放款（元）"), _("其中设备款（元）"), _("收款供应商"), _("划付供应商日期"), _("发票号码"))
        told = LoanTold.from_plain(row.told).drawdowns
        return _table(
            head,
            [
                (
                    one.slip_no,
                    one.drawn_on,
                    format_yuan(one.amount),
                    format_yuan(one.amount if one.equipment_amount is None else one.equipment_amount),
                    one.payee,
                    one.paid_to_supplier_on or "—",
                    one.invoice_no or "—",
                )
                for one in told
            ],
        )

    @display(description=_("还款明细"))
    def repayments_told(self, row: OpeningLoan) -> Any:
        told = LoanTold.from_plain(row.told).repayments
        head = (_("借据号"), _("还款日期"), _("还款（元）"), _("凭证号"))
        return _table(head, [(one.slip_no, one.on, format_yuan(one.amount), one.voucher_no) for one in told])

    @display(description=_("已付贴息明细"))
    def paid_told(self, row: OpeningLoan) -> Any:
        told = LoanTold.from_plain(row.told).paid
        head = (_("政策"), _("贴息期间"), _("已付（元）"), _("资金文号"))
        rows = [(one.scheme, f"{one.period_start} — {one.period_end}", format_yuan(one.amount), one.document_no or "—") for one in told]
        return _table(head, rows)


def _table(head: Any, rows: list[Any]) -> Any:
    return table(head, rows) if rows else str(_("没有明细。"))
