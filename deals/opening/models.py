"""A loan of the stock as its office entered it; confirmed by a second person it becomes a deal."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from lenders.models import Branch
from organisations.actors import Person
from organisations.models import Role, Unit


class OpeningLoanQuerySet(models.QuerySet["OpeningLoan"]):
    def visible_to(self, actor: Person) -> "OpeningLoanQuerySet":
        """The provincial offices and the province's readers. Firm and bank see the deal that becomes of it."""
        if actor.is_system:
            return self
        offices = actor.office_provinces(Unit.Line.INDUSTRY, Unit.Line.NDRC, Unit.Line.FINANCE)
        return self.filter(province__in=offices | actor.provinces(Role.AUDITOR, Role.READER))


class OpeningLoan(Provincial, Versioned):
    """存量贷款: what was told of a loan as of a day. `told` keeps all of it as entered, the other columns what it is found and checked by."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("待复核")
        CONFIRMED = "confirmed", _("已入账")
        REJECTED = "rejected", _("已退回")

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.PROPOSED)
    as_of = models.DateField(_("截至日期"))
    firm_uscc = models.CharField(_("企业统一社会信用代码"), max_length=18)
    firm_name = models.CharField(_("企业名称"), max_length=200)
    project_code = models.CharField(_("项目代码"), max_length=24)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("银行机构"))
    contract_no = models.CharField(_("合同编号"), max_length=100)
    amount = models.DecimalField(_("合同金额（元）"), max_digits=18, decimal_places=2)
    drawn = models.DecimalField(_("已放款（元）"), max_digits=18, decimal_places=2)
    outstanding = models.DecimalField(_("贷款余额（元）"), max_digits=18, decimal_places=2)
    paid_before = models.DecimalField(_("已付贴息（元）"), max_digits=18, decimal_places=2)
    interest_paid_to = models.DateField(_("利息已付至"), null=True, blank=True)
    told = models.JSONField(_("录入内容"), encoder=DjangoJSONEncoder)
    entered_by = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("录入人"))
    entered_at = models.DateTimeField(_("录入时间"))
    deal = models.OneToOneField(
        "deals.Deal",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="opening",
        verbose_name=_("对接项目"),
        help_text=_("复核入账后生成"),
    )

    objects = OpeningLoanQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("存量贷款期初")
        verbose_name_plural = _("存量贷款期初")
        constraints = (
            models.UniqueConstraint(fields=["branch", "contract_no"], name="opening_contract_once"),
            models.CheckConstraint(
                condition=Q(outstanding__gte=0) & Q(outstanding__lte=F("drawn")), name="opening_outstanding_within_drawn"
            ),
            models.CheckConstraint(condition=Q(drawn__lte=F("amount")), name="opening_drawn_within_contract"),
            models.CheckConstraint(
                condition=Q(state="confirmed", deal__isnull=False) | ~Q(state="confirmed") & Q(deal__isnull=True),
                name="opening_has_a_deal_once_confirmed",
            ),
        )
        indexes = (models.Index(fields=["state", "id"], name="opening_by_state"),)

    def __str__(self) -> str:
        return f"{self.firm_name} {self.contract_no}"
