"""Cross-checks in the admin: the flags of the offices that answer them, and the register of companies they are found by."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from deals.crosschecks import words
from deals.crosschecks.flags import FLAG_ACTIONS, FLAG_STEPS, OF_FLAG
from deals.crosschecks.models import CrossCheckFlag
from deals.models import SubsidyClaim
from organisations.desk import Desk, ReadOnly, in_percent, state, table
from organisations.step_desk import StepDesk


class FlagDesk(StepDesk, ReadOnly):
    list_display = ("rule_told", "told", state, "firm", "found_at")
    list_filter = ("state", "rule")
    search_fields = ("claim__deal__firm__name", "claim__deal__firm__uscc", "claim__deal__contract_no")
    list_select_related = ("claim__deal__firm",)
    date_hierarchy = "found_at"
    ordering = ("-id",)
    steps, step_functions = FLAG_STEPS, FLAG_ACTIONS
    bulk_verbs = ("dismiss",)
    exclude = ("rule", "key", "evidence")
    readonly_fields = ("version", "rule_told", "told")

    def loaded(self, rows: QuerySet[CrossCheckFlag]) -> QuerySet[CrossCheckFlag]:
        return rows.select_related(*OF_FLAG)

    @display(description=_("企业"), ordering="claim__deal__firm__name")
    def firm(self, flag: CrossCheckFlag) -> str:
        return flag.claim.deal.firm.name

    @display(description=_("规则"), ordering="rule")
    def rule_told(self, flag: CrossCheckFlag) -> str:
        return str(words.LABELS[flag.rule])

    @display(description=_("依据"))
    def told(self, flag: CrossCheckFlag) -> str:
        return words.told(flag.rule, flag.evidence)


class CompanyDesk(Desk):
    list_display = ("name", "uscc", "legal_representative", "state", "on", "source")
    list_filter = ("state",)
    search_fields = ("name", "uscc", "legal_representative")
    date_hierarchy = "on"
    ordering = ("-on", "-id")


class ShareholdingDesk(Desk):
    list_display = ("holder_uscc", "company_uscc", in_percent("share_bp", _("持股")), "valid_from", "valid_to", "source")
    search_fields = ("holder_uscc", "company_uscc")
    ordering = ("-valid_from", "-id")


def told_on(claim: SubsidyClaim) -> Any:
    """The flags of a claim line by line, each leading to where it is answered."""
    flags = CrossCheckFlag.objects.filter(claim=claim).select_related("drawdown").order_by("drawdown__number", "rule", "pk")
    head = (_("提款"), _("规则"), _("依据"), _("状态"), _("处理理由"))
    rows = [
        (
            f"#{flag.drawdown.number}",
            format_html('<a href="{}">{}</a>', reverse("admin:deals_crosscheckflag_change", args=[flag.pk]), words.LABELS[flag.rule]),
            words.told(flag.rule, flag.evidence),
            flag.get_state_display(),
            flag.answer or "—",
        )
        for flag in flags
    ]
    return table(head, rows) if rows else str(_("没有核查提示。"))
