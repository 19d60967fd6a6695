"""Reference data of a policy: industries and their tags, programmes and batches, dated parameters, coded reasons."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import NATION, Provincial


class Industry(models.Model):
    """A section or division of GB/T 4754; the edition is part of the row."""

    code = models.CharField(_("代码"), max_length=5)
    name = models.CharField(_("名称"), max_length=100)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级"))
    level = models.CharField(_("层级"), max_length=20)
    edition = models.PositiveSmallIntegerField(_("标准年份"), default=2017)

    class Meta:
        verbose_name = _("行业分类")
        verbose_name_plural = _("行业分类")
        constraints = (models.UniqueConstraint(fields=["code", "edition"], name="industry_code_edition"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class IndustryTag(Provincial):
    industry = models.ForeignKey(Industry, models.CASCADE, related_name="tags", verbose_name=_("行业"))
    kind = models.CharField(_("类别"), max_length=40)
    value = models.CharField(_("取值"), max_length=60)
    source = models.CharField(_("依据"), max_length=200)
    is_fictional = models.BooleanField(_("演示数据"), default=False)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("行业标签")
        verbose_name_plural = _("行业标签")
        constraints = (models.UniqueConstraint(fields=["industry", "kind", "value", "valid_from"], name="industry_tag_dated"),)

    def __str__(self) -> str:
        return f"{self.industry} {self.kind}={self.value}"


class Programme(models.Model):
    code = models.CharField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    name_en = models.CharField(_("英文名称"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("政策项目")
        verbose_name_plural = _("政策项目")

    def __str__(self) -> str:
        return self.name


class Batch(Provincial):
    """A candidate-list batch (批次) with a closing moment for each tier; a late case falls into the next one by itself."""

    class Track(models.TextChoices):
        INDUSTRY = "industry", _("工信渠道")
        NDRC = "ndrc", _("发改渠道")

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="batches", verbose_name=_("政策项目"))
    track = models.CharField(_("渠道"), max_length=20, choices=Track)
    code = models.CharField(_("批次号"), max_length=40)
    name = models.CharField(_("名称"), max_length=100)
    opens_on = models.DateField(_("开始受理"), null=True, blank=True)
    county_closes_at = models.DateTimeField(_("县级截止"))
    city_closes_at = models.DateTimeField(_("市级截止"))
    province_closes_at = models.DateTimeField(_("省级截止"))

    class Meta:
        verbose_name = _("申报批次")
        verbose_name_plural = _("申报批次")
        constraints = (models.UniqueConstraint(fields=["province", "track", "code"], name="batch_code_once"),)

    def __str__(self) -> str:
        return self.name


class PolicyParameter(models.Model):
    """A dated number of policy: a threshold, a window, a number of days. Code asks for it by key and day, never carries it."""

    province = models.CharField(_("省份代码"), max_length=6, default=NATION, help_text=_("100000 为全国；省内规定优先"))
    key = models.CharField(_("参数"), max_length=60)
    value = models.DecimalField(_("值"), max_digits=18, decimal_places=2)
    unit = models.CharField(_("单位"), max_length=20, help_text=_("yuan 元、bp 基点、days 日、working_days 工作日、months 月、count 个"))
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    source = models.CharField(_("依据"), max_length=300)
    is_inferred = models.BooleanField(_("推定默认值"), default=False)

    class Meta:
        verbose_name = _("政策参数")
        verbose_name_plural = _("政策参数")
        constraints = (models.UniqueConstraint(fields=["province", "key", "valid_from"], name="policy_parameter_dated"),)

    def __str__(self) -> str:
        return f"{self.key} = {self.value} {self.unit}"


class ReviewReason(models.Model):
    """A coded reason for returning, not accepting, refusing or leaving out a case, with the form fields it concerns."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    verb = models.CharField(_("步骤"), max_length=20)
    sentence = models.CharField(_("说明"), max_length=200)
    sentence_en = models.CharField(_("英文说明"), max_length=300)
    fields = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("涉及字段"))
    basis = models.CharField(_("依据"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("审核意见用语")
        verbose_name_plural = _("审核意见用语")

    def __str__(self) -> str:
        return self.sentence
