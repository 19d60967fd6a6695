"""Rounds, what they recommended and why, and why some needs got nothing, in words."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lenders.api import BranchRef
from matching import explain, scenarios, smallest, tasks
from matching.actions import ROUND_ACTIONS, SCENARIO_ACTIONS
from matching.models import NonMatch, Recommendation, Round, Scenario
from matching.rounds import plan
from matching.states import ROUND_STEPS, SCENARIO_STEPS, by_provincial_office
from organisations.actors import REVIEW_ROLES, Person
from organisations.api import FirmRef, IndustryRef, ProgrammeField, RegionRef
from organisations.models import Unit
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, once
from projects.models import Filing

BANDS_YUAN = (10_000_000, 50_000_000, 100_000_000, 500_000_000)
WAN = 10_000


class RoundShown(Presented):
    programme = serializers.SlugRelatedField("code", read_only=True)
    parent = serializers.SlugRelatedField("number", read_only=True, allow_null=True)
    weights = serializers.SlugRelatedField("document_no", read_only=True, allow_null=True)
    gap = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = Round
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "number",
            "programme",
            "province",
            "parent",
            "reason",
            "planned_for",
            "weights",
            "needs",
            "options",
            "matched",
            "value",
            "bound",
            "gap",
            "seconds",
            "snapshot_sha256",
            "problem_sha256",
            "result_sha256",
            "failure",
            "frozen_at",
            "solved_at",
            "published_at",
            "next_round_on",
            "actions",
        )
        read_only_fields = fields


class PlanIn(serializers.Serializer[Any]):
    programme = ProgrammeField()
    planned_for = serializers.DateField()
    province = serializers.CharField(max_length=6, required=False, help_text=_("省份代码；只在一省任职时可省略。"))
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)


class ProgressShown(serializers.Serializer[Any]):
    state = serializers.CharField()
    attempt = serializers.IntegerField()
    cancel_requested = serializers.BooleanField()
    progress = serializers.DictField(help_text="phase, value, bound, gap, steps, seconds")


class RoundFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Round.State.choices)
    child = filters.BooleanFilter("parent", lookup_expr="isnull", exclude=True, label=_("补充轮次"))

    class Meta:
        model = Round
        fields = ("number", "province")


class Rounds(Resource):
    """推荐轮次."""

    kind, model = "rounds", Round
    serializer_class = RoundShown
    filterset_class = RoundFilter
    steps, actions = ROUND_STEPS, ROUND_ACTIONS
    begins_with = ("plan",)
    ordering_fields = ("planned_for", "published_at")

    @classmethod
    def loaded(cls, rows: QuerySet[Round]) -> QuerySet[Round]:
        return rows.select_related("programme", "parent", "weights")

    @extend_schema(request=PlanIn, responses={201: RoundShown}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Plan a round."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        entered = PlanIn(data=body_of(request))
        entered.is_valid(raise_exception=True)
        sent = entered.validated_data
        made = plan(
            sent["programme"],
            province=sent.get("province") or _province_of(self.actor),
            planned_for=sent["planned_for"],
            seed=sent["seed"],
            by=self.actor,
            at=self.actor.at,
        )
        return self.made(made.pk)

    @extend_schema(operation_id="rounds_progress", responses=ProgressShown)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def progress(self, _request: Request, pk: int) -> Response:
        """How far the worker is: phase, value, bound, gap."""
        return Response(ProgressShown(self.find(self.actor, pk)).data)


def _province_of(by: Person) -> str:
    return next((seat.province for seat in by.seats if seat.unit_kind == Unit.Kind.PROVINCE and seat.role in REVIEW_ROLES), "")


class Outline(serializers.Serializer[Any]):
    """What a bank may know before the firm has agreed: industry, county, and a band of the amount."""

    industry = IndustryRef()
    region = RegionRef()
    amount_band = serializers.CharField()


class RecommendationShown(serializers.ModelSerializer[Recommendation]):
    """A bank that may not open the file yet sees the outline only."""

    round = serializers.SlugRelatedField("number", read_only=True)
    state_label = serializers.CharField(source="get_state_display", read_only=True)
    branch = BranchRef(read_only=True)
    product = serializers.CharField(source="product.name", read_only=True)
    outline = serializers.SerializerMethodField()
    need = serializers.SerializerMethodField()
    firm = serializers.SerializerMethodField()
    project = serializers.SerializerMethodField()
    amount = serializers.SerializerMethodField()

    class Meta:
        model = Recommendation
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "round",
            "rank",
            "state",
            "state_label",
            "branch",
            "product",
            "is_named",
            "rate_bp",
            "cost_bp",
            "outline",
            "need",
            "firm",
            "project",
            "amount",
        )
        read_only_fields = fields

    @extend_schema_field(Outline)
    def get_outline(self, row: Recommendation) -> dict[str, Any]:
        project = row.need.project
        told = {"industry": project.industry, "region": project.region, "amount_band": band(int(row.need.amount))}
        return Outline(told).data

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_need(self, row: Any) -> int | None:
        return row.need_id if row.may_open else None

    @extend_schema_field(FirmRef(allow_null=True))
    def get_firm(self, row: Any) -> dict[str, Any] | None:
        return FirmRef(row.need.firm).data if row.may_open else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_project(self, row: Any) -> str | None:
        return row.need.project.name if row.may_open else None

    @extend_schema_field(serializers.DecimalField(18, 2, allow_null=True))
    def get_amount(self, row: Any) -> str | None:
        return str(row.amount) if row.may_open else None


class RecommendationDetail(RecommendationShown):
    """With the reason in words, the points of each term, and the subsidies expected."""

    why = serializers.SerializerMethodField()

    class Meta(RecommendationShown.Meta):
        fields = (*RecommendationShown.Meta.fields, "value", "terms", "stack", "subsidy_by_year", "why")
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_why(self, row: Any) -> list[str]:
        return explain.why(row) if row.may_open else []

    def to_representation(self, instance: Any) -> Any:
        told = super().to_representation(instance)
        hidden = () if instance.may_open else ("value", "terms", "stack", "subsidy_by_year")
        return told | dict.fromkeys(hidden)


def band(yuan: Decimal | int) -> str:
    """The amount as an outline tells it."""
    edges = [edge // WAN for edge in BANDS_YUAN]
    above = [edge for edge in edges if yuan // WAN >= edge]
    if not above:
        return str(_("%(top)s 万元以下") % {"top": f"{edges[0]:,}"})
    place = edges.index(above[-1])
    if place + 1 == len(edges):
        return str(_("%(low)s 万元以上") % {"low": f"{above[-1]:,}"})
    return str(_("%(low)s 万元至 %(top)s 万元") % {"low": f"{above[-1]:,}", "top": f"{edges[place + 1]:,}"})


class RecommendationFilter(filters.FilterSet):
    round = filters.CharFilter("round__number")
    branch = filters.CharFilter("branch__code")
    state = filters.MultipleChoiceFilter(choices=Recommendation.State.choices)
    rank = filters.MultipleChoiceFilter(choices=[(rank, rank) for rank in range(3)])

    class Meta:
        model = Recommendation
        fields = ("is_named",)


class Recommendations(Resource):
    """推荐: what a round said of one need. The lead has rank 0; frozen when published."""

    kind, model = "recommendations", Recommendation
    serializer_class = RecommendationShown
    detail_serializer_class = RecommendationDetail
    filterset_class = RecommendationFilter
    ordering_fields = ("rank",)

    @classmethod
    def shown_to(cls, rows: QuerySet[Recommendation], actor: Person) -> QuerySet[Recommendation]:
        file: Any = Value(True) if actor.is_system else Exists(Filing.objects.visible_to(actor).filter(pk=OuterRef("need__filing")))
        return cls.loaded(rows).annotate(may_open=ExpressionWrapper(Q(file), output_field=BooleanField()))

    @classmethod
    def loaded(cls, rows: QuerySet[Recommendation]) -> QuerySet[Recommendation]:
        return rows.select_related(
            "round", "branch__organisation", "branch__bank", "product", "need__firm", "need__project__region", "need__project__industry"
        )


class NonMatchShown(serializers.ModelSerializer[NonMatch]):
    round = serializers.SlugRelatedField("number", read_only=True)
    firm = FirmRef(source="need.firm", read_only=True)
    project = serializers.CharField(source="need.project.name", read_only=True)
    why_not = serializers.SerializerMethodField()
    smallest_change = serializers.SerializerMethodField(help_text=_("按需查找：提高哪项额度多少，本需求即可获得推荐；只告知省级主管部门。"))

    class Meta:
        model = NonMatch
        fields = ("id", "round", "need", "firm", "project", "code", "why_not", "smallest_change")
        read_only_fields = fields

    def get_why_not(self, row: NonMatch) -> list[str]:
        return explain.why_not(row)

    @extend_schema_field(serializers.DictField())
    def get_smallest_change(self, row: NonMatch) -> dict[str, Any]:
        if not by_provincial_office(row, self.context["actor"]):
            return {}
        return {**row.smallest, "told": explain.smallest(row)}


class NonMatchFilter(filters.FilterSet):
    round = filters.CharFilter("round__number")

    class Meta:
        model = NonMatch
        fields = ("need", "code")


class NonMatches(Resource):
    """未获推荐说明: the first failing rule of each bank, or the full limits with their prices, and when the next round is."""

    kind, model = "non-matches", NonMatch
    serializer_class = NonMatchShown
    filterset_class = NonMatchFilter

    @classmethod
    def loaded(cls, rows: QuerySet[NonMatch]) -> QuerySet[NonMatch]:
        return rows.select_related("round", "need__firm", "need__project")

    @extend_schema(operation_id="non_matches_smallest_change", request=None, responses={202: NonMatchShown})
    @action(detail=True, methods=["post"], url_path="smallest-change", filterset_class=None, pagination_class=None)
    def smallest(self, _request: Request, pk: int) -> Response:
        """Look for the least raise of a limit with which the need would have been recommended; read `smallest_change` some seconds later."""
        row = self.find(self.actor, pk)
        if smallest.ask(row, by=self.actor, at=self.actor.at):
            tasks.dispatch_smallest(row)
        return self.shown(row, status.HTTP_202_ACCEPTED)


class ScenarioIn(serializers.Serializer[Any]):
    round = serializers.IntegerField(help_text=_("基准轮次的编号 id。"))
    name = serializers.CharField(max_length=100)
    overrides = serializers.DictField(
        help_text="weights {term: points}, appetites {account: yuan}, case_loads {branch: cases}, budgets {scheme:year: yuan}, "
        "floors {floor: {amount_yuan, penalty}}, appetite_percent"
    )
    time_limit_s = serializers.DecimalField(6, 2, default=scenarios.TIME_LIMIT_S)


class ScenarioShown(Presented):
    round = serializers.SlugRelatedField("number", read_only=True)

    class Meta:
        model = Scenario
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "round",
            "name",
            "overrides",
            "asked_at",
            "time_limit_s",
            "progress",
            "failure",
            "result_sha256",
            "solved_at",
            "seconds",
            "actions",
        )
        read_only_fields = fields


class ScenarioDetail(ScenarioShown):
    """With the difference report."""

    class Meta(ScenarioShown.Meta):
        fields = (*ScenarioShown.Meta.fields, "report")
        read_only_fields = fields


class ScenarioFilter(filters.FilterSet):
    round = filters.NumberFilter("round")
    state = filters.MultipleChoiceFilter(choices=Scenario.State.choices)

    class Meta:
        model = Scenario
        fields = ()


class Scenarios(Resource):
    """情景测算: a solved round with other limits, weights or floors. It commits nothing."""

    kind, model = "scenarios", Scenario
    serializer_class = ScenarioShown
    detail_serializer_class = ScenarioDetail
    filterset_class = ScenarioFilter
    steps, actions = SCENARIO_STEPS, SCENARIO_ACTIONS
    begins_with = ("ask",)
    ordering_fields = ("asked_at",)

    @classmethod
    def loaded(cls, rows: QuerySet[Scenario]) -> QuerySet[Scenario]:
        return rows.select_related("round").defer("result")

    @extend_schema(request=ScenarioIn, responses={201: ScenarioDetail}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Ask for one; it is computed in the background."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        entered = ScenarioIn(data=body_of(request))
        entered.is_valid(raise_exception=True)
        sent = entered.validated_data
        made = scenarios.ask(
            Rounds.find(self.actor, sent["round"]),
            name=sent["name"],
            changes=sent["overrides"],
            time_limit_s=sent["time_limit_s"],
            by=self.actor,
            at=self.actor.at,
        )
        tasks.dispatch_scenario(made)
        return self.made(made.pk)
