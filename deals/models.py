"""WHAT BECOMES OF IT: invitations to look, deals, drawdowns and the interest really paid; subsidies in `deals.subsidies.models`."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from ledger.models import LedgerAccount
from lenders.models import Branch
from matching.models import Recommendation
from organisations.actors import Person
from organisations.models import Organisation, Role
from projects.models import EquipmentItem, Filing, Need, passed_through


class DeclineCode(models.Model):
    """A coded reason a bank may decline with: a plain sentence for the firm, a category for the line department."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    category = models.CharField(_("类别"), max_length=40)
    sentence = models.CharField(_("给企业的说明"), max_length=200)
    sentence_en = models.CharField(_("英文说明"), max_length=300)
    next_step = models.CharField(_("建议的下一步"), max_length=200)
    next_step_en = models.CharField(_("英文下一步"), max_length=300)

    class Meta:
        verbose_name = _("谢绝原因")
        verbose_name_plural = _("谢绝原因")

    def __str__(self) -> str:
        return self.sentence


class Origin(models.TextChoices):
    NAMED = "named", _("企业自主意向")
    RECOMMENDED = "recommended", _("轮次推荐")
    EVENT = "event", _("对接活动")
    SECOND_DOCKING = "second_docking", _("二次对接")
    DIRECT = "direct", _("银企自行达成")


class Waiting(models.Model):
    """A bank's case that rests until the firm has handed in what is missing; the bank's time stands still meanwhile."""

    WAITS_IN: tuple[str, ...] = ()

    waiting_since = models.DateTimeField(_("待企业补充材料自"), null=True, blank=True)
    waiting_until = models.DateTimeField(_("企业补充期限"), null=True, blank=True)
    waiting_for = models.CharField(_("需补充的材料"), max_length=300, blank=True)

    class Meta:
        abstract = True

    @property
    def is_waiting(self) -> bool:
        return self.waiting_since is not None and self.state in self.WAITS_IN  # type: ignore[attr-defined]  # each of ours has a state


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, actor: Person) -> "InvitationQuerySet":
        """A bank sees its own once the firm let it; the firm and the units of the chain see all of theirs."""
        if actor.is_system:
            return self
        shown = ~Q(state__in=[Invitation.State.AWAITING_CONSENT, Invitation.State.WITHHELD])
        bank = Q(branch__organisation__in=actor.organisation_ids) & shown
        unit = passed_through(actor.unit_ids, "filing")
        reader = Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(bank | Q(filing__firm__in=actor.organisation_ids) | unit | reader)

    def live(self) -> "InvitationQuerySet":
        return self.filter(state__in=Invitation.LIVE)


class Invitation(Provincial, Versioned, Waiting):
    """A bank may look at a need. Named ones open at once; suggested ones wait for the firm's consent."""

    class State(models.TextChoices):
        AWAITING_CONSENT = "awaiting_consent", _("待企业同意")
        OPEN = "open", _("已送达银行")
        VIEWED = "viewed", _("银行已联系企业")
        ACCEPTED = "accepted", _("银行有意向")
        DECLINED = "declined", _("银行谢绝")
        WITHHELD = "withheld", _("企业未同意")
        EXPIRED = "expired", _("逾期失效")
        LAPSED = "lapsed", _("企业已选其他银行")
        WITHDRAWN = "withdrawn", _("需求已撤回")

    LIVE = ("awaiting_consent", "open", "viewed", "accepted")
    WAITS_IN = ("viewed",)

    need = models.ForeignKey(Need, models.PROTECT, related_name="invitations", verbose_name=_("需求"))
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="invitations", verbose_name=_("申报"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="invitations", verbose_name=_("银行机构"))
    origin = models.CharField(_("来源"), max_length=20, choices=Origin)
    rank = models.PositiveSmallIntegerField(_("顺位"), default=0)
    recommendation = models.OneToOneField(
        Recommendation, models.PROTECT, null=True, blank=True, related_name="invitation", verbose_name=_("推荐")
    )
    state = models.CharField(_("状态"), max_length=20, choices=State)
    sent_at = models.DateTimeField(_("发出时间"))
    viewed_at = models.DateTimeField(_("首次联系时间"), null=True, blank=True)
    contact_due_at = models.DateTimeField(_("首次联系期限"), null=True, blank=True)
    expires_at = models.DateTimeField(_("有效期至"), null=True, blank=True)
    decline_code = models.ForeignKey(DeclineCode, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("谢绝原因"))

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("对接邀请")
        verbose_name_plural = _("对接邀请")
        constraints = (
            models.UniqueConstraint(
                fields=["need", "branch"],
                condition=Q(state__in=["awaiting_consent", "open", "viewed", "accepted"]),
                name="one_live_invitation_per_pair",
            ),
        )
        indexes = (models.Index(fields=["branch", "state"], name="invitation_branch"),)

    def __str__(self) -> str:
        return f"{self.need} ↔ {self.branch}"


class DealQuerySet(models.QuerySet["Deal"]):
    def visible_to(self, actor: Person) -> "DealQuerySet":
        if actor.is_system:
            return self
        bank = Q(branch__organisation__in=actor.organisation_ids) | Q(branch__bank__organisation__in=actor.organisation_ids)
        unit = passed_through(actor.unit_ids, "filing")
        reader = Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(Q(firm__in=actor.organisation_ids) | bank | unit | reader)

    def live(self) -> "DealQuerySet":
        return self.filter(state__in=Deal.LIVE)


class Deal(Provincial, Versioned, Waiting):
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

    LIVE = ("intent", "confirmed", "diligence", "reported_up", "credit_approved", "signed", "drawing", "completed")
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
    decline_code = models.ForeignKey(DeclineCode, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("谢绝原因"))

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("对接项目")
        verbose_name_plural = _("对接项目")
        constraints = (
            models.UniqueConstraint(
                fields=["need", "branch"],
                condition=~Q(state__in=["declined", "withdrawn", "lapsed", "repaid"]),
                name="one_live_deal_per_pair",
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
        )

    def __str__(self) -> str:
        return f"{self.filing} · {self.branch}"


class Drawdown(Provincial, Versioned):
    """One payment out of a signed loan. Its re-lending status is the central bank's word on this drawdown."""

    class Relending(models.TextChoices):
        NOT_ELIGIBLE = "not_eligible", _("不适用")
        NOT_REPORTED = "not_reported", _("未上报")
        REPORTED = "reported", _("已上报")
        ACCEPTED = "accepted", _("已获支持")
        REJECTED = "rejected", _("未获支持")
        REMOVED = "removed", _("已移出")

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="drawdowns", verbose_name=_("对接项目"))
    number = models.PositiveSmallIntegerField(_("笔次"))
    slip_no = models.CharField(_("借据号"), max_length=60)
    drawn_on = models.DateField(_("放款日期"))
    amount = models.DecimalField(_("放款金额（元）"), max_digits=18, decimal_places=2)
    equipment_amount = models.DecimalField(_("其中设备款（元）"), max_digits=18, decimal_places=2)
    paid_to_supplier_on = models.DateField(_("划付供应商日期"), null=True, blank=True)
    payee = models.CharField(_("收款供应商"), max_length=200)
    payee_uscc = models.CharField(_("供应商统一社会信用代码"), max_length=18, blank=True)
    is_entrusted = models.BooleanField(_("受托支付"), default=True)
    not_entrusted_reason = models.CharField(_("未受托支付的理由"), max_length=300, blank=True)
    invoice_no = models.CharField(_("发票号码"), max_length=20, blank=True)
    equipment = models.ManyToManyField(EquipmentItem, blank=True, related_name="drawdowns", verbose_name=_("对应设备"))
    relending = models.CharField(_("再贷款状态"), max_length=20, choices=Relending)
    relending_month = models.CharField(_("上报月份"), max_length=7, blank=True)
    relending_note = models.CharField(_("再贷款说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("提款")
        verbose_name_plural = _("提款")
        constraints = (
            models.UniqueConstraint(fields=["deal", "number"], name="drawdown_number_once"),
            models.UniqueConstraint(fields=["deal", "slip_no"], name="drawdown_slip_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="drawdown_positive"),
            models.CheckConstraint(condition=Q(equipment_amount__lte=F("amount")), name="equipment_within_drawdown"),
        )

    def __str__(self) -> str:
        return f"{self.deal} #{self.number}"


class Repayment(Provincial):
    class Kind(models.TextChoices):
        REPAID = "repaid", _("归还本金")
        REFUNDED = "refunded", _("供应商退款")

    drawdown = models.ForeignKey(Drawdown, models.PROTECT, related_name="repayments", verbose_name=_("提款"))
    kind = models.CharField(_("类型"), max_length=20, choices=Kind, default=Kind.REPAID)
    on = models.DateField(_("日期"))
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    slip_no = models.CharField(_("凭证号"), max_length=60)

    class Meta:
        verbose_name = _("还款")
        verbose_name_plural = _("还款")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="repayment_positive"),
            models.UniqueConstraint(fields=["drawdown", "slip_no"], name="repayment_slip_once"),
        )

    def __str__(self) -> str:
        return f"{self.drawdown} {self.on} {self.amount}"


class RatePeriod(Provincial):
    deal = models.ForeignKey(Deal, models.PROTECT, related_name="rate_periods", verbose_name=_("对接项目"))
    valid_from = models.DateField(_("自"))
    rate_bp = models.PositiveIntegerField(_("利率（基点）"))

    class Meta:
        verbose_name = _("利率期间")
        verbose_name_plural = _("利率期间")
        constraints = (models.UniqueConstraint(fields=["deal", "valid_from"], name="rate_period_dated"),)

    def __str__(self) -> str:
        return f"{self.deal} {self.valid_from} {self.rate_bp}"


class InterestReceipt(Provincial):
    """Interest the firm really paid for a period. A fact: recorded as on the slip, compared with ours, never refused."""

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="interest_receipts", verbose_name=_("对接项目"))
    period_start = models.DateField(_("计息期起"))
    period_end = models.DateField(_("计息期止"))
    paid_on = models.DateField(_("付息日期"))
    amount = models.DecimalField(_("实付利息（元）"), max_digits=18, decimal_places=2)
    slip_no = models.CharField(_("凭证号"), max_length=60)
    query = models.CharField(_("存疑"), max_length=200, blank=True, help_text=_("与系统测算相差超过容差时提示，不作拒绝"))

    class Meta:
        verbose_name = _("付息凭证")
        verbose_name_plural = _("付息凭证")
        constraints = (models.UniqueConstraint(fields=["deal", "slip_no"], name="interest_slip_once"),)

    def __str__(self) -> str:
        return f"{self.deal} {self.period_end} {self.amount}"


from deals.subsidies.models import (  # noqa: E402, F401 -- Django finds an app's models through its models module
    AccrualLine,
    FundingBatch,
    OtherSupport,
    Recovery,
    RecoveryReceipt,
    SubsidyClaim,
)
