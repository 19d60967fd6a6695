"""WHO CAN LEND: banks, their own tree of branches, where each serves, products, and the appetite each has declared."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from ledger.models import LedgerAccount
from organisations.actors import Person
from organisations.models import Organisation, Programme, Region, Role, User


class Bank(Provincial):
    class Kind(models.TextChoices):
        POLICY = "policy", _("政策性银行")
        STATE = "state", _("国有大型银行")
        JOINT_STOCK = "joint_stock", _("股份制银行")
        CITY = "city", _("城市商业银行")
        RURAL = "rural", _("农村金融机构")

    organisation = models.OneToOneField(Organisation, models.PROTECT, related_name="bank", verbose_name=_("机构"))
    code = models.CharField(_("银行代码"), max_length=20, unique=True)
    short_name = models.CharField(_("简称"), max_length=40)
    kind = models.CharField(_("类型"), max_length=20, choices=Kind)

    class Meta:
        verbose_name = _("银行")
        verbose_name_plural = _("银行")

    def __str__(self) -> str:
        return self.short_name


class Branch(Provincial):
    """A place in a bank's own tree, which is not the region tree: an outlet may hang under another city's branch."""

    class Level(models.TextChoices):
        PROVINCIAL = "provincial", _("省分行")
        CITY = "city", _("市分行")
        OUTLET = "outlet", _("支行")

    organisation = models.OneToOneField(Organisation, models.PROTECT, related_name="branch", verbose_name=_("机构"))
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="branches", verbose_name=_("银行"))
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级行"))
    code = models.CharField(_("机构代码"), max_length=40, unique=True)
    level = models.CharField(_("层级"), max_length=20, choices=Level)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("所在地"))

    class Meta:
        verbose_name = _("银行机构")
        verbose_name_plural = _("银行机构")

    def __str__(self) -> str:
        return self.organisation.name


class BranchServes(Provincial):
    """A region (with all below it) whose firms this branch takes on."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="serves", verbose_name=_("机构"))
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("服务区域"))

    class Meta:
        verbose_name = _("服务区域")
        verbose_name_plural = _("服务区域")
        constraints = (models.UniqueConstraint(fields=["branch", "region"], name="branch_serves_region_once"),)

    def __str__(self) -> str:
        return f"{self.branch} {self.region}"


class Security(models.TextChoices):
    CREDIT = "credit", _("信用")
    MORTGAGE = "mortgage", _("抵押")
    PLEDGE = "pledge", _("质押")
    GUARANTEE = "guarantee", _("保证")
    GUARANTOR = "guarantor", _("担保公司担保")


@pghistory.track()
class Product(Provincial, Versioned):
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="products", verbose_name=_("银行"))
    code = models.CharField(_("产品代码"), max_length=40, unique=True)
    name = models.CharField(_("产品名称"), max_length=100)
    amount_min = models.DecimalField(_("最低金额（元）"), max_digits=18, decimal_places=2)
    amount_max = models.DecimalField(_("最高金额（元）"), max_digits=18, decimal_places=2)
    term_min_months = models.PositiveSmallIntegerField(_("最短期限（月）"))
    term_max_months = models.PositiveSmallIntegerField(_("最长期限（月）"))
    rate_min_bp = models.PositiveIntegerField(_("最低利率（基点）"))
    rate_max_bp = models.PositiveIntegerField(_("最高利率（基点）"))
    securities = ArrayField(models.CharField(max_length=20, choices=Security), verbose_name=_("接受的担保方式"))
    barred_industries = ArrayField(models.CharField(max_length=5), default=list, blank=True, verbose_name=_("不进入的行业"))
    sizes = ArrayField(models.CharField(max_length=10), default=list, blank=True, verbose_name=_("企业规模"))
    first_loan_ok = models.BooleanField(_("接受首贷户"), default=True)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = _("信贷产品")
        verbose_name_plural = _("信贷产品")
        constraints = (
            models.CheckConstraint(condition=Q(amount_min__lte=models.F("amount_max")), name="product_amounts_ordered"),
            models.CheckConstraint(condition=Q(term_min_months__lte=models.F("term_max_months")), name="product_terms_ordered"),
            models.CheckConstraint(condition=Q(rate_min_bp__lte=models.F("rate_max_bp")), name="product_rates_ordered"),
        )

    def __str__(self) -> str:
        return self.name


class AppetiteQuerySet(models.QuerySet["Appetite"]):
    def visible_to(self, actor: Person) -> "AppetiteQuerySet":
        """A branch its own, a bank's head and provincial branch all of the bank's, the province's offices and readers the province's.

        A national bank's whole account is the nation's row, yet it binds the rounds of each province in which a branch declared
        under it: whoever reads the province reads it too.
        """
        if actor.is_system:
            return self
        heads = {seat.organisation_id for seat in actor.seats if seat.role == Role.BANK_PROVINCIAL}
        looked_after = Exists(Branch.objects.filter(bank=OuterRef("bank"), organisation__in=heads))
        bank = Q(bank__organisation__in=actor.organisation_ids) | Q(looked_after)
        provinces = actor.provinces_overseen
        binding = Exists(LedgerAccount.objects.filter(parent=OuterRef("account"), province__in=provinces))
        province = Q(province__in=provinces) | Q(binding)
        return self.filter(Q(branch__organisation__in=actor.organisation_ids) | bank | province)


@pghistory.track()
class Appetite(Provincial, Versioned):
    """银行意向额度: what a bank or a branch has declared it is willing to lend in a period. Never ours to ration.

    The money stands on a ledger account; a branch's account has its bank's as parent. A branch without a row here, or with an
    account whose limit is not declared, is not a candidate of a round, but may be named and may sign.
    """

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="+", verbose_name=_("政策项目"))
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="appetites", verbose_name=_("银行"))
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="appetites", verbose_name=_("机构"))
    period = models.CharField(_("期间"), max_length=20)
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"))
    account = models.OneToOneField(LedgerAccount, models.PROTECT, related_name="appetite", verbose_name=_("账户"))
    max_ticket = models.DecimalField(_("单户上限（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    case_load = models.PositiveIntegerField(_("同时受理上限（件）"), null=True, blank=True)

    objects = AppetiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("银行意向额度")
        verbose_name_plural = _("银行意向额度")
        constraints = (
            models.UniqueConstraint(fields=["programme", "bank", "branch", "period"], nulls_distinct=False, name="appetite_once_a_period"),
            models.CheckConstraint(condition=Q(valid_from__lte=models.F("valid_to")), name="appetite_dates_ordered"),
        )

    def __str__(self) -> str:
        return f"{self.branch or self.bank} {self.period}"


class AppetiteLetterQuerySet(models.QuerySet["AppetiteLetter"]):
    def visible_to(self, actor: Person) -> "AppetiteLetterQuerySet":
        """The province's offices and readers; the bank whose letter it is."""
        if actor.is_system:
            return self
        provinces = actor.provinces_overseen
        heads = {seat.organisation_id for seat in actor.seats if seat.role == Role.BANK_PROVINCIAL}
        looked_after = Exists(Branch.objects.filter(bank=OuterRef("bank"), organisation__in=heads))
        return self.filter(Q(province__in=provinces) | Q(bank__organisation__in=heads) | Q(looked_after))


class AppetiteLetter(Provincial, Versioned):
    """意向额度来函: what a bank declared on paper. One person of the provincial office enters it, a second registers it."""

    class State(models.TextChoices):
        ENTERED = "entered", _("待复核")
        REGISTERED = "registered", _("已登记")
        VOID = "void", _("已作废")

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="+", verbose_name=_("政策项目"))
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="letters", verbose_name=_("银行"))
    number = models.CharField(_("文号"), max_length=100)
    dated_on = models.DateField(_("来函日期"))
    period = models.CharField(_("期间"), max_length=20)
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ENTERED)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("录入人"))
    entered_at = models.DateTimeField(_("录入时间"))
    registered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("复核人"))
    registered_at = models.DateTimeField(_("登记时间"), null=True, blank=True)

    objects = AppetiteLetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("意向额度来函")
        verbose_name_plural = _("意向额度来函")
        constraints = (
            models.UniqueConstraint(fields=["programme", "bank", "number"], condition=~Q(state="void"), name="appetite_letter_number_once"),
            models.CheckConstraint(condition=Q(valid_from__lte=models.F("valid_to")), name="appetite_letter_dates_ordered"),
            models.CheckConstraint(
                condition=Q(registered_by=None) | ~Q(registered_by=models.F("entered_by")), name="appetite_letter_two_people"
            ),
        )

    def __str__(self) -> str:
        return f"{self.bank} {self.number}"


class AppetiteLetterLine(Provincial):
    """What the letter says of one account: a branch, or without one the whole bank."""

    letter = models.ForeignKey(AppetiteLetter, models.CASCADE, related_name="lines", verbose_name=_("来函"))
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("机构"))
    limit = models.DecimalField(_("意向额度（元）"), max_digits=18, decimal_places=2)
    max_ticket = models.DecimalField(_("单户上限（元）"), max_digits=18, decimal_places=2, null=True, blank=True)
    case_load = models.PositiveIntegerField(_("同时受理上限（件）"), null=True, blank=True)

    class Meta:
        verbose_name = _("来函额度")
        verbose_name_plural = _("来函额度")
        constraints = (
            models.UniqueConstraint(fields=["letter", "branch"], nulls_distinct=False, name="appetite_letter_account_once"),
            models.CheckConstraint(condition=Q(limit__gte=0), name="appetite_letter_limit_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.letter} {self.branch or self.letter.bank}"
