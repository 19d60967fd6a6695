"""Questions over filings that pages, exports and notices ask alike."""

from django.db.models import Q

from organisations.actors import REVIEW_ROLES, Person
from projects.models import Filing


def waiting_for(by: Person) -> Q:
    """What lies with this person's unit and stage."""
    here = Q(pk__in=[])
    for seat in by.seats:
        if seat.role in REVIEW_ROLES and seat.unit_id is not None:
            here |= Q(current_step__unit=seat.unit_id, current_step__stage=seat.role)
    return here & Q(state=Filing.State.IN_REVIEW)
