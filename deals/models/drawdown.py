"""What a signed loan did: drawn, repaid, at which rate, with which interest really paid."""

from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from deals.models.deal import Deal
from projects.models import EquipmentItem


class Plain(Func):
    """As numbers are compared (`deals.crosschecks.rules.plain`): full-width digits, case, blanks and signs make no difference."""

    template = "upper(regexp_replace(normalize(%(expressions)s, NFKC), '[^0-9A-Za-z]', '', 'g'))"


class Drawdown(Provincial, Versioned):
    """One payment out of a signed loan. Its re-lending status is the central bank's word on this drawdown."""

    class Relending(models.TextChoices):
        NOT_ELIGIBLE = "not_eligible", _("不适用")
        NOT_REPORTED = "not_reported", _("未上报")
        REPORTED = "reported", _("已上报")
        ACCEPTED = "accepted", _("已获支持")
        REJECTED = "rejected", _("未获支持")
        REMOVED = "removed", _("已移出")

    class Invoice(models.TextChoices):
        UNCHECKED = "unchecked", _("未查验")
        NORMAL = "normal", _("正常")
        REVERSED = "reversed", _("已红冲")
        VOID = "void", _("已作废")

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
    invoice_no = models.CharField(_("发票号码"), max_length=40, blank=True, help_text=_("按凭证原样登记"))
    invoice_on = models.DateField(_("开票日期"), null=True, blank=True)
    invoice_amount = models.DecimalField(_("发票价税合计（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    invoice_net = models.DecimalField(_("发票不含税金额（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    invoice_status = models.CharField(_("发票状态"), max_length=20, choices=Invoice, default=Invoice.UNCHECKED)
    invoice_checked_on = models.DateField(_("发票查验日期"), null=True, blank=True)
    invoice_ended_on = models.DateField(_("红冲或作废日期"), null=True, blank=True)
    invoice_key = models.GeneratedField(expression=Plain("invoice_no"), output_field=models.CharField(max_length=40), db_persist=True)
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
            models.CheckConstraint(
                condition=Q(invoice_status__in=["reversed", "void"], invoice_ended_on__isnull=False)
                | ~Q(invoice_status__in=["reversed", "void"]) & Q(invoice_ended_on=None),
                name="ended_invoice_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(invoice_status="unchecked", invoice_checked_on=None)
                | ~Q(invoice_status="unchecked") & Q(invoice_checked_on__isnull=False),
                name="checked_invoice_has_its_day",
            ),
            models.CheckConstraint(condition=Q(equipment_amount__lte=F("amount")), name="equipment_within_drawdown"),
        )
        indexes = (
            models.Index(fields=["-drawn_on", "-id"], name="drawdown_latest"),
            models.Index(fields=["invoice_checked_on"], condition=~Q(invoice_key=""), name="drawdown_invoice_checked"),
            models.Index(fields=["invoice_key"], condition=~Q(invoice_key=""), name="drawdown_invoice"),
        )

    def __str__(self) -> str:
        return f"{self.deal} #{self.number}"


class EquipmentSerial(Provincial):
    """The maker's number on a machine that a drawdown paid for."""

    drawdown = models.ForeignKey(Drawdown, models.CASCADE, related_name="serials", verbose_name=_("提款"))
    serial_no = models.CharField(_("设备编号"), max_length=60)
    key = models.GeneratedField(expression=Plain("serial_no"), output_field=models.CharField(max_length=60), db_persist=True)

    class Meta:
        verbose_name = _("设备编号")
        verbose_name_plural = _("设备编号")
        constraints = (models.UniqueConstraint(fields=["drawdown", "serial_no"], name="serial_once_a_drawdown"),)
        indexes = (models.Index(fields=["key"], name="equipment_serial"),)

    def __str__(self) -> str:
        return self.serial_no


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


class Extension(Provincial):
    """展期: the last day of a loan moved by agreement. The contract itself stays as signed."""

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="extensions", verbose_name=_("对接项目"))
    agreement_no = models.CharField(_("展期协议编号"), max_length=100)
    agreed_on = models.DateField(_("展期协议日期"))
    months = models.PositiveSmallIntegerField(_("展期（月）"))

    class Meta:
        verbose_name = _("展期")
        verbose_name_plural = _("展期")
        constraints = (
            models.UniqueConstraint(fields=["deal", "agreement_no"], name="extension_agreement_once"),
            models.CheckConstraint(condition=Q(months__gt=0), name="extension_positive"),
        )

    def __str__(self) -> str:
        return f"{self.deal} +{self.months}"


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
        indexes = (models.Index(fields=["-paid_on", "-id"], name="interest_latest"),)

    def __str__(self) -> str:
        return f"{self.deal} {self.period_end} {self.amount}"
