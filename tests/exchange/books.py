"""Workbooks as people hand them in."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook


def book(*rows: Sequence[Any], title: str = "Sheet1", merged: Sequence[str] = ()) -> BytesIO:
    made = Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(list(row))
    for cells in merged:
        made.active.merge_cells(cells)
    return saved(made)


def saved(made: Workbook) -> BytesIO:
    kept = BytesIO()
    made.save(kept)
    kept.seek(0)
    return kept
