"""What a loan costs in all, by one formula for every bank, before and after subsidy."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from deals import signing
from deals.costs.models import LoanCost
from deals.costs.sheet import sheets
from deals.costs.telling import tell_cost
from deals.models import AccrualLine, Deal, Drawdown
from deals.subsidies import accrual
from tests.deals import cases
from tests.factories import NOW, TODAY, WAN

FEE = {"kind": "guarantee", "charged_by": "湖北省融资担保公司", "due": "yearly", "amount": 10 * WAN}


@pytest.fixture
def offer(world, cast):
    return cases.approved(world, cast)


def told(offer, cast, **changed):
    return tell_cost(offer, by=cast.bai, at=NOW, **{**FEE, **changed})


def sheet_of(deal):
    return sheets([deal], on=TODAY)[deal.pk]


def test_sheet_adds_up_interest_costs_and_subsidies(world, cast, offer):
    told(offer, cast)
    told(offer, cast, kind="appraisal", charged_by="武汉评估公司", due="once", amount=5 * WAN)

    sheet = sheet_of(offer)

    days = (dt.date(2031, 3, 2) - TODAY).days
    assert sheet.interest == pytest.approx(offer.approved_amount * 285 * days / (360 * 10_000), abs=Decimal("0.10"))
    assert [line.total for line in sheet.lines] == [5 * WAN, 50 * WAN]
    assert {expected.scheme for expected in sheet.subsidies} == {world.central.scheme.name, world.addon.scheme.name}
    in_all = sheet.interest + 55 * WAN
    assert sheet.yearly_bp == round(in_all * 10_000 / (offer.approved_amount * 5))
    assert sheet.yearly_after_subsidy_bp == round((in_all - sheet.subsidy) * 10_000 / (offer.approved_amount * 5))
    assert sheet.yearly_after_subsidy_bp < sheet.yearly_bp


def test_subsidies_expected_are_those_that_come_when_it_is_so_drawn(world, cast, offer):
    expected = {row.scheme: row.total for row in sheet_of(offer).subsidies}

    terms = cases.CONTRACT | {"amount": offer.approved_amount}
    signing.sign(offer, by=cast.bai, at=NOW, seen=offer.version, **terms)
    cases.drawn(world, cast, offer)
    Drawdown.objects.update(relending="accepted")
    accrual.accrue(offer, until=dt.date(2032, 1, 1), by=cast.system, at=NOW)
    booked = {}
    for line in AccrualLine.objects.select_related("version__scheme"):
        booked[line.version.scheme.name] = booked.get(line.version.scheme.name, 0) + line.amount
    assert expected == booked


def test_cost_told_again_replaces_the_one_before(cast, offer):
    first = told(offer, cast)
    again = told(offer, cast)
    assert (again.pk, again.version) == (first.pk, first.version)

    row = told(offer, cast, amount=0 * WAN)

    assert (LoanCost.objects.count(), row.version, cases.verbs(row)) == (1, 1, ["tell", "tell"])
    assert sheet_of(offer).lines == ()


def test_only_the_bank_of_the_deal_tells(cast, offer):
    for by in (cast.an, cast.lin, cast.zhao):
        with pytest.raises(NotAllowed):
            tell_cost(offer, by=by, at=NOW, **FEE)


def test_cost_without_receiver_or_below_nothing_is_refused(cast, offer):
    with pytest.raises(Invalid) as refusal:
        told(offer, cast, charged_by=" ", amount=Decimal(-1))

    assert {problem.field for problem in refusal.value.problems} == {"charged_by", "amount"}


def test_ended_deal_takes_no_costs_and_one_without_terms_has_no_sheet(world, cast):
    deal = cases.intent(world, cast)
    assert sheets([deal], on=TODAY) == {}

    Deal.objects.filter(pk=deal.pk).update(state="declined")

    with pytest.raises(Conflict):
        told(deal, cast)
