"""Steps taken by lists: who acts on which row, and what became of it."""

import copy
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from common.errors import DomainError
from common.steps import Crew, Step, Taken, take_many
from organisations.actors import Person, system

By = Person | Crew | Mapping[int, Person]  # one actor for all rows, a crew, or one by id


def voice(by: By, *, at: dt.datetime) -> Person:
    """Who speaks for what follows from a whole list: its one actor, else the system."""
    return by if isinstance(by, Person) else system(at)


def succeeded(results: Iterable[Taken]) -> list[Any]:
    return [result.obj for result in results if result.error is None]


def one_by_one(rows: Iterable[Any], step: Callable[[Any], Any]) -> list[Taken]:
    """A step that cannot be taken in bulk, for each row on its own; what one meets does not touch the others."""
    results = []
    for row in rows:
        try:
            with transaction.atomic():
                results.append(Taken(step(row)))
        except DomainError as error:
            results.append(Taken(row, error))
    return results


def rehearse(steps: Mapping[str, Step], verb: str, rows: Sequence[Any], **how: Any) -> dict[int, DomainError]:
    """Row id → what would refuse it. Nothing is written: for steps that must do something else before they may be taken."""
    with transaction.atomic():
        results = take_many(steps, verb, [copy.copy(row) for row in rows], **how)
        transaction.set_rollback(True)
    return {result.obj.pk: result.error for result in results if result.error is not None}
