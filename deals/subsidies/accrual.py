"""What a subsidy comes to: one line for each drawdown and interest period, booked once its interest day has come.

Run again it books only what changed: a repayment told late or a version that reaches back makes an adjustment line, never an edit.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial

from django.db import transaction
from django.db.models import Sum

from common.steps import lock, record_many
from deals.clocks import day
from deals.loans import Loan, loans
from deals.models import AccrualLine, Deal, Drawdown, SubsidyClaim
from deals.recovery.suspension import Stops, stops_of
from deals.subsidies import forecasting, reasons, versions
from deals.subsidies.firm_cap import FirmLoans, subsidised_part
from deals.subsidies.grants import Grants
from deals.subsidies.versions import Book, Choice
from organisations.actors import Person
from schemes import formulas
from schemes.formulas import Balances, Line, Period
from schemes.models import SchemeVersion

ZERO = Decimal(0)
PLACES = Decimal("0.00000001")
GOES_ON = Stops()
Paid = Mapping[tuple[int, int], Sequence[Period]]  # deal, scheme
NOTHING_PAID: Paid = {}


@dataclass(frozen=True)
class Computed:
    """One scheme's lines for one drawdown, or why there are none."""

    drawdown: Drawdown
    choice: Choice
    version: SchemeVersion | None
    lines: tuple[Line, ...]


def accrue(deal: Deal, *, until: dt.date, by: Person, at: dt.datetime) -> list[AccrualLine]:
    """Book what this deal's subsidies came to by that day, and bring its claims up to it."""
    return accrue_many([deal], until=until, by=by, at=at)


def accrue_many(deals: Sequence[Deal], *, until: dt.date, by: Person, at: dt.datetime) -> list[AccrualLine]:
    """Lines whose interest day lies on or before `until`, for many deals in a few queries; returns the new ones."""
    with transaction.atomic():
        locked = lock(Deal.objects.filter(pk__in=[deal.pk for deal in deals]))
        drawn = loans(locked)
        fresh: list[AccrualLine] = []
        for province in sorted({loan.deal.province for loan in drawn.values()}):
            mine = [loan for loan in drawn.values() if loan.deal.province == province]
            fresh += _new_lines(mine, until=until, at=at)
        AccrualLine.objects.bulk_create(fresh, batch_size=1000)
        touched = {line.drawdown.deal_id for line in fresh}
        record_many([loan.deal for pk, loan in sorted(drawn.items()) if pk in touched], "accrue", by=by, at=at, note=until.isoformat())
        forecasting.forecast(list(drawn.values()), by=by, at=at)
    return fresh


def compute(
    loan: Loan,
    known: Book,
    *,
    stops: Stops = GOES_ON,
    grants: Grants | None = None,
    firms: FirmLoans | None = None,
    paid: Paid = NOTHING_PAID,
) -> list[Computed]:
    """Every drawdown under every scheme, from the first subsidised day to the last, whether or not its interest day has come.

    `paid` are the days that were settled before Fulcrum was: what is left of each line is computed.
    """
    chosen = {row.pk: versions.choose(row, loan.deal, known, root=loan.root) for row in loan.drawdowns}
    firms = firms or FirmLoans([loan], known)
    results = []
    for row in loan.drawdowns:
        for scheme, choice in sorted(chosen[row.pk].items()):
            if choice.version is None:
                results.append(Computed(row, choice, None, ()))
                continue
            version = known.rows[choice.version.id]
            begun = [loan.root.drawdown] if loan.root else [one for one in loan.drawdowns if chosen[one.pk][scheme].version is not None]
            first = min(day for day in (_start(version, one) for one in begun) if day is not None)
            stopped = stops.excluded(row, scheme) + (grants.excluded(loan, scheme) if grants else [])
            balances = stops.balances(loan, row, scheme)
            results.append(
                _computed(
                    loan,
                    row,
                    choice,
                    version,
                    first_start=first,
                    balances=balances,
                    excluded=_within(stopped, loan.maturity),
                    used=firms.used_before(loan.root.drawdown if loan.root else row, version, firm=loan.deal.firm_id),
                    paid=paid.get((loan.deal.pk, scheme), ()),
                )
            )
    return results


def _computed(
    loan: Loan,
    row: Drawdown,
    choice: Choice,
    version: SchemeVersion,
    *,
    first_start: dt.date,
    balances: Balances,
    excluded: Sequence[Period],
    used: Decimal,
    paid: Sequence[Period],
) -> Computed:
    days = formulas.subsidised_days(
        version.window_anchor,
        start=_start(version, loan.root.drawdown if loan.root else row),
        first_start=first_start,
        months=version.window_months,
    )
    if days is None or days.last < row.drawn_on:
        return Computed(row, Choice(choice.scheme_id, None, reasons.WINDOW_OVER), None, ())
    part, _cut = formulas.within_firm_loan_cap(subsidised_part(version, row), limit=version.firm_loan_cap, used=used)
    accrued = partial(
        formulas.accrue,
        formulas.part_of(balances, part=part),
        first=max(days.first, row.drawn_on),
        last=min(days.last, loan.last_of(extended=version.extension_counts)),
        rate_bp=version.rate_bp,
        periods=loan.periods(months=version.interest_months, day=version.interest_day),
        day_count=_day_count(version, days),
    )
    lines = accrued(excluded=excluded)
    if paid:
        rest = formulas.outside(paid, within=Period(loan.first, loan.maturity))
        lines = formulas.after_paid(lines, accrued(excluded=[*excluded, *rest]), paid=paid)
    return Computed(row, choice, version, lines)


def _start(version: SchemeVersion, row: Drawdown) -> dt.date | None:
    return formulas.start_day(version.start_rule, issued_on=row.drawn_on, paid_to_supplier_on=row.paid_to_supplier_on)


def _day_count(version: SchemeVersion, days: Period) -> int | Fraction:
    """The plain form spreads rate × years over the days of the window."""
    if version.convention == SchemeVersion.Convention.DAYS_360:
        return version.day_count
    return Fraction(((days.last - days.first).days + 1) * 12, version.window_months)


def _within(periods: Sequence[Period], last: dt.date) -> list[Period]:
    return [Period(period.first, last) for period in periods if period.first <= last]


def _new_lines(found: Sequence[Loan], *, until: dt.date, at: dt.datetime) -> list[AccrualLine]:
    known = versions.book(province=found[0].deal.province, known_on=day(at))
    stops = stops_of(found)
    booked = _booked(found)
    grants, firms, paid = Grants(found), FirmLoans(found, known), _paid_before(found)
    fresh = []
    for loan in found:
        for computed in compute(loan, known, stops=stops, grants=grants, firms=firms, paid=paid):
            for line in computed.lines:
                if line.interest_on > until:
                    continue
                scheme = computed.choice.scheme_id
                before = booked.get((computed.drawdown.pk, scheme, line.interest_on))
                if line.amount < (before or ZERO) and stops.keeps(computed.drawdown, scheme, line.interest_on):
                    continue
                if (before or ZERO) != line.amount:
                    fresh.append(_row(computed, line, before, at=at))
    return fresh


def _paid_before(found: Iterable[Loan]) -> Paid:
    """The days of each loan and scheme that were paid before Fulcrum was."""
    paid: dict[tuple[int, int], list[Period]] = defaultdict(list)
    rows = SubsidyClaim.objects.filter(deal__in=[loan.deal for loan in found if loan.deal.opening_as_of], is_opening=True)
    for deal, scheme, first, last in rows.values_list("deal", "scheme", "period_start", "period_end"):
        paid[deal, scheme].append(Period(first, last))
    return paid


def _booked(found: Iterable[Loan]) -> dict[tuple[int, int, dt.date], Decimal]:
    """What was booked by us: what was paid before is no figure of ours, and is never corrected."""
    rows = (
        AccrualLine.objects.filter(drawdown__deal__in=[loan.deal for loan in found])
        .exclude(kind=AccrualLine.Kind.OPENING)
        .order_by()
        .values("drawdown", "version__scheme", "interest_on")
        .annotate(sum=Sum("amount"))
        .values_list("drawdown", "version__scheme", "interest_on", "sum")
    )
    return {(drawdown, scheme, on): amount for drawdown, scheme, on, amount in rows}


def _row(computed: Computed, line: Line, before: Decimal | None, *, at: dt.datetime) -> AccrualLine:
    return AccrualLine(
        drawdown=computed.drawdown,
        version=computed.version,
        kind=AccrualLine.Kind.ACCRUED if before is None else AccrualLine.Kind.ADJUSTED,
        period_start=line.period_start,
        period_end=line.period_end,
        interest_on=line.interest_on,
        balance_days=line.balance_days,
        rate_bp=computed.version.rate_bp,
        unrounded=(Decimal(line.unrounded.numerator) / Decimal(line.unrounded.denominator)).quantize(PLACES),
        amount=line.amount - (before or ZERO),
        accrued_at=at,
        province=computed.drawdown.province,
    )
