"""Amounts ten thousand times what the others of their column are: most likely typed in 元 where 万元 is asked, or the other way round.

A reminder, never a refusal: the largest project of a province may be that large.
"""

from array import array
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.money import YUAN_PER_WAN, parse_wan
from exchange.importers.importer import Mark
from exchange.tables import Row, Table

FACTOR = 2_000  # in between lie both: real differences up to it, mistakes of the unit beyond
FEW = 5  # below it a column is compared with what a single project can reasonably come to
REASONABLE_WAN = 500_000


class Amounts:
    """The amounts of a table's columns in 万元, sixteen bytes each."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = {one.name: one.param for one in table.columns if one.param.kind == "wan" and one.name in table.places}
        self._rows: Mapping[str, array[int]] = {name: array("l") for name in self.columns}
        self._wan: Mapping[str, array[float]] = {name: array("d") for name in self.columns}

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            for name in self.columns.keys() & row.cells.keys():
                wan = _wan(row.cells[name])
                if wan:
                    self._rows[name].append(row.number)
                    self._wan[name].append(wan)

    def doubtful(self) -> list[Mark]:
        return [mark for name in self.columns for mark in self._of(name)]

    def _of(self, name: str) -> Iterable[Mark]:
        amounts = self._wan[name]
        if not amounts:
            return
        usual = median(amounts) if len(amounts) >= FEW else 0
        for row, wan in zip(self._rows[name], amounts, strict=True):
            if usual and not usual / FACTOR < wan < usual * FACTOR:
                yield self._mark(name, row, wan, _("同列多数约为 %(usual)s 万元。") % {"usual": _shown(usual)})
            elif not usual and wan > REASONABLE_WAN:
                yield self._mark(name, row, wan, "")

    def _mark(self, name: str, row: int, wan: float, beside: Any) -> Mark:
        told = {"label": self.columns[name].label, "amount": _shown(wan), "beside": beside}
        message = _("“%(label)s”填为 %(amount)s 万元，请核对是否把元与万元弄混。%(beside)s") % told
        problem = Problem(name, "other_unit", message, _("确认无误的，可直接提交。"))
        return Mark(self.table.title, row, self.table.places[name], name, problem)


def _shown(wan: float) -> str:
    return f"{wan:,.2f}".rstrip("0").rstrip(".")


def _wan(cell: Any) -> float:
    if isinstance(cell, int | float):
        return float(cell)
    try:
        return float(parse_wan(cell, field="")) / YUAN_PER_WAN
    except Invalid:
        return 0.0
