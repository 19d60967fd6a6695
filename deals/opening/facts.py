"""What is told of one loan of the stock: its project, contract, drawdowns, what came back, the subsidies paid. As values, and as rows keep them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Self

from deals.models import Drawdown, Repayment

ZERO = Decimal(0)
READ: Mapping[Any, Callable[[Any], Any]] = {Decimal: Decimal, dt.date: dt.date.fromisoformat}


@dataclass(frozen=True, kw_only=True)
class _Told:
    def as_plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        known = {field.name: field.type for field in fields(cls)}
        return cls(**{name: _value(known[name], value) for name, value in plain.items()})


@dataclass(frozen=True, kw_only=True)
class SlipTold(_Told):
    slip_no: str
    drawn_on: dt.date
    amount: Decimal
    payee: str
    equipment_amount: Decimal | None = None
    payee_uscc: str = ""
    paid_to_supplier_on: dt.date | None = None
    invoice_no: str = ""
    relending: str = Drawdown.Relending.NOT_REPORTED


@dataclass(frozen=True, kw_only=True)
class BackTold(_Told):
    """`slip_no` names the drawdown, `voucher_no` the payment itself."""

    slip_no: str
    on: dt.date
    amount: Decimal
    voucher_no: str
    kind: str = Repayment.Kind.REPAID


@dataclass(frozen=True, kw_only=True)
class PaidTold(_Told):
    scheme: str
    period_start: dt.date
    period_end: dt.date
    amount: Decimal
    document_no: str = ""


@dataclass(frozen=True, kw_only=True)
class LoanTold(_Told):
    """Of a project and a firm that Fulcrum knows, the code is enough."""

    as_of: dt.date
    programme: str
    track: str
    project_code: str
    firm_uscc: str
    firm_name: str
    project_name: str
    list_number: str
    branch: str
    contract_no: str
    contract_on: dt.date
    amount: Decimal
    rate_bp: int
    term_months: int
    outstanding: Decimal
    interest_paid_to: dt.date | None = None
    is_first_loan: bool = False
    listed_on: dt.date | None = None
    region: str = ""
    industry: str = ""
    action: str = ""
    loan_purpose: str = ""
    starts_on: dt.date | None = None
    completes_on: dt.date | None = None
    total_investment: Decimal | None = None
    equipment_investment: Decimal | None = None
    size: str = ""
    ownership: str = ""
    drawdowns: tuple[SlipTold, ...] = ()
    repayments: tuple[BackTold, ...] = ()
    paid: tuple[PaidTold, ...] = ()

    @property
    def drawn(self) -> Decimal:
        return sum((row.amount for row in self.drawdowns), ZERO)

    @property
    def back(self) -> Decimal:
        return sum((row.amount for row in self.repayments), ZERO)

    @property
    def paid_before(self) -> Decimal:
        return sum((row.amount for row in self.paid), ZERO)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [{name: _plain(inner) for name, inner in row.items()} for row in value]
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, dt.date) else value


def _value(kind: Any, plain: Any) -> Any:
    """A value of that field's type: of `X | None` by X, of rows row by row."""
    if plain is None or isinstance(plain, bool):
        return plain
    if isinstance(plain, list):
        row = kind.__args__[0]
        return tuple(row.from_plain(one) for one in plain)
    kinds = getattr(kind, "__args__", (kind,))
    read = next((READ[one] for one in kinds if one in READ), None)
    return read(plain) if read else plain
