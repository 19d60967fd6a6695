"""A table in a workbook, as offices really keep them: titles and notes above it, heads over two rows with merged cells, a total below.

Columns are found by their titles, in Chinese or English, wherever they stand. A cell is handed on as a person would have typed it:
text without invisible characters, numbers as numbers, days as days, 3.45 % as "3.45%". What it means is for the reader of the
field to say (`projects.reading`, `organisations.entering`), the same as for a form on a page.
"""

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import Param

HEAD_ROWS = 20  # titles, notes and units stand above the head, never this many rows of them
HEAD_LEVELS = 3
COLUMNS_MAX = 200
ROWS_MAX = 20_000
SHEET_ROWS_MAX = 1_048_576
EXACT_DIGITS = 15
WRITTEN = frozenset({"text", "long_text", "code", "choice", "choices", "region", "zone", "industry", "branches"})  # never numbers
TOTALS = frozenset({"合计", "总计", "小计", "total"})
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]|_x000[0-9A-Da-d]_")
_BRACKETED = re.compile(r"\([^()]*\)$")


@dataclass(frozen=True)
class Column:
    """One column of a table: a param, and how else its title may be written. Not `needed`: the table may lack it."""

    param: Any  # a Param, or a field of a form: name, label, kind
    needed: bool = True
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.param.name)


def column(name: str, label: Any, kind: str = "text", *, needed: bool = True, also: tuple[str, ...] = ()) -> Column:
    return Column(Param(name, kind, label, required=needed), needed=needed, also=also)


@dataclass(frozen=True)
class Row:
    """One row: its number in the sheet, what its cells say by column name (empty ones are left out), and which cannot be read."""

    number: int
    cells: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass
class Table:
    """A table found in a sheet. `places`: column name → its number in the sheet, from 1. `unknown`: titles that mean nothing here."""

    sheet: Any
    columns: Sequence[Column]
    places: Mapping[str, int]
    first_row: int
    unknown: Sequence[str] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        return str(self.sheet.title)

    def rows(self) -> Iterator[Row]:
        """Row by row, with no more than one in memory; blank rows and totals are passed over. Raises Invalid at too many."""
        known = sorted((place - 1, one.name, one) for one in self.columns if (place := self.places.get(one.name)))
        width = max(self.places.values())
        taken = 0
        for number, cells in enumerate(self.sheet.iter_rows(min_row=self.first_row, max_col=width), start=self.first_row):
            if number > SHEET_ROWS_MAX:
                raise _too_many()
            row = _row(number, cells, known)
            if row is None:
                continue
            taken += 1
            if taken > ROWS_MAX:
                raise _too_many()
            yield row


def find_table(book: Any, columns: Sequence[Column], *, sheet: str = "") -> Table:
    """The table with these columns: on the sheet of that name, else on the first that has it. Raises Invalid if none has."""
    named = [one for one in book.worksheets if one.title == sheet]
    visible = [one for one in book.worksheets if one.sheet_state == "visible" and one not in named]
    missing: list[Column] = list(columns)
    for candidate in (*named, *visible):
        candidate.reset_dimensions()  # what a program wrote of its size is not always so
        table = _look(candidate, columns)
        lacking = [one for one in columns if one.needed and one.name not in table.places]
        if table.places and not lacking:
            return table
        if table.places and len(lacking) < len(missing):
            missing = lacking
    raise _no_table(missing, found_some=len(missing) < len(columns))


def as_typed(cell: Any, param: Any) -> Any:
    """What a person would have typed into this field to say what the cell says; None for an empty one.

    A long number in a text field is a code that lost its last digits: ValueError. Fields for codes see to that themselves.
    """
    value = cell.value
    if isinstance(value, str):
        return _INVISIBLE.sub("", value).strip() or None
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**EXACT_DIGITS:
        value = int(value)
    if param.kind == "percent" and isinstance(value, int | float) and not isinstance(value, bool) and "%" in str(cell.number_format):
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    return _as_text(value) if param.kind in WRITTEN else value


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.date):
        return value.isoformat()
    if not isinstance(value, int | float):
        return str(value)
    if abs(value) >= 10**EXACT_DIGITS:
        raise ValueError(value)
    return format(Decimal(repr(value)), "f")


def _row(number: int, cells: Sequence[Any], known: Sequence[tuple[int, str, Column]]) -> Row | None:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for place, name, one in known:
        if place >= len(cells):
            break
        cell = cells[place]
        if cell.value is None:
            continue
        if cell.data_type == "e":
            problems.append(_unreadable(one, "cell_error", cell.value))
            continue
        try:
            value = as_typed(cell, one.param)
        except ValueError:
            problems.append(_unreadable(one, "digits_lost", cell.value))
            continue
        if value is not None:
            values[name] = value
    if not (values or problems) or _is_total(values):
        return None
    return Row(number, values, tuple(problems))


def _is_total(values: Mapping[str, Any]) -> bool:
    first = next(iter(values.values()), None)
    return isinstance(first, str) and _title(first) in TOTALS


def _look(sheet: Any, columns: Sequence[Column]) -> Table:
    """The rows of the head: the one that knows most titles, and those right above and below it that know others."""
    grid = [
        [_title(cell.value) if isinstance(cell.value, str) else "" for cell in row]
        for row in sheet.iter_rows(max_row=HEAD_ROWS, max_col=COLUMNS_MAX)
    ]
    titles = _titles(columns)
    levels = [_known(grid, number, titles) for number in range(len(grid))]
    best = max(range(len(levels)), key=lambda number: len(levels[number]), default=0)
    if not levels or not levels[best]:
        return Table(sheet, columns, {}, 0)
    places: dict[str, int] = {}
    last = best
    for number in _levels_around(best, len(levels)):
        for place, name in levels[number].items():
            if place + 1 in places.values():
                continue
            if name in places:
                raise _twice(columns, name)
            places[name] = place + 1
            last = max(last, number)
    heads = [text for place, text in enumerate(grid[last]) if text and place + 1 not in places.values()]
    _same_units(heads, columns, places)
    return Table(sheet, columns, places, last + 2, heads)


def _levels_around(best: int, rows: int) -> Iterable[int]:
    return [number for number in (best, best - 1, best + 1, best - 2)[: HEAD_LEVELS + 1] if 0 <= number < rows]


def _known(grid: Sequence[Sequence[str]], number: int, titles: Mapping[str, str]) -> dict[int, str]:
    """Place → column name in one row; under a merged head its title and the one above read together come first."""
    found: dict[int, str] = {}
    above = grid[number - 1] if number else ()
    over = ""
    for place, text in enumerate(grid[number]):
        over = (above[place] if place < len(above) else "") or over
        name = titles.get(over + text) if over and text else None
        name = name or titles.get(text)
        if name:
            found[place] = name
    return found


def _titles(columns: Sequence[Column]) -> dict[str, str]:
    """Every way a title may be written → the column's name: in any language, without its unit, without marks and blanks."""
    found: dict[str, str] = {}
    for code, _language in settings.LANGUAGES:
        with translation.override(code):
            for one in columns:
                for text in (str(one.param.label), *one.also):
                    found.setdefault(_title(text), one.name)
    found.pop("", None)
    return _without_units(found) | found


def _without_units(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles less their unit, where that leaves no doubt which column is meant."""
    bare: dict[str, set[str]] = defaultdict(set)
    for text, name in titles.items():
        bare[_BRACKETED.sub("", text)].add(name)
    return {text: names.pop() for text, names in bare.items() if len(names) == 1}


def _title(text: str) -> str:
    return re.sub(r"[\s*:_]", "", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).lower()


def _same_units(heads: Sequence[str], columns: Sequence[Column], places: Mapping[str, int]) -> None:
    """A column whose title is ours but for its unit (元 for 万元) would be read wrong by a factor: refused as a whole."""
    bare = _without_units(_titles(columns))
    problems = []
    for head in heads:
        name = bare.get(_BRACKETED.sub("", head))
        if name and name not in places:
            label = next(one.param.label for one in columns if one.name == name)
            message = _("表头“%(head)s”的单位与要求的“%(label)s”不同。") % {"head": head, "label": label}
            problems.append(Problem(name, "other_unit", message, _("请按要求的单位换算，并改用模板中的表头。")))
    if problems:
        raise Invalid(problems)


def _unreadable(one: Column, code: str, value: Any) -> Problem:
    label = {"label": one.param.label, "value": value}
    if code == "cell_error":
        return Problem(one.name, code, _("“%(label)s”的单元格是错误值“%(value)s”。") % label, _("请更正公式，或直接填写内容。"))
    return Problem(
        one.name,
        code,
        _("“%(label)s”被当作数字保存，第十五位之后的数字已经丢失。") % label,
        _("请将该列设为“文本”格式，并照原件重新录入。"),
    )


def _too_many() -> Invalid:
    message = _("一个文件最多 %(limit)s 行。") % {"limit": ROWS_MAX}
    return Invalid([Problem("upload", "too_many_rows", message, _("请分成几个文件上传。"))])


def _twice(columns: Sequence[Column], name: str) -> Invalid:
    label = next(one.param.label for one in columns if one.name == name)
    return Invalid([Problem(name, "column_twice", _("表中有两列都叫“%(label)s”。") % {"label": label}, _("请删去其中一列。"))])


def _no_table(missing: Sequence[Column], *, found_some: bool) -> Invalid:
    if not found_some:
        return Invalid([Problem("upload", "no_table", _("没有找到要导入的表：表头与模板不符。"), _("请使用下载的模板，不要改动表头。"))])
    return Invalid(
        [
            Problem(one.name, "column_missing", _("表中缺少“%(label)s”一列。") % {"label": one.param.label}, _("请按模板补上此列。"))
            for one in missing
        ]
    )
