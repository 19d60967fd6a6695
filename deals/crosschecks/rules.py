"""Cross-checks of one drawdown with all others, its days, its supplier: each a pure function that yields what it found.

Nothing here blocks the recording of a fact. What is found is a question to the office that approves: `deals.crosschecks.flags`.
"""

import datetime as dt
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

BP = 10_000
E_INVOICE_DIGITS = 20  # numbered nationwide: the same number is the same invoice, whoever is named on it


def plain(text: str) -> str:
    """As compared: full-width digits, case, blanks and punctuation make no difference."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign.isalnum())


def number(text: str) -> str:
    """A number of an invoice or machine, as `Drawdown.invoice_key` keeps it."""
    return "".join(sign for sign in plain(text) if sign.isascii())


@dataclass(frozen=True)
class Back:
    """Principal that came back: repaid, or refunded by the supplier."""

    on: dt.date
    amount: Decimal


@dataclass(frozen=True)
class Use:
    """One drawdown as a check sees it."""

    drawdown: int
    label: str
    firm_uscc: str
    supplier: str
    supplier_uscc: str
    invoice: str
    serials: tuple[str, ...]
    drawn_on: dt.date
    amount: Decimal
    back: tuple[Back, ...] = ()
    invoice_status: str = ""
    invoice_ended_on: dt.date | None = None
    invoice_amount: Decimal | None = None

    def back_by(self, last: dt.date) -> Decimal:
        return sum((row.amount for row in self.back if row.on <= last), Decimal(0))


@dataclass(frozen=True)
class Company:
    """As the register of companies says."""

    name: str
    legal_representative: str
    state: str
    on: dt.date | None = None


@dataclass(frozen=True)
class Limits:
    """Thresholds in force, from dated rows of policy."""

    related_share_bp: int
    round_trip_days: int
    round_trip_share_bp: int
    assessment_days: int
    invoice_tolerance: int = 0


@dataclass(frozen=True)
class Ground:
    """What a drawdown is compared with. `shares`: (holder, company) → basis points; companies by USCC."""

    limits: Limits
    by_invoice: Mapping[str, Sequence[Use]] = field(default_factory=dict)
    by_serial: Mapping[str, Sequence[Use]] = field(default_factory=dict)
    companies: Mapping[str, Company] = field(default_factory=dict)
    by_name: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def uscc_of(self, use: Use) -> str:
        """The supplier's code, found by its name where the slip has none."""
        return plain(use.supplier_uscc) or self.by_name.get(plain(use.supplier), "")


@dataclass(frozen=True)
class Finding:
    """`key` names it among the findings of its drawdown, so that the same one is asked about once."""

    rule: str
    drawdown: int
    key: str
    evidence: Mapping[str, str]


SAME_INVOICE, SAME_SERIAL, RELATED_SUPPLIER = "same_invoice", "same_serial", "related_supplier"
ROUND_TRIP, ASSESSMENT_DAY, STRUCK_OFF = "round_trip", "assessment_day", "struck_off"
ENDED_INVOICE, INVOICE_SHORT = "ended_invoice", "invoice_short"
ENDED = ("reversed", "void")
BAD_STATES = ("revoked", "struck_off")


def same_invoice(use: Use, ground: Ground) -> Iterable[Finding]:
    wanted = number(use.invoice)
    for other in ground.by_invoice.get(wanted, ()) if wanted else ():
        is_national = len(wanted) == E_INVOICE_DIGITS and wanted.isdecimal()
        if other.drawdown != use.drawdown and (is_national or _same_supplier(use, other, ground)):
            yield _found(SAME_INVOICE, use, f"{other.drawdown}", written=use.invoice, **_told(other), as_written=other.invoice)


def same_serial(use: Use, ground: Ground) -> Iterable[Finding]:
    for serial in use.serials:
        for other in ground.by_serial.get(number(serial), ()):
            if other.drawdown != use.drawdown:
                yield _found(SAME_SERIAL, use, f"{number(serial)}:{other.drawdown}", serial=serial, **_told(other))


def related_supplier(use: Use, ground: Ground) -> Iterable[Finding]:
    """The borrower itself; owned by the borrower, or its owner; or with the same legal representative."""
    supplier, firm = ground.uscc_of(use), plain(use.firm_uscc)
    if not supplier or not firm:
        return
    if supplier == firm:
        yield _found(RELATED_SUPPLIER, use, "self", supplier=use.supplier, tie="self", share="")
        return
    for tie, pair in (("owned", (firm, supplier)), ("owner", (supplier, firm))):
        share = ground.shares.get(pair, 0)
        if share >= ground.limits.related_share_bp:
            yield _found(RELATED_SUPPLIER, use, tie, supplier=use.supplier, tie=tie, share=f"{Decimal(share) / 100:g}%")
    heads = [company.legal_representative.strip() for uscc in (firm, supplier) if (company := ground.companies.get(uscc))]
    if len(heads) == len({firm, supplier}) and heads[0] and heads[0] == heads[1]:
        yield _found(RELATED_SUPPLIER, use, "person", supplier=use.supplier, tie="person", share=heads[0])


def round_trip(use: Use, ground: Ground) -> Iterable[Finding]:
    """Drawn and for the greater part back within days."""
    last = use.drawn_on + dt.timedelta(days=ground.limits.round_trip_days)
    if _is_most(use.back_by(last), use.amount, ground.limits.round_trip_share_bp):
        yield _found(ROUND_TRIP, use, "", **_in_and_out(use, last))


def assessment_day(use: Use, ground: Ground) -> Iterable[Finding]:
    """Drawn just before a month's end, when banks are assessed, and back just after it."""
    end = use.drawn_on.replace(day=monthrange(use.drawn_on.year, use.drawn_on.month)[1])
    around = dt.timedelta(days=ground.limits.assessment_days)
    after = use.back_by(end + around) - use.back_by(end)
    if end - use.drawn_on < around and _is_most(after, use.amount, ground.limits.round_trip_share_bp):
        yield _found(ASSESSMENT_DAY, use, "", month_end=end.isoformat(), **_in_and_out(use, end + around))


def struck_off(use: Use, ground: Ground) -> Iterable[Finding]:
    """Borrower or supplier no longer exists in the register."""
    for role, uscc in (("supplier", ground.uscc_of(use)), ("firm", plain(use.firm_uscc))):
        company = ground.companies.get(uscc) if uscc else None
        if company is not None and company.state in BAD_STATES:
            yield _found(
                STRUCK_OFF, use, role, role=role, name=company.name, state=company.state, on=company.on.isoformat() if company.on else ""
            )


def ended_invoice(use: Use, ground: Ground) -> Iterable[Finding]:  # noqa: ARG001 -- every rule has the same two
    """Reversed (红冲) or void (作废) since it was paid on; a second one that ends too is asked about again."""
    if use.invoice_status in ENDED and use.invoice_ended_on is not None:
        told = {"written": use.invoice, "status": use.invoice_status, "on": use.invoice_ended_on.isoformat()}
        yield _found(ENDED_INVOICE, use, f"{number(use.invoice)}:{use.invoice_status}", **told)


def invoice_short(use: Use, ground: Ground) -> Iterable[Finding]:
    """More was paid on an invoice than it says, by more than the tolerance; up to it is no more than a hint where it is registered."""
    if use.invoice_amount is None:
        return
    same = [
        other
        for other in ground.by_invoice.get(number(use.invoice), ())
        if other.drawdown == use.drawdown or _same_supplier(use, other, ground)
    ]
    paid = sum((other.amount for other in same), Decimal(0)) or use.amount
    if paid - use.invoice_amount > ground.limits.invoice_tolerance:
        told = {"written": use.invoice, "amount": str(use.invoice_amount), "paid": str(paid)}
        yield _found(INVOICE_SHORT, use, f"{number(use.invoice)}:{paid}", **told)


Rule = Callable[[Use, Ground], Iterable[Finding]]
RULES: tuple[Rule, ...] = (
    same_invoice,
    same_serial,
    related_supplier,
    round_trip,
    assessment_day,
    struck_off,
    ended_invoice,
    invoice_short,
)


def check(use: Use, ground: Ground) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(use, ground)]


def _same_supplier(one: Use, other: Use, ground: Ground) -> bool:
    mine, theirs = ground.uscc_of(one), ground.uscc_of(other)
    return mine == theirs if mine and theirs else plain(one.supplier) == plain(other.supplier)


def _is_most(back: Decimal, amount: Decimal, share_bp: int) -> bool:
    return back > 0 and back * BP >= amount * share_bp


def _told(other: Use) -> dict[str, str]:
    return {"other": other.label, "on": other.drawn_on.isoformat(), "amount": str(other.amount), "supplier": other.supplier}


def _in_and_out(use: Use, last: dt.date) -> dict[str, str]:
    back = [row for row in use.back if row.on <= last]
    return {
        "drawn_on": use.drawn_on.isoformat(),
        "amount": str(use.amount),
        "back": str(sum((row.amount for row in back), Decimal(0))),
        "back_on": max(row.on for row in back).isoformat(),
    }


def _found(rule: str, use: Use, key: str, **evidence: str) -> Finding:
    return Finding(rule, use.drawdown, key, evidence)
