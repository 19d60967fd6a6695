"""Rows by the thousand: one statement instead of one for each, with every constraint and trigger of the database in force."""

# ruff: noqa: SLF001 -- Django's _meta and base manager have no public names

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault, RawSQL
from django.utils.functional import Promise

UPDATE_ROWS_MAX = 1000
COPIED_FROM = 100
PLAIN = frozenset({str, int, bool, Decimal, dt.datetime, dt.date, type(None)})
NEXT_IDS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


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
    model = type(objects[0])
    fields = [field for field in model._meta.concrete_fields if not isinstance(getattr(objects[0], field.attname), DatabaseDefault)]
    for obj, pk in zip(objects, new_ids(model, len(objects)), strict=True):
        obj.pk = pk
        obj._state.adding, obj._state.db = False, connection.alias
    copy_rows(
        model, [field.name for field in fields], ([_plain(field, field.pre_save(obj, add=True)) for field in fields] for obj in objects)
    )


def new_ids(model: type[models.Model], number: int) -> list[int]:
    """So many ids, in order, for rows to be copied with them."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_IDS, [model._meta.db_table, model._meta.pk.column, number])
        return [pk for (pk,) in cursor.fetchall()]


def copy_rows(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]], *, same: Mapping[str, Any] | None = None
) -> None:
    """Append rows of plain values in the order given: no object is made for them, so thousands cost little more than their bytes.

    `names` are the fields of a row's values, `same` what is the same in all rows. Every other field takes its default.
    """
    same = _defaults(model, names) | dict(same or {})
    fields, statement = copying(model, [*names, *same])
    encoders = [(place, _json_of(field)) for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    constant = tuple(same.values())
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            written = [*row, *constant]
            for place, encode in encoders:
                if written[place] is not None:
                    written[place] = encode(written[place])
            copy.write_row(written)


def insert_missing(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]], *, same: Mapping[str, Any] | None = None
) -> None:
    """As `copy_rows`, but a row that a unique constraint would refuse is there already, and stays as it is."""
    same = _defaults(model, names) | dict(same or {})
    (fields, _copy), own = copying(model, [*names, *same]), len(names)
    places = [f"c{place}" for place in range(own)]
    kinds = ", ".join(f"{place} {_type_without_size(field)}" for place, field in zip(places, fields, strict=False))
    values = ", ".join([*places, *(f"%s::{_type_without_size(field)}" for field in fields[own:])])
    quote = connection.ops.quote_name
    into = ", ".join(quote(str(field.column)) for field in fields)
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({into}) SELECT {values} "  # noqa: S608 -- names of our own models, values as parameters
        f"FROM jsonb_to_recordset(%s::jsonb) AS new ({kinds}) ON CONFLICT DO NOTHING"
    )
    told = [dict(zip(places, row, strict=True)) for row in rows]
    if told:
        with connection.cursor() as cursor:
            cursor.execute(statement, [*same.values(), json.dumps(told, default=_as_text, ensure_ascii=False)])


def among(values: Iterable[Any], kind: str = "bigint") -> RawSQL:
    """Thousands of ids as one parameter, for `pk__in`: with one for each, Django and the driver take longer than the query."""
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [list(values)])  # noqa: S611 -- the kind is ours, the values a parameter


def _defaults(model: type[models.Model], named: Collection[str]) -> dict[str, Any]:
    """What Django gives a new row's other fields, those left out that the database fills by itself."""
    fields = [field for field in model._meta.concrete_fields if field.name not in named]
    return {field.name: field.get_default() for field in fields if not field.primary_key and not field.has_db_default()}


def _json_of(field: "models.JSONField[Any, Any]") -> Callable[[Any], str]:
    """One encoder for all values of the field: making one for each costs more than the encoding."""
    return (field.encoder or json.JSONEncoder)(ensure_ascii=False, separators=(",", ":")).encode


def copying(model: type[models.Model], names: Sequence[str]) -> "tuple[list[models.Field[Any, Any]], str]":
    """The fields of these names, and the COPY that takes their values in this order."""
    meta, quote = model._meta, connection.ops.quote_name
    fields = [cast("models.Field[Any, Any]", meta.get_field(name)) for name in names]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    return fields, f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN"


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
