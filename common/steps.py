"""The only code that changes a state.

A state machine is a table: verb → `Step(source, target, allow, missing, label)`. `take` applies one step to one object in one
transaction: lock the row, compare the version the person saw and the source state, ask `allow`, collect what is `missing`, write,
append the audit event. `take_many` does the same for a list with one lock, one UPDATE and one bulk insert, and a result per row.
`amend` is the same for an edit that changes no state.

`allow` and `missing` are pure over (object, Actor): they read the object as loaded (`select_related`, prefetch) and never query.
"""

# ruff: noqa: SLF001 -- Django's _meta, base manager and its caches of loaded relations have no public names

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, cast

from django.db import connection, models, transaction
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Problem, Stale
from common.models import NATION, AuditEvent

STALE_EVENTS_MAX = 50
UPDATE_ROWS_MAX = 1000
COPIED_FROM = 100
PLAIN = frozenset({str, int, bool, Decimal, dt.datetime, dt.date, type(None)})
NEXT_IDS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


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


def nothing_missing(_obj: Any) -> Iterable[Problem]:
    return ()


def nobody_recused(_obj: Any, _by: Any) -> bool:
    return False


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


@dataclass(frozen=True)
class Taken:
    """What became of one row of `take_many`: the object, and the error if it was refused."""

    obj: Any
    error: DomainError | None = None


def subject_of(obj: models.Model) -> str:
    return obj._meta.label_lower


def allowed_verbs(steps: Mapping[str, Step], obj: Any, by: Actor) -> list[str]:
    """The verbs whose buttons `by` should see on `obj`; no queries."""
    return [verb for verb, step in steps.items() if obj.state in step.source and step.allow(obj, by) and not step.recuses(obj, by)]


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
        written = (changes(admitted) if callable(changes) else changes) or {}
        events = [
            _apply(step, verb, obj, by=actor_for(by, obj), at=at, note=note, changes=written.get(obj.pk, {}), facts=facts)
            for obj in admitted
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
        state = getattr(obj, "state", "")
        written = _changes_of(changes, obj)
        event = _event(obj, verb, source=state, target=state, by=by, at=at, note=note, changes=told(_write(obj, written)))
        obj.version += 1
        obj.save(update_fields=sorted({"version", *written}))
        event.save(force_insert=True)
    return obj


def record(obj: Any, verb: str, *, by: Actor, at: dt.datetime, note: str = "", changes: Mapping[str, Any] | None = None) -> AuditEvent:
    """Append an audit event for something that is not a change of state (a row created, a consent given, a file read)."""
    state = getattr(obj, "state", "")
    event = _event(obj, verb, source="", target=state, by=by, at=at, note=note, changes=dict(changes or {}))
    event.save(force_insert=True)
    return event


def record_many(
    objects: Sequence[Any],
    verb: str,
    *,
    by: Actor | Crew | Mapping[int, Actor],
    at: dt.datetime,
    note: str = "",
    changes: Mapping[str, Any] | None = None,
) -> None:
    """`record` for a list, in one statement."""
    insert_rows(
        [
            _event(
                obj,
                verb,
                source="",
                target=getattr(obj, "state", ""),
                by=actor_for(by, obj),
                at=at,
                note=note,
                changes=dict(changes or {}),
            )
            for obj in objects
        ]
    )


def stale(obj: Any, seen: int, *, by: Actor, allowed: bool) -> Stale:
    """The refusal of an outdated version, telling what happened since.

    Of what happened on the version seen only the last thing, which ended it, is news: a record before it changed no version.
    Whoever may act now, or belongs to the organisation that acted, is told who did what; what was written and changed only those
    of the same organisation, so that a refusal is no window into another tenant.
    """
    events = AuditEvent.objects.filter(subject=subject_of(obj), subject_id=obj.pk)
    ended = events.filter(seen_version=seen).order_by("-id").values("pk")[:1]
    since = events.filter(models.Q(seen_version__gt=seen) | models.Q(pk__in=ended)).order_by("id")[:STALE_EVENTS_MAX]
    return Stale(changed=[_told(event, by) for event in since if allowed or _is_own(event, by)], version=obj.version)


def _is_own(event: AuditEvent, by: Actor) -> bool:
    return by.organisation_id is not None and event.by_organisation_id == by.organisation_id


def _told(event: AuditEvent, by: Actor) -> dict[str, Any]:
    told = {"verb": event.verb, "by": event.by_label, "at": timezone.localtime(event.at).isoformat()}
    return told | {"note": event.note, "changes": event.changes} if _is_own(event, by) or by.is_system else told


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
    event = _event(obj, verb, source=source, target=target, by=by, at=at, note=note, changes=told)
    obj.state = target
    obj.version += 1
    return event


def _changes_of(changes: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None, obj: Any) -> Mapping[str, Any]:
    return (changes(obj) if callable(changes) else changes) or {}


def update_rows(objects: Sequence[Any], names: Sequence[str]) -> None:
    """One UPDATE a thousand rows, joined to their new values: `bulk_update` would compare every row with every other.

    The values travel as one JSON text; thousands of parameters would take longer to read than to write.
    """
    if not objects:
        return
    model = type(objects[0])
    fields = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    columns = [quote(field.column) for field in fields]
    kinds = ", ".join(f"{column} {_type_without_size(field)}" for column, field in zip(columns, fields, strict=True))
    statement = (
        f"UPDATE {quote(model._meta.db_table)} AS old SET {', '.join(f'{column} = new.{column}' for column in columns)} "  # noqa: S608 -- names of our own models, values as parameters
        f"FROM jsonb_to_recordset(%s::jsonb) AS new (row_pk bigint, {kinds}) WHERE old.{quote(model._meta.pk.column)} = new.row_pk"
    )
    named = [(field.column, field.attname) for field in fields]
    for start in range(0, len(objects), UPDATE_ROWS_MAX):
        chunk = objects[start : start + UPDATE_ROWS_MAX]
        rows = [{"row_pk": obj.pk} | {column: getattr(obj, attname) for column, attname in named} for obj in chunk]
        with connection.cursor() as cursor:
            cursor.execute(statement, [json.dumps(rows, default=_as_text, ensure_ascii=False)])


def insert_rows(objects: Sequence[Any]) -> None:
    """Append new rows of one model, in their order, and give each object its id. Constraints and triggers hold as for any INSERT.

    Many go by COPY: an INSERT of thousands of rows spends ten times as long on its own text and parameters as the database on the rows.
    """
    if not objects:
        return
    if len(objects) < COPIED_FROM:
        type(objects[0])._base_manager.bulk_create(objects)
        return
    meta = type(objects[0])._meta
    fields = [field for field in meta.concrete_fields if not isinstance(getattr(objects[0], field.attname), DatabaseDefault)]
    with connection.cursor() as cursor:
        cursor.execute(NEXT_IDS, [meta.db_table, meta.pk.column, len(objects)])
        for obj, (pk,) in zip(objects, cursor.fetchall(), strict=True):
            obj.pk = pk
            obj._state.adding, obj._state.db = False, connection.alias
    rows = ([_plain(field, field.pre_save(obj, add=True)) for field in fields] for obj in objects)
    copy_rows(type(objects[0]), [field.name for field in fields], rows)


def copy_rows(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows of plain values in the order given. `names` are fields; every field without a database default must be among them."""
    meta, quote = model._meta, connection.ops.quote_name
    fields = [cast("models.Field[Any, Any]", meta.get_field(name)) for name in names]
    encoders = {place: field.encoder for place, field in enumerate(fields) if isinstance(field, models.JSONField)}
    listed = ", ".join(quote(str(field.column)) for field in fields)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(meta.db_table)} ({listed}) FROM STDIN") as copy,
    ):
        for row in rows:
            written = list(row)
            for place, encoder in encoders.items():
                if written[place] is not None:
                    written[place] = connection.ops.adapt_json_value(written[place], encoder)
            copy.write_row(written)


def _plain(field: Any, value: Any) -> Any:
    """As `copy_rows` takes it; most values are so already, and asking the field of each would take half of the time."""
    if type(value) in PLAIN or isinstance(field, models.JSONField):
        return value
    return field.get_db_prep_save(value, connection)


def _type_without_size(field: Any) -> str:
    """`varchar`, not `varchar(20)`: a cast to a sized type would cut in silence where an assignment refuses."""
    return re.sub(r"\([^)]*\)", "", field.db_type(connection))


def _as_text(value: Any) -> str:
    """What JSON has no notation for, as PostgreSQL reads it."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal | Promise):
        return str(value)
    raise TypeError(f"{value!r} cannot be written by update_rows")


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
