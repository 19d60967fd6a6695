"""What happened to one object, in the words of its state table, from the audit trail."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.models import AuditEvent
from common.steps import Step, subject_of
from organisations.actors import Person

EVENTS_MAX = 100


@dataclass(frozen=True)
class Event:
    at: dt.datetime
    label: Any
    by: str
    note: str = ""


def events_of(obj: Any, steps: Mapping[str, Step], _by: Person) -> list[Event]:
    """The last hundred events, newest first. The object itself was fetched by what `_by` may see."""
    rows = AuditEvent.objects.filter(subject=subject_of(obj), subject_id=obj.pk).order_by("-id")[:EVENTS_MAX]
    return [Event(row.at, steps[row.verb].label if row.verb in steps else row.verb, row.by_label, row.note) for row in rows]
