"""Rows of another sheet that belong to the rows of the first: the equipment of each application."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid
from common.steps import Param
from exchange.columns import ID
from exchange.forms import EQUIPMENT
from exchange.tables import Column, Row, Table, column, find_table

EQUIPMENT_SHEET = _("设备清单")
PROJECT = column("project", _("项目名称"))


def equipment_table(book: Any) -> Table | None:
    columns = (
        Column(Param("id", "integer", ID.label), needed=False),
        PROJECT,
        *(Column(field, needed=field.required) for field in EQUIPMENT),
    )
    try:
        return find_table(book, columns, sheet=str(EQUIPMENT_SHEET))
    except Invalid:
        return None


class Hanging:
    """The rows of another sheet, handed to the row they belong to: by its number, else by its project's name.

    Read along with the rows they belong to; only what stands in another order waits in memory.
    """

    def __init__(self, table: Table | None) -> None:
        self.table = table
        self._rows: Iterator[Row] = table.rows() if table is not None else iter(())
        self._waiting: dict[str, list[Row]] = defaultdict(list)
        self._next: Row | None = next(self._rows, None)

    def of(self, row: Row) -> list[Row]:
        keys = {str(row.cells[name]) for name in ("id", "name") if name in row.cells}
        found = [hanging for key in keys for hanging in self._waiting.pop(key, ())]
        if not found:
            self._read_up_to(keys)
        while self._next is not None and self._key(self._next) in keys:
            found.append(self._take())
        return sorted(found, key=lambda one: one.number)

    def rest(self) -> list[Row]:
        self._read_up_to(set())
        return [row for rows in self._waiting.values() for row in rows]

    def _read_up_to(self, keys: set[str]) -> None:
        while self._next is not None and self._key(self._next) not in keys:
            waiting = self._take()
            self._waiting[self._key(waiting)].append(waiting)

    def _take(self) -> Row:
        taken, self._next = self._next, next(self._rows, None)
        assert taken is not None
        return taken

    def _key(self, row: Row) -> str:
        return str(row.cells.get("id") or row.cells.get("project", ""))
