"""The inputs of a step, drawn from the `Param`s of its row in the state table; `organisations.entering` reads them back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from common.errors import Problem
from common.steps import Param


@dataclass(frozen=True)
class Field:
    """One input as a template draws it."""

    param: Param
    id: str
    value: Any
    choices: tuple[tuple[str, Any], ...] = ()
    problems: tuple[Problem, ...] = field(default=())


def draw(
    params: Iterable[Param],
    *,
    prefix: str,
    typed: QueryDict | None,
    problems: Iterable[Problem] = (),
    likely: Mapping[str, str] | None = None,
) -> list[Field]:
    """The inputs of a step, with what was typed and what is wrong with it; before anything was typed, what is likely."""
    problems = tuple(problems)
    return [
        Field(
            param=param,
            id=f"{prefix}-{param.name}",
            value=_typed(param, typed, likely or {}),
            choices=_choices(param),
            problems=tuple(problem for problem in problems if _about(problem, param)),
        )
        for param in params
    ]


def unplaced(params: Iterable[Param], problems: Iterable[Problem]) -> list[Problem]:
    """Problems that belong to no input of the form."""
    params = tuple(params)
    return [problem for problem in problems if problem.field != "note" and not any(_about(problem, param) for param in params)]


def _about(problem: Problem, param: Param) -> bool:
    return problem.field == param.name or problem.field.startswith(f"{param.name}.")


def _typed(param: Param, typed: QueryDict | None, likely: Mapping[str, str]) -> Any:
    if typed is None:
        return [] if param.kind == "fields" else likely.get(param.name, "")
    return typed.getlist(param.name) if param.kind == "fields" else typed.get(param.name, "")


def _choices(param: Param) -> tuple[tuple[str, Any], ...]:
    return tuple((str(value), label) for value, label in param.choices()) if param.choices else ()
