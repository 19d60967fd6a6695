"""Forward batches: prepared with every case that waits, and taken through their steps."""

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from organisations.models import Batch, Unit
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, once
from projects.actions import FORWARD_ACTIONS
from projects.forwarding import steps
from projects.forwarding.states import FORWARD_STEPS
from projects.models import ForwardBatch, ForwardedCase


class CaseShown(serializers.ModelSerializer[ForwardedCase]):
    class Meta:
        model = ForwardedCase
        fields = ("filing", "pulled_at", "pulled_reason")
        read_only_fields = fields


class ForwardShown(Presented):
    unit = serializers.SlugRelatedField("code", read_only=True)
    to_unit = serializers.SlugRelatedField("code", read_only=True, allow_null=True)
    batch = serializers.SlugRelatedField("code", read_only=True)
    receiver = serializers.CharField(read_only=True)

    class Meta:
        model = ForwardBatch
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "unit",
            "to_unit",
            "receiver",
            "batch",
            "list_version",
            "sha256",
            "number",
            "dated_on",
            "sent_at",
            "province",
            "actions",
        )
        read_only_fields = fields


class ForwardDetail(ForwardShown):
    """With the frozen list, and every case that is or was on it."""

    content = serializers.JSONField(read_only=True)
    cases = CaseShown(many=True, read_only=True)

    class Meta(ForwardShown.Meta):
        fields = (*ForwardShown.Meta.fields, "content", "cases")
        read_only_fields = fields


class ForwardIn(serializers.Serializer[Any]):
    batch = serializers.CharField(max_length=40, help_text=_("批次号"))
    unit = serializers.CharField(max_length=40, required=False, help_text=_("单位代码；只在一个单位任职时可省略"))


class Forwards(Resource):
    """上报批次."""

    kind, model = "forwards", ForwardBatch
    serializer_class = ForwardShown
    detail_serializer_class = ForwardDetail
    filterset_fields = ("state", "province")
    steps, actions = FORWARD_STEPS, FORWARD_ACTIONS
    begins_with = ("prepare",)

    @classmethod
    def loaded(cls, rows: QuerySet[ForwardBatch]) -> QuerySet[ForwardBatch]:
        return rows.with_offices().prefetch_related(Prefetch("cases", ForwardedCase.objects.order_by("pk")))

    @extend_schema(request=ForwardIn, responses={201: ForwardDetail}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Begin one with every case that waits in the unit."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        entered = ForwardIn(data=body_of(request))
        entered.is_valid(raise_exception=True)
        units = Unit.objects.filter(pk__in=self.actor.track_units).select_related("organisation").order_by("pk")
        if "unit" in entered.validated_data:
            units = units.filter(code=entered.validated_data["unit"])
        unit = units.first()
        batch = (
            Batch.objects.filter(code=entered.validated_data["batch"], province=unit.province, track=unit.line).first() if unit else None
        )
        if unit is None or batch is None:
            raise NotFound
        made = steps.prepare(unit, batch=batch, by=self.actor, at=self.actor.at)
        return self.made(made.pk)
