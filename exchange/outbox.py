"""From the audit trail to the outboxes: every event that is final is handed on once, in order, and how far is remembered.

Nothing is told of what may still be rolled back: events are read up to the oldest transaction still running (`organisations.audit`).
"""

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import Q

from common.models import AuditEvent
from exchange.models import Reading
from organisations import audit

AT_ONCE = 1000
NEWS = dt.timedelta(days=7)  # older is history: what was imported or restored is no news to anybody

Take = Callable[[Sequence[AuditEvent]], int]


def read_on(name: str, *, subjects: Sequence[str], take: Take, at: dt.datetime) -> int:
    """Hand the next events of these subjects to `take`; how many rows it made. A reader begins with what happens after it first looks."""
    with transaction.atomic():
        Reading.objects.get_or_create(name=name, defaults={"transaction_id": audit.horizon()})
        place = Reading.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if place is None:
            return 0  # another worker is reading
        later = Q(transaction_id__gt=place.transaction_id) | Q(transaction_id=place.transaction_id, id__gt=place.event_id)
        final = AuditEvent.objects.filter(later, transaction_id__gte=place.transaction_id, transaction_id__lt=audit.horizon())
        events = list(final.order_by("transaction_id", "id")[:AT_ONCE])
        if not events:
            return 0
        place.transaction_id, place.event_id = events[-1].transaction_id, events[-1].pk
        place.save(update_fields=["transaction_id", "event_id"])
        return take([event for event in events if event.subject in subjects and at - event.at < NEWS])
