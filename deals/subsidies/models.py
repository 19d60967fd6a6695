"""Subsidies: what accrued, what was claimed, arranged and paid. What is to be paid back: `deals.recovery.models`."""

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Organisation, Role, Unit
from projects.models import passed_through
from schemes.models import Scheme, SchemeVersion, Support


def by_deal_and_office(actor: Person) -> Q:
    """Rows of a deal in the care of a finance office: firm, bank, the units of the case, the office and the province's, its readers."""
    whole = actor.office_provinces(Unit.Line.FINANCE) | actor.provinces(Role.AUDITOR, Role.READER)
    if actor.is_of_units and whole.issuperset(seat.province for seat in actor.seats):
        return Q(province__in=whole)  # no case of theirs is of another province: the deal and its case need not be looked up
    office = passed_through(actor.unit_ids, "deal__filing") | Q(office__in=actor.unit_ids) | Q(province__in=whole)
    if actor.is_of_units:
        return office
    return Q(deal__firm__in=actor.organisation_ids) | Q(deal__branch__organisation__in=actor.organisation_ids) | office


Period = tuple[int, int, dt.date]  # deal, scheme, interest day


class ClaimQuerySet(models.QuerySet["SubsidyClaim"]):
    def visible_to(self, actor: Person) -> "ClaimQuerySet":
        if actor.is_system:
            return self
        if actor.is_of_firms:  # in a list of its own, which the database reads sooner than an “or” over two tables
            rows = SubsidyClaim.objects.values("pk")
            deals = rows.filter(deal__firm__in=actor.organisation_ids)
            return self.filter(pk__in=rows.filter(claimant__in=actor.organisation_ids).union(deals, all=True))
        seen = by_deal_and_office(actor)
        return self.filter(seen if actor.is_of_units else Q(claimant__in=actor.organisation_ids) | seen)


class SubsidyClaim(Provincial, Versioned):
    """One deal's subsidy from one scheme for one interest period: requested, eligible, arranged, paid, and every cut with its reason.

    What a budget could not cover and is owed is a claim of its own, `carried`, which asks for just that.
    """

    class State(models.TextChoices):
        FORECAST = "forecast", _("已测算")
        FILED = "filed", _("已申领")
        EVIDENCED = "evidenced", _("已报送凭证")
        REVIEWED = "reviewed", _("已审核")
        APPROVED = "approved", _("已批准")
        SETTLED = "settled", pgettext_lazy("claim", "已结清")
        REFUSED = "refused", _("不予支持")
        RECORDED = "recorded", _("已登记")

    deal = models.ForeignKey("deals.Deal", models.PROTECT, related_name="claims", verbose_name=_("对接项目"))
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="claims", verbose_name=_("政策"))
    claimant = models.ForeignKey(Organisation, models.PROTECT, related_name="claims", verbose_name=_("申领人"))
    office = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="claims", verbose_name=_("审批单位"), help_text=_("系统外审批的为空")
    )
    state = models.CharField(_("状态"), max_length=20, choices=State)
    period_start = models.DateField(_("计息期起"))
    period_end = models.DateField(_("计息期止"), help_text=_("结息日"))
    carried = models.PositiveSmallIntegerField(_("结转次数"), default=0, help_text=_("预算不足而结转的部分另列一件，下一资金文件优先安排"))
    fiscal_year = models.PositiveSmallIntegerField(_("财政年度"), help_text=_("测算按结息日年度；拨付按资金文件年度"))
    requested = models.DecimalField(_("申请金额（元）"), max_digits=18, decimal_places=2)
    eligible = models.DecimalField(_("核定金额（元）"), max_digits=18, decimal_places=2)
    arranged = models.DecimalField(_("安排金额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    paid = models.DecimalField(_("已付金额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    is_opening = models.BooleanField(_("期初已付"), default=False, help_text=_("期初截至日以前在系统外支付，不占用本系统的预算"))
    cuts = models.JSONField(_("核减明细"), default=list, blank=True)
    batch = models.ForeignKey("deals.FundingBatch", models.PROTECT, null=True, blank=True, related_name="claims", verbose_name=_("方案"))
    document_no = models.CharField(_("资金文号"), max_length=100, blank=True)
    prepared_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("申领经办")
    )

    objects = ClaimQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("贴息申领")
        verbose_name_plural = _("贴息申领")
        constraints = (
            models.UniqueConstraint(fields=["deal", "scheme", "period_end", "carried"], name="claim_once_a_period"),
            models.CheckConstraint(condition=Q(eligible__lte=F("requested")), name="eligible_within_requested"),
            models.CheckConstraint(condition=Q(arranged=None) | Q(arranged__lte=F("eligible")), name="arranged_within_eligible"),
            models.CheckConstraint(condition=Q(paid=None) | Q(paid__lte=F("arranged")), name="paid_within_arranged"),
        )
        indexes = (
            models.Index(fields=["state", "scheme"], name="claim_queue"),
            models.Index(fields=["period_end", "id"], name="claim_oldest"),
        )

    @property
    def period(self) -> Period:
        """What its lines were booked for: a claim that was carried over has none of its own."""
        return self.deal_id, self.scheme_id, self.period_end

    def __str__(self) -> str:
        return f"{self.deal} {self.scheme} {self.period_end}" + (f"（{_('结转')}）" if self.carried else "")


class AccrualLine(Provincial):
    """One drawdown's subsidy for one interest period: the booked, rounded figure and what it was computed from. Append-only by use."""

    class Kind(models.TextChoices):
        ACCRUED = "accrued", _("计提")
        ADJUSTED = "adjusted", _("调整")
        OPENING = "opening", _("期初已付")

    drawdown = models.ForeignKey("deals.Drawdown", models.PROTECT, related_name="accruals", verbose_name=_("提款"))
    version = models.ForeignKey(SchemeVersion, models.PROTECT, related_name="+", verbose_name=_("政策版本"))
    claim = models.ForeignKey(SubsidyClaim, models.PROTECT, null=True, blank=True, related_name="lines", verbose_name=_("申领"))
    kind = models.CharField(_("类型"), max_length=20, choices=Kind, default=Kind.ACCRUED)
    period_start = models.DateField(_("计息期起"))
    period_end = models.DateField(_("计息期止"))
    interest_on = models.DateField(_("结息日"))
    balance_days = models.DecimalField(_("积数（元·日）"), max_digits=24, decimal_places=2)
    rate_bp = models.PositiveIntegerField(_("贴息率（基点）"))
    unrounded = models.DecimalField(_("未取整（元）"), max_digits=24, decimal_places=8)
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    accrued_at = models.DateTimeField(_("计提时间"))

    class Meta:
        app_label = "deals"
        verbose_name = _("计提明细")
        verbose_name_plural = _("计提明细")
        constraints = (
            models.UniqueConstraint(
                fields=["drawdown", "version", "interest_on"], condition=Q(kind="accrued"), name="accrual_once_a_period"
            ),
        )

    def __str__(self) -> str:
        return f"{self.drawdown} {self.period_end} {self.amount}"


class OtherSupport(Provincial):
    """Grants and subsidies from elsewhere on the same project: counted when schemes stack."""

    project = models.ForeignKey("projects.Project", models.PROTECT, related_name="other_support", verbose_name=_("项目"))
    kind = models.CharField(_("类型"), max_length=40, choices=Support)
    document_no = models.CharField(_("文号"), max_length=100)
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    on = models.DateField(_("日期"))

    class Meta:
        app_label = "deals"
        verbose_name = _("其他财政支持")
        verbose_name_plural = _("其他财政支持")
        constraints = (
            models.UniqueConstraint(fields=["project", "kind", "document_no"], name="other_support_document_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="other_support_positive"),
        )

    def __str__(self) -> str:
        return f"{self.project} {self.kind}"
