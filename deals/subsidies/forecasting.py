"""Booked lines become claims: one for each deal, scheme and interest day, before anybody asks for it."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from common.steps import lock, record_many, update_rows
from deals.loans import Loan
from deals.models import AccrualLine, SubsidyClaim
from deals.recovery.suspension import withheld
from deals.subsidies import caps
from deals.subsidies.grants import Grants
from deals.subsidies.models import Period
from deals.subsidies.offices import Offices, claimant_of
from organisations.actors import Person

ZERO = Decimal(0)
C = SubsidyClaim.State


def forecast(found: Sequence[Loan], *, by: Person, at: dt.datetime) -> list[SubsidyClaim]:
    """Bring booked lines into claims, one for each deal, scheme and interest day; returns the new claims.

    What was booked for a period whose claim has left the desk goes to the next one, as an adjustment does in the bank's own books.
    """
    by_deal = {loan.deal.pk: loan for loan in found}
    lines = _unclaimed(by_deal)
    if not lines:
        return []
    offices = Offices({loan.deal.province for loan in found})
    known = {claim.period: claim for claim in lock(SubsidyClaim.objects.filter(deal__in=by_deal, carried=0))}
    groups = {key: group for key, group in _grouped(lines, known).items() if _bearable(known.get(key), group)}
    fresh = {key: _new(by_deal[key[0]], group, key[2], offices) for key, group in groups.items() if key not in known}
    SubsidyClaim.objects.bulk_create(fresh.values(), batch_size=1000)
    grants, kept_back = Grants(found), withheld(claim.pk for claim in known.values())
    for key, group in groups.items():
        claim = known.get(key) or fresh[key]
        _take_in(claim, group, by_deal[key[0]], grants, kept_back.get(claim.pk, ZERO))
    changed = [known[key] for key in groups if key in known]
    for claim in changed:
        claim.version += 1
    update_rows([*fresh.values(), *changed], ["requested", "eligible", "cuts", "period_start", "version"])
    update_rows([line for group in groups.values() for line in group], ["claim"])
    record_many(list(fresh.values()), "forecast", by=by, at=at)
    record_many(changed, "reckon", by=by, at=at)
    return list(fresh.values())


def _bearable(claim: SubsidyClaim | None, group: Sequence[AccrualLine]) -> bool:
    """A negative remainder waits for a period that can bear it."""
    return (claim.requested if claim else ZERO) + sum((line.amount for line in group), ZERO) >= 0


def _take_in(claim: SubsidyClaim, group: Sequence[AccrualLine], loan: Loan, grants: Grants, kept_back: Decimal) -> None:
    """Add booked lines to a claim. A capped one is written at once, for the next to count it."""
    version = group[-1].version
    claim.requested += sum((line.amount for line in group), ZERO)
    claim.period_start = min(claim.period_start, *(line.period_start for line in group))
    amount, counted = grants.beyond(claim, loan)
    amount, decided = caps.beyond_decision(amount, kept_back)
    claim.eligible, cut = caps.within_caps(amount, loan=loan, version=version, interest_on=claim.period_end, claim_id=claim.pk)
    claim.cuts = counted + decided + cut
    if counted or caps.are_set(version):
        claim.save(update_fields=["requested", "eligible", "cuts"])
    for line in group:
        line.claim = claim


def _unclaimed(deals: Iterable[int]) -> list[AccrualLine]:
    rows = AccrualLine.objects.filter(drawdown__deal__in=deals, claim=None)
    return list(rows.select_related("drawdown", "version__scheme").order_by("interest_on", "pk"))


def _grouped(lines: Sequence[AccrualLine], known: Mapping[Period, SubsidyClaim]) -> dict[Period, list[AccrualLine]]:
    """(deal, scheme, interest day of the claim that takes them) → lines, in order of day."""
    days: dict[tuple[int, int], set[dt.date]] = {}
    for line in lines:
        days.setdefault((line.drawdown.deal_id, line.version.scheme_id), set()).add(line.interest_on)
    for deal, scheme, interest_on in known:
        days.setdefault((deal, scheme), set()).add(interest_on)
    groups: dict[Period, list[AccrualLine]] = {}
    for line in lines:
        pair = (line.drawdown.deal_id, line.version.scheme_id)
        later = sorted(on for on in days[pair] if on >= line.interest_on)
        taker = next((on for on in later if (claim := known.get((*pair, on))) is None or claim.state == C.FORECAST), None)
        if taker is not None:
            groups.setdefault((*pair, taker), []).append(line)
    return dict(sorted(groups.items()))


def _new(loan: Loan, group: Sequence[AccrualLine], interest_on: dt.date, offices: Offices) -> SubsidyClaim:
    scheme = group[0].version.scheme
    return SubsidyClaim(
        deal=loan.deal,
        scheme=scheme,
        claimant_id=claimant_of(scheme, loan.deal),
        office=offices.of(scheme, loan.deal),
        state=C.FORECAST,
        period_start=min(line.period_start for line in group),
        period_end=interest_on,
        fiscal_year=interest_on.year,
        requested=ZERO,
        eligible=ZERO,
        province=loan.deal.province,
    )
