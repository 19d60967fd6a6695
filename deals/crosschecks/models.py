"""What cross-checks read of companies, and what they found: flags that an office answers before it approves a claim."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Role, Unit
from projects.models import passed_through


class CompanyRecord(Provincial):
    """An extract of the register of companies (市场主体登记): who heads it, whether it still exists."""

    class State(models.TextChoices):
        NORMAL = "normal", _("存续")
        REVOKED = "revoked", _("吊销")
        STRUCK_OFF = "struck_off", _("注销")

    uscc = models.CharField(_("统一社会信用代码"), max_length=18)
    name = models.CharField(_("名称"), max_length=200)
    legal_representative = models.CharField(_("法定代表人"), max_length=60, blank=True)
    state = models.CharField(_("登记状态"), max_length=20, choices=State, default=State.NORMAL)
    on = models.DateField(_("截至"))
    source = models.CharField(_("来源"), max_length=200)

    class Meta:
        app_label = "deals"
        verbose_name = _("市场主体登记")
        verbose_name_plural = _("市场主体登记")
        constraints = (models.UniqueConstraint(fields=["uscc", "on"], name="company_record_dated"),)

    def __str__(self) -> str:
        return f"{self.name} {self.on}"


class Shareholding(Provincial):
    """Who holds how much of a company, as of a day."""

    holder_uscc = models.CharField(_("股东统一社会信用代码"), max_length=18)
    company_uscc = models.CharField(_("公司统一社会信用代码"), max_length=18)
    share_bp = models.PositiveIntegerField(_("持股（基点）"))
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True, blank=True)
    source = models.CharField(_("来源"), max_length=200)

    class Meta:
        app_label = "deals"
        verbose_name = _("股权登记")
        verbose_name_plural = _("股权登记")
        constraints = (
            models.UniqueConstraint(fields=["holder_uscc", "company_uscc", "valid_from"], name="shareholding_dated"),
            models.CheckConstraint(condition=Q(share_bp__gt=0) & Q(share_bp__lte=10_000), name="share_within_whole"),
        )
        indexes = (models.Index(fields=["company_uscc"], name="shareholding_company"),)

    def __str__(self) -> str:
        return f"{self.holder_uscc} → {self.company_uscc}"


class FlagQuerySet(models.QuerySet["CrossCheckFlag"]):
    def visible_to(self, actor: Person) -> "FlagQuerySet":
        """The offices that check and approve, and auditors; neither the firm nor its bank is warned by it."""
        if actor.is_system:
            return self
        office = Q(claim__office__in=actor.unit_ids) | Q(province__in=actor.office_provinces(Unit.Line.FINANCE))
        unit = passed_through(actor.unit_ids, "claim__deal__filing")
        return self.filter(office | unit | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER)))


class CrossCheckFlag(Provincial, Versioned):
    """核查提示: something a rule found about a drawdown of a claim. Answered with a reason; never deleted."""

    class State(models.TextChoices):
        OPEN = "open", _("待核实")
        DISMISSED = "dismissed", _("已排除")
        UPHELD = "upheld", _("属实")

    claim = models.ForeignKey("deals.SubsidyClaim", models.PROTECT, related_name="flags", verbose_name=_("申领"))
    drawdown = models.ForeignKey("deals.Drawdown", models.PROTECT, related_name="+", verbose_name=_("提款"))
    rule = models.CharField(_("规则"), max_length=40)
    key = models.CharField(_("标识"), max_length=120, blank=True)
    evidence = models.JSONField(_("依据"), default=dict)
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.OPEN)
    answer = models.TextField(_("处理理由"), blank=True)
    found_at = models.DateTimeField(_("发现时间"))

    objects = FlagQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("核查提示")
        verbose_name_plural = _("核查提示")
        constraints = (models.UniqueConstraint(fields=["claim", "drawdown", "rule", "key"], name="flag_once"),)
        indexes = (models.Index(fields=["state", "claim"], name="flag_by_state"),)

    def __str__(self) -> str:
        return f"{self.claim} {self.rule}"
