"""What a form says, field by field in words, and where two versions of it differ: down to the cell of an equipment row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as now

from projects.form_fields import FORM_FIELDS, FormField

NOTHING = "—"


@dataclass(frozen=True)
class Said:
    """One field with what is written in it; of a row also which: `path` is the labels down to it."""

    path: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Difference:
    path: tuple[str, ...]
    before: str
    after: str


def told(form: Mapping[str, Any]) -> Iterator[Said]:
    """Every field in the order of the form."""
    for field in FORM_FIELDS:
        yield from _of_field(field, form.get(field.name), (str(field.label),))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Fields that say something else, in the order of the form; rows are compared by their place."""
    before, after = ({said.path: said.text for said in told(form)} for form in (old, new))
    places = [*after, *(path for path in before if path not in after)]
    return [
        Difference(path, before.get(path, NOTHING), after.get(path, NOTHING))
        for path in places
        if before.get(path, NOTHING) != after.get(path, NOTHING)
    ]


def _of_field(field: FormField, value: Any, path: tuple[str, ...]) -> Iterator[Said]:
    if field.kind == "rows":
        for number, row in enumerate(value if isinstance(value, list) else (), start=1):
            place = now("第 %(n)s 行") % {"n": number}
            for inner in field.fields:
                yield from _of_field(inner, _get(row, inner.name), (*path, place, str(inner.label)))
    elif field.kind == "group":
        for inner in field.fields:
            yield from _of_field(inner, _get(value, inner.name), (*path, str(inner.label)))
    else:
        yield Said(path, _text(field, value))


def _get(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else None


def _text(field: FormField, value: Any) -> str:
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, bool) or field.kind == "yes_no":
        return now("是") if value in (True, "true", "yes", "on", "1") else now("否")
    labels = dict(field.choices.choices) if field.choices else {}
    values = value if isinstance(value, list) else [value]
    return "、".join(str(labels.get(one, one)) for one in values)
