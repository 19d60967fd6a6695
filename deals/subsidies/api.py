"""Subsidy claims: the computation line by line, the cuts with their reasons, the steps of each channel."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.steps import Step
from deals.actions import CLAIM_ACTIONS
from deals.subsidies import caps
from deals.subsidies.models import AccrualLine, SubsidyClaim
from deals.subsidies.states import BANK_CLAIM_STEPS, FIRM_CLAIM_STEPS, STEPS_OF_CHANNEL
from organisations.api import FirmRef, OrganisationRef
from organisations.resources import Presented, Resource


class AccrualShown(serializers.ModelSerializer[AccrualLine]):
    """积数 × 贴息率 ÷ 天数基数, rounded half-up to the fen."""

    version = serializers.SlugRelatedField("code", read_only=True)
    drawdown = serializers.IntegerField(source="drawdown.number", read_only=True)

    class Meta:
        model = AccrualLine
        fields = ("drawdown", "version", "kind", "period_start", "period_end", "balance_days", "rate_bp", "unrounded", "amount")
        read_only_fields = fields


class CutShown(serializers.Serializer[Any]):
    amount = serializers.DecimalField(18, 2)
    reason = serializers.CharField()


class ClaimShown(Presented):
    scheme = serializers.SlugRelatedField("code", read_only=True)
    claimant = OrganisationRef(read_only=True)
    firm = FirmRef(source="deal.firm", read_only=True)
    office = serializers.CharField(source="office.organisation.name", read_only=True, default=None, allow_null=True)

    class Meta:
        model = SubsidyClaim
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "scheme",
            "deal",
            "firm",
            "claimant",
            "office",
            "period_start",
            "period_end",
            "carried",
            "fiscal_year",
            "requested",
            "eligible",
            "arranged",
            "paid",
            "is_opening",
            "document_no",
            "province",
            "actions",
        )
        read_only_fields = fields


class ClaimDetail(ClaimShown):
    """With the computation line by line, and every cut with its reason. One carried over has its lines in the first claim of its period."""

    cuts = serializers.SerializerMethodField()
    lines = AccrualShown(many=True, read_only=True)

    class Meta(ClaimShown.Meta):
        fields = (*ClaimShown.Meta.fields, "cuts", "lines")
        read_only_fields = fields

    @extend_schema_field(CutShown(many=True))
    def get_cuts(self, claim: SubsidyClaim) -> list[dict[str, str]]:
        return [{"amount": str(amount), "reason": sentence} for amount, sentence in caps.told(claim.cuts)]


class ClaimFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=SubsidyClaim.State.choices)
    scheme = filters.CharFilter("scheme__code")

    class Meta:
        model = SubsidyClaim
        fields = ("deal", "fiscal_year", "period_end", "carried")


class Claims(Resource):
    """贴息申领. The steps differ by the scheme's channel; only the office that may decide sees the deciding ones."""

    kind, model = "claims", SubsidyClaim
    serializer_class = ClaimShown
    detail_serializer_class = ClaimDetail
    filterset_class = ClaimFilter
    steps, actions = BANK_CLAIM_STEPS | FIRM_CLAIM_STEPS, CLAIM_ACTIONS
    begins_with = ("forecast",)
    ordering_fields = ("period_end", "fiscal_year", "requested", "arranged", "paid")

    @classmethod
    def steps_of(cls, obj: SubsidyClaim) -> Mapping[str, Step]:
        return STEPS_OF_CHANNEL[obj.scheme.channel]

    @classmethod
    def loaded(cls, rows: QuerySet[SubsidyClaim]) -> QuerySet[SubsidyClaim]:
        lines = AccrualLine.objects.select_related("version", "drawdown").order_by("drawdown__number", "period_end", "id")
        return rows.select_related(
            "scheme",
            "claimant",
            "deal__firm",
            "deal__filing__project",
            "deal__branch__organisation",
            "deal__branch__bank",
            "office__organisation",
        ).prefetch_related(Prefetch("lines", lines))
