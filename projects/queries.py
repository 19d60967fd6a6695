"""Questions over filings that pages, exports and notices ask alike."""

from typing import Any

from django.db.models import Q, QuerySet

from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Organisation
from projects.models import Filing, Project

NAMED = 500  # rows that an index is asked for one by one; of more, the next that a list comes to will do


def waiting_for(by: Person) -> Q:
    """What lies with this person's unit and stage. A step at which a case lies has begun and is not done: of those there is an index."""
    here = Q(pk__in=[])
    for seat in by.seats:
        if seat.role in REVIEW_ROLES and seat.unit_id is not None:
            here |= Q(current_step__unit=seat.unit_id, current_step__stage=seat.role)
    return here & Q(state=Filing.State.IN_REVIEW, current_step__passed_at=None, current_step__started_at__isnull=False)


def named(words: str) -> Q:
    """Filings whose title or firm's name has these words, or whose firm or project has just this code.

    What few have is looked up first, by an index of its own, and asked for by key; what many have, a list finds as it goes.
    """
    firms = Organisation.objects.filter(Q(name__has_words=words) | Q(uscc=words.upper()), kind=Organisation.Kind.FIRM)
    projects = Project.objects.filter(code=words).exclude(code="")
    titled = _few("pk", Filing.objects.filter(title__has_words=words)) or Q(title__icontains=words)
    by_firm = _few("firm", firms) or Q(firm__name__icontains=words)
    return titled | by_firm | (_few("project", projects) or Q(project__code=words))


def _few(key: str, rows: QuerySet[Any]) -> Q | None:
    found = list(rows.order_by().values_list("pk", flat=True)[: NAMED + 1])
    return Q(**{f"{key}__in": found}) if len(found) <= NAMED else None
