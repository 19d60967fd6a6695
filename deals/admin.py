"""对接 and 贴息: invitations, deals, drawdowns, interest slips; the queue of claims this office may decide, computed in the open."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from common.errors import Invalid, Problem
from common.money import format_yuan
from common.steps import Param, Step
from deals.actions import CLAIM_ACTIONS, DEAL_ACTIONS, FILING_ACTIONS, INVITATION_ACTIONS, ROUND_ACTIONS
from deals.clocks import day
from deals.crosschecks.desk import CompanyDesk, FlagDesk, ShareholdingDesk, told_on
from deals.declarations import LETTER_ACTIONS
from deals.docking.desk import DockingListDesk, SecondDockingDesk
from deals.funding.desk import BatchDesk, ObjectionDesk
from deals.invoices import CHECK, by_checker, check_invoice, due
from deals.models import (
    BatchObjection,
    CompanyRecord,
    CrossCheckFlag,
    Deal,
    DeclineCode,
    DockingList,
    Drawdown,
    FundingBatch,
    InterestReceipt,
    Invitation,
    OpeningLoan,
    RatePeriod,
    Recovery,
    Repayment,
    SecondDocking,
    Shareholding,
    visible_deals,
)
from deals.opening.desk import OpeningDesk
from deals.recovery.desk import RecoveryDesk
from deals.states import DEAL_STEPS, INVITATION_STEPS
from deals.subsidies import caps, grants
from deals.subsidies.carrying import lines_of
from deals.subsidies.models import AccrualLine, OtherSupport, SubsidyClaim
from deals.subsidies.states import BANK_CLAIM_STEPS, FIRM_CLAIM_STEPS, STEPS_OF_CHANNEL
from lenders.admin import LetterDesk
from lenders.models import AppetiteLetter
from matching.admin import RoundDesk, office_of
from matching.models import Round
from organisations.acting import acting
from organisations.actors import Person
from organisations.desk import ReadOnly, Rows, in_percent, in_wan, in_yuan, state, table
from organisations.step_desk import Act, ActDesk, StepDesk
from projects.admin import FilingDesk
from projects.models import Filing, Project
from schemes.models import Support

C = SubsidyClaim.State
REQUESTED = in_yuan("requested", _("申请金额（元）"))
ELIGIBLE = in_yuan("eligible", _("核定金额（元）"))
ARRANGED = in_yuan("arranged", _("安排金额（元）"))
PAID = in_yuan("paid", _("已付金额（元）"))


@admin.register(Filing)
class FilingAdmin(FilingDesk):
    step_functions = FILING_ACTIONS


@admin.register(Round)
class RoundAdmin(RoundDesk):
    step_functions = ROUND_ACTIONS


@admin.register(AppetiteLetter)
class AppetiteLetterAdmin(LetterDesk):
    step_functions = LETTER_ACTIONS


@admin.register(DeclineCode)
class DeclineCodeAdmin(ReadOnly):
    list_display = ("code", "category", "sentence", "next_step")
    list_filter = ("category",)
    search_fields = ("code", "sentence")
    ordering = ("category", "code")


@admin.register(Invitation)
class InvitationAdmin(StepDesk, ReadOnly):
    list_display = ("need", "branch", state, "origin", "rank", "sent_at", "contact_due_at", "expires_at", "decline_code")
    list_filter = ("state", "origin", "branch__bank", "sent_at")
    search_fields = ("filing__firm__name", "filing__title", "branch__organisation__name")
    list_select_related = ("need__project", "branch__organisation", "decline_code")
    ordering = ("-id",)
    steps, step_functions = INVITATION_STEPS, INVITATION_ACTIONS

    def loaded(self, rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
        return rows.select_related("filing__firm", "need__project", "branch__organisation", "branch__bank")


class DrawdownRows(Rows):
    model = Drawdown
    fields = ("number", "drawn_on", "amount", "equipment_amount", "paid_to_supplier_on", "payee", "is_entrusted", "relending")


class ReceiptRows(Rows):
    model = InterestReceipt
    fields = ("period_start", "period_end", "paid_on", "amount", "slip_no", "query")


class RateRows(Rows):
    model = RatePeriod
    fields = ("valid_from", "rate_bp")
    show_change_link = False


@admin.register(Deal)
class DealAdmin(StepDesk, ReadOnly):
    list_display = (
        "filing",
        "branch",
        state,
        "origin",
        in_wan("amount", _("意向（万元）")),
        in_wan("approved_amount", _("授信（万元）")),
        in_wan("signed_amount", _("签约（万元）")),
        in_percent("rate_bp", _("合同利率")),
        "contract_on",
    )
    list_filter = ("state", "origin", "branch__bank", "is_first_loan", "started_at")
    search_fields = ("firm__name", "firm__uscc", "filing__title", "contract_no", "branch__organisation__name")
    list_select_related = ("filing", "branch__organisation")
    ordering = ("-id",)
    inlines = (DrawdownRows, ReceiptRows, RateRows)
    readonly_fields = ("version",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("firm", "branch"),
                    ("filing", "need"),
                    ("state", "version"),
                    ("origin", "invitation"),
                    ("succeeds", "succession"),
                    "opening_as_of",
                    ("started_at", "confirmed_at"),
                )
            },
        ),
        (
            _("意向与授信"),
            {"fields": (("amount", "account"), ("approved_amount", "approved_rate_bp"), ("approved_term_months", "approved_until"))},
        ),
        (
            _("合同"),
            {"fields": (("contract_no", "contract_on"), ("signed_amount", "rate_bp"), ("term_months", "is_first_loan"), "decline_code")},
        ),
    )
    steps, step_functions = DEAL_STEPS, DEAL_ACTIONS

    def loaded(self, rows: QuerySet[Deal]) -> QuerySet[Deal]:
        return rows.select_related("filing__firm", "need", "firm", "branch__organisation", "branch__bank").prefetch_related("drawdowns")


class ByDeals(ReadOnly):
    """Rows seen by whoever sees their deal."""

    deal_at = "deal"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:  # type: ignore[union-attr]  # the admin admits users only
            return rows
        by = acting(request)
        claims = SubsidyClaim.objects.visible_to(by).filter(deal=OuterRef(self.deal_at))
        return rows.filter(visible_deals(by, self.deal_at) | Q(Exists(claims)))


class RepaymentRows(Rows):
    model = Repayment
    fields = ("kind", "on", "amount", "slip_no")
    show_change_link = False


class InvoiceDue(DropdownFilter):
    """Invoices that nobody has asked about within the term: before money goes out, and every year."""

    title = _("发票查验")
    parameter_name = "invoice_due"

    def lookups(self, _request: HttpRequest, _desk: Any) -> list[tuple[str, Any]]:
        return [("1", _("待查验"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Drawdown]) -> QuerySet[Drawdown]:
        return due(rows, on=day(acting(request).at)) if self.value() == "1" else rows


def _check_invoice(drawdown: Drawdown, by: Person, values: dict[str, Any]) -> None:
    check_invoice(drawdown, by=by, at=by.at, seen=drawdown.version, **values)


@admin.register(Drawdown)
class DrawdownAdmin(ActDesk, ByDeals):
    acts = {"check_invoice": Act(_("登记发票查验"), CHECK, by_checker, _check_invoice)}
    list_display = (
        "deal",
        "number",
        "drawn_on",
        in_wan("amount", _("放款（万元）")),
        in_wan("equipment_amount", _("设备款（万元）")),
        "paid_to_supplier_on",
        "payee",
        "invoice_status",
        "invoice_checked_on",
        "relending",
        "relending_month",
    )
    list_filter = (InvoiceDue, "invoice_status", "relending", "is_entrusted", "deal__branch__bank", "drawn_on")
    search_fields = ("deal__firm__name", "deal__contract_no", "payee", "invoice_no")
    list_select_related = ("deal__filing", "deal__branch__organisation")
    inlines = (RepaymentRows,)
    ordering = ("-drawn_on", "-id")

    def loaded(self, rows: QuerySet[Drawdown]) -> QuerySet[Drawdown]:
        return rows.select_related("deal__branch")


@admin.register(InterestReceipt)
class InterestReceiptAdmin(ByDeals):
    list_display = ("deal", "period_start", "period_end", "paid_on", "amount", "slip_no", "query")
    list_filter = (("query", admin.EmptyFieldListFilter), "paid_on")
    search_fields = ("deal__firm__name", "deal__contract_no", "slip_no")
    list_select_related = ("deal__filing", "deal__branch__organisation")
    ordering = ("-paid_on", "-id")


class Queue(DropdownFilter):
    """The claims that wait for this office, first."""

    title = _("待办")
    parameter_name = "queue"
    all_option = ("", _("待本单位办理"))

    def lookups(self, _request: HttpRequest, _desk: Any) -> list[tuple[str, Any]]:
        return [("all", _("全部"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[SubsidyClaim]) -> QuerySet[SubsidyClaim]:
        return rows if self.value() == "all" or request.user.is_superuser else rows.filter(waiting_for(request))  # type: ignore[union-attr]  # the admin admits users only


def waiting_for(request: HttpRequest) -> Q:
    """Money decided here waits for its finance office; what a firm filed waits for the line department's review."""
    by = acting(request)
    own = Q(office__in=by.unit_ids, state__in=[C.EVIDENCED, C.REVIEWED, C.APPROVED])
    filed = Q(state=C.FILED, scheme__channel="firm_reimburse", province=office_of(by)) if office_of(by) else Q(pk=None)
    return own | filed


@admin.register(SubsidyClaim)
class ClaimAdmin(StepDesk, ReadOnly):
    """What this office may decide: the computation line by line, each cut with its reason, the interest really paid."""

    list_display = (
        "firm",
        "scheme",
        state,
        "period_end",
        REQUESTED,
        ELIGIBLE,
        "cut",
        ARRANGED,
        PAID,
    )
    list_filter = (Queue, "state", "scheme", "fiscal_year", "office__kind", "period_end")
    search_fields = ("deal__firm__name", "deal__firm__uscc", "deal__contract_no", "document_no")
    list_select_related = ("deal__firm", "scheme", "office__organisation")
    ordering = ("period_end", "id")
    steps, step_functions = BANK_CLAIM_STEPS | FIRM_CLAIM_STEPS, CLAIM_ACTIONS
    bulk_verbs = ("review", "approve", "settle", "refuse")
    readonly_fields = ("version", REQUESTED, ELIGIBLE, ARRANGED, PAID, "computation", "cuts_told", "receipts", "crosschecks")
    exclude = ("cuts",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("deal", "claimant"),
                    ("scheme", "office"),
                    ("state", "version"),
                    ("period_start", "period_end", "fiscal_year", "carried"),
                )
            },
        ),
        (_("金额"), {"fields": ((REQUESTED, ELIGIBLE), (ARRANGED, PAID), ("batch", "document_no"))}),
        (_("计算过程"), {"fields": ("computation",)}),
        (_("核减"), {"fields": ("cuts_told",)}),
        (_("付息凭证"), {"fields": ("receipts",)}),
        (_("核查提示"), {"fields": ("crosschecks",)}),
    )

    def steps_of(self, obj: SubsidyClaim) -> Mapping[str, Step]:
        return STEPS_OF_CHANNEL[obj.scheme.channel]

    def loaded(self, rows: QuerySet[SubsidyClaim]) -> QuerySet[SubsidyClaim]:
        lines = AccrualLine.objects.select_related("version", "drawdown").order_by("drawdown__number", "period_end", "id")
        return rows.select_related(
            "deal__firm", "deal__filing__project", "deal__branch__organisation", "deal__branch__bank", "scheme", "office"
        ).prefetch_related(Prefetch("lines", lines))

    @display(description=_("企业"), ordering="deal__firm__name")
    def firm(self, claim: SubsidyClaim) -> str:
        return claim.deal.firm.name

    @display(description=_("核减（元）"))
    def cut(self, claim: SubsidyClaim) -> str:
        return format_yuan(claim.requested - claim.eligible) if claim.requested != claim.eligible else "—"

    @display(description=_("逐笔计算"))
    def computation(self, claim: SubsidyClaim) -> str:
        head = (_("提款"), _("放款（元）"), _("计息期"), _("积数 × 贴息率 ÷ 天数 = 未取整"), _("入账（元）"), _("政策版本"))
        return table(
            head,
            [
                (
                    f"#{line.drawdown.number} {line.drawdown.drawn_on}",
                    format_yuan(line.drawdown.amount),
                    f"{line.period_start} — {line.period_end}",
                    f"{line.balance_days:,.0f} × {line.rate_bp / 100:.2f}% ÷ {line.version.day_count} = {line.unrounded:,.4f}",
                    format_yuan(line.amount),
                    line.version.code,
                )
                for line in lines_of(claim)
            ],
        )

    @display(description=_("核减原因"))
    def cuts_told(self, claim: SubsidyClaim) -> str:
        rows = [(format_yuan(amount), sentence) for amount, sentence in caps.told(claim.cuts)]
        return table((_("核减（元）"), _("原因")), rows) if rows else str(_("无核减。"))

    @display(description=_("交叉核查"))
    def crosschecks(self, claim: SubsidyClaim) -> Any:
        return told_on(claim)

    @display(description=_("本期实付利息"))
    def receipts(self, claim: SubsidyClaim) -> str:
        slips = caps.receipts_of([claim])[claim.pk]
        head = (_("计息期"), _("付息日期"), _("实付（元）"), _("凭证号"), _("存疑"))
        rows = [(f"{s.period_start} — {s.period_end}", s.paid_on, format_yuan(s.amount), s.slip_no, s.query or "—") for s in slips]
        return table(head, rows) if rows else str(_("本期尚无付息凭证。"))


@admin.register(AccrualLine)
class AccrualLineAdmin(ByDeals):
    deal_at = "drawdown__deal"
    list_display = ("drawdown", "version", "kind", "period_start", "period_end", "balance_days", "rate_bp", "unrounded", "amount")
    list_filter = ("version", "kind", "period_end")
    search_fields = ("drawdown__deal__firm__name", "drawdown__deal__contract_no")
    list_select_related = ("drawdown__deal__filing", "drawdown__deal__branch__organisation", "version__scheme")
    ordering = ("-period_end", "-id")


def _register_support(_nothing: None, by: Person, values: dict[str, Any]) -> None:
    number = values.pop("project")
    project = in_sight(Project.objects.all(), by).filter(pk=number).first()
    if project is None:
        raise Invalid([Problem("project", "unknown", _("没有编号为 %(id)s 的项目。") % {"id": number}, _("请核对项目编号。"))])
    grants.register(project, by=by, at=by.at, **values)


def in_sight(rows: QuerySet[Any], by: Person) -> QuerySet[Any]:
    return rows.filter(province__in={seat.province for seat in by.seats})


SUPPORT = Act(
    _("登记财政支持"),
    (
        Param("project", "integer", _("项目编号")),
        Param("kind", "choice", _("类型"), choices=lambda: Support.choices),
        Param("document_no", "text", _("资金文号")),
        Param("amount", "wan", _("金额（万元）")),
        Param("on", "date", _("日期")),
    ),
    lambda _nothing, by: any(grants.may_register(seat.province, by) for seat in by.seats),
    _register_support,
)


@admin.register(OtherSupport)
class OtherSupportAdmin(ActDesk, ReadOnly):
    """Grants beside the subsidies of a project: what each scheme makes of them is in its rules."""

    list_display = ("project", "kind", "document_no", in_wan("amount", _("金额（万元）")), "on")
    list_filter = ("kind",)
    search_fields = ("project__name", "project__firm__name", "document_no")
    list_select_related = ("project",)
    ordering = ("-on", "-id")
    list_acts = {"register": SUPPORT}


# What has a desk of its own module.
admin.site.register(Recovery, RecoveryDesk)
admin.site.register(SecondDocking, SecondDockingDesk)
admin.site.register(DockingList, DockingListDesk)
admin.site.register(FundingBatch, BatchDesk)
admin.site.register(BatchObjection, ObjectionDesk)
admin.site.register(CrossCheckFlag, FlagDesk)
admin.site.register(CompanyRecord, CompanyDesk)
admin.site.register(Shareholding, ShareholdingDesk)
admin.site.register(OpeningLoan, OpeningDesk)
