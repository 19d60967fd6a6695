"""The columns of an exported list: what of a row stands in each, and how a cell holds it.

Figures go out in 万元, rates in percent, codes as text; a title says the unit. A column that is `entered` may come back in an import
and is then read by that param; its `choices` become a validation list.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from common.money import YUAN_PER_WAN

BP_PER_PERCENT = 100


@dataclass(frozen=True)
class Shown:
    """`kind`: text | code | wan (Decimal yuan) | percent (basis points) | integer | number | date | moment | yes_no | typed (as it is)."""

    name: str
    label: Any
    value: Callable[[Any], Any]
    kind: str = "text"
    entered: Any = None
    choices: Sequence[str] = field(default=())


def shown(name: str, label: Any, value: str | Callable[[Any], Any] = "", kind: str = "text") -> Shown:
    """`value`: a function of the row, or the way to it (`need.firm.name`; nothing on the way gives nothing)."""
    return Shown(name, label, value if callable(value) else follow(value or name), kind)


def entered(param: Any, value: str | Callable[[Any], Any], kind: str = "typed", choices: Iterable[Any] = ()) -> Shown:
    """A column that a person may fill in and send back."""
    return Shown(param.name, param.label, value if callable(value) else follow(value), kind, param, tuple(str(one) for one in choices))


def labels(param: Any) -> list[str]:
    """What may be chosen in its column, as people read it."""
    return [str(label) for _value, label in param.choices()] if param.choices else []


ID = Shown("id", _("编号"), lambda row: row.pk, "integer")
VERSION = Shown("version", _("版本"), lambda row: row.version, "integer")
STATE = Shown("state", _("状态"), lambda row: row.get_state_display())


def follow(path: str) -> Callable[[Any], Any]:
    names = path.split(".")

    def value(row: Any) -> Any:
        for name in names:
            if row is None:
                return None
            row = getattr(row, name)
        return row() if callable(row) else row

    return value


def cell_of(column: Shown, row: Any) -> Any:
    """The plain value of a cell: text, a number, a day, or None."""
    value = column.value(row)
    return None if value is None or value == "" else CELLS[column.kind](value)


def _wan(yuan: Decimal) -> Decimal:
    return Decimal(yuan) / YUAN_PER_WAN


def _percent(bp: int) -> Decimal:
    return Decimal(bp) / BP_PER_PERCENT


def _moment(at: dt.datetime) -> dt.datetime:
    """Excel knows no time zones."""
    return timezone.localtime(at).replace(tzinfo=None, microsecond=0)


def _yes_no(value: object) -> str:
    return now("是") if value else now("否")


def _typed(value: Any) -> Any:
    return _yes_no(value) if isinstance(value, bool) else value


CELLS: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "code": str,
    "wan": _wan,
    "percent": _percent,
    "integer": int,
    "number": Decimal,
    "date": lambda day: day,
    "moment": _moment,
    "yes_no": _yes_no,
    "typed": _typed,
}
