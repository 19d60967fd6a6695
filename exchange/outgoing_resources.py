"""Notices, webhooks and their deliveries through the API."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from exchange import webhooks
from exchange.channels import said
from exchange.inbox import mark_read
from exchange.models import Delivery, Notice, Webhook
from exchange.webhook_states import WEBHOOK_STEPS
from exchange.webhooks import WEBHOOK_ACTIONS
from organisations.actors import Person
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, once


class NoticeShown(serializers.ModelSerializer[Notice]):
    said = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields = ("id", "kind", "said", "link", "made_at", "read_at")
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_said(self, row: Notice) -> str:
        return said(row)


class Notices(Resource):
    """通知: one's own, newest first."""

    kind, model = "notices", Notice
    serializer_class = NoticeShown
    filterset_fields: ClassVar[dict[str, list[str]]] = {"kind": ["exact"], "read_at": ["isnull"]}

    @classmethod
    def visible(cls, actor: Person) -> QuerySet[Notice]:
        return Notice.objects.of(actor)

    @extend_schema(operation_id="notices_read", request=None, responses=NoticeShown, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"], filterset_fields=None, pagination_class=None)
    def read(self, request: Request, pk: int) -> Response:
        """It has been read."""
        return once(request, lambda: self._read(pk))

    def _read(self, pk: int) -> Response:
        mark_read([self.find(self.actor, pk).pk], by=self.actor, at=self.actor.at)
        return self.shown(self.find(self.actor, pk))


class WebhookShown(Presented):
    class Meta:
        model = Webhook
        fields = ("id", "version", "state", "state_label", "organisation", "name", "url", "kinds", "failures", "made_at", "actions")
        read_only_fields = fields


class Webhooks(Resource):
    """事件推送: where an organisation's systems are told of steps. Made on a page, where the secret is shown once."""

    kind, model = "webhooks", Webhook
    serializer_class = WebhookShown
    filterset_fields = ("organisation", "state")
    steps, actions = WEBHOOK_STEPS, WEBHOOK_ACTIONS


class DeliveryShown(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "webhook",
            "kind",
            "message_id",
            "payload",
            "state",
            "attempts",
            "made_at",
            "next_attempt_at",
            "sent_at",
            "status",
            "answer",
            "error",
            "duration_ms",
            "replay_of",
        )
        read_only_fields = fields


class Deliveries(Resource):
    """推送记录: each event told, or being told, to a subscription, with the last answer."""

    kind, model = "deliveries", Delivery
    serializer_class = DeliveryShown
    filterset_fields = ("webhook", "kind", "state")

    @classmethod
    def visible(cls, actor: Person) -> QuerySet[Delivery]:
        """To whoever administers the webhook: an operator sees that something failed, never of what it told."""
        return Delivery.objects.filter(webhook__in=Webhook.objects.visible_to(actor)).select_related("webhook")

    @extend_schema(operation_id="deliveries_replay", request=None, responses={201: DeliveryShown}, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"], filterset_fields=None, pagination_class=None)
    def replay(self, request: Request, pk: int) -> Response:
        """Tell it once more: another row, the same message."""
        return once(request, lambda: self._replay(pk))

    def _replay(self, pk: int) -> Response:
        made: Any = webhooks.replay(self.find(self.actor, pk), by=self.actor, at=self.actor.at)
        return self.made(made.pk)
