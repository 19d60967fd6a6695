"""Workbooks written row by row, in constant memory: text is text whatever it begins with, long codes keep their digits.

A cell typed as text is never computed; one that begins like a formula also carries the mark a spreadsheet gives to what was typed
with an apostrophe, so that editing it does not make it one. What is read back is what was written.
"""

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

from django.utils.translation import gettext as now
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from exchange.columns import Shown, cell_of

FORMULA_LIKE = ("=", "+", "-", "@", "\t", "\r")
CELL_MAX = 32_767  # characters; a spreadsheet holds no more
TEXT = "@"
VALIDATED_ROWS = 20_000
WIDTHS: Mapping[str, int] = {"wan": 14, "integer": 9, "percent": 10, "date": 12, "moment": 18, "yes_no": 10, "code": 26}
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Writer:
    """A workbook under way. `sheet` begins one, `append` adds a row to it, `save` ends it all; left by an error it cleans up."""

    def __init__(self) -> None:
        self.book = Workbook(write_only=True)
        for style in _styles():
            self.book.add_named_style(style)
        self._choices: list[tuple[str, Sequence[str]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_error: object) -> None:
        if kind is not None:
            with tempfile.TemporaryFile() as thrown_away:  # each sheet has a file of its own open until the book is saved
                self.book.save(thrown_away)

    def sheet(self, title: str, columns: Sequence[Shown], *, validated: bool = False) -> Any:
        """A sheet with its heads. Columns that may be filled in stand out; with `validated` they offer their choices."""
        sheet = self.book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", title)[:31])
        sheet.freeze_panes = "A2"
        for place, column in enumerate(columns, start=1):
            width = sheet.column_dimensions[get_column_letter(place)]
            width.width = max(WIDTHS.get(column.kind, 20), 2 * len(str(column.label)))
            if column.kind == "code":
                width.number_format = TEXT  # what is typed below the last row keeps its digits too
            if validated and column.choices:
                self._offer(sheet, place, column)
        heads = [self._styled(sheet, str(column.label), "fulcrum entered" if column.entered else "fulcrum head") for column in columns]
        sheet.append(heads)
        return sheet

    def append(self, sheet: Any, columns: Sequence[Shown], row: Any) -> None:
        sheet.append([self._cell(sheet, column.kind, cell_of(column, row)) for column in columns])

    def note(self, title: str, lines: Iterable[tuple[Any, Any]]) -> None:
        """A sheet of words beside the rows."""
        sheet = self.book.create_sheet(title[:31])
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18, 90
        for label, words in lines:
            sheet.append([self._styled(sheet, str(label), "fulcrum head"), self._cell(sheet, "text", str(words))])

    def save(self, to: Any) -> None:
        if self._choices:
            self._write_choices()
        self.book.save(to)

    def _offer(self, sheet: Any, place: int, column: Shown) -> None:
        """A validation list, kept on a sheet of its own: written into the rule it may hold 255 characters only."""
        letter, there = get_column_letter(place), get_column_letter(len(self._choices) + 1)
        rule = DataValidation(type="list", formula1=f"'{now('选项')}'!${there}$2:${there}${len(column.choices) + 1}", allow_blank=True)
        rule.errorStyle = "warning"  # a code typed by hand without its name is as good
        rule.add(f"{letter}2:{letter}{VALIDATED_ROWS + 1}")
        sheet.data_validations.append(rule)
        self._choices.append((str(column.label), column.choices))

    def _write_choices(self) -> None:
        sheet = self.book.create_sheet(now("选项"))
        sheet.sheet_state = "hidden"
        sheet.append([self._cell(sheet, "text", label) for label, _choices in self._choices])
        for place in range(max(len(choices) for _label, choices in self._choices)):
            sheet.append([self._cell(sheet, "text", choices[place] if place < len(choices) else None) for _label, choices in self._choices])

    def _cell(self, sheet: Any, kind: str, value: Any) -> Any:
        if isinstance(value, str):
            text = _UNWRITABLE.sub("", value)[:CELL_MAX]
            if text.startswith(FORMULA_LIKE):
                return self._styled(sheet, text, "fulcrum quoted")
            return self._styled(sheet, text, "fulcrum code") if kind == "code" else text
        if kind == "wan" and isinstance(value, Decimal):
            return self._styled(sheet, value, "fulcrum wan")
        return value

    def _styled(self, sheet: Any, value: Any, style: str) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, value)
        cell.style = style
        if isinstance(value, str):
            cell.data_type = "s"  # openpyxl would make a formula of what begins with "="
            cell.quotePrefix = style == "fulcrum quoted"
        return cell


def _styles() -> list[NamedStyle]:
    bold, wrapped = Font(bold=True), Alignment(wrap_text=True, vertical="center")
    return [
        NamedStyle("fulcrum head", font=bold, alignment=wrapped, fill=PatternFill("solid", fgColor="E7ECF2")),
        NamedStyle("fulcrum entered", font=bold, alignment=wrapped, fill=PatternFill("solid", fgColor="FFF2CC")),
        NamedStyle("fulcrum quoted", number_format=TEXT, protection=Protection(locked=False)),
        NamedStyle("fulcrum code", number_format=TEXT),
        NamedStyle("fulcrum wan", number_format="#,##0.00####"),
    ]
