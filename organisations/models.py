"""WHO: people, the organisations they act for, the regions and units of a province, and the chain a case climbs.

An `Organisation` is a tenant: a firm, a review unit, a bank, a bank branch. A `Membership` gives a user one role in one of them.
"""

from typing import Any

import pghistory
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import NATION, Provincial, Versioned


class User(AbstractUser):
    display_name = models.CharField(_("姓名"), max_length=60, blank=True)
    phone = models.CharField(_("手机"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return self.display_name or self.username


class Region(Provincial):
    """An administrative region of GB/T 2260, dated. Its place in the tree is what the rows say, never what the digits suggest."""

    class Level(models.TextChoices):
        PROVINCE = "province", _("省级")
        PREFECTURE = "prefecture", _("市州")
        COUNTY = "county", _("县（市、区）")
        COUNTY_DIRECT = "county_direct", _("省直管县级")

    code = models.CharField(_("行政区划代码"), max_length=6)
    name = models.CharField(_("名称"), max_length=60)
    pinyin = models.CharField(_("拼音"), max_length=100)
    initials = models.CharField(_("拼音首字母"), max_length=20)
    level = models.CharField(_("层级"), max_length=20, choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级区划"))
    municipal = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("所属市级单元"),
        help_text=_("17 个市州之一；省直管县级单位属于自身"),
    )
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("继任区划"))

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        constraints = (models.UniqueConstraint(fields=["code", "valid_from"], name="region_code_dated"),)

    def __str__(self) -> str:
        return self.name


class Organisation(Provincial, Versioned):
    """A tenant. Nothing of one tenant is seen by another except through a rule that says so."""

    class Kind(models.TextChoices):
        FIRM = "firm", _("企业")
        UNIT = "unit", _("政府部门")
        BANK = "bank", _("银行")
        BRANCH = "branch", _("银行机构")
        GUARANTOR = "guarantor", _("担保机构")
        LESSOR = "lessor", _("租赁公司")
        INSTITUTE = "institute", _("科研院所")

    kind = models.CharField(_("类型"), max_length=20, choices=Kind)
    name = models.CharField(_("名称"), max_length=200)
    name_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, blank=True)
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在地"))
    is_active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("机构")
        verbose_name_plural = _("机构")
        constraints = (
            models.UniqueConstraint(fields=["uscc"], condition=models.Q(kind="firm") & ~models.Q(uscc=""), name="one_firm_per_uscc"),
        )

    def __str__(self) -> str:
        return self.name


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


class Role(models.TextChoices):
    FIRM_CLERK = "firm_clerk", _("企业经办人")
    FIRM_OWNER = "firm_owner", _("企业负责人")
    HANDLER = "handler", _("经办")
    CHECKER = "checker", _("复核")
    SIGNER = "signer", _("签发")
    READER = "reader", _("只读")
    ACCOUNT_MANAGER = "account_manager", _("客户经理")
    BRANCH_MANAGER = "branch_manager", _("支行负责人")
    BANK_PROVINCIAL = "bank_provincial", _("省分行管理员")
    AUDITOR = "auditor", _("审计")
    UNIT_ADMIN = "unit_admin", _("单位管理员")
    SYSTEM_OPERATOR = "system_operator", _("运维")


class Membership(Provincial):
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("用户"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships", verbose_name=_("机构"))
    role = models.CharField(_("岗位"), max_length=20, choices=Role)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    engagement = models.CharField(_("委托依据"), max_length=200, blank=True, help_text=_("审计任务书文号等"))

    class Meta:
        verbose_name = _("岗位")
        verbose_name_plural = _("岗位")
        constraints = (models.UniqueConstraint(fields=["user", "organisation", "role"], name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()} {self.organisation}"


class DeclaredInterestQuerySet(models.QuerySet["DeclaredInterest"]):
    def visible_to(self, actor: Any) -> "DeclaredInterestQuerySet":
        """One's own, those of one's unit, and a province's to its auditors."""
        if actor.is_system:
            return self
        colleagues = Membership.objects.filter(user=models.OuterRef("user"), organisation__in=actor.organisation_ids)
        audited = models.Q(province__in=actor.provinces(Role.AUDITOR))
        return self.filter(models.Q(user=actor.user_id) | models.Exists(colleagues) | audited)


class DeclaredInterest(Provincial):
    """利益关系申报: an officer leaves the cases of this firm or bank to others until somebody else of the unit ends it."""

    user = models.ForeignKey(User, models.PROTECT, related_name="interests", verbose_name=_("申报人"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name=_("利益关系方"))
    reason = models.CharField(_("情形"), max_length=300)
    declared_at = models.DateTimeField(_("申报时间"))
    ended_at = models.DateTimeField(_("解除时间"), null=True, blank=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("解除人"))

    objects = DeclaredInterestQuerySet.as_manager()

    class Meta:
        verbose_name = _("利益关系申报")
        verbose_name_plural = _("利益关系申报")
        constraints = (
            models.UniqueConstraint(fields=["user", "organisation"], condition=models.Q(ended_at=None), name="interest_declared_once"),
            models.CheckConstraint(
                condition=models.Q(ended_by=None) | ~models.Q(ended_by=models.F("user")), name="interest_ended_by_other"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} ↔ {self.organisation}"


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


class RegionTag(Provincial):
    region = models.ForeignKey(Region, models.CASCADE, related_name="tags", verbose_name=_("区划"))
    kind = models.CharField(_("类别"), max_length=40)
    value = models.CharField(_("取值"), max_length=60)
    source = models.CharField(_("依据"), max_length=200)
    is_fictional = models.BooleanField(_("演示数据"), default=False)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("区划标签")
        verbose_name_plural = _("区划标签")
        constraints = (models.UniqueConstraint(fields=["region", "kind", "value", "valid_from"], name="region_tag_dated"),)

    def __str__(self) -> str:
        return f"{self.region} {self.kind}={self.value}"


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
