"""Write many new rows by COPY: what a round tells of a province is tens of thousands of rows with JSON, which INSERT takes far longer for."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from psycopg import sql
from psycopg.types.json import Jsonb


def copy_rows(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows in the order given. `names` are fields; every field of the model without a database default must be among them."""
    fields = [model._meta.get_field(name) for name in names]
    statement = sql.SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=sql.Identifier(model._meta.db_table),
        columns=sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in fields),
    )
    is_json = [isinstance(field, models.JSONField) for field in fields]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([Jsonb(value) if json else value for value, json in zip(row, is_json, strict=True)])
