"""The offices that review, the regions they receive cases from, and the chain a case climbs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models.regions import Region
from organisations.models.tenants import Organisation


class Unit(Provincial):
    """An office that reviews. A development zone is a county-level unit; a directly administered county has no city above it."""

    class Kind(models.TextChoices):
        PROVINCE = "province", _("省级")
        CITY = "city", _("市级")
        COUNTY = "county", _("县级")
        ZONE = "zone", _("开发区")

    class Line(models.TextChoices):
        INDUSTRY = "industry", _("经信")
        NDRC = "ndrc", _("发改")
        FINANCE = "finance", _("财政")
        CENTRAL_BANK = "central_bank", _("人民银行")
        REGULATOR = "regulator", _("金融监管")
        STATISTICS = "statistics", _("统计")

    organisation = models.OneToOneField(Organisation, models.PROTECT, related_name="unit", verbose_name=_("机构"))
    code = models.CharField(_("单位代码"), max_length=40, unique=True)
    kind = models.CharField(_("层级"), max_length=20, choices=Kind)
    line = models.CharField(_("条线"), max_length=20, choices=Line)
    region = models.ForeignKey(Region, models.PROTECT, related_name="units", verbose_name=_("行政区划"))

    class Meta:
        verbose_name = _("审核单位")
        verbose_name_plural = _("审核单位")

    def __str__(self) -> str:
        return self.organisation.name


class UnitCovers(Provincial):
    """A county-level region in which a unit receives cases. A zone may lie in several districts."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="covers", verbose_name=_("单位"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="covered_by", verbose_name=_("区划"))

    class Meta:
        verbose_name = _("受理范围")
        verbose_name_plural = _("受理范围")
        constraints = (models.UniqueConstraint(fields=["unit", "region"], name="unit_covers_region_once"),)

    def __str__(self) -> str:
        return f"{self.unit} {self.region}"


class ReviewChain(Provincial):
    """For one process: after `unit` the case goes to `next_unit`. Dated; copied into the case when it is submitted."""

    class Process(models.TextChoices):
        INDUSTRY = "industry", _("工信渠道")
        NDRC = "ndrc", _("发改渠道")
        FINANCE = "finance", _("财政贴息")
        STATISTICS = "statistics", _("统计")

    process = models.CharField(_("流程"), max_length=20, choices=Process)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="chains", verbose_name=_("单位"))
    next_unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("下一单位"))
    stages = ArrayField(models.CharField(max_length=20), verbose_name=_("环节"), help_text=_("handler 经办、checker 复核、signer 签发"))
    working_days = models.PositiveSmallIntegerField(_("办理时限（工作日）"))
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("审核链")
        verbose_name_plural = _("审核链")
        constraints = (models.UniqueConstraint(fields=["process", "unit", "valid_from"], name="chain_link_dated"),)

    def __str__(self) -> str:
        return f"{self.unit} → {self.next_unit or '—'}"
