"""申报: filings with their chain, needs, files and disclosures. Written by the firm and by steps, never edited here."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from organisations.acting import acting
from organisations.desk import Desk, ReadOnly, Rows, in_wan, state, table
from organisations.step_desk import StepDesk
from projects.form_fields import FIELDS
from projects.models import (
    Appeal,
    ChangedField,
    ChangeRequest,
    ChangeRule,
    CheckKind,
    Consultation,
    Disclosure,
    EquipmentItem,
    Filing,
    FilingVersion,
    IntendedBank,
    Need,
    Project,
    ReviewStep,
)
from projects.states import FILING_STEPS


class ReviewStepRows(Rows):
    model = ReviewStep
    fields = ("position", "unit", "stage", "working_days", "started_at", "due_at", "passed_at", "passed_by", "passed_for", "opinion")
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewStep]:
        return super().get_queryset(request).select_related("unit__organisation", "passed_by", "passed_for").order_by("position")


class NeedRows(Rows):
    model = Need
    fk_name = "filing"
    fields = ("year", "amount", "term_months", "rate_cap_bp", "securities", "open_to_other_banks", "asks_for_suggestions")


class DisclosureRows(Rows):
    model = Disclosure
    fields = ("organisation", "scope", "basis", "valid_from", "valid_until", "withdrawn_at")
    show_change_link = False


class VersionRows(Rows):
    model = FilingVersion
    fields = ("number", "submitted_at", "sha256")
    show_change_link = False


class FilingDesk(StepDesk, ReadOnly):
    """A filing with the buttons of its state. `deals.admin` registers it: listing and withdrawing reach into deals."""

    list_display = ("title", "firm", state, "track", "batch", "region", "where", "submitted_at", "returns", "list_number")
    list_filter = ("state", "track", "batch", "programme", "submitted_at")
    search_fields = ("title", "firm__name", "firm__uscc", "project__code")
    list_select_related = ("firm", "batch", "project__region", "current_step__unit__organisation")
    ordering = ("-id",)
    inlines = (ReviewStepRows, NeedRows, DisclosureRows, VersionRows)
    steps = FILING_STEPS
    bulk_verbs = ("pass", "return", "report", "list", "leave_out", "retire")
    readonly_fields = ("typed", "version")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("title", "firm"),
                    ("project", "programme"),
                    ("track", "batch"),
                    ("state", "version"),
                    ("current_step", "returns"),
                )
            },
        ),
        (_("时间与清单"), {"fields": (("submitted_at", "form_saved_at"), ("list_number", "listed_on"), "open_fields")}),
        (_("申报表"), {"fields": ("typed",)}),
    )

    def loaded(self, rows: QuerySet[Filing]) -> QuerySet[Filing]:
        return rows.with_progress()  # type: ignore[attr-defined]  # the queryset of our own manager

    @display(description=_("建设地点"))
    def region(self, filing: Filing) -> str:
        return str(filing.project.region) if filing.project else "—"

    @display(description=_("当前环节"))
    def where(self, filing: Filing) -> str:
        return str(filing.current_step) if filing.current_step and filing.state == Filing.State.IN_REVIEW else "—"

    @display(description=_("申报表（原样）"))
    def typed(self, filing: Filing) -> str:
        return table(
            (_("字段"), _("内容")), [(FIELDS[name].label if name in FIELDS else name, _told(value)) for name, value in filing.form.items()]
        )


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "；".join(_told(one) for one in value)
    if isinstance(value, dict):
        return "，".join(f"{name} {_told(one)}" for name, one in value.items() if one not in ("", None))
    return str(value)


class EquipmentRows(Rows):
    model = EquipmentItem
    fields = ("position", "replaces", "name", "model", "unit_price", "quantity", "amount", "supplier", "is_software")
    show_change_link = False


class ByFilings(ReadOnly):
    """Rows seen by whoever sees one of their filings."""

    filings_at = "filings"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:  # type: ignore[union-attr]  # the admin admits users only
            return rows
        filings = Filing.objects.visible_to(acting(request)).order_by().values("pk")
        return rows.filter(**{f"{self.filings_at}__in": filings}).distinct()


@admin.register(Project)
class ProjectAdmin(ByFilings):
    list_display = ("name", "code", "firm", "region", "industry", "action", in_wan("total_investment", _("总投资（万元）")))
    list_filter = ("action",)
    search_fields = ("name", "code", "firm__name", "firm__uscc")
    list_select_related = ("firm", "region", "industry")
    inlines = (EquipmentRows,)
    ordering = ("-id",)


class IntendedRows(Rows):
    model = IntendedBank
    fields = ("rank", "branch")
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntendedBank]:
        return super().get_queryset(request).select_related("branch__organisation").order_by("rank")


@admin.register(Need)
class NeedAdmin(ReadOnly):
    list_display = (
        "id",
        "project",
        "firm",
        "year",
        in_wan("amount", _("需求（万元）")),
        "term_months",
        "open_to_other_banks",
        "asks_for_suggestions",
        "filing_state",
    )
    list_filter = ("year", "open_to_other_banks", "asks_for_suggestions", "filing__state")
    search_fields = ("=id", "project__name", "firm__name", "firm__uscc")
    list_select_related = ("project", "firm", "filing")
    inlines = (IntendedRows,)
    ordering = ("-id",)

    @display(description=_("申报状态"))
    def filing_state(self, need: Need) -> str:
        return str(need.filing.get_state_display())


@admin.register(CheckKind)
class CheckKindAdmin(Desk):
    list_display = ("code", "name", "name_en", "source")
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(ChangeRule)
class ChangeRuleAdmin(Desk):
    """A change of policy is a further row with its own day."""

    list_display = ("field", "tier", "province", "valid_from", "valid_to", "source", "is_inferred")
    list_filter = ("tier", "is_inferred", "province")
    search_fields = ("field", "source")
    ordering = ("field", "valid_from")


@admin.register(Consultation)
class ConsultationAdmin(ReadOnly):
    list_display = ("filing", "from_unit", "to_unit", state, "asked_at", "due_at", "opinion")
    list_filter = ("state", "opinion")
    search_fields = ("filing__title", "filing__firm__name")
    list_select_related = ("filing", "from_unit__organisation", "to_unit__organisation")
    ordering = ("-id",)


@admin.register(Appeal)
class AppealAdmin(ReadOnly):
    list_display = ("filing", "unit", state, "filed_at", "due_at", "decided_by")
    list_filter = ("state",)
    search_fields = ("filing__title", "filing__firm__name")
    list_select_related = ("filing", "unit__organisation", "decided_by")
    ordering = ("-id",)


class ChangedRows(Rows):
    model = ChangedField
    fields = ("field", "before", "after")
    show_change_link = False


@admin.register(ChangeRequest)
class ChangeRequestAdmin(ReadOnly):
    list_display = ("filing", "tier", "unit", state, "asked_at", "due_at")
    list_filter = ("state", "tier")
    search_fields = ("filing__title", "filing__firm__name")
    list_select_related = ("filing", "unit__organisation")
    inlines = (ChangedRows,)
    ordering = ("-id",)
