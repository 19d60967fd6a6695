"""Who outside the review may see a filing."""

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models import Organisation


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    def current(self, *, at: dt.datetime) -> "DisclosureQuerySet":
        """Disclosures in force at that moment."""
        return self.filter(withdrawn_at=None, valid_from__lte=at).filter(Q(valid_until=None) | Q(valid_until__gt=at))


class Disclosure(Provincial):
    """That an organisation may see a filing, on what basis and until when: also the record of the firm's consent."""

    class Scope(models.TextChoices):
        OUTLINE = "outline", _("仅行业、金额区间、县域")
        FILE = "file", _("申报全文")

    class Basis(models.TextChoices):
        NAMED = "named", _("企业自主填报")
        CONSENT = "consent", _("企业同意")
        DEAL = "deal", _("已对接")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="disclosures", verbose_name=_("申报"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="disclosures", verbose_name=_("披露对象"))
    scope = models.CharField(_("范围"), max_length=20, choices=Scope)
    basis = models.CharField(_("依据"), max_length=20, choices=Basis)
    valid_from = models.DateTimeField(_("自"))
    valid_until = models.DateTimeField(_("至"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("撤回"), null=True, blank=True)

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("信息披露")
        verbose_name_plural = _("信息披露")
        constraints = (
            models.UniqueConstraint(fields=["filing", "organisation", "scope"], condition=Q(withdrawn_at=None), name="one_open_disclosure"),
        )
        indexes = (models.Index(fields=["organisation", "filing"], name="disclosure_organisation"),)

    def __str__(self) -> str:
        return f"{self.filing} → {self.organisation}"
