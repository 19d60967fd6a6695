"""Steps taken by lists: who acts on which row, and what became of it."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction

from common.errors import DomainError
from common.steps import Crew, Taken
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
