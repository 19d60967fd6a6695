"""Applications as a firm's clerk fills them into the template."""

from io import BytesIO
from typing import Any

import openpyxl

from exchange import templates
from exchange.importers import IMPORTERS
from exchange.listings.projects import equipment_columns
from tests import factories

BENEFITS = "benefits.energy_saved_tce"


def application(**changes: Any) -> dict[str, Any]:
    """By column name, as cells."""
    form = factories.form(action="数字化转型", region="420111 洪山区", securities="抵押", starts_on="2026.3", rate_cap=3.5)
    banks = {"bank_1": "ICBC-WH 工商银行武汉分行", "bank_2": "CCB-WH"}
    form |= {name: float(form[name]) for name in ("total_investment", "equipment_investment", "own_capital", "amount")}
    form |= {"open_to_other_banks": "是", "asks_for_suggestions": "否", BENEFITS: 120}
    return {name: value for name, value in (form | banks | changes).items() if name not in ("intended_banks", "benefits")}


def filled(by: Any, applications: list[dict[str, Any]], kind: str = "filings") -> openpyxl.Workbook:
    """The template with these below what it holds."""
    kept = BytesIO()
    templates.write(kind, kept, by=by)
    book = openpyxl.load_workbook(kept)
    columns = [column.name for column in IMPORTERS[kind].shown()]
    inner = [column.name for column in equipment_columns()][2:]
    for cells in applications:
        book.worksheets[0].append([cells.get(name) for name in columns])
        for row in cells.get("equipment", ()):
            values = [("是" if row[name] else "否") if isinstance(row.get(name), bool) else row.get(name) for name in inner]
            book["设备清单"].append([None, cells["name"], *values])
    return book
