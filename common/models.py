"""Rows every app shares: the audit trail, answers kept for repeated requests, deadlines and the working-day calendar."""

from collections.abc import Collection, Iterable
from typing import Any

import pgtrigger
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem

NATION = "100000"
CURRENT_TRANSACTION = Cast(Cast(models.Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField())


class Provincial(models.Model):
    """Every row carries its province, so that one installation may serve several and tables may be partitioned by it."""

    province = models.CharField(_("省份代码"), max_length=6)

    class Meta:
        abstract = True

    def save(self, *args: Any, **how: Any) -> None:
        """A text longer than its column is refused by name, whoever took it in: the database would only say that something is too long."""
        if problems := list(too_long(self, only=how.get("update_fields"))):
            raise Invalid(problems)
        super().save(*args, **how)


def too_long(row: models.Model, *, only: Collection[str] | None = None) -> Iterable[Problem]:
    """The texts of this row that are longer than their columns."""
    for field in row._meta.concrete_fields:
        if field.max_length is None or (only is not None and field.name not in only):
            continue
        value = row.__dict__.get(field.attname)
        if isinstance(value, str) and len(value) > field.max_length:
            message = _("“%(label)s”超过 %(n)s 个字。") % {"label": field.verbose_name, "n": field.max_length}
            yield Problem(field.name, "too_long", message, _("请压缩文字后重新填写。"))


class Versioned(models.Model):
    """`version` is what a person looked at; a step or an edit from an older one is refused (`common.steps`)."""

    version = models.PositiveIntegerField(_("版本"), default=0, editable=False)

    class Meta:
        abstract = True


class AuditEvent(Provincial):
    """One thing that happened to one object, written in the transaction that did it. The database refuses UPDATE and DELETE."""

    subject = models.CharField(_("对象类型"), max_length=60)
    subject_id = models.BigIntegerField(_("对象编号"))
    verb = models.CharField(_("步骤"), max_length=60)
    source = models.CharField(_("原状态"), max_length=40, blank=True)
    target = models.CharField(_("新状态"), max_length=40, blank=True)
    seen_version = models.PositiveIntegerField(_("依据版本"), default=0)
    by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("经办人"))
    by_organisation_id = models.BigIntegerField(_("经办机构编号"), null=True)
    by_label = models.CharField(_("经办人（显示）"), max_length=200)
    at = models.DateTimeField(_("时间"))
    note = models.TextField(_("意见"), blank=True)
    changes = models.JSONField(_("变更"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    transaction_id = models.BigIntegerField(_("事务号"), editable=False, db_default=CURRENT_TRANSACTION)

    class Meta:
        verbose_name = _("审计事件")
        verbose_name_plural = _("审计事件")
        indexes = (
            models.Index(fields=["subject", "subject_id", "id"], name="audit_subject"),
            models.Index(fields=["verb", "id"], name="audit_verb"),
            models.Index(fields=["transaction_id", "id"], name="audit_transaction"),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.subject}:{self.subject_id} {self.verb}"


class AuditSeal(models.Model):
    """SHA-256 chained over audit events that no running transaction can still add to (`common` is told the horizon by PostgreSQL)."""

    first_event_id = models.BigIntegerField(_("首事件"))
    last_event_id = models.BigIntegerField(_("末事件"))
    events = models.PositiveIntegerField(_("事件数"))
    horizon = models.BigIntegerField(_("事务边界"), help_text=_("封存时所有小于此号的事务均已结束"))
    previous_digest = models.CharField(_("上一摘要"), max_length=64)
    digest = models.CharField(_("摘要"), max_length=64, unique=True)
    at = models.DateTimeField(_("封存时间"))

    class Meta:
        verbose_name = _("审计封存")
        verbose_name_plural = _("审计封存")
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return self.digest[:12]


class IdempotencyKey(models.Model):
    """The answer given to a request, kept so that the same request gets the same answer. Kept 30 days."""

    organisation_id = models.BigIntegerField(_("机构编号"))
    route = models.CharField(_("接口"), max_length=200)
    key = models.CharField(_("幂等键"), max_length=100)
    body_sha256 = models.CharField(_("请求摘要"), max_length=64)
    status = models.PositiveSmallIntegerField(_("状态码"), default=0)
    answer = models.JSONField(_("应答"), null=True, encoder=DjangoJSONEncoder)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("幂等键")
        verbose_name_plural = _("幂等键")
        constraints = (models.UniqueConstraint(fields=["organisation_id", "route", "key"], name="idempotency_key_once"),)

    def __str__(self) -> str:
        return self.key


class Deadline(Provincial):
    """A clock in working days on one object. Overdue is noticed and listed (督办); it never decides anything."""

    subject = models.CharField(_("对象类型"), max_length=60)
    subject_id = models.BigIntegerField(_("对象编号"))
    kind = models.CharField(_("时限类型"), max_length=40)
    organisation_id = models.BigIntegerField(_("责任机构编号"))
    starts_at = models.DateTimeField(_("起算"))
    due_at = models.DateTimeField(_("到期"))
    paused_at = models.DateTimeField(_("暂停于"), null=True, blank=True)
    paused_days = models.PositiveSmallIntegerField(_("已暂停工作日"), default=0)
    counts_rest_days = models.BooleanField(_("按自然日计"), default=False)
    reminded_at_50 = models.DateTimeField(_("过半提醒"), null=True, blank=True)
    reminded_at_80 = models.DateTimeField(_("临期提醒"), null=True, blank=True)
    overdue_noticed_at = models.DateTimeField(_("督办"), null=True, blank=True)
    closed_at = models.DateTimeField(_("办结"), null=True, blank=True)

    class Meta:
        verbose_name = _("时限")
        verbose_name_plural = _("时限")
        constraints = (
            models.UniqueConstraint(
                fields=["subject", "subject_id", "kind"], condition=models.Q(closed_at=None), name="one_open_deadline_of_a_kind"
            ),
        )
        indexes = (models.Index(fields=["due_at"], condition=models.Q(closed_at=None), name="deadline_open_due"),)

    def __str__(self) -> str:
        return f"{self.subject}:{self.subject_id} {self.kind}"


class CalendarException(models.Model):
    """A day on which the State Council's notice differs from Monday-to-Friday."""

    day = models.DateField(_("日期"), unique=True)
    is_working = models.BooleanField(_("是否上班"))
    source = models.CharField(_("依据"), max_length=200)

    class Meta:
        verbose_name = _("节假日与调休")
        verbose_name_plural = _("节假日与调休")

    def __str__(self) -> str:
        return f"{self.day} {self.is_working}"
