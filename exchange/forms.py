"""The application form as columns of a workbook, and back: one row a filing, its equipment on a sheet of its own.

Kept in the form is what a page would have posted: codes for chosen names, amounts in 万元 as text, days as 2026-03-01.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid
from common.money import YUAN_PER_WAN, format_wan, parse_wan
from common.steps import Param
from organisations.days import parse_day
from projects.form_fields import FIELDS, FORM_FIELDS, FormField

SEPARATOR = "、"
BANK_COLUMNS = 3
SCALARS = tuple(field for field in FORM_FIELDS if field.kind not in ("rows", "group", "branches"))
EQUIPMENT = FIELDS["equipment"].fields
BENEFITS = tuple(replace(field, name=f"benefits.{field.name}") for field in FIELDS["benefits"].fields)
_LATER_LABELS = (
    (_("以后年度一：年度"), _("以后年度一：融资需求（万元）")),
    (_("以后年度二：年度"), _("以后年度二：融资需求（万元）")),
    (_("以后年度三：年度"), _("以后年度三：融资需求（万元）")),
)
LATER_NEEDS = tuple(
    replace(field, name=f"later_needs.{place}.{field.name}", label=label, required=False)
    for place, labels in enumerate(_LATER_LABELS)
    for field, label in zip(FIELDS["later_needs"].fields, labels, strict=True)
)
_BANK_LABELS = (_("意向银行一"), _("意向银行二"), _("意向银行三"))
_BETWEEN = re.compile(r"[、,，;；/\n]+")
KEPT: Mapping[str, Callable[[Any], Any]] = {
    "wan": lambda yuan: format_wan(yuan).replace(",", ""),
    "percent": lambda bp: f"{Decimal(bp) / 100:.2f}",
    "date": lambda day: day.isoformat(),
    "integer": str,
    "number": str,
    "region": lambda row: row.code,
    "zone": lambda row: row.code,
    "industry": lambda row: row.code,
    "branches": lambda rows: [row.code for row in rows],
}


def bank_param(place: int) -> Param:
    return Param(f"bank_{place + 1}", "branches", _BANK_LABELS[place], required=False)


def as_cell(field: FormField, typed: Any, names: Mapping[str, str] | None = None) -> Any:
    """A typed value as a cell: a figure where it reads as one, otherwise as it was typed."""
    if typed is None or typed == "":
        return None
    try:
        return _read(field, typed, names or {})
    except (Invalid, ValueError, ArithmeticError, KeyError):
        return typed if isinstance(typed, str | int | float | bool) else str(typed)


def _read(field: FormField, typed: Any, names: Mapping[str, str]) -> Any:
    if field.kind == "wan":
        return parse_wan(typed, field=field.name) / YUAN_PER_WAN
    if field.kind == "date":
        return parse_day(typed)
    if field.kind in ("integer", "percent", "number"):
        return Decimal(str(typed))
    if field.kind in ("choice", "choices") and field.choices is not None:
        return SEPARATOR.join(str(field.choices(one).label) for one in (typed if isinstance(typed, list) else [typed]))
    return names.get(typed, typed)


def as_typed_in_form(field: FormField, value: Any) -> Any:
    """A value that was read, as the page's form keeps it."""
    if value is None or value == "":
        return ""
    write = KEPT.get(field.kind)
    return write(value) if write else value


def split_choices(cell: Any) -> Any:
    """抵押、保证 → two choices."""
    return [one.strip() for one in _BETWEEN.split(cell) if one.strip()] if isinstance(cell, str) else cell


def form_of(cells: Mapping[str, Any], equipment: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    """The form's own shape from the cells of a row; only what the file has a column for."""
    form: dict[str, Any] = {}
    for field in SCALARS:
        if field.name in cells:
            form[field.name] = split_choices(cells[field.name]) if field.kind == "choices" else cells[field.name]
    benefits = {field.name.removeprefix("benefits."): cells[field.name] for field in BENEFITS if field.name in cells}
    if benefits:
        form["benefits"] = {name: cell for name, cell in benefits.items() if cell is not None}
    if any(field.name in cells for field in LATER_NEEDS):
        form["later_needs"] = _later_needs(cells)
    banks = [cells[name] for name in (bank_param(place).name for place in range(BANK_COLUMNS)) if name in cells]
    if banks:
        form["intended_banks"] = [bank for bank in banks if bank]
    if equipment is not None:
        form["equipment"] = [dict(row) for row in equipment]
    return form


def _later_needs(cells: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each further year of which anything is filled in."""
    names = [field.name for field in FIELDS["later_needs"].fields]
    rows = [{name: cells.get(f"later_needs.{place}.{name}") for name in names} for place in range(len(_LATER_LABELS))]
    return [row for row in rows if any(cell not in (None, "") for cell in row.values())]
