"""The audit events that steps append, and what of them an outdated page is told."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.utils import timezone

from common.errors import Stale
from common.models import NATION, AuditEvent
from common.steps.rows import copy_rows
from common.steps.table import Actor, Crew, actor_for

STALE_EVENTS_MAX = 50
ACTED = ("by_user", "by_organisation_id", "by_label")  # who, in the columns of an event


def subject_of(obj: models.Model) -> str:
    return obj._meta.label_lower


def record(obj: Any, verb: str, *, by: Actor, at: dt.datetime, note: str = "", changes: Mapping[str, Any] | None = None) -> AuditEvent:
    """Append an audit event for something that is not a change of state (a row created, a consent given, a file read)."""
    state = getattr(obj, "state", "")
    event = event_of(obj, verb, source="", target=state, by=by, at=at, note=note, changes=dict(changes or {}))
    event.save(force_insert=True)
    return event


def record_many(
    objects: Sequence[Any],
    verb: str,
    *,
    by: Actor | Crew | Mapping[int, Actor],
    at: dt.datetime,
    note: str = "",
    changes: Mapping[str, Any] | None = None,
) -> None:
    """`record` for a list, in one statement."""
    if not objects:
        return
    same = {"subject": subject_of(objects[0]), "verb": verb, "at": at, "note": str(note), "changes": dict(changes or {})}
    actors = ((obj, actor_for(by, obj)) for obj in objects)
    rows = [
        (
            obj.pk,
            getattr(obj, "state", ""),
            getattr(obj, "version", 0),
            getattr(obj, "province", NATION),
            actor.user_id,
            actor.organisation_id,
            actor.label,
        )
        for obj, actor in actors
    ]
    copy_rows(AuditEvent, ("subject_id", "target", "seen_version", "province", *ACTED), rows, same=same)


def stale(obj: Any, seen: int, *, by: Actor, allowed: bool) -> Stale:
    """The refusal of an outdated version, telling what happened since.

    Of what happened on the version seen only the last thing, which ended it, is news: a record before it changed no version.
    Whoever may act now, or belongs to the organisation that acted, is told who did what; what was written and changed only those
    of the same organisation, so that a refusal is no window into another tenant.
    """
    events = AuditEvent.objects.filter(subject=subject_of(obj), subject_id=obj.pk)
    ended = events.filter(seen_version=seen).order_by("-id").values("pk")[:1]
    since = events.filter(models.Q(seen_version__gt=seen) | models.Q(pk__in=ended)).order_by("id")[:STALE_EVENTS_MAX]
    return Stale(changed=[_told(event, by) for event in since if allowed or _is_own(event, by)], version=obj.version)


def _is_own(event: AuditEvent, by: Actor) -> bool:
    return by.organisation_id is not None and event.by_organisation_id == by.organisation_id


def _told(event: AuditEvent, by: Actor) -> dict[str, Any]:
    told = {"verb": event.verb, "by": event.by_label, "at": timezone.localtime(event.at).isoformat()}
    return told | {"note": event.note, "changes": event.changes} if _is_own(event, by) or by.is_system else told


def event_of(
    obj: Any, verb: str, *, source: str, target: str, by: Actor, at: dt.datetime, note: str, changes: dict[str, Any]
) -> AuditEvent:
    return AuditEvent(
        subject=subject_of(obj),
        subject_id=obj.pk,
        verb=verb,
        source=source,
        target=target,
        seen_version=getattr(obj, "version", 0),
        by_user_id=by.user_id,
        by_organisation_id=by.organisation_id,
        by_label=by.label,
        at=at,
        note=note,
        changes=changes,
        province=getattr(obj, "province", NATION),
    )
