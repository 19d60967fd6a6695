"""Loans of the stock as they were entered: the list, and the columns of the workbook they come in by."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.steps import Param
from deals.models import OpeningLoan
from deals.opening import entering
from deals.opening.api import OpeningLoans
from deals.opening.facts import LoanTold
from exchange.columns import ID, STATE, VERSION, Shown, entered, shown
from exchange.listings.listing import Listing, Part

KINDS = {"wan": "wan", "percent": "percent", "date": "date", "integer": "integer"}
BY_CODE = frozenset({"region", "industry", "branch", "scheme"})
SHEETS: tuple[tuple[str, Any, tuple[Param, ...]], ...] = (
    ("drawdowns", _("存量放款"), entering.DRAWN),
    ("repayments", _("存量还款"), entering.BACK),
    ("paid", _("存量已付贴息"), entering.PAID),
)


def loan_columns() -> tuple[Shown, ...]:
    return (ID, VERSION, STATE, *(_column(param) for param in entering.LOAN))


def parts() -> tuple[Part, ...]:
    return tuple(Part(title, _columns_of(params), _rows_of(name)) for name, title, params in SHEETS)


def opening_columns() -> tuple[Shown, ...]:
    """The list as it goes out: what was entered, and what became of it."""
    return (
        *loan_columns(),
        shown("drawn", _("已放款（万元）"), kind="wan"),
        shown("paid_before", _("已付贴息合计（万元）"), kind="wan"),
        shown("entered_by", _("录入人"), "entered_by"),
        shown("entered_at", _("录入时间"), kind="moment"),
        shown("deal", _("对接项目编号"), "deal_id", "integer"),
    )


def told_of(row: Any) -> Any:
    """What was told: read once of a row, however many columns ask."""
    if not isinstance(row, OpeningLoan):
        return row
    kept = vars(row)
    if "as_told" not in kept:
        kept["as_told"] = LoanTold.from_plain(row.told)
    return kept["as_told"]


def _column(param: Param) -> Shown:
    labels: dict[Any, Any] = dict(param.choices()) if param.choices else {}

    def value(row: Any) -> Any:
        told = getattr(told_of(row), param.name)
        return str(labels[told]) if told in labels else told

    kind = "code" if param.name in entering.CODES else KINDS.get(param.kind, "typed")
    return entered(param, value, kind, labels.values())


def _columns_of(params: Sequence[Param]) -> Callable[[], tuple[Shown, ...]]:
    """Of a sheet that hangs on the loans: its first column says on which."""
    return lambda: (entered(params[0], "contract_no", "code"), *(_column(param) for param in params[1:]))


def _rows_of(name: str) -> Callable[[OpeningLoan], Iterable[Any]]:
    return lambda row: [_Hung(row.contract_no, one) for one in getattr(told_of(row), name)]


class _Hung:
    """A row of such a sheet: what was told, and of which contract."""

    def __init__(self, contract_no: str, told: Any) -> None:
        self.contract_no, self._told = contract_no, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._told, name)


LISTINGS = (Listing("opening-loans", _("存量贷款期初"), OpeningLoans, opening_columns, parts=parts()),)
