"""The demonstration as a list of stages: each in one transaction together with the row that says it is done."""

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from common.errors import DomainError
from common.steps import Taken
from common.workdays import SHANGHAI
from seeds.models import DemoStage

Facts = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """`run` does the work and may return a few facts to keep. `alone` stages make their own transactions and may be run again."""

    name: str
    at: dt.datetime
    run: Callable[[dt.datetime], Facts | None]
    alone: bool = False

    def once(self, done: set[str]) -> bool:
        """Run it unless it was run before; whether it was run now."""
        if self.name in done:
            return False
        whole: AbstractContextManager[Any] = nullcontext() if self.alone else transaction.atomic()
        with whole:
            facts = self.run(self.at) or {}
            DemoStage.objects.create(name=self.name, facts=facts)
        done.add(self.name)
        return True


def done() -> set[str]:
    return set(DemoStage.objects.values_list("name", flat=True))


def facts(name: str) -> Facts:
    """What a stage kept; nothing if it has not run."""
    return DemoStage.objects.filter(name=name).values_list("facts", flat=True).first() or {}


def moment(day: dt.date, clock: str) -> dt.datetime:
    """`clock` is hours and minutes in China."""
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), tzinfo=SHANGHAI)


def refresh_statistics(_at: dt.datetime) -> None:
    """Tables that grow this fast outrun the server's own habit of looking at them, and plans made for empty tables are slow ones."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def all_taken(results: Iterable[Taken]) -> list[Any]:
    """The objects of a list step that nothing may have refused."""
    objects = []
    for result in results:
        if result.error is not None:
            raise Unexpected(result)
        objects.append(result.obj)
    return objects


class Unexpected(Exception):
    """A step that the course of the demonstration counts on was refused."""

    def __init__(self, result: Taken) -> None:
        error = result.error
        assert isinstance(error, DomainError)
        told = "; ".join(f"{problem.field}: {problem.message}" for problem in getattr(error, "problems", ()))
        super().__init__(f"{result.obj!r} ({getattr(result.obj, 'pk', None)}): {error} {told}")
