"""The real thing: a project and what is bought for it."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models import Industry, Organisation, Region, Unit


@pghistory.track()
class Project(Provincial):
    """The real thing: known by its project code and the firm's USCC, whatever tracks it is filed in."""

    class Action(models.TextChoices):
        ADVANCED = "advanced_equipment", _("先进设备更新")
        DIGITAL = "digital", _("数字化转型")
        GREEN = "green", _("绿色装备推广")
        SAFETY = "safety", _("本质安全水平提升")

    firm = models.ForeignKey(Organisation, models.PROTECT, related_name="projects", verbose_name=_("企业"))
    name = models.CharField(_("项目名称"), max_length=200)
    code = models.CharField(_("项目代码"), max_length=24, blank=True)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("建设地点"))
    zone = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("开发区"))
    industry = models.ForeignKey(Industry, models.PROTECT, related_name="+", verbose_name=_("行业"))
    action = models.CharField(_("申报方向"), max_length=30, choices=Action)
    content = models.TextField(_("建设内容"))
    loan_purpose = models.TextField(_("贷款用途"))
    starts_on = models.DateField(_("开工日期"))
    completes_on = models.DateField(_("竣工日期"))
    total_investment = models.DecimalField(_("总投资（元）"), max_digits=18, decimal_places=2)
    equipment_investment = models.DecimalField(_("设备投资（元）"), max_digits=18, decimal_places=2)
    own_capital = models.DecimalField(_("自有资金（元）"), max_digits=18, decimal_places=2)
    invested = models.DecimalField(_("已完成投资（元）"), max_digits=18, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("项目")
        verbose_name_plural = _("项目")
        constraints = (
            models.UniqueConstraint(fields=["firm", "code"], condition=~Q(code=""), name="one_project_per_code_and_firm"),
            models.CheckConstraint(condition=Q(equipment_investment__lte=models.F("total_investment")), name="equipment_within_total"),
        )
        indexes = (models.Index(fields=["code"], name="project_code"),)

    def __str__(self) -> str:
        return self.name


class EquipmentItem(Provincial):
    project = models.ForeignKey(Project, models.CASCADE, related_name="equipment", verbose_name=_("项目"))
    position = models.PositiveSmallIntegerField(_("序号"))
    replaces = models.CharField(_("拟淘汰设备"), max_length=200, blank=True)
    name = models.CharField(_("设备名称"), max_length=200)
    model = models.CharField(_("型号"), max_length=100, blank=True)
    unit_price = models.DecimalField(_("单价（元）"), max_digits=18, decimal_places=2)
    quantity = models.PositiveIntegerField(_("数量"))
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    supplier = models.CharField(_("供应商"), max_length=200, blank=True)
    supplier_uscc = models.CharField(_("供应商统一社会信用代码"), max_length=18, blank=True)
    is_software = models.BooleanField(_("软件"), default=False)

    class Meta:
        verbose_name = _("设备清单")
        verbose_name_plural = _("设备清单")
        constraints = (models.UniqueConstraint(fields=["project", "position"], name="equipment_position_once"),)

    def __str__(self) -> str:
        return self.name
