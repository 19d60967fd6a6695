"""Reminders on the clocks of invitations and deals: at a half, at four fifths, and once overdue (督办). Nothing is decided by them."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.db import transaction

from common.models import Deadline
from common.steps import record_many, subject_of
from deals.models import Deal, Invitation
from organisations.actors import system

HALF, FOUR_FIFTHS = Fraction(1, 2), Fraction(4, 5)
MODELS = {subject_of(model()): model for model in (Invitation, Deal)}
MARKS: tuple[tuple[str, str, Fraction], ...] = (  # column, audit verb, share of the time used up
    ("reminded_at_50", "remind_half", HALF),
    ("reminded_at_80", "remind_soon", FOUR_FIFTHS),
    ("overdue_noticed_at", "overdue", Fraction(1)),
)


def remind(*, at: dt.datetime) -> int:
    """Mark every clock that has passed a mark since the last run and record it on its object; how many. Running again adds nothing."""
    noticed = 0
    with transaction.atomic():
        running = Deadline.objects.filter(subject__in=MODELS, closed_at=None, paused_at=None, overdue_noticed_at=None, starts_at__lte=at)
        rows = list(running.order_by("pk").select_for_update(skip_locked=True))
        objects = _objects(rows)
        for column, verb, mark in MARKS:
            due = [row for row in rows if getattr(row, column) is None and _passed(row, mark, at)]
            for row in due:
                setattr(row, column, at)
            found = [objects[row.subject, row.subject_id] for row in due]
            record_many(found, verb, by=system(at), at=at)
            noticed += len(due)
        Deadline.objects.bulk_update(rows, [column for column, _verb, _mark in MARKS], batch_size=1000)
    return noticed


def _passed(row: Deadline, mark: Fraction, at: dt.datetime) -> bool:
    """By the share of time from start to due; rest days are in the due moment already."""
    return at > row.due_at if mark == 1 else (at - row.starts_at) >= (row.due_at - row.starts_at) * mark.numerator / mark.denominator


def _objects(rows: list[Deadline]) -> Mapping[tuple[str, int], Any]:
    found: dict[tuple[str, int], Any] = {}
    for subject, model in MODELS.items():
        ids = [row.subject_id for row in rows if row.subject == subject]
        found |= {(subject, pk): obj for pk, obj in model.objects.in_bulk(ids).items()}
    return found
