"""资金安排方案 in the admin: draft from what waits, see each claim with its cut and why, notice, objections, document, payment."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.money import format_yuan
from deals.funding.states import BATCH_STEPS, DRAFT, OBJECTION_STEPS
from deals.funding.steps import BATCH_ACTIONS, OBJECTION_ACTIONS, draft, totals
from deals.funding.words import cuts_in_words
from deals.models import BatchObjection, FundingBatch, SubsidyClaim
from deals.subsidies.states import FINANCE
from organisations.actors import Person
from organisations.desk import ReadOnly, Rows, in_yuan, state, table
from organisations.models import Unit
from organisations.step_desk import Act, StepDesk


def drafts(_nothing: None, by: Person) -> bool:
    return any(seat.line == Unit.Line.FINANCE and seat.role in FINANCE for seat in by.seats)


ALL_WAITING = Act(_("草拟方案"), DRAFT, drafts, lambda _nothing, by, values: draft(by=by, at=by.at, **values))


class ObjectionRows(Rows):
    model = BatchObjection
    fields = ("claim", "objector", "received_on", "state", "answer")


class BatchDesk(StepDesk, ReadOnly):
    list_display = ("number", "scheme", "fiscal_year", state, "sums", "notice_to", "document_no")
    list_filter = ("state", "scheme", "fiscal_year")
    search_fields = ("number", "document_no")
    list_select_related = ("scheme",)
    ordering = ("-id",)
    inlines = (ObjectionRows,)
    steps, step_functions = BATCH_STEPS, BATCH_ACTIONS
    list_acts = {"draft": ALL_WAITING}
    readonly_fields = ("version", in_yuan("available", _("可用预算（元）")), "sums", "arranged")
    fieldsets = (
        (None, {"fields": (("number", "state", "version"), ("scheme", "office", "fiscal_year"), ("drafted_by", "is_large"), "sums")}),
        (_("安排"), {"fields": (("shortfall_rule", readonly_fields[1]), "arranged")}),
        (_("公示与行文"), {"fields": (("notice_from", "notice_to", "notice_phone"), ("document_no", "issued_on", "paid_on"))}),
    )

    def loaded(self, rows: QuerySet[FundingBatch]) -> QuerySet[FundingBatch]:
        return rows.select_related("office__organisation", "scheme")

    @display(description=_("核定 · 安排 · 已付（元）"))
    def sums(self, batch: FundingBatch) -> str:
        found = totals(batch)
        return " · ".join(format_yuan(found[name]) if found[name] is not None else "—" for name in ("eligible", "arranged", "paid"))

    @display(description=_("逐件安排"))
    def arranged(self, batch: FundingBatch) -> Any:
        claims = SubsidyClaim.objects.filter(batch=batch).select_related("deal__firm").order_by("pk")
        head = (_("申领"), _("企业"), _("核定（元）"), _("安排（元）"), _("核减及原因"), _("状态"))
        return table(head, [_line(claim) for claim in claims])


def _line(claim: SubsidyClaim) -> tuple[Any, ...]:
    link = format_html('<a href="{}">{}</a>', reverse("admin:deals_subsidyclaim_change", args=[claim.pk]), claim.pk)
    arranged = format_yuan(claim.arranged) if claim.arranged is not None else "—"
    return link, claim.deal.firm.name, format_yuan(claim.eligible), arranged, cuts_in_words(claim), claim.get_state_display()


class ObjectionDesk(StepDesk, ReadOnly):
    list_display = ("batch", "claim", "objector", "received_on", state)
    list_filter = ("state",)
    search_fields = ("objector", "batch__number")
    list_select_related = ("batch", "claim__deal__filing", "claim__deal__branch__organisation", "claim__scheme")
    ordering = ("-id",)
    readonly_fields = ("version",)
    steps, step_functions = OBJECTION_STEPS, OBJECTION_ACTIONS

    def loaded(self, rows: QuerySet[BatchObjection]) -> QuerySet[BatchObjection]:
        return rows.select_related("batch__office", "claim")
