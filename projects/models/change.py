"""变更申请: after admission or listing a firm asks for a change; before and after are kept field by field."""

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import NATION, Provincial
from organisations.models import Unit
from projects.models.record import WRITTEN_ONCE
from projects.models.request import FirmRequest


class ChangeRule(models.Model):
    """Which tier decides on a change of this field: dated data. `firm`: the firm alone, the units are told."""

    class Tier(models.TextChoices):
        FIRM = "firm", _("企业自行变更")
        COUNTY = "county", _("县级")
        CITY = "city", _("市级")
        PROVINCE = "province", _("省级")

    province = models.CharField(_("省份代码"), max_length=6, default=NATION, help_text=_("100000 为全国；省内规定优先"))
    field = models.CharField(_("变更内容"), max_length=60)
    tier = models.CharField(_("决定层级"), max_length=20, choices=Tier)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    source = models.CharField(_("依据"), max_length=300)
    is_inferred = models.BooleanField(_("推定默认值"), default=False)

    class Meta:
        verbose_name = _("变更权限")
        verbose_name_plural = _("变更权限")
        constraints = (models.UniqueConstraint(fields=["province", "field", "valid_from"], name="change_rule_dated"),)

    def __str__(self) -> str:
        return f"{self.field} → {self.get_tier_display()}"


class ChangeRequest(FirmRequest):
    class State(models.TextChoices):
        ASKED = "asked", _("等待决定")
        GRANTED = "granted", _("已同意变更")
        REFUSED = "refused", _("未同意")
        WITHDRAWN = "withdrawn", _("企业撤回")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="changes", verbose_name=_("申报"))
    kinds = ArrayField(models.CharField(max_length=60), verbose_name=_("变更内容"))
    tier = models.CharField(_("决定层级"), max_length=20, choices=ChangeRule.Tier)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("决定单位"))
    stage = models.CharField(_("环节"), max_length=20, blank=True)
    reason = models.TextField(_("变更理由"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ASKED)
    due_at = models.DateTimeField(_("决定期限"), null=True, blank=True)

    class Meta:
        verbose_name = _("变更申请")
        verbose_name_plural = _("变更申请")
        constraints = (models.UniqueConstraint(fields=["filing"], condition=Q(state="asked"), name="one_open_change_request"),)

    def __str__(self) -> str:
        return f"{self.filing} {self.get_state_display()}"


class ChangedField(Provincial):
    """One field of a request: what the case said, and what it is to say."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="rows", verbose_name=_("变更申请"))
    field = models.CharField(_("字段"), max_length=60)
    before = models.JSONField(_("变更前"), null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("变更后"), null=True, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("变更明细")
        verbose_name_plural = _("变更明细")
        constraints = (models.UniqueConstraint(fields=["request", "field"], name="changed_field_once"),)
        triggers = WRITTEN_ONCE

    def __str__(self) -> str:
        return self.field
