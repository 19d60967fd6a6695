"""The table of a state machine: verb → `Step(source, target, allow, missing, label)`, and who may act.

`allow` and `missing` are pure over (object, Actor): they read the object as loaded (`select_related`, prefetch) and never query.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from common.errors import Problem


class Actor(Protocol):
    """Who acts. `organisations.actors.Person` and `SystemActor` implement it."""

    @property
    def user_id(self) -> int | None: ...
    @property
    def organisation_id(self) -> int | None: ...
    @property
    def label(self) -> str: ...
    @property
    def is_system(self) -> bool: ...


class Crew(Protocol):
    """Many people handed to a `*_many` function as if they were one: `on` says who of them acts on this object."""

    def on(self, obj: Any) -> Actor: ...


def actor_for(by: "Actor | Crew | Mapping[int, Actor]", obj: Any) -> Any:
    """Who acts on this object, where `by` is one actor, a crew, or a map from id to actor."""
    if isinstance(by, Mapping):
        return by[obj.pk]
    on: Callable[[Any], Actor] | None = getattr(by, "on", None)
    return on(obj) if on is not None else cast("Actor", by)


def standing_in(by: Actor, obj: Any, may: Callable[[Any, Any], bool]) -> Any:
    """`by` as the record of an act on `obj` names them, where they may stand in for somebody (`in_place_for` of the actor)."""
    place: Callable[[Any, Callable[[Any], bool]], Actor] | None = getattr(by, "in_place_for", None)
    return place(obj, lambda actor: may(obj, actor)) if place is not None else by


def nothing_missing(_obj: Any) -> Iterable[Problem]:
    return ()


def same_state(obj: Any) -> str:
    """The target of a step that leaves the state as it is."""
    return str(obj.state)


def nobody_recused(_obj: Any, _by: Any) -> bool:
    return False


@dataclass(frozen=True)
class Param:
    """One thing a person enters with a step: pages, admin and API all draw and read it from here.

    `kind`: text | long_text | wan (万元 text → Decimal yuan) | percent (annual rate in % → basis points) | integer | date | choice |
    fields (list of field names) | files (uploads of a page) | code (key of the rows `choices` yields). `choices` is a callable returning (value, label) pairs.
    """

    name: str
    kind: str
    label: Any
    required: bool = True
    help: Any = ""
    choices: Callable[[], Iterable[tuple[Any, Any]]] | None = None


@dataclass(frozen=True)
class Step:
    """One row of a state table. `target` is a state or a function of the object; `label` is the button's text.

    `recuses` names, over (object, Actor) like `allow`, who has declared an interest in the case and leaves it to others.
    """

    source: frozenset[str]
    target: str | Callable[[Any], str]
    allow: Callable[[Any, Any], bool]
    label: Any
    missing: Callable[[Any], Iterable[Problem]] = nothing_missing
    needs_note: bool = False
    params: tuple[Param, ...] = ()
    recuses: Callable[[Any, Any], bool] = nobody_recused

    def target_of(self, obj: Any) -> str:
        return self.target(obj) if callable(self.target) else self.target


def allowed_verbs(steps: Mapping[str, Step], obj: Any, by: Actor) -> list[str]:
    """The verbs whose buttons `by` should see on `obj`; no queries."""
    return [verb for verb, step in steps.items() if obj.state in step.source and step.allow(obj, by) and not step.recuses(obj, by)]
