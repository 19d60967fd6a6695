"""What was subsidised and is to be paid back: the case, its part of each claim, the receipts."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from deals.subsidies.models import by_deal_and_office
from organisations.actors import Person
from organisations.models import Organisation, Unit
from schemes.models import Scheme, SchemeVersion


class RecoveryQuerySet(models.QuerySet["Recovery"]):
    def visible_to(self, actor: Person) -> "RecoveryQuerySet":
        return self if actor.is_system else self.filter(by_deal_and_office(actor))

    def in_doubt(self) -> "RecoveryQuerySet":
        """Nothing more is booked or paid until these are decided or cleared."""
        return self.filter(state__in=Recovery.IN_DOUBT)

    def decided(self) -> "RecoveryQuerySet":
        return self.filter(state__in=Recovery.AFTER_DECISION)


class Recovery(Provincial, Versioned):
    """追回: one scheme's subsidy of one loan, from a doubt to the last receipt."""

    class State(models.TextChoices):
        DOUBT = "doubt", _("存疑暂停")
        EXPLAINED = "explained", _("银行已说明")
        FOUND = "found", _("已认定")
        DECIDED = "decided", _("已决定追回")
        CLOSED = "closed", _("已收回")
        CLEARED = "cleared", _("已排除")
        REFERRED = "referred", _("已移送")

    IN_DOUBT = (State.DOUBT, State.EXPLAINED, State.FOUND)
    AFTER_DECISION = (State.DECIDED, State.REFERRED, State.CLOSED)
    ENDED = (State.CLOSED, State.CLEARED)

    deal = models.ForeignKey("deals.Deal", models.PROTECT, related_name="recoveries", verbose_name=_("对接项目"))
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="recoveries", verbose_name=_("政策"))
    office = models.ForeignKey(Unit, models.PROTECT, related_name="recoveries", verbose_name=_("办理单位"))
    state = models.CharField(_("状态"), max_length=20, choices=State)
    reason = models.CharField(_("事由"), max_length=300)
    suspended_from = models.DateField(_("暂停计提自"))
    due_on = models.DateField(_("说明期限"), null=True, blank=True)
    explanation = models.TextField(_("银行说明"), blank=True)
    statement = models.TextField(_("企业陈述"), blank=True)
    finding = models.TextField(_("认定意见"), blank=True)
    drawdown = models.ForeignKey("deals.Drawdown", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("涉事提款"))
    diverted_amount = models.DecimalField(_("挪用金额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    diverted_from = models.DateField(_("挪用自"), null=True, blank=True)
    scope = models.CharField(_("追回范围"), max_length=30, choices=SchemeVersion.ClawbackScope, blank=True)
    document_no = models.CharField(_("决定文号"), max_length=100, blank=True)
    decided_on = models.DateField(_("决定日期"), null=True, blank=True)
    pay_by = models.DateField(_("缴回期限"), null=True, blank=True)
    amount = models.DecimalField(_("应追回（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    recovered = models.DecimalField(_("已收回（元）"), max_digits=18, decimal_places=2, default=0)
    reckoned_to = models.DateField(_("已计提至"), null=True, blank=True, help_text=_("决定时已入账的末个结息日；以前的计提不再调减"))
    raised_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("提出人"))
    found_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("认定人"))

    objects = RecoveryQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("贴息追回")
        verbose_name_plural = _("贴息追回")
        constraints = (
            models.UniqueConstraint(
                fields=["deal", "scheme"], condition=~Q(state__in=["closed", "cleared"]), name="one_open_recovery_a_loan"
            ),
            models.CheckConstraint(condition=Q(recovered__gte=0), name="recovered_not_negative"),
            models.CheckConstraint(condition=Q(recovered=0) | Q(recovered__lte=F("amount")), name="recovered_within_amount"),
            models.CheckConstraint(
                condition=~Q(state__in=["decided", "referred", "closed"]) | Q(amount__isnull=False) & ~Q(document_no=""),
                name="decided_by_document",
            ),
        )
        indexes = (models.Index(fields=["state", "deal"], name="recovery_by_state"),)

    def __str__(self) -> str:
        return f"{self.deal} {self.scheme}"

    @property
    def payer(self) -> Organisation:
        """Who had the money: the bank that netted it, or the firm that was reimbursed."""
        is_banks = self.scheme.channel == Scheme.Channel.BANK_NET
        return self.deal.branch.organisation if is_banks else self.deal.firm

    @property
    def left(self) -> Decimal | None:
        """What is still to be paid back."""
        return None if self.amount is None else self.amount - self.recovered


class RecoveryPart(Provincial):
    """What a decision takes of one claim: back, of what was paid; or withheld, of what was still to be paid."""

    recovery = models.ForeignKey(Recovery, models.PROTECT, related_name="parts", verbose_name=_("追回"))
    claim = models.ForeignKey("deals.SubsidyClaim", models.PROTECT, related_name="recovered_parts", verbose_name=_("申领"))
    is_withheld = models.BooleanField(_("未付扣减"))
    base = models.DecimalField(_("基数（元）"), max_digits=18, decimal_places=2, help_text=_("已付金额；未付的为安排或申请金额"))
    affected = models.DecimalField(_("涉及计提（元）"), max_digits=18, decimal_places=2)
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)

    class Meta:
        app_label = "deals"
        verbose_name = _("追回明细")
        verbose_name_plural = _("追回明细")
        constraints = (
            models.UniqueConstraint(fields=["recovery", "claim"], name="recovery_part_once"),
            models.CheckConstraint(condition=Q(amount__gt=0) & Q(amount__lte=F("base")), name="recovery_part_within_base"),
        )

    def __str__(self) -> str:
        return f"{self.claim} {self.amount}"


class RecoveryReceipt(Provincial):
    """Money that came back. A fact, written once; known by its slip."""

    recovery = models.ForeignKey(Recovery, models.PROTECT, related_name="receipts", verbose_name=_("追回"))
    on = models.DateField(_("日期"))
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    slip_no = models.CharField(_("凭证号"), max_length=60)

    class Meta:
        app_label = "deals"
        verbose_name = _("追回入账")
        verbose_name_plural = _("追回入账")
        constraints = (
            models.UniqueConstraint(fields=["recovery", "slip_no"], name="recovery_slip_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="recovery_receipt_positive"),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.recovery} {self.amount}"
