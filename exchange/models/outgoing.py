"""What leaves the service: a row for each event and receiver, tried until it has arrived or been given up."""

import datetime as dt
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.models import AuditEvent, Provincial


class OutgoingQuerySet(models.QuerySet[Any]):
    def due(self, *, at: dt.datetime) -> Self:
        return self.filter(state=Outgoing.State.WAITING, next_attempt_at__lte=at)


class Outgoing(Provincial):
    """`message_id` is the same at every attempt, so that a receiver knows a repetition.

    An attempt first moves `next_attempt_at` on: whoever dies while sending is followed by another, and nobody sends at the same time.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("outgoing", "待发送")
        SENT = "sent", pgettext_lazy("outgoing", "已发送")
        FAILED = "failed", pgettext_lazy("outgoing", "发送失败")

    event = models.ForeignKey(AuditEvent, models.PROTECT, related_name="+", verbose_name=_("事件"))
    message_id = models.UUIDField(_("消息编号"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.WAITING)
    made_at = models.DateTimeField(_("产生时间"))
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    next_attempt_at = models.DateTimeField(_("下次尝试"))
    sent_at = models.DateTimeField(_("送达时间"), null=True, blank=True)
    error = models.CharField(_("最近一次出错"), max_length=300, blank=True)

    class Meta:
        abstract = True


class Reading(models.Model):
    """How far an outbox has read the audit trail: everything up to this event of this transaction has its rows."""

    name = models.CharField(_("名称"), max_length=40, unique=True)
    transaction_id = models.BigIntegerField(_("事务号"))
    event_id = models.BigIntegerField(_("事件"), default=0)

    class Meta:
        verbose_name = _("读取进度")
        verbose_name_plural = _("读取进度")

    def __str__(self) -> str:
        return self.name
