"""One application from its draft to the settled subsidy, by the people whose steps they are."""

import datetime as dt
from decimal import Decimal

import pytest

from common.models import AuditEvent
from deals import drawdowns, interest, invariants
from deals.loans import loans
from deals.models import Deal, Drawdown
from deals.subsidies import accrual, claims
from deals.subsidies.models import SubsidyClaim
from ledger.models import LedgerAccount
from matching import verify
from organisations.actors import system
from projects.models import Filing
from tests.journeys.walk import WAN, at, banker, climb, lead_of, listed, published, signed, submitted

OPEN = {"intended_banks": [], "asks_for_suggestions": True, "open_to_other_banks": True}


def test_a_filing_goes_from_draft_to_settled_subsidy(world, cast):
    filing = listed(world, cast, **OPEN)
    round_ = published(world, cast)
    deal = signed(lead_of(filing), cast, start=at(4, 8))
    bank = banker(cast, deal)
    row = drawdowns.draw(
        deal,
        by=bank,
        at=at(5, 6),
        seen=deal.version,
        slip_no="JJ-1",
        drawn_on=dt.date(2026, 5, 6),
        amount=Decimal(2000) * WAN,
        payee="武汉示例机床有限公司",
        paid_to_supplier_on=dt.date(2026, 5, 6),
    )
    loan = loans([deal])[deal.pk]
    gross = loan.interest_of(row.drawn_on, dt.date(2026, 6, 20))
    interest.record_receipt(
        deal,
        by=bank,
        at=at(6, 21),
        slip_no="LX-1",
        period_start=row.drawn_on,
        period_end=dt.date(2026, 6, 20),
        paid_on=dt.date(2026, 6, 20),
        amount=gross,
    )
    accrual.accrue(deal, until=dt.date(2026, 6, 20), by=system(at(6, 21)), at=at(6, 21))
    addon = SubsidyClaim.objects.get(deal=deal, scheme__code="HB-ADDON")
    addon = claims.file(addon, by=cast.lin, at=at(6, 22), seen=addon.version)
    addon = claims.review(addon, by=cast.zhao, at=at(6, 23), seen=addon.version)
    addon = claims.approve(addon, by=cast.qian, at=at(6, 24), seen=addon.version)
    addon = claims.settle(addon, by=cast.qian, at=at(6, 25), seen=addon.version, document_no="【示例】1号")

    deal.refresh_from_db()
    assert (filing.state, round_.matched, deal.state) == (Filing.State.LISTED, 1, Deal.State.COMPLETED)
    assert verify.verify(round_).breaches == []
    assert addon.paid == Decimal("12777.78")  # 20 m yuan × 46 days (from 6 May to 20 June) × 0.5 % ÷ 360
    assert LedgerAccount.objects.get(budget__scheme__code="HB-ADDON", budget__fiscal_year=2026).posted == addon.paid
    assert list(invariants.breaches()) == []
    steps = AuditEvent.objects.filter(subject="projects.filing", subject_id=filing.pk).exclude(verb="disclose")
    assert list(steps.order_by("id").values_list("verb", flat=True)) == ["start", "submit", *["pass"] * 8, "report", "list"]


def test_a_drawdown_of_2027_waits_for_the_state(world, cast):
    deal = signed(lead_of_listed(world, cast), cast, start=at(4, 8))
    moment = at(5, 6).replace(year=2027)

    row = drawdowns.draw(
        deal,
        by=banker(cast, deal),
        at=moment,
        seen=deal.version,
        slip_no="JJ-1",
        drawn_on=dt.date(2027, 1, 5),
        amount=Decimal(100) * WAN,
        payee="武汉示例机床有限公司",
    )

    lines = accrual.accrue(deal, until=dt.date(2027, 3, 20), by=system(moment), at=moment)
    assert (lines, Drawdown.objects.filter(pk=row.pk).exists()) == ([], True)
    assert not SubsidyClaim.objects.filter(deal=deal).exists()


def lead_of_listed(world, cast):
    filing = listed(world, cast, **OPEN)
    published(world, cast)
    return lead_of(filing)


@pytest.mark.parametrize(
    ("place", "tiers"),
    [
        ({"region": "429004", "intended_banks": []}, ["county", "county", "province", "province", "province"]),
        ({"zone": "ZONE-DONGHU"}, ["zone", "zone", "city", "city", "city", "province", "province", "province"]),
    ],
    ids=["direct county never meets a municipal step", "zone reviews as a county unit"],
)
def test_the_way_up_is_what_the_rows_say(world, cast, place, tiers):
    filing = submitted(world, cast, **place)

    assert climb(filing, cast, moment=at(3, 3)) == tiers
    assert filing.state == Filing.State.IN_POOL
