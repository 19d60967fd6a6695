"""Funding batches with each claim's cut and its reason, and the objections to them."""

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from deals.funding.states import BATCH_STEPS, DRAFT, OBJECTION_STEPS
from deals.funding.steps import BATCH_ACTIONS, OBJECTION_ACTIONS, draft
from deals.models import BatchObjection, FundingBatch, SubsidyClaim
from deals.subsidies import caps
from deals.subsidies.api import CutShown
from organisations.api import FirmRef
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, entry, once


class ArrangedShown(serializers.ModelSerializer[SubsidyClaim]):
    firm = FirmRef(source="deal.firm", read_only=True)
    cuts = serializers.SerializerMethodField()

    class Meta:
        model = SubsidyClaim
        fields = ("id", "state", "firm", "period_start", "period_end", "requested", "eligible", "arranged", "paid", "cuts")
        read_only_fields = fields

    @extend_schema_field(CutShown(many=True))
    def get_cuts(self, claim: Any) -> list[dict[str, str]]:
        return [{"amount": str(amount), "reason": sentence} for amount, sentence in caps.told(claim.cuts)]


class FundingBatchShown(Presented):
    scheme = serializers.SlugRelatedField("code", read_only=True)
    office = serializers.CharField(source="office.organisation.name", read_only=True)

    class Meta:
        model = FundingBatch
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "number",
            "scheme",
            "office",
            "fiscal_year",
            "is_large",
            "shortfall_rule",
            "available",
            "notice_from",
            "notice_to",
            "notice_phone",
            "document_no",
            "issued_on",
            "paid_on",
            "province",
            "actions",
        )
        read_only_fields = fields


class FundingBatchDetail(FundingBatchShown):
    claims = ArrangedShown(many=True, read_only=True)

    class Meta(FundingBatchShown.Meta):
        fields = (*FundingBatchShown.Meta.fields, "claims")
        read_only_fields = fields


class FundingBatches(Resource):
    """资金安排方案."""

    kind, model = "funding-batches", FundingBatch
    serializer_class = FundingBatchShown
    detail_serializer_class = FundingBatchDetail
    filterset_fields = ("state", "fiscal_year", "number")
    steps, actions = BATCH_STEPS, BATCH_ACTIONS
    begins_with = ("draft",)
    ordering_fields = ("fiscal_year", "issued_on")

    @classmethod
    def loaded(cls, rows: QuerySet[FundingBatch]) -> QuerySet[FundingBatch]:
        claims = SubsidyClaim.objects.select_related("deal__firm", "claimant").order_by("id")
        return rows.select_related("scheme", "office__organisation").prefetch_related(Prefetch("claims", claims))

    @extend_schema(request=entry("FundingBatchIn", DRAFT), responses={201: FundingBatchDetail}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Draft a batch of all reviewed claims that wait at this office. The same number again is the same batch."""
        return once(request, lambda: self.made(draft(by=self.actor, at=self.actor.at, **read(DRAFT, body_of(request))).pk))


class ObjectionShown(Presented):
    class Meta:
        model = BatchObjection
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "batch",
            "claim",
            "objector",
            "text",
            "answer",
            "received_on",
            "province",
            "actions",
        )
        read_only_fields = fields


class Objections(Resource):
    """公示异议: registered by the step `object` of the batch."""

    kind, model = "objections", BatchObjection
    serializer_class = ObjectionShown
    filterset_fields = ("state", "batch", "claim")
    steps, actions = OBJECTION_STEPS, OBJECTION_ACTIONS
    begins_with = ("object",)
    ordering_fields = ("received_on",)

    @classmethod
    def loaded(cls, rows: QuerySet[BatchObjection]) -> QuerySet[BatchObjection]:
        return rows.select_related("batch__office")
