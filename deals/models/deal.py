"""对接项目: from a bank's intent to the loan that was signed and repaid."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from deals.models.invitation import DeclineCode, Dispatched, Invitation, Origin, Waiting
from ledger.models import LedgerAccount
from lenders.models import Branch
from organisations.actors import Person
from organisations.models import Organisation, Role
from projects.models import Filing, Need, passed_through


def visible_deals(actor: Person, deal: str = "") -> Q:
    """Whether `actor`, who is not the system, may see the deal at that path, or the row itself."""
    at = f"{deal}__" if deal else ""
    own, readers = actor.organisation_ids, actor.provinces(Role.AUDITOR, Role.READER)
    firm = Q(**{f"{at}firm__in": own})
    bank = Q(**{f"{at}branch__organisation__in": own}) | Q(**{f"{at}branch__bank__organisation__in": own})
    if actor.is_of_firms or actor.is_of_banks:
        return firm if actor.is_of_firms else bank
    office = passed_through(actor.unit_ids, f"{at}filing") | Q(**{f"{at}province__in": readers})
    return office if actor.is_of_units else firm | bank | office


class DealQuerySet(models.QuerySet["Deal"]):
    def visible_to(self, actor: Person) -> "DealQuerySet":
        return self if actor.is_system else self.filter(visible_deals(actor))

    def live(self) -> "DealQuerySet":
        return self.filter(state__in=Deal.LIVE)


class Deal(Provincial, Versioned, Waiting, Dispatched):
    """对接项目: begins when a bank states intent, is confirmed when the firm chooses it, and records what was signed and drawn."""

    class State(models.TextChoices):
        INTENT = "intent", _("银行有意向")
        CONFIRMED = "confirmed", _("企业已确认")
        DILIGENCE = "diligence", _("尽职调查")
        REPORTED_UP = "reported_up", _("上报上级行审批")
        CREDIT_APPROVED = "credit_approved", _("授信已批复")
        SIGNED = "signed", _("已签约")
        DRAWING = "drawing", _("提款中")
        COMPLETED = "completed", _("已完成提款")
        REPAID = "repaid", _("已结清")
        DECLINED = "declined", _("银行谢绝")
        WITHDRAWN = "withdrawn", _("企业退出")
        LAPSED = "lapsed", _("企业已选其他银行")

    class Succession(models.TextChoices):
        REFINANCED = "refinanced", _("借新还旧")
        MOVED = "moved", _("转贷")

    LIVE = ("intent", "confirmed", "diligence", "reported_up", "credit_approved", "signed", "drawing", "completed")
    GIVEN_UP = ("declined", "withdrawn", "lapsed")
    WAITS_IN = ("diligence", "reported_up")
    COMMITTED = ("confirmed", "diligence", "reported_up", "credit_approved", "signed", "drawing", "completed")

    need = models.ForeignKey(Need, models.PROTECT, related_name="deals", verbose_name=_("需求"))
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="deals", verbose_name=_("申报"))
    firm = models.ForeignKey(Organisation, models.PROTECT, related_name="deals", verbose_name=_("企业"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="deals", verbose_name=_("银行机构"))
    origin = models.CharField(_("来源"), max_length=20, choices=Origin)
    invitation = models.OneToOneField(Invitation, models.PROTECT, null=True, blank=True, related_name="deal", verbose_name=_("邀请"))
    state = models.CharField(_("状态"), max_length=20, choices=State)
    amount = models.DecimalField(_("意向金额（元）"), max_digits=18, decimal_places=2)
    account = models.ForeignKey(LedgerAccount, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("意向额度账户"))
    hold_key = models.CharField(_("预留业务键"), max_length=160, blank=True)
    approved_amount = models.DecimalField(_("授信金额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    approved_rate_bp = models.PositiveIntegerField(_("批复利率（基点）"), null=True, blank=True)
    approved_term_months = models.PositiveSmallIntegerField(_("批复期限（月）"), null=True, blank=True)
    approved_until = models.DateField(_("批复有效期"), null=True, blank=True)
    contract_no = models.CharField(_("合同编号"), max_length=100, blank=True)
    contract_on = models.DateField(_("签约日期"), null=True, blank=True)
    signed_amount = models.DecimalField(_("签约金额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    rate_bp = models.PositiveIntegerField(_("合同利率（基点）"), null=True, blank=True)
    term_months = models.PositiveSmallIntegerField(_("合同期限（月）"), null=True, blank=True)
    is_first_loan = models.BooleanField(_("首贷"), default=False)
    registered_by = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("自行登记方"), help_text=_("另一方确认后生效")
    )
    started_at = models.DateTimeField(_("意向时间"))
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    succeeds = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="successors", verbose_name=_("承接的原贷款"))
    succession = models.CharField(_("承接方式"), max_length=20, choices=Succession, blank=True)
    opening_as_of = models.DateField(_("期初截至"), null=True, blank=True, help_text=_("存量贷款：此日以前的情况由期初导入"))
    decline_code = models.ForeignKey(DeclineCode, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("谢绝原因"))

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("对接项目")
        verbose_name_plural = _("对接项目")
        constraints = (
            models.UniqueConstraint(
                fields=["need", "branch"],
                condition=~Q(state__in=["declined", "withdrawn", "lapsed", "repaid"]) & Q(opening_as_of=None),
                name="one_live_deal_per_pair",
            ),
            models.CheckConstraint(
                condition=Q(succeeds=None, succession="") | Q(succeeds__isnull=False) & ~Q(succession=""), name="succession_is_told"
            ),
            models.UniqueConstraint(
                fields=["succeeds"],
                condition=~Q(state__in=["declined", "withdrawn", "lapsed"]) & Q(succeeds__isnull=False),
                name="one_successor_of_a_loan",
            ),
            models.CheckConstraint(
                condition=Q(origin="opening", opening_as_of__isnull=False, account=None) | ~Q(origin="opening") & Q(opening_as_of=None),
                name="opening_deal_is_marked",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="deal_amount_positive"),
            models.CheckConstraint(
                condition=Q(signed_amount=None) | Q(approved_amount=None) | Q(signed_amount__lte=F("approved_amount")),
                name="signed_within_approved",
            ),
        )
        indexes = (
            models.Index(fields=["branch", "state"], name="deal_branch"),
            models.Index(fields=["need", "state"], name="deal_need"),
            models.Index(fields=["-started_at", "-id"], name="deal_latest"),
        )

    def __str__(self) -> str:
        return f"{self.filing} · {self.branch}"
