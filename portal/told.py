"""What a form says of one field, in words: for before and after of a change."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from lenders.models import Branch
from projects.case.change_rules import KINDS
from projects.form_fields import FIELDS, FormField

NOTHING = "—"


def label_of(name: str) -> Any:
    return FIELDS[name].label if name in FIELDS else KINDS[name].label if name in KINDS else name


def branch_names(codes: set[str]) -> dict[str, str]:
    return dict(Branch.objects.filter(code__in=codes).values_list("code", "organisation__name"))


def lines(name: str, value: Any, branches: Mapping[str, str]) -> list[str]:
    """One line, or a line for each row or choice."""
    field = FIELDS.get(name)
    if value in (None, "", []):
        return [NOTHING]
    if field is None or field.kind not in ("rows", "branches", "choices"):
        return [_one(field, value)]
    if field.kind == "branches":
        return [f"{rank}. {branches.get(code, code)}" for rank, code in enumerate(value, start=1)]
    if field.kind == "choices":
        return [_one(field, inner) for inner in value]
    return [_row(field, row) for row in value]


def _row(field: FormField, row: Any) -> str:
    if not isinstance(row, Mapping):
        return str(row)
    return "，".join(
        f"{inner.label} {_one(inner, row[inner.name])}" for inner in field.fields if row.get(inner.name) not in (None, "", False)
    )


def _one(field: FormField | None, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if field is not None and field.choices is not None:
        return str(dict(field.choices.choices).get(value, value))
    return str(value)
