"""WHO SUBSIDISES: schemes, their dated versions, which banks each admits, how they stack, and the budgets of discretionary ones."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from ledger.models import LedgerAccount
from lenders.models import Bank
from organisations.models import Region


class Scheme(Provincial):
    class Level(models.TextChoices):
        CENTRAL = "central", _("中央")
        PROVINCE = "province", _("省级")
        CITY = "city", _("市级")

    class Authority(models.TextChoices):
        PROVINCE = "province", _("省级审批")
        CITY_FINANCE = "city_finance", _("市财政审核")
        EXTERNAL = "external", _("系统外审批，仅登记")

    class Channel(models.TextChoices):
        BANK_NET = "bank_net", _("银行收息时扣除")
        FIRM_REIMBURSE = "firm_reimburse", _("企业付息后申领")

    code = models.CharField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    level = models.CharField(_("层级"), max_length=20, choices=Level)
    authority = models.CharField(_("审批权"), max_length=20, choices=Authority)
    channel = models.CharField(_("渠道"), max_length=20, choices=Channel)
    is_discretionary = models.BooleanField(_("受预算约束"), help_text=_("否：符合条件即享受，推荐轮次中不作为额度"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("适用地区"))
    yield_rank = models.PositiveSmallIntegerField(_("让减顺序"), help_text=_("合计超过实付利息时，数小者先让"))
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = _("贴息政策")
        verbose_name_plural = _("贴息政策")

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class SchemeVersion(Provincial):
    """One document's rules. Announced on one day, applying to contracts, drawdowns and payments of others; chosen per drawdown."""

    class StartRule(models.TextChoices):
        PAID_TO_SUPPLIER = "paid_to_supplier", _("划付供应商账户之日")
        LOAN_ISSUED = "loan_issued", _("固定资产贷款发放之日")

    class WindowAnchor(models.TextChoices):
        EACH_DRAWDOWN = "each_drawdown", _("逐笔提款")
        FIRST_DRAWDOWN = "first_drawdown", _("首笔提款")

    class Part(models.TextChoices):
        EQUIPMENT = "equipment", _("设备款部分")
        WHOLE = "whole", _("全部放款")

    class Convention(models.TextChoices):
        DAYS_360 = "days_360", _("积数计息")
        PLAIN_YEARS = "plain_years", _("按年简算")

    class ShortfallRule(models.TextChoices):
        FIRST_COME = "first_come", _("先到先得")
        PRO_RATA = "pro_rata", _("按比例")
        PRIORITY_THEN_PRO_RATA = "priority_then_pro_rata", _("优先后按比例")
        CARRY_OVER = "carry_over", _("结转")

    class ClawbackScope(models.TextChoices):
        WHOLE_LOAN = "whole_loan", _("整笔贷款")
        AFFECTED_DRAWDOWN = "affected_drawdown", _("涉事提款")
        DIVERTED_PART = "diverted_part_from_day", _("挪用部分自挪用日起")

    class SuccessorRule(models.TextChoices):
        ENDS = "ends", _("不再贴息")
        REST = "rest", _("承继剩余贴息期")

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="versions", verbose_name=_("政策"))
    code = models.CharField(_("版本"), max_length=40, unique=True)
    document_no = models.CharField(_("文号"), max_length=100)
    title = models.CharField(_("文件名称"), max_length=200, blank=True)
    announced_on = models.DateField(_("印发日期"))
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="superseded_by", verbose_name=_("取代"))
    contract_from = models.DateField(_("合同自"), null=True, blank=True)
    contract_to = models.DateField(_("合同至"), null=True, blank=True)
    purchase_from = models.DateField(_("采购合同自"), null=True, blank=True)
    purchase_to = models.DateField(_("采购合同至"), null=True, blank=True)
    drawdown_from = models.DateField(_("提款自"), null=True, blank=True)
    drawdown_to = models.DateField(_("提款至"), null=True, blank=True)
    payment_from = models.DateField(_("付款自"), null=True, blank=True)
    payment_to = models.DateField(_("付款至"), null=True, blank=True)
    rate_bp = models.PositiveIntegerField(_("贴息率（基点）"))
    start_rule = models.CharField(_("起算"), max_length=20, choices=StartRule)
    subsidised_part = models.CharField(
        _("贴息部分"), max_length=20, choices=Part, help_text=_("设备购置贷款只贴设备款部分；固定资产贷款贴全部放款")
    )
    window_months = models.PositiveSmallIntegerField(_("贴息期（月）"))
    window_anchor = models.CharField(_("期限起点"), max_length=20, choices=WindowAnchor, default=WindowAnchor.EACH_DRAWDOWN)
    day_count = models.PositiveSmallIntegerField(_("计息天数基数"), default=360)
    convention = models.CharField(_("计算方式"), max_length=20, choices=Convention, default=Convention.DAYS_360)
    interest_months = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("结息月"))
    interest_day = models.PositiveSmallIntegerField(_("结息日"), default=20)
    extension_counts = models.BooleanField(_("展期计入贴息"), default=False, help_text=_("否：展期后的日子不贴息，贴息期也不因展期延长"))
    refinanced_rule = models.CharField(_("借新还旧后"), max_length=10, choices=SuccessorRule, default=SuccessorRule.ENDS)
    moved_rule = models.CharField(_("转贷后"), max_length=10, choices=SuccessorRule, default=SuccessorRule.ENDS)
    requires_listed = models.BooleanField(_("须在备选项目清单"))
    requires_relending = models.BooleanField(_("须获再贷款支持"))
    firm_sizes = ArrayField(models.CharField(max_length=10), default=list, blank=True, verbose_name=_("限企业规模"))
    firm_ownerships = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("限所有制"))
    per_loan_cap = models.DecimalField(_("单笔贷款上限（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    project_year_cap = models.DecimalField(_("项目年度上限（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    firm_year_cap = models.DecimalField(_("企业年度上限（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    firm_loan_cap = models.DecimalField(_("企业贴息贷款上限（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    prepay_share_bp = models.PositiveIntegerField(_("预拨比例（基点）"), default=0)
    shortfall_rule = models.CharField(_("预算不足时"), max_length=30, choices=ShortfallRule)
    clawback_scope = models.CharField(_("追回范围"), max_length=30, choices=ClawbackScope)
    source = models.CharField(_("来源"), max_length=300, blank=True)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = _("政策版本")
        verbose_name_plural = _("政策版本")

    def __str__(self) -> str:
        return f"{self.scheme} {self.code}"


class BankEligibility(Provincial):
    version = models.ForeignKey(SchemeVersion, models.CASCADE, related_name="banks", verbose_name=_("政策版本"))
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="eligibilities", verbose_name=_("银行"))

    class Meta:
        verbose_name = _("经办银行")
        verbose_name_plural = _("经办银行")
        constraints = (models.UniqueConstraint(fields=["version", "bank"], name="bank_eligible_once"),)

    def __str__(self) -> str:
        return f"{self.version} {self.bank}"


class Stacking(models.Model):
    class Rule(models.TextChoices):
        ADDITIVE = "additive", _("可叠加")
        ONLY_HIGHER = "only_higher", _("取高")
        FORBIDDEN = "forbidden", _("不得兼享")

    scheme_a = models.ForeignKey(Scheme, models.CASCADE, related_name="+", verbose_name=_("政策甲"))
    scheme_b = models.ForeignKey(Scheme, models.CASCADE, related_name="+", verbose_name=_("政策乙"))
    rule = models.CharField(_("关系"), max_length=20, choices=Rule)
    valid_from = models.DateField(_("生效日期"), null=True, blank=True)
    source = models.CharField(_("依据"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("叠加规则")
        verbose_name_plural = _("叠加规则")
        constraints = (models.UniqueConstraint(fields=["scheme_a", "scheme_b"], name="stacking_pair_once"),)

    def __str__(self) -> str:
        return f"{self.scheme_a} × {self.scheme_b}: {self.get_rule_display()}"


class Support(models.TextChoices):
    """Public money beside interest subsidies that a project may have."""

    TREASURY_BOND = "treasury_bond", _("超长期特别国债资金")
    CENTRAL_INVESTMENT = "central_investment", _("中央预算内投资")
    RENEWAL_GRANT = "renewal_grant", _("技术改造奖补")
    FIRST_SET = "first_set", _("首台（套）奖补")
    OTHER = "other", _("其他财政补助")


class GrantStacking(models.Model):
    """How a scheme goes together with a grant on the same project. Without a row they add up: a grant is not interest."""

    scheme = models.ForeignKey(Scheme, models.CASCADE, related_name="grants", verbose_name=_("政策"))
    kind = models.CharField(_("财政支持"), max_length=40, choices=Support)
    rule = models.CharField(
        _("关系"), max_length=20, choices=Stacking.Rule, help_text=_("取高：贴息累计超过补助的部分才予支持；不得兼享：自补助之日起不再贴息")
    )
    source = models.CharField(_("依据"), max_length=200)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = _("与补助的叠加规则")
        verbose_name_plural = _("与补助的叠加规则")
        constraints = (models.UniqueConstraint(fields=["scheme", "kind"], name="grant_stacking_once"),)

    def __str__(self) -> str:
        return f"{self.scheme} × {self.get_kind_display()}: {self.get_rule_display()}"


class Budget(Provincial):
    """The money of one discretionary scheme for one fiscal year, on a ledger account; raised only by a document."""

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="budgets", verbose_name=_("政策"))
    fiscal_year = models.PositiveSmallIntegerField(_("财政年度"))
    account = models.OneToOneField(LedgerAccount, models.PROTECT, related_name="budget", verbose_name=_("账户"))

    class Meta:
        verbose_name = _("贴息预算")
        verbose_name_plural = _("贴息预算")
        constraints = (models.UniqueConstraint(fields=["scheme", "fiscal_year"], name="budget_once_a_year"),)

    def __str__(self) -> str:
        return f"{self.scheme} {self.fiscal_year}"


class BudgetDocument(Provincial):
    budget = models.ForeignKey(Budget, models.PROTECT, related_name="documents", verbose_name=_("预算"))
    number = models.CharField(_("文号"), max_length=100)
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    issued_on = models.DateField(_("日期"))
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = _("预算文件")
        verbose_name_plural = _("预算文件")
        constraints = (models.UniqueConstraint(fields=["budget", "number"], name="budget_document_once"),)

    def __str__(self) -> str:
        return self.number


class RelendingFacility(models.Model):
    """The central bank's national facility as announced: its size, rate and whether it is open. First come, never ours to ration."""

    class State(models.TextChoices):
        OPEN = "open", _("受理中")
        PAUSED = "paused", _("暂停")
        EXHAUSTED = "exhausted", _("额度用完")

    name = models.CharField(_("名称"), max_length=100)
    announced_on = models.DateField(_("公布日期"))
    effective_on = models.DateField(_("生效日期"))
    size_yuan = models.DecimalField(_("额度（元）"), max_digits=18, decimal_places=2)
    rate_bp = models.PositiveIntegerField(_("利率（基点）"))
    state = models.CharField(_("状态"), max_length=20, choices=State)
    source = models.CharField(_("来源"), max_length=300)
    note = models.CharField(_("说明"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("再贷款额度")
        verbose_name_plural = _("再贷款额度")
        constraints = (models.UniqueConstraint(fields=["name", "announced_on"], name="relending_facility_dated"),)

    def __str__(self) -> str:
        return f"{self.name} {self.announced_on}"
