"""Reminders on clocks: at a half, at four fifths, and once overdue (督办). Nothing is decided by them, and no case is taken away."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet

from common.models import Deadline
from common.steps import record_many, update_rows
from common.workdays import WorkCalendar, load_calendar, share_elapsed
from organisations.actors import system

HALF, FOUR_FIFTHS = Fraction(1, 2), Fraction(4, 5)
MARKS: tuple[tuple[str, str, Fraction], ...] = (  # column, audit verb, share of the days used up
    ("reminded_at_50", "remind_half", HALF),
    ("reminded_at_80", "remind_soon", FOUR_FIFTHS),
    ("overdue_noticed_at", "overdue", Fraction(1)),
)
AT_ONCE = 1_000


def remind(*, at: dt.datetime) -> int:
    """Mark every clock that has passed a mark since the last run and record it on its object; how many. Running again adds nothing."""
    calendar = load_calendar()
    running = Deadline.objects.filter(closed_at=None, paused_at=None, overdue_noticed_at=None, starts_at__lte=at).order_by("pk")
    ids = list(running.values_list("pk", flat=True))
    return sum(_remind(running.filter(pk__in=ids[start : start + AT_ONCE]), calendar, at=at) for start in range(0, len(ids), AT_ONCE))


def _remind(running: QuerySet[Deadline], calendar: WorkCalendar, *, at: dt.datetime) -> int:
    noticed = 0
    with transaction.atomic():
        rows = list(running.select_for_update(skip_locked=True))
        objects = _objects(rows)
        for column, verb, mark in MARKS:
            due = [row for row in rows if getattr(row, column) is None and _passed(row, mark, at, calendar)]
            for row in due:
                setattr(row, column, at)
            _record(due, verb, objects, at=at)
            noticed += len(due)
        update_rows([row for row in rows if at in _marks(row)], [column for column, _verb, _mark in MARKS])
    return noticed


def _marks(row: Deadline) -> tuple[dt.datetime | None, ...]:
    return tuple(getattr(row, column) for column, _verb, _mark in MARKS)


def _passed(row: Deadline, mark: Fraction, at: dt.datetime, calendar: WorkCalendar) -> bool:
    """By whole days, as the officers count them: overdue is after the last second of the last one."""
    if mark == 1 or at > row.due_at:
        return at > row.due_at
    counted = None if row.counts_rest_days else calendar
    return share_elapsed(row.starts_at, due=row.due_at, at=at, calendar=counted, paused_days=row.paused_days) >= mark


def _record(due: Iterable[Deadline], verb: str, objects: Mapping[tuple[str, int], Any], *, at: dt.datetime) -> None:
    """One event on each object, telling which of its clocks it was and whose."""
    groups: dict[tuple[str, str, int], list[Any]] = defaultdict(list)
    for row in due:
        if (obj := objects.get((row.subject, row.subject_id))) is not None:
            groups[row.subject, row.kind, row.organisation_id].append(obj)
    for (_subject, kind, organisation), found in groups.items():
        record_many(found, verb, by=system(at), at=at, changes={"clock": kind, "organisation": organisation})


def _objects(rows: Iterable[Deadline]) -> Mapping[tuple[str, int], Any]:
    ids: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        ids[row.subject].add(row.subject_id)
    return {
        (subject, pk): obj for subject, wanted in sorted(ids.items()) for pk, obj in apps.get_model(subject).objects.in_bulk(wanted).items()
    }
