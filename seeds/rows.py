"""The shapes of demo data: plain values, money as Decimal yuan. Nothing here knows the database."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FirmYearRow:
    year: int
    assets_yuan: Decimal
    liabilities_yuan: Decimal
    revenue_yuan: Decimal
    profit_yuan: Decimal
    tax_yuan: Decimal


@dataclass(frozen=True, slots=True)
class FirmRow:
    """A fictional firm. `region` is where it works; `registered_region` is mostly the same."""

    uscc: str
    name: str
    brand: str
    region: str
    registered_region: str
    industry: str
    size: str  # large | medium | small | micro
    ownership: str  # private | state | foreign | collective
    founded_on: date
    legal_representative: str
    contact_name: str
    contact_phone: str
    contact_email: str
    staff: int
    years: tuple[FirmYearRow, ...]
    honours: tuple[str, ...]
    house_bank: str
    existing_loans_yuan: Decimal
    bar: str = ""  # a reason on the bar list, or nothing

    @property
    def is_first_loan(self) -> bool:
        return self.existing_loans_yuan == 0


@dataclass(frozen=True, slots=True)
class EquipmentRow:
    line: int
    name: str
    model: str
    unit_price_yuan: Decimal
    quantity: int
    amount_yuan: Decimal
    supplier_name: str
    supplier_uscc: str
    country: str
    contract_no: str
    contract_on: date | None
    efficiency: str
    is_software: bool
    replaces: str  # the old equipment, or nothing
    replaces_year: int | None


@dataclass(frozen=True, slots=True)
class PermitRow:
    kind: str  # filing | land | environment | energy | safety
    number: str  # empty: not needed
    on: date | None


@dataclass(frozen=True, slots=True)
class NeedRow:
    year: int
    amount_yuan: Decimal


@dataclass(frozen=True, slots=True)
class BankStep:
    """What one bank (or the firm towards it) did with an invitation to look at a filing."""

    branch: str
    verb: str  # the step: view | accept | decline | confirm | start_diligence | approve_credit | sign
    on: date
    reason: str = ""
    amount_yuan: Decimal | None = None
    rate_bp: int | None = None
    origin: str = "named"  # named | direct


@dataclass(frozen=True, slots=True)
class DrawdownRow:
    branch: str
    on: date
    amount_yuan: Decimal
    paid_to_supplier_on: date
    supplier_uscc: str
    relending: str  # not_eligible | not_reported | reported | accepted


@dataclass(frozen=True, slots=True)
class RoundReply:
    """How firm and bank will answer a recommendation of the demo's round: first the firm's consent, then the bank."""

    firm_consents: bool
    bank: str  # accept | decline | silent
    reason: str  # the decline code
    approved_percent: int
    ends: str  # diligence | credit_approved | signed | drawn
    drawn_percent: int


@dataclass(frozen=True, slots=True)
class FilingRow:
    """One application, and how far it has come at the demo's date."""

    key: str
    project_key: str
    firm_uscc: str
    name: str
    content: str
    project_code: str
    track: str
    batch: str
    region: str
    zone: str  # the code of the zone's unit, or nothing
    receiving_unit: str
    action: str  # advanced_equipment | digital | green | safety
    industry: str
    total_investment_yuan: Decimal
    equipment_investment_yuan: Decimal
    own_capital_yuan: Decimal
    invested_yuan: Decimal
    need_yuan: Decimal
    needs: tuple[NeedRow, ...]
    term_months: int
    rate_cap_bp: int
    repayment: str  # instalments | bullet
    security: str  # credit | mortgage | pledge | guarantee | guarantor
    stage: str  # planned | under_construction
    start_on: date
    finish_on: date
    intended: tuple[str, ...]
    open_to_other_banks: bool
    asks_for_suggestions: bool
    equipment: tuple[EquipmentRow, ...]
    permits: tuple[PermitRow, ...]
    energy_saved_tce: int
    co2_saved_t: int
    output_gain_yuan: Decimal
    jobs: int
    target: str
    stop_tier: str = ""  # county | city | province: where it is, or where it ended
    reason: str = ""  # a code of return_reasons.csv
    submitted_on: date | None = None
    decided_on: date | None = None
    listed_on: date | None = None
    bank_story: tuple[BankStep, ...] = ()
    drawdowns: tuple[DrawdownRow, ...] = ()

    @property
    def is_in_round(self) -> bool:
        return self.target in OPEN_TARGETS

    @property
    def open_need_yuan(self) -> Decimal:
        """What the round of 2026 may match: this year's part of the need."""
        return sum((need.amount_yuan for need in self.needs if need.year == 2026), Decimal(0)) if self.is_in_round else Decimal(0)


OPEN_TARGETS = ("listed_unnamed", "listed_declined", "listed_suggestions")
TARGET_SHARES = {  # of all filings, in ten-thousandths
    "draft": 500,
    "in_review_county": 700,
    "in_review_city": 500,
    "in_review_province": 500,
    "returned": 300,
    "not_accepted": 300,
    "refused": 500,
    "withdrawn": 300,
    "in_pool": 900,
    "not_listed": 900,
    "listed_unnamed": 1000,  # named nobody: open
    "listed_declined": 1000,  # every named bank declined: open
    "listed_suggestions": 800,  # a named bank is looking, the firm asks for more: open
    "listed_invited": 500,  # a named bank is looking: not open
    "listed_intended": 150,  # a bank stated intent, the firm has not chosen
    "listed_confirmed": 150,
    "listed_diligence": 200,
    "listed_approved": 150,
    "listed_signed": 250,
    "listed_drawn": 300,
    "listed_direct": 100,  # signed with the house bank outside any round
}
