"""Notices: what people are told of what happened, by which way, and by which they wish to be told."""

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.models import Provincial
from exchange.models.outgoing import Outgoing, OutgoingQuerySet
from organisations.actors import Person
from organisations.models import Organisation, Role, User


class Channel(models.TextChoices):
    IN_APP = "in_app", _("站内")
    EMAIL = "email", _("电子邮件")
    SMS = "sms", _("短信")
    ROBOT = "robot", _("企业微信群机器人")


class NoticeQuerySet(OutgoingQuerySet):
    def visible_to(self, actor: Person) -> "NoticeQuerySet":
        """One's own inside the service; whoever runs it sees what could not be delivered, and to whom."""
        if actor.is_system:
            return self
        if any(seat.role == Role.SYSTEM_OPERATOR for seat in actor.seats):
            return self.filter(Q(recipient=actor.user_id, channel=Channel.IN_APP) | ~Q(channel=Channel.IN_APP))
        return self.of(actor)

    def of(self, actor: Person) -> "NoticeQuerySet":
        return self.filter(recipient=actor.user_id, channel=Channel.IN_APP)

    def unread(self) -> "NoticeQuerySet":
        return self.filter(read_at=None)


class Notice(Outgoing):
    """One event told to one receiver by one way. What it says is drawn from `kind` and `facts`, in the reader's language."""

    recipient = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="notices", verbose_name=_("收件人"))
    robot = models.ForeignKey("GroupRobot", models.PROTECT, null=True, blank=True, related_name="notices", verbose_name=_("群机器人"))
    channel = models.CharField(_("方式"), max_length=10, choices=Channel)
    kind = models.CharField(_("事项"), max_length=60)
    facts = models.JSONField(_("要素"), default=dict, encoder=DjangoJSONEncoder)
    link = models.CharField(_("链接"), max_length=200)
    is_daily = models.BooleanField(_("每日汇总"), default=False)
    read_at = models.DateTimeField(_("阅读时间"), null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("通知")
        verbose_name_plural = _("通知")
        constraints = (
            models.UniqueConstraint(fields=["event", "recipient", "channel"], condition=~Q(recipient=None), name="notice_to_person_once"),
            models.UniqueConstraint(fields=["event", "robot"], condition=~Q(robot=None), name="notice_to_group_once"),
            models.CheckConstraint(condition=Q(recipient=None) ^ Q(robot=None), name="notice_has_one_receiver"),
        )
        indexes = (
            models.Index(fields=["recipient", "-id"], condition=Q(channel="in_app"), name="notice_inbox"),
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="notice_due"),
        )

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient or self.robot}"


class NoticeChoice(models.Model):
    """How one person wishes to be told of one thing by one way; without a row, as the table of notices says."""

    class When(models.TextChoices):
        NOW = "now", pgettext_lazy("notice", "及时")
        DAILY = "daily", pgettext_lazy("notice", "每日汇总")
        NEVER = "never", pgettext_lazy("notice", "不发")

    user = models.ForeignKey(User, models.CASCADE, related_name="notice_choices", verbose_name=_("用户"))
    kind = models.CharField(_("事项"), max_length=60)
    channel = models.CharField(_("方式"), max_length=10, choices=Channel)
    when = models.CharField(_("时机"), max_length=10, choices=When)

    class Meta:
        verbose_name = _("通知设置")
        verbose_name_plural = _("通知设置")
        constraints = (models.UniqueConstraint(fields=["user", "kind", "channel"], name="notice_choice_once"),)

    def __str__(self) -> str:
        return f"{self.user} {self.kind} {self.channel} {self.when}"


class GroupRobotQuerySet(models.QuerySet["GroupRobot"]):
    def visible_to(self, actor: Any) -> "GroupRobotQuerySet":
        return self if actor.is_system else self.filter(organisation__in=actor.administers)


class GroupRobot(Provincial):
    """The robot in a unit's WeCom group. It is told how many and where to look, never whose and how much. Its address is its key."""

    organisation = models.OneToOneField(Organisation, models.PROTECT, related_name="group_robot", verbose_name=_("单位"))
    url = models.CharField(_("机器人地址"), max_length=300)
    is_active = models.BooleanField(_("启用"), default=True)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("设置人"))
    set_at = models.DateTimeField(_("设置时间"))

    objects = GroupRobotQuerySet.as_manager()

    class Meta:
        verbose_name = _("群机器人")
        verbose_name_plural = _("群机器人")

    def __str__(self) -> str:
        return self.organisation.name
