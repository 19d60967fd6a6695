"""What a firm asks about a case of its own: seen by the firm, the units of the case's chain and the province's readers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Role
from projects.models.review import passed_through


class ByFirmQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, actor: Person) -> "ByFirmQuerySet":
        if actor.is_system:
            return self
        firms = [seat.organisation_id for seat in actor.seats if seat.role in FIRM_ROLES]
        readers = Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(Q(filing__firm__in=firms) | passed_through(actor.unit_ids, "filing") | readers)


class FirmRequest(Provincial, Versioned):
    """Asked by whom, when."""

    asked_at = models.DateTimeField(_("申请时间"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("申请人"))

    objects = ByFirmQuerySet.as_manager()

    class Meta:
        abstract = True
