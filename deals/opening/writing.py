"""A confirmed loan of the stock as rows: the firm and its listed project where Fulcrum has neither, the deal in mid-life, what was paid of it.

No appetite is held or posted: it was signed before any was declared. No budget moves: it was paid outside. `check_invariants` says so.
"""

import datetime as dt
from typing import Any

from django.db.models import F

from common.steps import lock, record, record_many
from deals import choice
from deals.clocks import day
from deals.loans import loans
from deals.models import AccrualLine, Deal, Drawdown, Origin, RatePeriod, Repayment, SubsidyClaim
from deals.opening.facts import ZERO, LoanTold, PaidTold
from deals.opening.rules import Ground
from deals.subsidies import paid_before, versions
from deals.subsidies.offices import Offices, claimant_of
from organisations.actors import Person
from organisations.models import FirmProfile, Organisation, Programme
from projects.models import Filing, Need, Project
from schemes.models import Scheme

D = Deal.State
VERB = "carry_in"  # of every row that an opening balance writes


def write(told: LoanTold, ground: Ground, *, by: Person, at: dt.datetime) -> Deal:
    """All of one loan, in the caller's transaction."""
    how: dict[str, Any] = {"by": by, "at": at}
    firm = _firm(told, ground, **how)
    project = ground.project_of(told) or _project(told, ground, firm, **how)
    filing = ground.filing_of(told) or _filing(told, ground, project, **how)
    deal = _deal(told, ground, filing, _need(told, filing, **how), **how)
    drawn = _drawdowns(told, deal, **how)
    _repayments(told, drawn, **how)
    choice.show([deal], **how)
    _claims(told, ground, deal, **how)
    return deal


def _firm(told: LoanTold, ground: Ground, *, by: Person, at: dt.datetime) -> Organisation:
    region = ground.regions.get(told.region)
    firm, created = Organisation.objects.get_or_create(
        kind=Organisation.Kind.FIRM,
        uscc=told.firm_uscc,
        defaults={"name": told.firm_name, "region": region, "province": ground.province},
    )
    lock(Organisation.objects.filter(pk=firm.pk))  # two loans of one project confirmed at once wait for each other
    if created:
        record(firm, VERB, by=by, at=at)
    if not FirmProfile.objects.filter(organisation=firm).exists():
        project = ground.project_of(told)
        industry = project.industry if project else ground.industries[told.industry]
        FirmProfile.objects.create(organisation=firm, size=told.size, ownership=told.ownership, industry=industry, province=ground.province)
    return firm


def _project(told: LoanTold, ground: Ground, firm: Organisation, *, by: Person, at: dt.datetime) -> Project:
    known = Project.objects.filter(firm=firm, code=told.project_code).first()
    if known is not None:
        return known
    project = Project.objects.create(
        firm=firm,
        name=told.project_name,
        code=told.project_code,
        region=ground.regions[told.region],
        industry=ground.industries[told.industry],
        action=told.action,
        content=told.loan_purpose,
        loan_purpose=told.loan_purpose,
        starts_on=told.starts_on,
        completes_on=told.completes_on,
        total_investment=told.total_investment,
        equipment_investment=told.equipment_investment,
        own_capital=ZERO,
        province=ground.province,
    )
    record(project, VERB, by=by, at=at)
    return project


def _filing(told: LoanTold, ground: Ground, project: Project, *, by: Person, at: dt.datetime) -> Filing:
    """Listed by the list it was on; the units are those whose case it would have been."""
    known = Filing.objects.filter(project=project, track=told.track, state__in=Filing.LIVE).first()
    if known is not None:
        return known
    filing = Filing.objects.create(
        firm=project.firm,
        project=project,
        programme=Programme.objects.get(code=told.programme),
        track=told.track,
        state=Filing.State.LISTED,
        title=project.name,
        units=sorted({unit.pk for unit in ground.units_of(told)}),
        list_number=told.list_number,
        listed_on=told.listed_on,
        opening_as_of=told.as_of,
        province=ground.province,
    )
    record(filing, VERB, by=by, at=at, changes={"opening_as_of": [None, told.as_of]})
    return filing


def _need(told: LoanTold, filing: Filing, *, by: Person, at: dt.datetime) -> Need:
    """What was borrowed was needed: the need of the contract's year, raised by it. Nothing of it is left for a round."""
    need, created = Need.objects.get_or_create(
        filing=filing,
        year=told.contract_on.year,
        defaults={
            "project": filing.project,
            "firm": filing.firm,
            "amount": told.amount,
            "term_months": told.term_months,
            "securities": [],
            "province": filing.province,
        },
    )
    if not created:
        lock(Need.objects.filter(pk=need.pk))
        Need.objects.filter(pk=need.pk).update(amount=F("amount") + told.amount, version=F("version") + 1)
    record(need, VERB, by=by, at=at, changes={"raised_by": [None, told.amount]})
    return need


def _deal(told: LoanTold, ground: Ground, filing: Filing, need: Need, *, by: Person, at: dt.datetime) -> Deal:
    deal = Deal.objects.create(
        need=need,
        filing=filing,
        firm=filing.firm,
        branch=ground.branches[told.branch],
        origin=Origin.OPENING,
        opening_as_of=told.as_of,
        state=state_of(told),
        amount=told.amount,
        approved_amount=told.amount,
        approved_rate_bp=told.rate_bp,
        approved_term_months=told.term_months,
        contract_no=told.contract_no,
        contract_on=told.contract_on,
        signed_amount=told.amount,
        rate_bp=told.rate_bp,
        term_months=told.term_months,
        is_first_loan=told.is_first_loan,
        started_at=at,
        province=filing.province,
    )
    RatePeriod.objects.create(deal=deal, valid_from=told.contract_on, rate_bp=told.rate_bp, province=deal.province)
    record(deal, VERB, by=by, at=at, changes={"opening_as_of": [None, told.as_of], "outstanding": [None, told.outstanding]})
    return deal


def state_of(told: LoanTold) -> str:
    """Where the loan stands in its life."""
    if not told.drawdowns:
        return D.SIGNED
    if told.drawn < told.amount:
        return D.DRAWING
    return D.COMPLETED if told.outstanding else D.REPAID


def _drawdowns(told: LoanTold, deal: Deal, *, by: Person, at: dt.datetime) -> dict[str, Drawdown]:
    """Slip → its drawdown, in the order they were drawn."""
    rows = Drawdown.objects.bulk_create(
        Drawdown(
            deal=deal,
            number=number,
            slip_no=slip.slip_no,
            drawn_on=slip.drawn_on,
            amount=slip.amount,
            equipment_amount=slip.amount if slip.equipment_amount is None else slip.equipment_amount,
            paid_to_supplier_on=slip.paid_to_supplier_on,
            payee=slip.payee,
            payee_uscc=slip.payee_uscc,
            invoice_no=slip.invoice_no,
            relending=slip.relending,
            province=deal.province,
        )
        for number, slip in enumerate(sorted(told.drawdowns, key=lambda one: (one.drawn_on, one.slip_no)), start=1)
    )
    record_many(rows, VERB, by=by, at=at)
    return {row.slip_no: row for row in rows}


def _repayments(told: LoanTold, drawn: dict[str, Drawdown], *, by: Person, at: dt.datetime) -> None:
    rows = Repayment.objects.bulk_create(
        Repayment(
            drawdown=drawn[back.slip_no],
            kind=back.kind,
            on=back.on,
            amount=back.amount,
            slip_no=back.voucher_no,
            province=drawn[back.slip_no].province,
        )
        for back in told.repayments
    )
    record_many(rows, VERB, by=by, at=at)


def _claims(told: LoanTold, ground: Ground, deal: Deal, *, by: Person, at: dt.datetime) -> None:
    """What was paid of each scheme: settled, and laid on the drawdowns it was for."""
    if not told.paid:
        return
    offices = Offices([deal.province])
    rows = SubsidyClaim.objects.bulk_create(_claim(paid, ground.schemes[paid.scheme], deal, offices) for paid in told.paid)
    loan = loans([deal])[deal.pk]
    known = versions.book(province=deal.province, known_on=day(at))
    lines = [line for row in rows for line in paid_before.lines_of(row, loan, known, at=at)]
    AccrualLine.objects.bulk_create(lines)
    record_many(rows, VERB, by=by, at=at)


def _claim(paid: PaidTold, scheme: Scheme, deal: Deal, offices: Offices) -> SubsidyClaim:
    return SubsidyClaim(
        deal=deal,
        scheme=scheme,
        claimant_id=claimant_of(scheme, deal),
        office=offices.of(scheme, deal),
        state=SubsidyClaim.State.SETTLED,
        is_opening=True,
        period_start=paid.period_start,
        period_end=paid.period_end,
        fiscal_year=paid.period_end.year,
        document_no=paid.document_no,
        province=deal.province,
        **dict.fromkeys(("requested", "eligible", "arranged", "paid"), paid.amount),
    )
