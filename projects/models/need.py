"""What is matched: an amount asked for, and the banks its firm named."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from lenders.models import Branch, Security
from organisations.actors import Person
from organisations.models import Organisation
from projects.models.filing import Filing
from projects.models.project import Project


class NeedQuerySet(models.QuerySet["Need"]):
    def visible_to(self, actor: Person) -> "NeedQuerySet":
        return self.filter(filing__in=Filing.objects.visible_to(actor).order_by().values("pk"))


class Need(Provincial, Versioned):
    """An amount of one project asked for in one year: what a round matches. What is left of it is a query in deals."""

    filing = models.ForeignKey(Filing, models.PROTECT, related_name="needs", verbose_name=_("申报"))
    project = models.ForeignKey(Project, models.PROTECT, related_name="needs", verbose_name=_("项目"))
    firm = models.ForeignKey(Organisation, models.PROTECT, related_name="needs", verbose_name=_("企业"))
    year = models.PositiveSmallIntegerField(_("年度"))
    amount = models.DecimalField(_("融资需求（元）"), max_digits=18, decimal_places=2)
    term_months = models.PositiveSmallIntegerField(_("期限（月）"))
    rate_cap_bp = models.PositiveIntegerField(_("期望利率上限（基点）"), null=True, blank=True)
    securities = ArrayField(models.CharField(max_length=20, choices=Security), verbose_name=_("担保方式"))
    open_to_other_banks = models.BooleanField(_("愿向其他银行公开需求"), default=False)
    asks_for_suggestions = models.BooleanField(_("请求推荐其他银行"), default=False)
    parked_reason = models.CharField(_("暂停对接原因"), max_length=200, blank=True)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("融资需求")
        verbose_name_plural = _("融资需求")
        constraints = (
            models.UniqueConstraint(fields=["filing", "year"], name="need_once_a_year"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="need_amount_positive"),
        )

    def __str__(self) -> str:
        return f"{self.project} {self.year}"


class IntendedBankQuerySet(models.QuerySet["IntendedBank"]):
    def visible_to(self, actor: Person) -> "IntendedBankQuerySet":
        """A bank finds itself alone: whom else the firm asked is none of its business."""
        visible = Filing.objects.visible_to(actor).filter(pk=OuterRef("need__filing"))  # asked of each row: few are shown of very many
        itself = Q(Exists(visible), branch__organisation__in=actor.organisation_ids)
        return self.filter(Exists(visible.telling_banks_to(actor)) | itself)


class IntendedBank(Provincial):
    """意向银行: a branch the firm itself named, in its own order; at most three."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="intended_banks", verbose_name=_("需求"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("银行机构"))
    rank = models.PositiveSmallIntegerField(_("顺序"))

    objects = IntendedBankQuerySet.as_manager()

    class Meta:
        verbose_name = _("意向银行")
        verbose_name_plural = _("意向银行")
        constraints = (
            models.UniqueConstraint(fields=["need", "rank"], name="intended_rank_once"),
            models.UniqueConstraint(fields=["need", "branch"], name="intended_branch_once"),
        )

    def __str__(self) -> str:
        return f"{self.rank} {self.branch}"
