"""Interests an officer declares in a firm or a bank."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models.people import Membership, Role, User
from organisations.models.tenants import Organisation


class DeclaredInterestQuerySet(models.QuerySet["DeclaredInterest"]):
    def visible_to(self, actor: Any) -> "DeclaredInterestQuerySet":
        """One's own, those of one's unit, and a province's to its auditors."""
        if actor.is_system:
            return self
        units = [seat.organisation_id for seat in actor.seats]
        colleagues = Membership.objects.filter(user=models.OuterRef("user"), organisation__in=units)
        audited = models.Q(province__in=actor.provinces(Role.AUDITOR))
        return self.filter(models.Q(user=actor.user_id) | models.Exists(colleagues) | audited)


class DeclaredInterest(Provincial):
    """利益关系申报: an officer leaves the cases of this firm or bank to others until somebody else of the unit ends it."""

    user = models.ForeignKey(User, models.PROTECT, related_name="interests", verbose_name=_("申报人"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name=_("利益关系方"))
    reason = models.CharField(_("情形"), max_length=300)
    declared_at = models.DateTimeField(_("申报时间"))
    ended_at = models.DateTimeField(_("解除时间"), null=True, blank=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("解除人"))

    objects = DeclaredInterestQuerySet.as_manager()

    class Meta:
        verbose_name = _("利益关系申报")
        verbose_name_plural = _("利益关系申报")
        constraints = (
            models.UniqueConstraint(fields=["user", "organisation"], condition=models.Q(ended_at=None), name="interest_declared_once"),
            models.CheckConstraint(
                condition=models.Q(ended_by=None) | ~models.Q(ended_by=models.F("user")), name="interest_ended_by_other"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} ↔ {self.organisation}"
