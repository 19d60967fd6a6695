"""调度: what a unit reports of each listed project, week by week and month by month, and the months that are closed."""

import datetime as dt
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Role, Unit
from projects.models import Filing, passed_through

ZERO = Decimal(0)


class ProgressReportQuerySet(models.QuerySet["ProgressReport"]):
    def visible_to(self, actor: Person) -> "ProgressReportQuerySet":
        """The units of the project's chain, its firm, and the province's readers."""
        if actor.is_system:
            return self
        office = passed_through(actor.unit_ids, "filing") | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(office if actor.is_of_units else office | Q(filing__firm__in=actor.organisation_ids))


class ProgressReport(Provincial, Versioned):
    """One project in one week or month. Amounts are cumulative; one that falls says why (`correction`)."""

    class State(models.TextChoices):
        REPORTED = "reported", _("已报送")
        CORRECTED = "corrected", _("已更正")

    class Kind(models.TextChoices):
        WEEKLY = "weekly", _("周调度")
        MONTHLY = "monthly", _("月报")

    class Stage(models.TextChoices):
        NOT_CONTACTED = "not_contacted", _("未联系")
        CONTACTED = "contacted", _("已联系")
        DILIGENCE = "diligence", _("尽职调查")
        APPROVED = "approved", _("授信已批复")
        SIGNED = "signed", _("已签约")
        DRAWING = "drawing", _("提款中")
        COMPLETED = "completed", _("已完成提款")

    class Problem(models.TextChoices):
        NONE = "none", _("无")
        COLLATERAL = "collateral", _("担保不足")
        CREDIT = "credit", _("征信或财务问题")
        PERMITS = "permits", _("前期手续未办结")
        RATE = "rate", _("利率期限未谈妥")
        DEMAND = "demand", _("企业暂缓或放弃")
        BANK_SLOW = "bank_slow", _("银行审批慢")
        OTHER = "other", _("其他")

    CUMULATIVE = ("approved", "signed", "drawn", "paid", "invested")

    filing = models.ForeignKey(Filing, models.PROTECT, related_name="progress_reports", verbose_name=_("申报"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("报送单位"))
    kind = models.CharField(_("类型"), max_length=20, choices=Kind)
    period_start = models.DateField(_("期间起"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.REPORTED)
    contacted = models.BooleanField(_("银行已联系"), default=False)
    stage = models.CharField(_("进展"), max_length=20, choices=Stage)
    approved = models.DecimalField(_("累计授信（元）"), max_digits=18, decimal_places=2, default=ZERO)
    signed = models.DecimalField(_("累计签约（元）"), max_digits=18, decimal_places=2, default=ZERO)
    drawn = models.DecimalField(_("累计放款（元）"), max_digits=18, decimal_places=2, default=ZERO)
    paid = models.DecimalField(_("累计划付供应商（元）"), max_digits=18, decimal_places=2, default=ZERO)
    problem = models.CharField(_("问题"), max_length=20, choices=Problem, default=Problem.NONE)
    help_asked = models.CharField(_("需协调事项"), max_length=300, blank=True)
    invested = models.DecimalField(_("累计完成投资（元）"), max_digits=18, decimal_places=2, default=ZERO)
    physical_percent = models.PositiveSmallIntegerField(_("形象进度（%）"), null=True, blank=True)
    milestone = models.CharField(_("下一节点"), max_length=200, blank=True)
    is_unchanged = models.BooleanField(_("无变化"), default=False)
    correction = models.CharField(_("核减说明"), max_length=300, blank=True)
    reported_at = models.DateTimeField(_("报送时间"))

    objects = ProgressReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("调度报表")
        verbose_name_plural = _("调度报表")
        constraints = (
            models.UniqueConstraint(fields=["filing", "kind", "period_start"], name="progress_once_a_period"),
            models.CheckConstraint(condition=Q(paid__lte=F("drawn")) & Q(drawn__lte=F("signed")), name="progress_paid_drawn_signed"),
            models.CheckConstraint(condition=Q(physical_percent=None) | Q(physical_percent__lte=100), name="progress_percent"),
        )
        indexes = (models.Index(fields=["unit", "kind", "period_start"], name="progress_unit_period"),)

    @property
    def month(self) -> dt.date:
        return self.period_start.replace(day=1)

    def __str__(self) -> str:
        return f"{self.filing} {self.get_kind_display()} {self.period_start}"


class ReportingMonthQuerySet(models.QuerySet["ReportingMonth"]):
    def visible_to(self, actor: Person) -> "ReportingMonthQuerySet":
        return self if actor.is_system else self.filter(province__in={seat.province for seat in actor.seats})


class ReportingMonth(Provincial, Versioned):
    """A month of reports: open until the province closes it; what is found out later is a correction in an open month."""

    class State(models.TextChoices):
        OPEN = "open", _("可报送")
        CLOSED = "closed", _("已锁账")

    month = models.DateField(_("月份"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(_("锁账时间"), null=True, blank=True)

    objects = ReportingMonthQuerySet.as_manager()

    class Meta:
        verbose_name = _("报送月份")
        verbose_name_plural = _("报送月份")
        constraints = (models.UniqueConstraint(fields=["province", "month"], name="reporting_month_once"),)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
