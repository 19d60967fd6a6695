"""Who stands in for an officer who is away."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models.people import Role, User
from organisations.models.tenants import Organisation


class CoverQuerySet(models.QuerySet["Cover"]):
    def visible_to(self, actor: Any) -> "CoverQuerySet":
        """Those of one's own office, and a province's to its auditors."""
        if actor.is_system:
            return self
        own = [seat.organisation_id for seat in actor.seats]
        return self.filter(models.Q(organisation__in=own) | models.Q(province__in=actor.provinces(Role.AUDITOR)))

    def standing(self) -> "CoverQuerySet":
        """Not ended before their day."""
        return self.filter(ended_at=None)

    def on(self, day: Any) -> "CoverQuerySet":
        """In force on that day: a cover ends by itself."""
        return self.standing().filter(from_on__lte=day, to_on__gte=day)


class Cover(Provincial):
    """代办（替岗）: for these days the deputy sits in every review seat that the absent officer holds in this office."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name=_("单位"))
    absent = models.ForeignKey(User, models.PROTECT, related_name="covered_by", verbose_name=_("外出人员"))
    deputy = models.ForeignKey(User, models.PROTECT, related_name="covers", verbose_name=_("代办人"))
    from_on = models.DateField(_("起始日期"))
    to_on = models.DateField(_("截止日期"))
    reason = models.CharField(_("事由"), max_length=300, blank=True)
    named_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("指定人"))
    named_at = models.DateTimeField(_("指定时间"))
    ended_at = models.DateTimeField(_("提前结束"), null=True, blank=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("结束人"))

    objects = CoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("替岗安排")
        verbose_name_plural = _("替岗安排")
        constraints = (
            models.CheckConstraint(condition=models.Q(from_on__lte=models.F("to_on")), name="cover_begins_before_it_ends"),
            models.CheckConstraint(condition=~models.Q(absent=models.F("deputy")), name="cover_by_another"),
        )
        indexes = (models.Index(fields=["absent", "organisation"], condition=models.Q(ended_at=None), name="cover_of_absent"),)

    def __str__(self) -> str:
        return f"{self.deputy} 代 {self.absent} {self.from_on}—{self.to_on}"
