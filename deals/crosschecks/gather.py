"""What the rules compare: drawdowns, their invoices and serials, the register of companies, thresholds of the day. A few queries for many."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from deals.crosschecks.models import CompanyRecord, Shareholding
from deals.crosschecks.rules import Back, Company, Ground, Limits, Use, number, plain
from deals.models import Drawdown
from organisations import policy
from organisations.models import FirmProfile

KEYS = ["related_share_bp", "round_trip_days", "round_trip_share_bp", "assessment_days", "invoice_tolerance"]
RELATED = ("deal__firm", "deal__filing", "deal__branch__organisation")


def uses(drawdowns: Iterable[Drawdown]) -> dict[int, Use]:
    """Loaded with `RELATED`, repayments and serials."""
    return {row.pk: _use(row) for row in drawdowns}


def drawdowns(deals: Collection[int]) -> list[Drawdown]:
    return list(_loaded(Q(deal__in=deals)))


def ground(found: Collection[Use], *, province: str, on: dt.date) -> Ground:
    """What these drawdowns are compared with, on that day."""
    values = policy.values(KEYS, province=province, on=on)
    limits = Limits(**{key: int(values[key]) for key in KEYS})
    invoices = {number(use.invoice) for use in found} - {""}
    serials = {number(serial) for use in found for serial in use.serials} - {""}
    alike = uses(_loaded(Q(invoice_key__in=invoices) | Q(serials__key__in=serials)).distinct()) if invoices or serials else {}
    by_invoice: dict[str, list[Use]] = defaultdict(list)
    by_serial: dict[str, list[Use]] = defaultdict(list)
    for use in alike.values():
        by_invoice[number(use.invoice)].append(use)
        for serial in use.serials:
            by_serial[number(serial)].append(use)
    names = {use.supplier for use in found if not use.supplier_uscc}
    codes = {plain(code) for use in found for code in (use.firm_uscc, use.supplier_uscc)} - {""}
    companies, by_name = _companies(codes, names, on=on)
    return Ground(limits, by_invoice, by_serial, companies, by_name, _shares({*companies, *codes}, on=on))


def _loaded(condition: Q) -> QuerySet[Drawdown]:
    return Drawdown.objects.filter(condition).select_related(*RELATED).prefetch_related("repayments", "serials").order_by("pk")


def _use(row: Drawdown) -> Use:
    return Use(
        drawdown=row.pk,
        label=f"{row.deal.firm.name} {row.deal.branch.organisation.name} #{row.number}",
        firm_uscc=row.deal.firm.uscc,
        supplier=row.payee,
        supplier_uscc=row.payee_uscc,
        invoice=row.invoice_no,
        serials=tuple(one.serial_no for one in row.serials.all()),
        drawn_on=row.drawn_on,
        amount=row.amount,
        invoice_status=row.invoice_status,
        invoice_ended_on=row.invoice_ended_on,
        invoice_amount=row.invoice_amount,
        back=tuple(Back(back.on, back.amount) for back in row.repayments.all()),
    )


def _companies(codes: set[str], names: set[str], *, on: dt.date) -> tuple[dict[str, Company], dict[str, str]]:
    """By USCC as the newest extract says, else as the firm itself; and the codes of those that are only named."""
    rows = CompanyRecord.objects.filter(Q(uscc__in=codes) | Q(name__in=names), on__lte=on).order_by("uscc", "on")
    companies = {row.uscc: Company(row.name, row.legal_representative, row.state, row.on) for row in rows}
    known = FirmProfile.objects.filter(Q(organisation__uscc__in=codes) | Q(organisation__name__in=names)).select_related("organisation")
    for profile in known:
        firm = profile.organisation
        companies.setdefault(firm.uscc, Company(firm.name, profile.legal_representative, CompanyRecord.State.NORMAL))
    return companies, {plain(company.name): uscc for uscc, company in companies.items()}


def _shares(codes: set[str], *, on: dt.date) -> dict[tuple[str, str], int]:
    current = Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gte=on))
    rows = Shareholding.objects.filter(current, holder_uscc__in=codes, company_uscc__in=codes).order_by("valid_from")
    return {(row.holder_uscc, row.company_uscc): row.share_bp for row in rows}
