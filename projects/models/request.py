"""What a firm asks about a case of its own: seen by the firm, the units of the case's chain and the province's readers."""

from django.db import models
from django.db.models import Q

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
