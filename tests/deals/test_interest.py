"""Interest slips are facts; a difference from our figure is a query beside them."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from deals import drawdowns, interest
from deals.loans import loans
from deals.models import InterestReceipt, RatePeriod
from deals.subsidies import accrual
from tests import people
from tests.deals import cases
from tests.deals.cases import AMOUNT
from tests.factories import NOW, TODAY

QUARTER = (TODAY, dt.date(2026, 3, 20))
LATER = dt.datetime(2026, 7, 1, 9, tzinfo=NOW.tzinfo)
GROSS = Decimal("30083.33")  # 2,000 万元 × 19 days × 2.85 % / 360


@pytest.fixture
def loan(world, cast):
    deal = cases.signed(world, cast)
    cases.drawn(world, cast, deal)
    return deal


def receive(deal, by, amount, slip="FX-1", start=QUARTER[0], end=QUARTER[1], **changed):
    facts = {"slip_no": slip, "period_start": start, "period_end": end, "paid_on": dt.date(2026, 3, 21), "amount": Decimal(amount)}
    return interest.record_receipt(deal, by=by, at=LATER, **(facts | changed))


def test_slip_that_agrees_carries_no_query(cast, loan):
    assert receive(loan, cast.bai, GROSS).query == ""
    assert receive(loan, cast.lin, GROSS + 1, "FX-2").query == ""  # within a yuan


def test_slip_that_differs_is_kept_with_a_query(cast, loan):
    row = receive(loan, cast.bai, "40000")

    assert (row.amount, "30083.33" in row.query) == (40000, True)


def test_net_of_what_the_bank_deducted_agrees_too(cast, loan):
    accrual.accrue(loan, until=dt.date(2026, 3, 20), by=cast.system, at=LATER)
    central = GROSS * 150 / 285

    row = receive(loan, cast.bai, (GROSS - central).quantize(Decimal("0.01")))

    assert row.query == ""
    assert interest.Figures(loans([loan])).borne([row], allowed=Decimal(1)) == pytest.approx(GROSS, abs=Decimal("0.02"))


def test_the_same_slip_again_is_the_same_row(cast, loan):
    assert receive(loan, cast.bai, GROSS) == receive(loan, cast.lin, GROSS)
    with pytest.raises(Conflict):
        receive(loan, cast.bai, GROSS + 1)
    assert InterestReceipt.objects.count() == 1


def test_what_cannot_be_is_named(world, cast):
    deal = cases.approved(world, cast)

    with pytest.raises(Invalid) as refusal:
        receive(deal, cast.bai, -1, " ", end=dt.date(2026, 1, 1), paid_on=dt.date(2026, 8, 1))

    assert [problem.field for problem in refusal.value.problems] == ["deal", "slip_no", "period_end", "paid_on", "amount"]


def test_strangers_record_nothing(cast, loan):
    for by in (cast.an, cast.mo_firm, cast.zhao):
        with pytest.raises(NotAllowed):
            receive(loan, by, GROSS)


def test_slip_before_anything_was_drawn_is_a_query(world, cast):
    deal = cases.signed(world, cast)

    assert receive(deal, cast.bai, "5").query


def test_floating_rate_changes_from_its_day_on(cast, loan):
    before = loans([loan])[loan.pk].interest_of(*QUARTER)
    interest.change_rate(loan, by=cast.bai, at=LATER, valid_from=dt.date(2026, 3, 11), rate_bp=275)
    interest.change_rate(loan, by=cast.bai, at=LATER, valid_from=dt.date(2026, 3, 11), rate_bp=275)

    after = loans([loan])[loan.pk].interest_of(*QUARTER)

    assert (before, before - after) == (GROSS, Decimal("555.55"))  # ten days of ten basis points
    assert RatePeriod.objects.filter(deal=loan).count() == 2
    with pytest.raises(Conflict):
        interest.change_rate(loan, by=cast.bai, at=LATER, valid_from=dt.date(2026, 3, 11), rate_bp=270)
    with pytest.raises(Invalid):
        interest.change_rate(loan, by=cast.bai, at=LATER, valid_from=dt.date(2026, 3, 1), rate_bp=270)
    with pytest.raises(NotAllowed):
        interest.change_rate(loan, by=cast.lin, at=LATER, valid_from=dt.date(2026, 4, 1), rate_bp=270)


def test_repayment_stops_interest_on_its_day(cast, loan):
    row = loan.drawdowns.get()
    bai = people.person(cast.users["bai"], at=LATER)
    drawdowns.repay(row, by=bai, at=LATER, on=dt.date(2026, 3, 11), amount=AMOUNT, slip_no="HK-1")

    assert loans([loan])[loan.pk].interest_of(*QUARTER) == Decimal("14250.00")  # nine days
