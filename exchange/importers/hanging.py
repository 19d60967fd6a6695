"""Rows of another sheet that belong to the rows of the first: the equipment of each application, the drawdowns of each loan."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    own = (Column(Param("id", "integer", ID.label), needed=False), PROJECT)
    return _table(book, (*own, *(Column(field, needed=field.required) for field in EQUIPMENT)), EQUIPMENT_SHEET)


def hanging_table(book: Any, params: Iterable[Param], title: Any) -> Table | None:
    """The sheet of that title with a column for each of these, if the book has it."""
    return _table(book, [Column(param, needed=param.required) for param in params], title)


def _table(book: Any, columns: Sequence[Column], title: Any) -> Table | None:
    try:
        return find_table(book, columns, sheet=str(title))
    except Invalid:
        return None


class Hanging:
    """The rows of another sheet, handed to the row they belong to.

    `keys` are the columns by which such a row names it, of which the first that is filled in counts; `also`, what a column is called
    on the sheet of the rows themselves, where that is otherwise. Read along with the rows they belong to; only what stands in another
    order waits in memory.
    """

    def __init__(self, table: Table | None, *, keys: Sequence[str], also: Mapping[str, str] | None = None) -> None:
        self.table, self.keys = table, keys
        self.named = [(also or {}).get(key, key) for key in keys]
        self._rows: Iterator[Row] = table.rows() if table is not None else iter(())
        self._waiting: dict[str, list[Row]] = defaultdict(list)
        self._next: Row | None = next(self._rows, None)

    def of(self, row: Row) -> list[Row]:
        keys = {str(row.cells[name]) for name in self.named if name in row.cells}
        found = [hanging for key in keys for hanging in self._waiting.pop(key, ())]
        if not found:
            self._read_up_to(keys)
        while self._next is not None and self._key(self._next) in keys:
            found.append(self._take())
        return sorted(found, key=lambda one: one.number)

    def rest(self) -> list[Row]:
        self._read_up_to(set())
        return [row for rows in self._waiting.values() for row in rows]

    def left(self, name: str) -> list[tuple[str, int, int]]:
        """Sheet, row and place of the cells that name no row there is."""
        return [self.cell(row, name) for row in self.rest()]

    def cell(self, row: Row, name: str) -> tuple[str, int, int]:
        """Sheet, row and place of a cell, or of the first of its row."""
        assert self.table is not None  # it has rows
        return self.table.title, row.number, self.table.places.get(name) or min(self.table.places.values())

    def _read_up_to(self, keys: set[str]) -> None:
        while self._next is not None and self._key(self._next) not in keys:
            waiting = self._take()
            self._waiting[self._key(waiting)].append(waiting)

    def _take(self) -> Row:
        taken, self._next = self._next, next(self._rows, None)
        assert taken is not None
        return taken

    def _key(self, row: Row) -> str:
        return next((str(row.cells[key]) for key in self.keys if row.cells.get(key)), "")
