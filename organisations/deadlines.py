"""Clocks on cases: opened, paused while the case waits for the other side, resumed, closed. Overdue is noticed, never decides.

An object has at most one open clock of a kind. `due` is computed by the caller (`common.workdays`), for days may be working or calendar.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from common.models import Deadline
from common.steps import insert_missing, subject_of
from common.workdays import WorkCalendar, days_between, due_after_pause


@dataclass(frozen=True)
class Clock:
    """One clock to be opened: on what, of which kind, for whom, until when."""

    obj: Any
    kind: str
    organisation_id: int
    starts_at: dt.datetime
    due_at: dt.datetime
    counts_rest_days: bool = False


def open_many(clocks: Iterable[Clock]) -> None:
    """Open the clocks; one that is already running keeps its time."""
    rows = [
        (
            subject_of(clock.obj),
            clock.obj.pk,
            clock.obj.province,
            clock.kind,
            clock.organisation_id,
            clock.starts_at,
            clock.due_at,
            clock.counts_rest_days,
        )
        for clock in clocks
    ]
    names = ("subject", "subject_id", "province", "kind", "organisation_id", "starts_at", "due_at", "counts_rest_days")
    insert_missing(Deadline, names, rows)


def running(objects: Sequence[models.Model], *kinds: str) -> "models.QuerySet[Deadline]":
    """The open clocks of the objects, of those kinds or of all."""
    if not objects:
        return Deadline.objects.none()
    rows = Deadline.objects.filter(subject=subject_of(objects[0]), subject_id__in=[obj.pk for obj in objects], closed_at=None)
    return rows.filter(kind__in=kinds) if kinds else rows


def pause_many(objects: Sequence[models.Model], *kinds: str, at: dt.datetime) -> None:
    running(objects, *kinds).filter(paused_at=None).update(paused_at=at)


def resume_many(objects: Sequence[models.Model], *kinds: str, at: dt.datetime, calendar: WorkCalendar | None) -> dict[int, dt.datetime]:
    """Let paused clocks run on, later by the days they stood still; object id → the new due moment.

    Working days of `calendar`; without one, calendar days, for terms that run through rest days.
    """
    paused = list(running(objects, *kinds).exclude(paused_at=None).order_by("pk"))
    for deadline in paused:
        was_due = deadline.due_at
        deadline.due_at = due_after_pause(was_due, paused_at=deadline.paused_at, resumed_at=at, calendar=calendar)
        deadline.paused_days += days_between(was_due, deadline.due_at, calendar=calendar)
        deadline.paused_at = None
    Deadline.objects.bulk_update(paused, ["due_at", "paused_at", "paused_days"], batch_size=500)
    return {deadline.subject_id: deadline.due_at for deadline in paused}


def close_many(objects: Sequence[models.Model], *kinds: str, at: dt.datetime) -> None:
    running(objects, *kinds).update(closed_at=at)
