"""Accounts whose balances the database itself bounds, and their append-only entries. Knows neither banks nor schemes."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import CURRENT_TRANSACTION, Provincial


class LedgerAccount(Provincial):
    """`held` is promised and still open, `posted` is done. A limit of NULL means not declared: nothing is checked."""

    class Kind(models.TextChoices):
        APPETITE = "appetite", _("银行意向额度")
        BUDGET = "budget", _("贴息预算")

    kind = models.CharField(_("类型"), max_length=20, choices=Kind)
    code = models.CharField(_("账户代码"), max_length=100, unique=True)
    name = models.CharField(_("名称"), max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级账户"))
    limit = models.DecimalField(_("额度（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    held = models.DecimalField(_("预留（元）"), max_digits=18, decimal_places=2, default=0)
    posted = models.DecimalField(_("已用（元）"), max_digits=18, decimal_places=2, default=0)
    last_seq = models.PositiveIntegerField(_("末笔序号"), default=0)

    class Meta:
        verbose_name = _("账户")
        verbose_name_plural = _("账户")
        constraints = (
            models.CheckConstraint(condition=Q(held__gte=0), name="held_not_negative"),
            models.CheckConstraint(condition=Q(posted__gte=0), name="posted_not_negative"),
            models.CheckConstraint(condition=Q(limit=None) | Q(limit__gte=F("held") + F("posted")), name="within_limit"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def free(self) -> Decimal | None:
        """What may still be promised, in yuan; None when no limit is declared."""
        return None if self.limit is None else self.limit - self.held - self.posted


class Entry(Provincial):
    """One movement of one account. Never changed, never deleted: corrections are further entries."""

    class Kind(models.TextChoices):
        LIMIT = "limit", _("调整额度")
        HOLD = "hold", _("预留")
        POST = "post", _("记账")
        RELEASE = "release", _("释放")
        REVERSE = "reverse", _("冲回")

    account = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="entries", verbose_name=_("账户"))
    seq = models.PositiveIntegerField(_("序号"))
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    limit_after = models.DecimalField(_("额度余额后"), max_digits=18, decimal_places=2, null=True)
    held_after = models.DecimalField(_("预留余额后"), max_digits=18, decimal_places=2)
    posted_after = models.DecimalField(_("已用余额后"), max_digits=18, decimal_places=2)
    business_key = models.CharField(_("业务键"), max_length=160)
    hold = models.ForeignKey("self", models.PROTECT, null=True, related_name="movements", verbose_name=_("对应预留"))
    from_hold = models.DecimalField(_("其中冲抵预留（元）"), max_digits=18, decimal_places=2, default=0)
    expires_at = models.DateTimeField(_("预留到期"), null=True)
    flag = models.CharField(_("标记"), max_length=40, blank=True, help_text=_("over_appetite：事实超出意向额度，同时补记银行追加"))
    at = models.DateTimeField(_("时间"))
    by_label = models.CharField(_("经办人"), max_length=200)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    transaction_id = models.BigIntegerField(_("事务号"), editable=False, db_default=CURRENT_TRANSACTION)

    class Meta:
        verbose_name = _("账目")
        verbose_name_plural = _("账目")
        constraints = (
            models.UniqueConstraint(fields=["account", "business_key"], name="entry_once"),
            models.UniqueConstraint(fields=["account", "seq"], name="entry_sequence"),
            models.CheckConstraint(condition=Q(kind="limit") | Q(amount__gt=0), name="entry_amount_positive"),
        )
        indexes = (
            models.Index(fields=["account", "at", "seq"], name="entry_statement"),
            models.Index(fields=["hold"], condition=~Q(hold=None), name="entry_hold"),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.account_id}#{self.seq} {self.kind} {self.amount}"
