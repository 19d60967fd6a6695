"""追回 in the admin: raise a doubt, follow it to the last receipt, with the computation of what is taken back claim by claim."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.errors import Invalid, NotFound, Problem
from common.money import format_yuan
from deals.models import Recovery, RecoveryPart, RecoveryReceipt
from deals.recovery.actions import RECOVERY_ACTIONS
from deals.recovery.queries import loan_in_sight
from deals.recovery.states import DOUBT, RECOVERY_STEPS, may_raise
from deals.recovery.steps import RELATED, raise_doubt
from organisations.actors import Person
from organisations.desk import ReadOnly, Rows, in_yuan, state, table
from organisations.step_desk import Act, StepDesk

AMOUNT, RECOVERED = in_yuan("amount", _("应追回（元）")), in_yuan("recovered", _("已收回（元）"))


def raise_at(_nothing: None, by: Person, values: dict[str, Any]) -> Recovery:
    """A doubt about a loan that is named by its number."""
    number = values.pop("deal")
    try:
        deal = loan_in_sight(by, number)
    except NotFound:
        raise Invalid([Problem("deal", "unknown", _("没有编号为 %(id)s 的对接项目。") % {"id": number}, _("请核对编号。"))]) from None
    return raise_doubt(deal, by=by, at=by.at, **values)


RAISE = Act(_("提出存疑"), DOUBT, lambda _nothing, by: any(may_raise(seat.province, by) for seat in by.seats), raise_at)


class ReceiptRows(Rows):
    model = RecoveryReceipt
    fields = ("on", "amount", "slip_no")
    show_change_link = False


class RecoveryDesk(StepDesk, ReadOnly):
    list_display = ("firm", "scheme", state, "suspended_from", "due_on", AMOUNT, RECOVERED, "pay_by", "document_no")
    list_filter = ("state", "scheme", "scope")
    search_fields = ("deal__firm__name", "deal__firm__uscc", "deal__contract_no", "document_no")
    list_select_related = ("deal__firm", "scheme")
    date_hierarchy = "suspended_from"
    ordering = ("-id",)
    inlines = (ReceiptRows,)
    steps, step_functions = RECOVERY_STEPS, RECOVERY_ACTIONS
    list_acts = {"doubt": RAISE}
    readonly_fields = ("version", AMOUNT, RECOVERED, "taken")
    fieldsets = (
        (None, {"fields": (("deal", "scheme"), ("office", "state", "version"), "reason", ("suspended_from", "due_on"))}),
        (_("说明与认定"), {"fields": ("explanation", "statement", "finding", ("drawdown", "diverted_amount", "diverted_from"))}),
        (_("决定"), {"fields": (("document_no", "decided_on", "pay_by"), ("scope", "reckoned_to"), (AMOUNT, RECOVERED))}),
        (_("逐件计算"), {"fields": ("taken",)}),
    )

    def loaded(self, rows: QuerySet[Recovery]) -> QuerySet[Recovery]:
        return rows.select_related(*RELATED)

    @display(description=_("企业"), ordering="deal__firm__name")
    def firm(self, recovery: Recovery) -> str:
        return recovery.deal.firm.name

    @display(description=_("追回与扣减"))
    def taken(self, recovery: Recovery) -> Any:
        parts = RecoveryPart.objects.filter(recovery=recovery).select_related("claim").order_by("claim__period_end", "pk")
        head = (_("结息日"), _("申请（元）"), _("涉及计提（元）"), _("基数（元）"), _("基数 × 涉及 ÷ 申请（元）"), _("办法"))
        rows = [
            (
                part.claim.period_end,
                format_yuan(part.claim.requested),
                format_yuan(part.affected),
                format_yuan(part.base),
                format_yuan(part.amount),
                _("未付扣减") if part.is_withheld else _("追回"),
            )
            for part in parts
        ]
        return table(head, rows) if rows else str(_("尚未作出决定。"))
