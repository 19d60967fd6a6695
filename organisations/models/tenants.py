"""An `Organisation` is a tenant: a firm, a review unit, a bank, a bank branch."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.models.regions import Region
from organisations.searching import pairs_of


class Organisation(Provincial, Versioned):
    """A tenant. Nothing of one tenant is seen by another except through a rule that says so."""

    class Kind(models.TextChoices):
        FIRM = "firm", _("企业")
        UNIT = "unit", _("政府部门")
        BANK = "bank", _("银行")
        BRANCH = "branch", _("银行机构")
        GUARANTOR = "guarantor", _("担保机构")
        LESSOR = "lessor", _("租赁公司")
        INSTITUTE = "institute", _("科研院所")

    kind = models.CharField(_("类型"), max_length=20, choices=Kind)
    name = models.CharField(_("名称"), max_length=200)
    name_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, blank=True)
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在地"))
    is_active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("机构")
        verbose_name_plural = _("机构")
        constraints = (
            models.UniqueConstraint(fields=["uscc"], condition=models.Q(kind="firm") & ~models.Q(uscc=""), name="one_firm_per_uscc"),
        )
        indexes = (GinIndex(pairs_of("name"), name="organisation_words"),)

    def __str__(self) -> str:
        return self.name
