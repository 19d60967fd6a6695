"""A workbook given back as it came, with marks: cells coloured, and what is wrong with them as a comment. Row by row, in constant memory.

openpyxl can read in a stream and write in a stream, but not change a file in one: its reader of sheets is therefore put before its
writer here. What the stream cannot carry (pictures, older comments) is left out; the person has the file itself.
"""

# ruff: noqa: SLF001 -- openpyxl's style tables and the raw style of a cell have no public names

import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from django.utils.translation import gettext as now
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._reader import WorksheetReader

from exchange.importers.importer import Mark
from exchange.tables import COLUMNS_MAX

WRONG, DOUBTFUL = PatternFill("solid", fgColor="FFC7CE"), PatternFill("solid", fgColor="FFEB9C")
ROWS_COPIED_MAX = 60_000
COMMENT_MAX = 1_000
CARRIED = ("print_options", "page_margins", "page_setup", "auto_filter", "data_validations", "views", "sheet_format")
Cells = Mapping[int, Mapping[int, list[Mark]]]  # row → place → what is said there


def mark(stored: Any, to: Any, *, wrong: Sequence[Mark], doubtful: Sequence[Mark] = ()) -> None:
    """Write the workbook `stored` to `to`, with these cells marked."""
    stored.seek(0)
    source = load_workbook(stored, read_only=True, keep_links=False)
    target = Workbook(write_only=True)
    stored.seek(0)
    with zipfile.ZipFile(stored) as archive:
        apply_stylesheet(archive, target)
    target.epoch = source.epoch
    try:
        for sheet in source.worksheets:
            _copy(sheet, target, _by_cell(sheet.title, wrong), _by_cell(sheet.title, doubtful))
    finally:
        source.close()
        target.save(to)


def _by_cell(title: str, marks: Sequence[Mark]) -> Cells:
    found: dict[int, dict[int, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for one in marks:
        if one.sheet == title:
            found[one.row][one.place].append(one)
    return found


def _copy(sheet: Any, target: Workbook, wrong: Cells, doubtful: Cells) -> None:
    copied = target.create_sheet(sheet.title)
    copied.sheet_state = sheet.sheet_state
    with sheet._get_source() as stream:
        reader = WorksheetReader(copied, stream, sheet._shared_strings, False, False)  # neither values for formulas nor rich text
        written = 0
        for number, cells in reader.parser.parse():
            if number > ROWS_COPIED_MAX:
                break
            if not written:
                reader.bind_col_dimensions()
                _carry(reader, ("views", "sheet_format"))
            for _gap in range(written + 1, number):
                copied.append([])
            copied.append(_row(copied, cells, wrong.get(number, {}), doubtful.get(number, {})))
            written = number
    _carry(reader, CARRIED)
    if reader.parser.merged_cells:
        for merged in reader.parser.merged_cells.mergeCell:
            copied.merged_cells.add(merged.ref)


def _carry(reader: WorksheetReader, names: Sequence[str]) -> None:
    for name in names:
        value = getattr(reader.parser, name, None)
        if value is not None:
            setattr(reader.ws, name, value)


def _row(sheet: Any, cells: Sequence[Mapping[str, Any]], wrong: Mapping[int, list[Mark]], doubtful: Mapping[int, list[Mark]]) -> list[Any]:
    kept = {cell["column"]: cell for cell in cells if cell["column"] <= COLUMNS_MAX}
    row: list[Any] = [None] * max([*kept, *wrong, *doubtful], default=0)
    for place in sorted({*kept, *wrong, *doubtful}):
        cell = _cell(sheet, kept.get(place))
        said = [*wrong.get(place, ()), *doubtful.get(place, ())]
        if said:
            cell.fill = WRONG if place in wrong else DOUBTFUL
            text = "\n".join(str(one.problem) for one in said)[:COMMENT_MAX]
            cell.comment = Comment(text, now("支点"), width=320, height=40 + 20 * (len(text) // 22 + len(said)))
        row[place - 1] = cell
    return row


def _cell(sheet: Any, kept: Mapping[str, Any] | None) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet)
    if kept is None:
        return cell
    cell._value, cell.data_type = kept["value"], kept["data_type"]  # as read: a text that begins with "=" stays a text
    cell._style = copy(sheet.parent._cell_styles[kept["style_id"]])
    return cell
