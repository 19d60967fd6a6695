"""Webhooks: an organisation's own system is told, signed, what happened to what the organisation may see."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.models import Provincial, Versioned
from exchange.models.outgoing import Outgoing, OutgoingQuerySet
from organisations.models import Organisation, Role, User


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, actor: Any) -> "WebhookQuerySet":
        return self if actor.is_system else self.filter(organisation__in=actor.administers)


class Webhook(Provincial, Versioned):
    """A subscription. `nonce` is public; the secret is made of it and the installation's own key, and kept nowhere."""

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("webhook", "启用")
        STOPPED = "stopped", pgettext_lazy("webhook", "连续失败，已停用")
        ENDED = "ended", pgettext_lazy("webhook", "已取消")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="webhooks", verbose_name=_("机构"))
    name = models.CharField(_("用途"), max_length=60)
    url = models.CharField(_("接收地址"), max_length=300)
    kinds = ArrayField(models.CharField(max_length=60), verbose_name=_("事项"))
    nonce = models.CharField(_("密钥序号"), max_length=32, unique=True)
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ACTIVE)
    failures = models.PositiveSmallIntegerField(_("连续失败次数"), default=0)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("设置人"))
    made_at = models.DateTimeField(_("设置时间"))

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = _("事件推送")
        verbose_name_plural = _("事件推送")

    def __str__(self) -> str:
        return self.name


class DeliveryQuerySet(OutgoingQuerySet):
    def visible_to(self, actor: Any) -> "DeliveryQuerySet":
        """An administrator's own; whoever runs the service sees how it went with every one."""
        if actor.is_system or any(seat.role == Role.SYSTEM_OPERATOR for seat in actor.seats):
            return self
        return self.filter(webhook__organisation__in=actor.administers)


class Delivery(Outgoing):
    """One event told to one subscription, with the last answer. Replayed by hand it is another row with the same message id."""

    webhook = models.ForeignKey(Webhook, models.PROTECT, related_name="deliveries", verbose_name=_("推送"))
    kind = models.CharField(_("事项"), max_length=60)
    payload = models.JSONField(_("内容"), encoder=DjangoJSONEncoder)
    replay_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replays", verbose_name=_("重发自"))
    status = models.PositiveSmallIntegerField(_("应答状态码"), null=True, blank=True)
    answer = models.CharField(_("应答内容"), max_length=500, blank=True)
    duration_ms = models.PositiveIntegerField(_("用时（毫秒）"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("推送记录")
        verbose_name_plural = _("推送记录")
        constraints = (models.UniqueConstraint(fields=["webhook", "event"], condition=Q(replay_of=None), name="event_delivered_once"),)
        indexes = (models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="delivery_due"),)

    def __str__(self) -> str:
        return f"{self.kind} → {self.webhook}"
