"""Costs beside the interest, as the bank tells them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from deals.models.deal import Deal


class LoanCost(Provincial, Versioned):
    """融资成本: one thing the firm pays for beside the interest, to whom, for what and when. Told anew, it is replaced; nothing due is 0."""

    class Kind(models.TextChoices):
        GUARANTEE = "guarantee", _("担保费")
        APPRAISAL = "appraisal", _("评估费")
        REGISTRATION = "registration", _("抵押登记费")
        NOTARY = "notary", _("公证费")
        INSURANCE = "insurance", _("保险费")
        INTERMEDIARY = "intermediary", _("中介服务费")
        OTHER = "other", _("其他费用")

    class Due(models.TextChoices):
        ONCE = "once", _("一次性收取")
        YEARLY = "yearly", _("按年收取")

    deal = models.ForeignKey(Deal, models.PROTECT, related_name="costs", verbose_name=_("对接项目"))
    kind = models.CharField(_("费用项目"), max_length=20, choices=Kind)
    charged_by = models.CharField(_("收取机构"), max_length=100)
    due = models.CharField(_("收取方式"), max_length=10, choices=Due)
    amount = models.DecimalField(_("每次金额（元）"), max_digits=18, decimal_places=2)
    basis = models.CharField(_("收费依据"), max_length=200, blank=True)

    class Meta:
        app_label = "deals"
        verbose_name = _("融资成本")
        verbose_name_plural = _("融资成本")
        constraints = (
            models.UniqueConstraint(fields=["deal", "kind", "charged_by"], name="loan_cost_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="loan_cost_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.deal} {self.get_kind_display()}"
