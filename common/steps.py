"""The only code that changes a state.

A state machine is a table: verb → `Step(source, target, allow, missing, label)`. `take` applies one step to one object in one
transaction: lock the row, compare the version the person saw and the source state, ask `allow`, collect what is `missing`, write,
append the audit event. `take_many` does the same for a list with one lock, one UPDATE and one bulk insert, and a result per row.
`amend` is the same for an edit that changes no state.

`allow` and `missing` are pure over (object, Actor): they read the object as loaded (`select_related`, prefetch) and never query.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, NotAllowed, Problem, Stale
from common.models import NATION, AuditEvent


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


def nothing_missing(_obj: Any) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class Param:
    """One thing a person enters with a step: pages, admin and API all draw and read it from here.

    `kind`: text | long_text | wan (万元 text → Decimal yuan) | percent (annual rate in % → basis points) | integer | date | choice |
    fields (list of field names) | code (key of the rows `choices` yields). `choices` is a callable returning (value, label) pairs.
    """

    name: str
    kind: str
    label: Any
    required: bool = True
    help: Any = ""
    choices: Callable[[], Iterable[tuple[Any, Any]]] | None = None


@dataclass(frozen=True)
class Step:
    """One row of a state table. `target` is a state or a function of the object; `label` is the button's text."""

    source: frozenset[str]
    target: str | Callable[[Any], str]
    allow: Callable[[Any, Any], bool]
    label: Any
    missing: Callable[[Any], Iterable[Problem]] = nothing_missing
    needs_note: bool = False
    params: tuple[Param, ...] = ()

    def target_of(self, obj: Any) -> str:
        return self.target(obj) if callable(self.target) else self.target


@dataclass(frozen=True)
class Taken:
    """What became of one row of `take_many`: the object, and the error if it was refused."""

    obj: Any
    error: DomainError | None = None


def subject_of(obj: models.Model) -> str:
    return obj._meta.label_lower


def allowed_verbs(steps: Mapping[str, Step], obj: Any, by: Actor) -> list[str]:
    """The verbs whose buttons `by` should see on `obj`; no queries."""
    return [verb for verb, step in steps.items() if obj.state in step.source and step.allow(obj, by)]


def lock(queryset: models.QuerySet[Any]) -> list[Any]:
    """Lock rows in id order and return them. Step functions lock all they will touch before the first `take` (design §2, lock order)."""
    return list(queryset.order_by("pk").select_for_update(no_key=True, of=("self",)))


def take(
    steps: Mapping[str, Step],
    verb: str,
    obj: Any,
    *,
    by: Actor,
    at: dt.datetime,
    seen: int,
    note: str = "",
    changes: Mapping[str, Any] | None = None,
) -> Any:
    """Apply `verb` to `obj` and return it, refreshed.

    Raises Stale, Conflict (wrong state), NotAllowed, Invalid (what is missing).
    """
    with transaction.atomic():
        relations = _relations_of(obj)
        obj.refresh_from_db(from_queryset=type(obj)._base_manager.select_for_update(no_key=True))
        _restore(obj, relations)
        _examine(steps[verb], verb, obj, by=by, seen=seen, note=note)
        event = _apply(steps[verb], verb, obj, by=by, at=at, note=note, changes=changes or {})
        obj.save(update_fields=sorted({"state", "version", *(changes or {})}))
        event.save(force_insert=True)
    return obj


def take_many(
    steps: Mapping[str, Step],
    verb: str,
    objects: Sequence[Any],
    *,
    by: Actor,
    at: dt.datetime,
    seen: Mapping[int, int] | None = None,
    note: str = "",
    changes: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[Taken]:
    """Apply `verb` to each object that admits it; a refused row keeps its state and carries the error.

    `seen` maps id → version looked at (default: the version of the object handed in), `changes` maps id → fields to write.
    """
    if not objects:
        return []
    step, model, results = steps[verb], type(objects[0]), []
    with transaction.atomic():
        current = {row.pk: row for row in lock(model._base_manager.filter(pk__in=[obj.pk for obj in objects]))}
        written: list[Any] = []
        events: list[AuditEvent] = []
        fields = {"state", "version"}
        for obj in sorted(objects, key=lambda obj: obj.pk):
            expected = seen[obj.pk] if seen else obj.version
            own_changes = (changes or {}).get(obj.pk, {})
            _copy_columns(current[obj.pk], obj)
            try:
                _examine(step, verb, obj, by=by, seen=expected, note=note)
            except DomainError as error:
                results.append(Taken(obj, error))
                continue
            events.append(_apply(step, verb, obj, by=by, at=at, note=note, changes=own_changes))
            fields |= own_changes.keys()
            written.append(obj)
            results.append(Taken(obj))
        model._base_manager.bulk_update(written, sorted(fields), batch_size=1000)
        AuditEvent.objects.bulk_create(events, batch_size=1000)
    return results


def amend(
    obj: Any,
    verb: str,
    *,
    by: Actor,
    at: dt.datetime,
    seen: int,
    changes: Mapping[str, Any],
    allow: Callable[[Any, Any], bool],
    note: str = "",
) -> Any:
    """Change fields of a versioned row without changing its state: same lock, same version check, same audit event."""
    with transaction.atomic():
        relations = _relations_of(obj)
        obj.refresh_from_db(from_queryset=type(obj)._base_manager.select_for_update(no_key=True))
        _restore(obj, relations)
        if obj.version != seen:
            raise stale(obj, seen)
        if not allow(obj, by):
            raise NotAllowed
        state = getattr(obj, "state", "")
        event = _event(obj, verb, source=state, target=state, by=by, at=at, note=note, changes=_write(obj, changes))
        obj.version += 1
        obj.save(update_fields=sorted({"version", *changes}))
        event.save(force_insert=True)
    return obj


def record(obj: Any, verb: str, *, by: Actor, at: dt.datetime, note: str = "", changes: Mapping[str, Any] | None = None) -> AuditEvent:
    """Append an audit event for something that is not a change of state (a row created, a consent given, a file read)."""
    state = getattr(obj, "state", "")
    event = _event(obj, verb, source="", target=state, by=by, at=at, note=note, changes=dict(changes or {}))
    event.save(force_insert=True)
    return event


def record_many(
    objects: Sequence[Any], verb: str, *, by: Actor, at: dt.datetime, note: str = "", changes: Mapping[str, Any] | None = None
) -> None:
    """`record` for a list, in one bulk insert."""
    AuditEvent.objects.bulk_create(
        [
            _event(obj, verb, source="", target=getattr(obj, "state", ""), by=by, at=at, note=note, changes=dict(changes or {}))
            for obj in objects
        ],
        batch_size=1000,
    )


def stale(obj: Any, seen: int) -> Stale:
    """The refusal of an outdated version, telling what happened since."""
    since = AuditEvent.objects.filter(subject=subject_of(obj), subject_id=obj.pk, seen_version__gte=seen).order_by("id")
    changed = [
        {"verb": event.verb, "by": event.by_label, "at": event.at.isoformat(), "note": event.note, "changes": event.changes}
        for event in since[:50]
    ]
    return Stale(changed=changed, version=obj.version)


def _examine(step: Step, verb: str, obj: Any, *, by: Actor, seen: int, note: str) -> None:
    if obj.version != seen:
        raise stale(obj, seen)
    if obj.state not in step.source:
        raise Conflict(
            _("此件当前为“%(state)s”，不能办理“%(step)s”。") % {"state": obj.get_state_display(), "step": step.label},
            remedy=_("请刷新页面查看最新进展。"),
        )
    if not step.allow(obj, by):
        raise NotAllowed(_("您当前的岗位不能对此件办理“%(step)s”。") % {"step": step.label})
    problems = list(step.missing(obj))
    if step.needs_note and not note.strip():
        problems.append(Problem("note", "required", _("须填写理由。"), _("请写明理由，对方将看到这段文字。")))
    if problems:
        raise Invalid(problems)


def _apply(step: Step, verb: str, obj: Any, *, by: Actor, at: dt.datetime, note: str, changes: Mapping[str, Any]) -> AuditEvent:
    source = obj.state
    target = step.target_of(obj)
    event = _event(obj, verb, source=source, target=target, by=by, at=at, note=note, changes=_write(obj, changes))
    obj.state = target
    obj.version += 1
    return event


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


def _event(obj: Any, verb: str, *, source: str, target: str, by: Actor, at: dt.datetime, note: str, changes: dict[str, Any]) -> AuditEvent:
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


def _relations_of(obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the caller loaded beside the row (`select_related`, prefetch), so that `allow` needs no query after the refresh."""
    return dict(obj._state.fields_cache), dict(getattr(obj, "_prefetched_objects_cache", {}))


def _restore(obj: Any, relations: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Put back the loaded relations that still point to the same rows."""
    cached, prefetched = relations
    for name, related in cached.items():
        field = next((f for f in obj._meta.concrete_fields if f.is_relation and f.get_cache_name() == name), None)
        if field is not None and related is not None and getattr(obj, field.attname) == related.pk:
            obj._state.fields_cache[name] = related
    if prefetched:
        obj._prefetched_objects_cache = prefetched


def _copy_columns(source: Any, target: Any) -> None:
    """Bring `target` up to the locked row without losing the relations loaded on it."""
    relations = _relations_of(target)
    for field in source._meta.concrete_fields:
        setattr(target, field.attname, getattr(source, field.attname))
    _restore(target, relations)
