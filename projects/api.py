"""Filings and needs: start a draft, save the form as typed, take the steps of review, read what happened."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from lenders.api import BranchRef
from organisations.actors import FIRM_ROLES, Person
from organisations.api import FirmRef, IndustryRef, ProgrammeField, RegionRef
from organisations.models import Batch, Organisation
from organisations.resources import IDEMPOTENCY_KEY, IF_MATCH, ChoiceShown, Presented, Resource, body_of, once, seen_of
from projects import queries
from projects.actions import FILING_ACTIONS
from projects.drafting import save_form, start_filing
from projects.files_api import Papers
from projects.form_fields import FORM_FIELDS, FormField
from projects.history import Event, timeline
from projects.models import Filing, IntendedBank, Need, Project, ReviewStep
from projects.named_banks import form_told, named_to, tells_banks
from projects.states import FILING_STEPS


class ProjectRef(serializers.ModelSerializer[Project]):
    region = RegionRef(read_only=True)
    industry = IndustryRef(read_only=True)

    class Meta:
        model = Project
        fields = ("id", "name", "code", "region", "industry", "action", "total_investment", "equipment_investment")
        read_only_fields = fields


class ReviewStepShown(serializers.ModelSerializer[ReviewStep]):
    unit = serializers.CharField(source="unit.organisation.name", read_only=True)
    stage_label = serializers.CharField(source="get_stage_display", read_only=True)

    class Meta:
        model = ReviewStep
        fields = ("position", "unit", "stage", "stage_label", "working_days", "started_at", "due_at", "passed_at")
        read_only_fields = fields


class FilingShown(Presented):
    """A row of a list."""

    firm = FirmRef(read_only=True)
    project = ProjectRef(read_only=True, allow_null=True)
    programme = serializers.SlugRelatedField("code", read_only=True)
    batch = serializers.SlugRelatedField("code", read_only=True, allow_null=True)
    current_step = ReviewStepShown(read_only=True, allow_null=True)

    class Meta:
        model = Filing
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "title",
            "firm",
            "project",
            "programme",
            "track",
            "batch",
            "submitted_at",
            "returns",
            "current_step",
            "list_number",
            "listed_on",
            "province",
            "actions",
        )
        read_only_fields = fields


class IntendedBankShown(serializers.ModelSerializer[IntendedBank]):
    branch = BranchRef(read_only=True)

    class Meta:
        model = IntendedBank
        fields = ("rank", "branch")
        read_only_fields = fields


class NeedRow(serializers.ModelSerializer[Need]):
    intended_banks = IntendedBankShown(many=True, read_only=True)

    class Meta:
        model = Need
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "year",
            "amount",
            "term_months",
            "rate_cap_bp",
            "securities",
            "open_to_other_banks",
            "asks_for_suggestions",
            "parked_reason",
            "intended_banks",
        )
        read_only_fields = fields


class FormTold(serializers.JSONField):
    """The form as typed, without what its reader may not know."""

    def get_attribute(self, instance: Filing) -> Any:
        return form_told(instance)


class FilingDetail(FilingShown):
    """With the form as typed, the needs, and every step of the review chain."""

    form = FormTold(read_only=True)
    review = ReviewStepShown(many=True, read_only=True, source="steps")
    needs = NeedRow(many=True, read_only=True)

    class Meta(FilingShown.Meta):
        fields = (*FilingShown.Meta.fields, "form", "form_saved_at", "open_fields", "review", "needs")
        read_only_fields = fields


class DraftIn(serializers.Serializer[Any]):
    programme = ProgrammeField()
    track = serializers.ChoiceField(Batch.Track.choices, default=Batch.Track.INDUSTRY)
    firm = serializers.IntegerField(required=False, min_value=1, help_text=_("企业编号；只有一家企业时可省略。"))
    form = serializers.DictField(required=False, help_text=_("申报表，字段见 /api/filings/fields/。"))


class FormIn(serializers.Serializer[Any]):
    seen = serializers.IntegerField(required=False, min_value=0, help_text=_("读取时得到的 version；也可用 If-Match。"))
    form = serializers.DictField(help_text=_("申报表，字段见 /api/filings/fields/；金额以万元填写。"))


class FormOut(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    form = FormTold()
    form_saved_at = serializers.DateTimeField(allow_null=True)
    open_fields = serializers.ListField(child=serializers.CharField())


class FieldShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField()
    required = serializers.BooleanField()
    help = serializers.CharField(allow_blank=True)
    section = serializers.CharField(allow_blank=True)
    choices = ChoiceShown(many=True)
    fields = serializers.ListField(child=serializers.DictField())


class HappenedShown(serializers.Serializer[Event]):
    at = serializers.DateTimeField()
    verb = serializers.CharField()
    label = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    state = serializers.CharField(allow_blank=True)
    fields_named = serializers.ListField(child=serializers.CharField(), source="fields")


class FilingFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Filing.State.choices)
    batch = filters.CharFilter("batch__code")
    region = filters.CharFilter(method="within", label=_("区划代码：县级或市级单元"))
    q = filters.CharFilter(method="named", label=_("项目、企业名称或统一社会信用代码"))

    class Meta:
        model = Filing
        fields = ("track", "list_number", "province")

    def within(self, rows: QuerySet[Filing], _name: str, code: str) -> QuerySet[Filing]:
        return rows.filter(Q(project__region__code=code) | Q(project__region__municipal__code=code))

    def named(self, rows: QuerySet[Filing], _name: str, text: str) -> QuerySet[Filing]:
        return rows.filter(queries.named(text))


class Filings(Papers):
    """申报. `actions` says what the reader may do now; each is POST /api/filings/<id>/<verb>/."""

    kind, model = "filings", Filing
    serializer_class = FilingShown
    detail_serializer_class = FilingDetail
    filterset_class = FilingFilter
    steps, actions = FILING_STEPS, FILING_ACTIONS
    begins_with = ("start",)
    ordering_fields = ("submitted_at", "title", "returns", "listed_on")

    @classmethod
    def shown_to(cls, rows: QuerySet[Filing], actor: Person) -> QuerySet[Filing]:
        needs = Need.objects.prefetch_related(named_to(actor)).order_by("year", "id")
        return cls.loaded(rows).annotate(tells_banks=tells_banks(actor)).prefetch_related(Prefetch("needs", needs))

    @classmethod
    def loaded(cls, rows: QuerySet[Filing]) -> QuerySet[Filing]:
        return rows.with_progress().select_related("programme")

    @extend_schema(request=DraftIn, responses={201: FilingDetail}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Start a draft."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        entered = DraftIn(data=body_of(request))
        entered.is_valid(raise_exception=True)
        sent = entered.validated_data
        firm = _own_firm(self.actor, sent.get("firm"))
        made = start_filing(firm, programme=sent["programme"], track=sent["track"], by=self.actor, at=self.actor.at, form=sent.get("form"))
        return self.made(made.pk)

    @extend_schema(operation_id="filings_form", responses=FormOut)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def form(self, _request: Request, pk: int) -> Response:
        """The form as typed, and which of its fields are open."""
        return _form_of(self.find(self.actor, pk))

    @extend_schema(operation_id="filings_save_form", request=FormIn, responses=FormOut, parameters=[IF_MATCH, IDEMPOTENCY_KEY])
    @form.mapping.put
    def save(self, request: Request, pk: int) -> Response:
        """Save the form of a draft, or the open fields of a returned case. Nothing typed is judged before it is submitted."""
        return once(request, lambda: self._save(request, pk))

    def _save(self, request: Request, pk: int) -> Response:
        entered = FormIn(data=body_of(request))
        entered.is_valid(raise_exception=True)
        filing = self.find(self.actor, pk)
        save_form(filing, form=entered.validated_data["form"], by=self.actor, at=self.actor.at, seen=seen_of(request))
        return _form_of(self.find(self.actor, pk))

    @extend_schema(operation_id="filings_timeline", responses=HappenedShown(many=True))
    @action(detail=True, filterset_class=None, pagination_class=None)
    def timeline(self, _request: Request, pk: int) -> Response:
        """What happened to it, oldest first, as far as the reader may know."""
        return Response(HappenedShown(cast("Any", timeline(self.find(self.actor, pk), self.actor)), many=True).data)

    @extend_schema(operation_id="filings_fields", responses=FieldShown(many=True))
    @action(detail=False, filterset_class=None, pagination_class=None)
    def fields(self, _request: Request) -> Response:
        """The fields of the form: the same table from which the page is drawn."""
        return Response([_field(field) for field in FORM_FIELDS])


def _own_firm(by: Person, wanted: int | None) -> Organisation:
    own = [seat.organisation_id for seat in by.seats if seat.role in FIRM_ROLES and wanted in (None, seat.organisation_id)]
    if not own:
        raise NotFound
    return Organisation.objects.get(pk=own[0])


def _form_of(filing: Filing) -> Response:
    return Response(FormOut(filing).data)


def _field(field: FormField) -> Mapping[str, Any]:
    told: dict[str, Any] = {name: str(getattr(field, name)) for name in ("name", "kind", "label", "help", "section")}
    choices = [{"value": value, "label": str(label)} for value, label in field.choices.choices] if field.choices else []
    return told | {"required": field.required, "choices": choices, "fields": [_field(inner) for inner in field.fields]}


class NeedShown(NeedRow):
    filing = serializers.PrimaryKeyRelatedField(read_only=True)
    firm = FirmRef(read_only=True)
    project = ProjectRef(read_only=True)

    class Meta(NeedRow.Meta):
        fields = ("filing", "firm", "project", *NeedRow.Meta.fields)
        read_only_fields = fields


class NeedFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter("filing__state", choices=Filing.State.choices, label=_("申报状态"))
    region = filters.CharFilter(method="within", label=_("区划代码：县级或市级单元"))

    class Meta:
        model = Need
        fields = ("year", "open_to_other_banks", "asks_for_suggestions", "filing")

    def within(self, rows: QuerySet[Need], _name: str, code: str) -> QuerySet[Need]:
        return rows.filter(Q(project__region__code=code) | Q(project__region__municipal__code=code))


class Needs(Resource):
    """融资需求: what a round matches."""

    kind, model = "needs", Need
    serializer_class = NeedShown
    filterset_class = NeedFilter
    ordering_fields = ("year", "amount")

    @classmethod
    def shown_to(cls, rows: QuerySet[Need], actor: Person) -> QuerySet[Need]:
        return rows.select_related("firm", "project__region", "project__industry").prefetch_related(named_to(actor))
