"""One kind of import: its columns, how a row is read and checked, and the step by which it takes effect.

A row is an entry: the values read from it, or what is wrong with which of its cells. `read` writes nothing and may be asked again;
`write` takes the steps of sound entries, each row whole or not at all, and tells of each what became of it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Problem
from common.steps import Param
from exchange.columns import ID, VERSION, Shown
from exchange.listings.listing import Part
from exchange.models import ImportedRow
from exchange.tables import Column, Row, Table, find_table
from organisations.actors import Person
from organisations.entering import read as read_params

Outcome = ImportedRow.Outcome
KEYS = (Param("id", "integer", ID.label, required=False), Param("version", "integer", VERSION.label, required=False))


@dataclass
class Entry:
    """`obj`: the row of the database it is about, if it is about one. `hanging`: the rows of other sheets that belong to it."""

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    obj: Any = None
    hanging: Sequence[Row] = ()

    @property
    def is_sound(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Written:
    number: int
    outcome: str
    object_id: int | None = None
    told: str = ""


@dataclass(frozen=True)
class Mark:
    """A cell to be marked: by sheet, row and place (from 1), with what is said of it."""

    sheet: str
    row: int
    place: int
    column: str
    problem: Problem


class Importer:
    """Made for one file and one person. `rehearses`: a dry run takes the steps too, and takes them back."""

    kind: ClassVar[str]
    writes: ClassVar[str]  # the API's kind of what it changes
    label: ClassVar[Any]
    rehearses: ClassVar[bool] = True

    def __init__(self, book: Any, *, by: Person, at: dt.datetime, params: Mapping[str, Any]) -> None:
        self.by, self.at, self.params = by, at, params
        self.seen: dict[Any, int] = {}
        self.table: Table = find_table(book, self.columns(), sheet=str(self.label))

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        """The columns of its template."""
        raise NotImplementedError

    @classmethod
    def parts(cls) -> tuple[Part, ...]:
        """The sheets beside it, whose rows hang on its own."""
        return ()

    @classmethod
    def rows_shown(cls, by: Person) -> Iterable[Any]:
        """What the template already holds: what this person may bring up to date with it."""
        raise NotImplementedError

    @classmethod
    def columns(cls) -> tuple[Column, ...]:
        keys = tuple(Column(param, needed=False) for param in KEYS)
        return keys + tuple(Column(one.entered, needed=one.entered.required) for one in cls.shown() if one.entered)

    @classmethod
    def may(cls, by: Person) -> bool:
        """Whether this kind of import is this person's at all."""
        raise NotImplementedError

    def read(self, rows: Sequence[Row]) -> list[Entry]:
        raise NotImplementedError

    def write(self, entries: Sequence[Entry]) -> list[Written]:
        raise NotImplementedError

    def marks(self, entry: Entry) -> list[Mark]:
        """Where each problem of an entry is marked: at its column, else at the first cell of the row."""
        return [self._mark(entry, problem) for problem in entry.problems]

    def left_over(self) -> list[Mark]:
        """Rows of other sheets that belong to no row; asked when all have been read."""
        return []

    def _mark(self, entry: Entry, problem: Problem) -> Mark:
        name = self.column_of(problem.field)
        place = self.table.places.get(name) or min(self.table.places.values())
        return Mark(self.table.title, entry.row.number, place, name, problem)

    def column_of(self, path: str) -> str:
        """The column a problem's path speaks of."""
        return path if path in self.table.places else path.partition(".")[0]

    def keys_of(self, entry: Entry) -> dict[str, Any]:
        """The id and version of a row that came out of here; unreadable ones are problems."""
        return self.read_params([column.param for column in self.table.columns[: len(KEYS)]], entry)

    def read_params(self, params: Sequence[Param], entry: Entry) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for param in params:
            try:
                values |= read_params([param], entry.row.cells)
            except DomainError as refused:
                entry.problems.extend(refused.problems)
        return values

    def once(self, key: Any, entry: Entry, *, field: str = "id") -> None:
        """The same object in two rows: nobody can tell which of them is meant."""
        before = self.seen.setdefault(key, entry.row.number)
        if before != entry.row.number:
            message = _("与第 %(row)s 行重复。") % {"row": before}
            entry.problems.append(Problem(field, "row_repeated", message, _("同一对象只保留一行。")))

    def matches(self, obj: Any, version: int | None, entry: Entry) -> None:
        """The row is as it was when it went out."""
        if version is None:
            entry.problems.append(Problem("version", "required", _("缺少版本。"), _("请使用导出的文件，不要删改“版本”一列。")))
        elif version != obj.version:
            message = _("导出之后已被他人更新：文件中为第 %(old)s 版，现为第 %(new)s 版。") % {"old": version, "new": obj.version}
            entry.problems.append(Problem("version", "stale", message, _("请重新导出，在最新的内容上修改后再导入。")))


def one_by_one(entries: Sequence[Entry], write: Any) -> list[Written]:
    """Each row in a transaction of its own inside the batch's: what one meets does not touch the others."""
    results = []
    for entry in entries:
        try:
            with transaction.atomic():
                results.append(write(entry))
        except DomainError as error:
            entry.problems.extend(error.problems)
            results.append(Written(entry.row.number, Outcome.REFUSED, getattr(entry.obj, "pk", None), str(error)))
    return results


def asked_once(param: Param) -> Param:
    """Its choices asked of the database once a file, not once a row."""
    if param.choices is None:
        return param
    offered = list(param.choices())
    return replace(param, choices=lambda: offered)
