"""机构与人员, 政策与参数, and what all apps share: the audit trail, deadlines and the calendar."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult
from import_export import fields, resources, widgets
from import_export.admin import ImportMixin
from unfold.contrib.import_export.forms import ImportForm
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm

from common.models import AuditEvent, AuditSeal, CalendarException, Deadline
from common.steps import Param, record
from organisations import covers, interests, roles
from organisations.acting import acting
from organisations.actors import Person, person
from organisations.clock import now
from organisations.desk import Desk, EditableRows, ReadOnly, Rows, TokenForm, told
from organisations.desk import state as desk_state
from organisations.models import (
    Batch,
    Cover,
    DeclaredInterest,
    FirmBar,
    FirmProfile,
    FirmYear,
    Industry,
    IndustryTag,
    Membership,
    Organisation,
    PolicyNotice,
    PolicyParameter,
    Programme,
    Region,
    RegionTag,
    Registration,
    ReviewChain,
    ReviewReason,
    Unit,
    UnitCovers,
    User,
)
from organisations.registering import REGISTRATION_ACTIONS
from organisations.states import REGISTRATION_STEPS
from organisations.step_desk import Act, ActDesk, StepDesk

# What other packages register themselves is nobody's business here, or is shown read-only below.
OWN = ("common", "organisations", "ledger", "lenders", "schemes", "projects", "matching", "deals", "exchange", "portal", "seeds")
admin.site.unregister([model for model in admin.site._registry if model._meta.app_label not in OWN])  # noqa: SLF001 -- Django's own names
admin.site.index_template = "admin/desk/index.html"


class MembershipRows(EditableRows):
    model = Membership
    fields = ("user", "organisation", "role", "valid_from", "valid_to", "engagement")
    autocomplete_fields = ("user", "organisation")


@admin.register(Organisation)
class OrganisationAdmin(Desk):
    list_display = ("name", "kind", "uscc", "region", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("name", "uscc")
    autocomplete_fields = ("region",)
    list_select_related = ("region",)
    inlines = (MembershipRows,)
    ordering = ("kind", "id")


@admin.register(User)
class PersonAdmin(Desk, UserAdmin):
    """Accounts are opened by administrators; what a person may do follows from seats, never from boxes ticked here."""

    form = type("UserTokenForm", (TokenForm, UserAdmin.form), {})
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "display_name", "phone", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("username", "display_name", "phone")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("个人信息"), {"fields": ("display_name", "phone", "email")}),
        (_("状态"), {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "display_name", "usable_password", "password1", "password2")}),)
    readonly_fields = ("is_staff", "last_login", "date_joined")
    filter_horizontal = ()
    inlines = (MembershipRows,)
    ordering = ("username",)

    def get_inlines(self, _request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        super().save_related(request, form, formsets, change)
        roles.seat(form.instance, at=acting(request).at)


@admin.register(Membership)
class MembershipAdmin(Desk):
    list_display = ("user", "organisation", "role", "valid_from", "valid_to", "engagement")
    list_filter = ("role", "organisation__kind")
    search_fields = ("user__username", "user__display_name", "organisation__name")
    autocomplete_fields = ("user", "organisation")
    list_select_related = ("user", "organisation")
    ordering = ("organisation_id", "role")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        super().save_related(request, form, formsets, change)
        roles.seat(form.instance.user, at=acting(request).at)


@admin.register(Registration)
class RegistrationAdmin(StepDesk, ReadOnly):
    """企业入驻申请: checked by the unit of the place, decided by it or the province where a claim is disputed."""

    steps, step_functions = REGISTRATION_STEPS, REGISTRATION_ACTIONS
    list_display = ("firm_name", "uscc", "region", "unit", "applicant_name", desk_state, "asked_at", "decided_at")
    list_filter = ("state", "asked_at")
    search_fields = ("firm_name", "uscc")
    list_select_related = ("region", "unit__organisation")
    exclude = ("digest",)
    ordering = ("-id",)


@admin.register(PolicyNotice)
class PolicyNoticeAdmin(Desk):
    list_display = ("title", "document_no", "issuer", "published_on", "valid_to")
    search_fields = ("title", "document_no", "body")
    list_filter = ("published_on",)
    ordering = ("-published_on", "-id")


class CoversRows(EditableRows):
    model = UnitCovers
    autocomplete_fields = ("region",)


class ChainRows(Rows):
    model = ReviewChain
    fk_name = "unit"
    fields = ("process", "next_unit", "stages", "working_days", "valid_from", "valid_to")


@admin.register(Unit)
class UnitAdmin(Desk):
    list_display = ("organisation", "code", "kind", "line", "region")
    list_filter = ("kind", "line")
    search_fields = ("organisation__name", "code")
    autocomplete_fields = ("organisation", "region")
    list_select_related = ("organisation", "region")
    inlines = (CoversRows, ChainRows)
    ordering = ("code",)


@admin.register(ReviewChain)
class ReviewChainAdmin(Desk):
    list_display = ("unit", "process", "next_unit", "stages", "working_days", "valid_from", "valid_to")
    list_filter = ("process", "unit__kind")
    search_fields = ("unit__organisation__name", "unit__code")
    autocomplete_fields = ("unit", "next_unit")
    list_select_related = ("unit__organisation", "next_unit__organisation")
    array_choices = {"stages": (("handler", _("经办")), ("checker", _("复核")), ("signer", _("签发")))}
    ordering = ("process", "unit__code")


class TagRows(Rows):
    model = RegionTag


@admin.register(Region)
class RegionAdmin(ReadOnly):
    list_display = ("name", "code", "level", "parent", "municipal", "valid_from", "valid_to")
    list_filter = ("level",)
    search_fields = ("name", "code", "pinyin", "initials")
    list_select_related = ("parent", "municipal")
    inlines = (TagRows,)
    ordering = ("code",)


@admin.register(RegionTag)
class RegionTagAdmin(Desk):
    may_delete = True
    list_display = ("region", "kind", "value", "source", "is_fictional", "valid_from", "valid_to")
    list_filter = ("kind", "is_fictional")
    search_fields = ("region__name", "value")
    autocomplete_fields = ("region",)
    list_select_related = ("region",)
    ordering = ("kind", "region__code")


@admin.register(Industry)
class IndustryAdmin(ReadOnly):
    list_display = ("code", "name", "level", "parent", "edition")
    list_filter = ("level", "edition")
    search_fields = ("code", "name")
    list_select_related = ("parent",)
    ordering = ("code",)


@admin.register(IndustryTag)
class IndustryTagAdmin(Desk):
    may_delete = True
    list_display = ("industry", "kind", "value", "source", "is_fictional", "valid_from", "valid_to")
    list_filter = ("kind", "is_fictional")
    search_fields = ("industry__name", "value")
    autocomplete_fields = ("industry",)
    list_select_related = ("industry",)
    ordering = ("kind", "industry__code")


class FirmYearRows(Rows):
    model = FirmYear
    fk_name = "firm"


@admin.register(FirmProfile)
class FirmProfileAdmin(ReadOnly):
    list_display = ("organisation", "size", "ownership", "industry", "legal_representative", "contact_name", "contact_phone")
    list_filter = ("size", "ownership")
    search_fields = ("organisation__name", "organisation__uscc")
    list_select_related = ("organisation", "industry")
    ordering = ("organisation_id",)


@admin.register(FirmBar)
class FirmBarAdmin(Desk):
    list_display = ("firm", "kind", "reason", "source", "valid_from", "valid_to")
    list_filter = ("kind",)
    search_fields = ("firm__name", "firm__uscc")
    autocomplete_fields = ("firm",)
    list_select_related = ("firm",)
    ordering = ("-valid_from",)


@admin.register(Programme)
class ProgrammeAdmin(ReadOnly):
    list_display = ("name", "code", "name_en")
    search_fields = ("name", "code")
    ordering = ("code",)


@admin.register(Batch)
class BatchAdmin(Desk):
    list_display = ("name", "code", "track", "county_closes_at", "city_closes_at", "province_closes_at")
    list_filter = ("track", "programme", "province_closes_at")
    search_fields = ("name", "code")
    ordering = ("-province_closes_at", "track")


@admin.register(PolicyParameter)
class PolicyParameterAdmin(Desk):
    list_display = ("key", "value", "unit", "province", "valid_from", "valid_to", "source", "is_inferred")
    list_filter = ("unit", "is_inferred", "province")
    search_fields = ("key", "source")
    ordering = ("key", "valid_from")


def _declare_interest(_nothing: None, by: Person, values: dict[str, Any]) -> None:
    interests.declare(interests.find_party(values["party"]), reason=values["reason"], by=by, at=by.at)


def _end_interest(row: DeclaredInterest, by: Person, values: dict[str, Any]) -> None:
    interests.end(row, because=values["because"], by=by, at=by.at)


@admin.register(DeclaredInterest)
class DeclaredInterestAdmin(ActDesk, ReadOnly):
    """利益关系申报: declared by the officer, ended by another person of the unit."""

    list_display = ("user", "organisation", "reason", "declared_at", "ended_at", "ended_by")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    search_fields = ("user__display_name", "organisation__name")
    list_select_related = ("user", "organisation", "ended_by")
    ordering = ("-id",)
    acts = {"end": Act(_("解除"), (Param("because", "long_text", _("理由")),), interests.may_end, _end_interest)}
    list_acts = {"declare": Act(_("申报利益关系"), interests.PARAMS, lambda _nothing, by: interests.may_declare(by), _declare_interest)}


def _end_cover(row: Cover, by: Person, _values: dict[str, Any]) -> None:
    covers.end(row, by=by, at=by.at)


@admin.register(Cover)
class CoverAdmin(ActDesk, ReadOnly):
    """替岗安排: named on a page (`portal.views.covers`), where the choice of people is one's own office; ended here too."""

    list_display = ("absent", "deputy", "organisation", "from_on", "to_on", "reason", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    search_fields = ("absent__display_name", "deputy__display_name", "organisation__name")
    list_select_related = ("absent", "deputy", "organisation")
    ordering = ("-to_on", "-id")
    acts = {"end": Act(_("提前结束"), (), covers.may_end, _end_cover)}


@admin.register(ReviewReason)
class ReviewReasonAdmin(ReadOnly):
    list_display = ("code", "verb", "sentence", "basis")
    list_filter = ("verb",)
    search_fields = ("code", "sentence")
    ordering = ("verb", "code")


class CalendarResource(resources.ModelResource):
    """A State Council notice as a file: day, is_working, source. A day met again is corrected, never doubled."""

    day = fields.Field("day", "day", widgets.DateWidget("%Y-%m-%d"))
    is_working = fields.Field("is_working", "is_working", widgets.BooleanWidget())

    class Meta:
        model = CalendarException
        import_id_fields = ("day",)
        fields = ("day", "is_working", "source")
        skip_unchanged = True
        report_skipped = True

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().after_save_instance(instance, row, **kwargs)
        by = person(kwargs["user"], at=now())
        record(instance, "admin.import", by=by, at=by.at, changes={"is_working": [None, instance.is_working]})


@admin.register(CalendarException)
class CalendarExceptionAdmin(ImportMixin, Desk):
    resource_classes = (CalendarResource,)
    import_form_class = ImportForm
    list_display = ("day", "is_working", "source")
    list_filter = ("is_working", "day")
    search_fields = ("source",)
    ordering = ("-day",)


@admin.register(Deadline)
class DeadlineAdmin(ReadOnly):
    list_display = ("subject", "subject_id", "kind", "starts_at", "due_at", "paused_at", "overdue_noticed_at", "closed_at")
    list_filter = ("kind", "subject", ("closed_at", admin.EmptyFieldListFilter), "due_at")
    ordering = ("due_at", "id")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ("at", "by_label", "thing", "subject_id", "did", "moved", "note")
    list_filter = ("subject", "verb", "at")
    search_fields = ("=subject_id", "by_label", "note")
    ordering = ("-id",)

    @display(description=_("对象类型"), ordering="subject")
    def thing(self, event: AuditEvent) -> str:
        desk = desk_of(event)
        return str(desk.model._meta.verbose_name) if desk else event.subject

    @display(description=_("步骤"), ordering="verb")
    def did(self, event: AuditEvent) -> str:
        return told(event, desk_of(event))[0]

    @display(description=_("状态变化"))
    def moved(self, event: AuditEvent) -> str:
        return told(event, desk_of(event))[1] or "—"


def desk_of(event: AuditEvent) -> Any:
    """The page of the thing an event happened to, for its words."""
    known = {model._meta.label_lower: desk for model, desk in admin.site._registry.items()}  # noqa: SLF001 -- Django's own names
    return known.get(event.subject)


@admin.register(AuditSeal)
class AuditSealAdmin(ReadOnly):
    list_display = ("at", "first_event_id", "last_event_id", "events", "digest", "previous_digest")
    list_filter = ("at",)
    ordering = ("-id",)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ReadOnly):
    list_display = ("name", "task", "enabled", "last_run_at", "total_run_count")
    list_filter = ("enabled",)
    search_fields = ("name", "task")
    ordering = ("name",)


@admin.register(TaskResult)
class TaskResultAdmin(ReadOnly):
    list_display = ("task_name", "status", "worker", "date_created", "date_done")
    list_filter = ("status", "task_name", "date_done")
    search_fields = ("task_id", "task_name")
    ordering = ("-id",)


@admin.register(AccessAttempt, AccessFailureLog, AccessLog)
class AccessAdmin(ReadOnly):
    """Who tried to sign in, from where."""

    list_display = ("username", "ip_address", "attempt_time", "path_info")
    search_fields = ("username", "ip_address")
    list_filter = ("attempt_time",)
    ordering = ("-id",)
