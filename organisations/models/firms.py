"""What is known of a firm: its profile, its years, and the dated reasons why it may not apply."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.models.reference import Industry
from organisations.models.tenants import Organisation


@pghistory.track()
class FirmProfile(Provincial, Versioned):
    class Size(models.TextChoices):
        LARGE = "large", _("大型")
        MEDIUM = "medium", _("中型")
        SMALL = "small", _("小型")
        MICRO = "micro", _("微型")

    class Ownership(models.TextChoices):
        PRIVATE = "private", _("民营")
        STATE = "state", _("国有")
        FOREIGN = "foreign", _("外资")
        COLLECTIVE = "collective", _("集体")

    organisation = models.OneToOneField(Organisation, models.CASCADE, related_name="firm", verbose_name=_("企业"))
    size = models.CharField(_("规模"), max_length=10, choices=Size)
    ownership = models.CharField(_("所有制"), max_length=20, choices=Ownership)
    industry = models.ForeignKey(Industry, models.PROTECT, related_name="+", verbose_name=_("行业"))
    founded_on = models.DateField(_("成立日期"), null=True, blank=True)
    legal_representative = models.CharField(_("法定代表人"), max_length=60, blank=True)
    contact_name = models.CharField(_("联系人"), max_length=60, blank=True)
    contact_phone = models.CharField(_("联系电话"), max_length=30, blank=True)
    staff = models.PositiveIntegerField(_("职工人数"), null=True, blank=True)
    house_bank = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("基本户银行"))
    honours = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("荣誉资质"))

    class Meta:
        verbose_name = _("企业概况")
        verbose_name_plural = _("企业概况")

    def __str__(self) -> str:
        return str(self.organisation)


class FirmYear(Provincial):
    firm = models.ForeignKey(Organisation, models.CASCADE, related_name="years", verbose_name=_("企业"))
    year = models.PositiveSmallIntegerField(_("年度"))
    assets = models.DecimalField(_("总资产（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    liabilities = models.DecimalField(_("总负债（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    revenue = models.DecimalField(_("营业收入（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    profit = models.DecimalField(_("利润总额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    tax = models.DecimalField(_("纳税额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name = _("企业年度数据")
        verbose_name_plural = _("企业年度数据")
        constraints = (models.UniqueConstraint(fields=["firm", "year"], name="firm_year_once"),)

    def __str__(self) -> str:
        return f"{self.firm} {self.year}"


class FirmBar(Provincial):
    """A dated reason why a firm may not apply: serious breach of trust, an accident, a recovery decision."""

    firm = models.ForeignKey(Organisation, models.CASCADE, related_name="bars", verbose_name=_("企业"))
    kind = models.CharField(_("类型"), max_length=40)
    reason = models.CharField(_("事由"), max_length=300)
    source = models.CharField(_("依据"), max_length=200)
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True, blank=True)

    class Meta:
        verbose_name = _("限制名单")
        verbose_name_plural = _("限制名单")

    def __str__(self) -> str:
        return f"{self.firm} {self.kind}"
