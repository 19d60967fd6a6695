"""Recoveries: what is doubted, found and decided, claim by claim, and what came back."""

from typing import ClassVar

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from deals.models import Recovery, RecoveryPart, RecoveryReceipt
from deals.recovery.actions import RECOVERY_ACTIONS
from deals.recovery.queries import loan_in_sight
from deals.recovery.states import DOUBT, RECOVERY_STEPS
from deals.recovery.steps import RELATED, raise_doubt
from organisations.api import FirmRef, OrganisationRef
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, entry, once


class PartShown(serializers.ModelSerializer[RecoveryPart]):
    """基数 × 涉及计提 ÷ 申请金额, rounded half-up to the fen."""

    period_end = serializers.DateField(source="claim.period_end", read_only=True)

    class Meta:
        model = RecoveryPart
        fields = ("claim", "period_end", "is_withheld", "base", "affected", "amount")
        read_only_fields = fields


class BackShown(serializers.ModelSerializer[RecoveryReceipt]):
    class Meta:
        model = RecoveryReceipt
        fields = ("on", "amount", "slip_no")
        read_only_fields = fields


class RecoveryShown(Presented):
    scheme = serializers.SlugRelatedField("code", read_only=True)
    firm = FirmRef(source="deal.firm", read_only=True)
    payer = OrganisationRef(read_only=True)
    office = serializers.CharField(source="office.organisation.name", read_only=True)

    class Meta:
        model = Recovery
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "deal",
            "scheme",
            "firm",
            "payer",
            "office",
            "reason",
            "suspended_from",
            "due_on",
            "explanation",
            "statement",
            "finding",
            "diverted_amount",
            "diverted_from",
            "scope",
            "document_no",
            "decided_on",
            "pay_by",
            "amount",
            "recovered",
            "province",
            "actions",
        )
        read_only_fields = fields


class RecoveryDetail(RecoveryShown):
    parts = PartShown(many=True, read_only=True)
    receipts = BackShown(many=True, read_only=True)

    class Meta(RecoveryShown.Meta):
        fields = (*RecoveryShown.Meta.fields, "parts", "receipts")
        read_only_fields = fields


class RecoveryFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Recovery.State.choices)
    scheme = filters.CharFilter("scheme__code")

    class Meta:
        model = Recovery
        fields = ("deal",)


class Recoveries(Resource):
    """贴息追回: from a doubt to the last receipt."""

    kind, model = "recoveries", Recovery
    serializer_class = RecoveryShown
    detail_serializer_class = RecoveryDetail
    filterset_class = RecoveryFilter
    steps, actions = RECOVERY_STEPS, RECOVERY_ACTIONS
    begins_with = ("doubt",)
    ordering_fields = ("suspended_from", "due_on", "pay_by", "amount")

    @classmethod
    def loaded(cls, rows: QuerySet[Recovery]) -> QuerySet[Recovery]:
        parts = RecoveryPart.objects.select_related("claim").order_by("claim__period_end", "id")
        receipts = RecoveryReceipt.objects.order_by("on", "id")
        return rows.select_related(*RELATED).prefetch_related(Prefetch("parts", parts), Prefetch("receipts", receipts))

    @extend_schema(request=entry("RecoveryIn", DOUBT), responses={201: RecoveryDetail}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Raise a doubt about the use of a loan. The same doubt again is the same row."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        values = read(DOUBT, body_of(request))
        deal = loan_in_sight(self.actor, values.pop("deal"))
        return self.made(raise_doubt(deal, by=self.actor, at=self.actor.at, **values).pk)
