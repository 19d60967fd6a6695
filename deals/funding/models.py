"""资金安排方案: claims arranged together under one document, and what was objected to in their public notice."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Role, Unit
from schemes.models import Scheme, SchemeVersion


def by_office(actor: Person, prefix: str = "") -> Q:
    """The office whose batch it is, the province's offices of finance and industry, readers."""
    provinces = actor.office_provinces(Unit.Line.FINANCE, Unit.Line.INDUSTRY) | actor.provinces(Role.AUDITOR, Role.READER)
    return Q(**{f"{prefix}office__in": actor.unit_ids}) | Q(province__in=provinces)


class FundingBatchQuerySet(models.QuerySet["FundingBatch"]):
    def visible_to(self, actor: Person) -> "FundingBatchQuerySet":
        return self if actor.is_system else self.filter(by_office(actor))


class FundingBatch(Provincial, Versioned):
    """One scheme's money of one fiscal year for a list of reviewed claims: drafted, on public notice, issued with its 文号, paid."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草拟")
        NOTICE = "notice", _("公示中")
        ISSUED = "issued", _("已行文")
        PAID = "paid", _("已下达")
        VOID = "void", _("已撤销")

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="funding_batches", verbose_name=_("政策"))
    office = models.ForeignKey(Unit, models.PROTECT, related_name="funding_batches", verbose_name=_("安排单位"))
    fiscal_year = models.PositiveSmallIntegerField(_("财政年度"))
    number = models.CharField(_("编号"), max_length=60)
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.DRAFT)
    drafted_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("经办人"))
    is_large = models.BooleanField(_("须双人"), default=False, help_text=_("合计超过规定金额，草拟人不得自行公示"))
    shortfall_rule = models.CharField(_("预算不足时"), max_length=30, choices=SchemeVersion.ShortfallRule, blank=True)
    available = models.DecimalField(_("可用预算（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    notice_from = models.DateField(_("公示自"), null=True, blank=True)
    notice_to = models.DateField(_("公示至"), null=True, blank=True)
    notice_phone = models.CharField(_("异议电话"), max_length=60, blank=True)
    document_no = models.CharField(_("文号"), max_length=100, blank=True)
    issued_on = models.DateField(_("行文日期"), null=True, blank=True)
    paid_on = models.DateField(_("下达日期"), null=True, blank=True)

    objects = FundingBatchQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("资金安排方案")
        verbose_name_plural = _("资金安排方案")
        constraints = (
            models.UniqueConstraint(fields=["province", "number"], name="funding_batch_once"),
            models.CheckConstraint(condition=~Q(state__in=["issued", "paid"]) | ~Q(document_no=""), name="batch_issued_by_document"),
        )

    def __str__(self) -> str:
        return self.number


class ObjectionQuerySet(models.QuerySet["BatchObjection"]):
    def visible_to(self, actor: Person) -> "ObjectionQuerySet":
        return self if actor.is_system else self.filter(by_office(actor, "batch__"))


class BatchObjection(Provincial, Versioned):
    """异议: what somebody objected to one claim in the public notice. It stops that claim and no other."""

    class State(models.TextChoices):
        OPEN = "open", _("待核实")
        DISMISSED = "dismissed", _("不成立")
        UPHELD = "upheld", _("成立")

    batch = models.ForeignKey(FundingBatch, models.PROTECT, related_name="objections", verbose_name=_("方案"))
    claim = models.ForeignKey("deals.SubsidyClaim", models.PROTECT, related_name="objections", verbose_name=_("申领"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.OPEN)
    objector = models.CharField(_("提出人"), max_length=100)
    text = models.TextField(_("异议内容"))
    answer = models.TextField(_("处理意见"), blank=True)
    received_on = models.DateField(_("收到日期"))

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("公示异议")
        verbose_name_plural = _("公示异议")
        constraints = (models.UniqueConstraint(fields=["claim", "objector", "text"], name="objection_once"),)

    def __str__(self) -> str:
        return f"{self.batch} {self.objector}"
