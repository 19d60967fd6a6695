"""One step on one object, on a list, or an edit that changes no state: lock, compare, ask, write, append the audit event."""

# ruff: noqa: SLF001 -- Django's _meta, base manager and its caches of loaded relations have no public names

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Problem
from common.models import AuditEvent
from common.steps.events import event_of, stale
from common.steps.rows import insert_rows, update_rows
from common.steps.table import Actor, Crew, Step, actor_for, nothing_missing, standing_in


@dataclass(frozen=True)
class Taken:
    """What became of one row of `take_many`: the object, and the error if it was refused."""

    obj: Any
    error: DomainError | None = None


def lock(queryset: models.QuerySet[Any]) -> list[Any]:
    """Lock rows in id order and return them. Step functions lock all they will touch before the first `take` (design §2, lock order)."""
    return list(queryset.order_by("pk").select_for_update(no_key=True, of=("self",)))


def lock_only(queryset: models.QuerySet[Any]) -> None:
    """`lock` for who needs no more than the lock: thousands of rows, and no object for any."""
    list(queryset.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk"))


def take(
    steps: Mapping[str, Step],
    verb: str,
    obj: Any,
    *,
    by: Actor,
    at: dt.datetime,
    seen: int,
    note: str = "",
    changes: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None = None,
    also: Callable[[Any], Iterable[Problem]] = nothing_missing,
    facts: Mapping[str, Any] | None = None,
) -> Any:
    """Apply `verb` to `obj` and return it, refreshed.

    Raises NotFound, Stale, Conflict (wrong state), NotAllowed, Invalid (what is missing).
    """
    step = steps[verb]
    with transaction.atomic():
        _relock(obj)
        _examine(step, obj, by=by, seen=seen, note=note, also=also)
        by = standing_in(by, obj, step.allow)  # asked before anything changes
        written = _changes_of(changes, obj)
        event = _apply(step, verb, obj, by=by, at=at, note=note, changes=written, facts=facts)
        obj.save(update_fields=sorted({"state", "version", *written}))
        event.save(force_insert=True)
    return obj


def take_many(
    steps: Mapping[str, Step],
    verb: str,
    objects: Iterable[Any],
    *,
    by: Actor | Crew | Mapping[int, Actor],
    at: dt.datetime,
    seen: Mapping[int, int] | None = None,
    note: str = "",
    changes: Mapping[int, Mapping[str, Any]] | Callable[[list[Any]], Mapping[int, Mapping[str, Any]]] | None = None,
    also: Callable[[Any], Iterable[Problem]] = nothing_missing,
    facts: Mapping[str, Any] | None = None,
) -> list[Taken]:
    """Apply `verb` to each object that admits it; a refused row keeps its state and carries the error. Results in the order handed in.

    `by` is one actor, a crew, or id → actor; `seen` maps id → version looked at (default: the version of the object handed in); `changes` maps
    id → fields to write, or is a function of the admitted objects that returns such a map.
    """
    wanted = {obj.pk: obj for obj in objects}  # a row named twice is taken once
    if not wanted:
        return []
    step = steps[verb]
    model = type(next(iter(wanted.values())))
    errors: dict[int, DomainError] = {}
    with transaction.atomic():
        unread = set.intersection(*(obj.get_deferred_fields() for obj in wanted.values()))  # what the caller did not load stays unloaded
        current = {row.pk: row for row in lock(model._base_manager.filter(pk__in=wanted).defer(*unread))}
        for pk, obj in wanted.items():
            expected = seen.get(pk, obj.version) if seen else obj.version
            try:
                if pk not in current:
                    raise NotFound
                _copy_columns(current[pk], obj)
                _examine(step, obj, by=actor_for(by, obj), seen=expected, note=note, also=also)
            except DomainError as error:
                errors[pk] = error
        admitted = [obj for pk, obj in sorted(wanted.items()) if pk not in errors]
        actors = {obj.pk: standing_in(actor_for(by, obj), obj, step.allow) for obj in admitted}  # asked before anything changes
        written = (changes(admitted) if callable(changes) else changes) or {}
        events = [
            _apply(step, verb, obj, by=actors[obj.pk], at=at, note=note, changes=written.get(obj.pk, {}), facts=facts) for obj in admitted
        ]
        update_rows(admitted, sorted({"state", "version"}.union(*(written.get(obj.pk, {}) for obj in admitted))))
        insert_rows(events)
    return [Taken(obj, errors.get(pk)) for pk, obj in wanted.items()]


def only(results: Sequence[Taken]) -> Any:
    """The object of a `take_many` over one row; its error is raised. So a step has one body for one object and for a thousand."""
    (result,) = results
    if result.error is not None:
        raise result.error
    return result.obj


def amend(
    obj: Any,
    verb: str,
    *,
    by: Actor,
    at: dt.datetime,
    seen: int,
    changes: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]],
    allow: Callable[[Any, Any], bool],
    note: str = "",
    source: frozenset[str] = frozenset(),
    also: Callable[[Any], Iterable[Problem]] = nothing_missing,
    told: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Any:
    """Change fields of a versioned row without changing its state: same lock, same version check, same audit event.

    `source` names the states that permit it (empty: all). `told` turns {field: [old, new]} into what the audit event keeps.
    """
    with transaction.atomic():
        _relock(obj)
        if obj.version != seen:
            raise stale(obj, seen, by=by, allowed=allow(obj, by))
        if not allow(obj, by):
            raise NotAllowed
        if source and obj.state not in source:
            raise Conflict(
                _("此件当前为“%(state)s”，不能修改。") % {"state": obj.get_state_display()}, remedy=_("请刷新页面查看最新进展。")
            )
        if problems := list(also(obj)):
            raise Invalid(problems)
        by = standing_in(by, obj, allow)
        state = getattr(obj, "state", "")
        written = _changes_of(changes, obj)
        event = event_of(obj, verb, source=state, target=state, by=by, at=at, note=note, changes=told(_write(obj, written)))
        obj.version += 1
        obj.save(update_fields=sorted({"version", *written}))
        event.save(force_insert=True)
    return obj


def _examine(step: Step, obj: Any, *, by: Actor, seen: int, note: str, also: Callable[[Any], Iterable[Problem]] = nothing_missing) -> None:
    if obj.version != seen:
        raise stale(obj, seen, by=by, allowed=step.allow(obj, by))
    if obj.state not in step.source:
        raise Conflict(
            _("此件当前为“%(state)s”，不能办理“%(step)s”。") % {"state": obj.get_state_display(), "step": step.label},
            remedy=_("请刷新页面查看最新进展。"),
        )
    if not step.allow(obj, by):
        raise NotAllowed(_("您当前的岗位不能对此件办理“%(step)s”。") % {"step": step.label})
    if step.recuses(obj, by):
        raise NotAllowed(
            _("您已申报与此件当事方存在利益关系，须回避，不能办理“%(step)s”。") % {"step": step.label},
            code="recused",
            remedy=_("请由本单位其他人员办理；利益关系已消除的，请单位另一人解除申报。"),
        )
    problems = [*step.missing(obj), *also(obj)]
    if step.needs_note and not note.strip():
        problems.append(Problem("note", "required", _("须填写理由。"), _("请写明理由，对方将看到这段文字。")))
    if problems:
        raise Invalid(problems)


def _apply(
    step: Step,
    verb: str,
    obj: Any,
    *,
    by: Actor,
    at: dt.datetime,
    note: str,
    changes: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
) -> AuditEvent:
    source = obj.state
    target = step.target_of(obj)
    told = _write(obj, changes) | dict(facts or {})
    event = event_of(obj, verb, source=source, target=target, by=by, at=at, note=note, changes=told)
    obj.state = target
    obj.version += 1
    return event


def _changes_of(changes: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None, obj: Any) -> Mapping[str, Any]:
    return (changes(obj) if callable(changes) else changes) or {}


def _relock(obj: Any) -> None:
    """Lock the row and bring the object up to it, without losing the relations loaded on it."""
    current = type(obj)._base_manager.filter(pk=obj.pk).select_for_update(no_key=True).first()
    if current is None:
        raise NotFound
    _copy_columns(current, obj)


def _write(obj: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Set the fields and return {field: [old, new]} in plain values."""
    differences = {}
    for name, value in changes.items():
        field = obj._meta.get_field(name)
        old = getattr(obj, field.attname)
        setattr(obj, name, value)
        new = getattr(obj, field.attname)
        if old != new:
            differences[name] = [old, new]
    return differences


def _relations_of(obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the caller loaded beside the row (`select_related`, prefetch), so that `allow` needs no query after the refresh."""
    return dict(obj._state.fields_cache), dict(getattr(obj, "_prefetched_objects_cache", {}))


def _restore(obj: Any, relations: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Put back the loaded relations that still point to the same rows."""
    cached, prefetched = relations
    for name, related in cached.items():
        field = next((f for f in obj._meta.concrete_fields if f.is_relation and f.cache_name == name), None)
        if field is not None and related is not None and getattr(obj, field.attname) == related.pk:
            obj._state.fields_cache[name] = related
    if prefetched:
        obj._prefetched_objects_cache = prefetched


def _copy_columns(source: Any, target: Any) -> None:
    """Bring `target` up to the locked row without losing the relations loaded on it."""
    relations = _relations_of(target)
    unread = source.get_deferred_fields()
    for field in source._meta.concrete_fields:
        if field.attname not in unread:
            setattr(target, field.attname, getattr(source, field.attname))
    _restore(target, relations)
