"""Whoever sees a row by several reasons sees it once, and no list is made distinct after the fact."""

import pytest

from deals.models import CrossCheckFlag, Deal, Invitation, Recovery, SubsidyClaim
from lenders.models import Appetite
from tests import factories, people
from tests.portal import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(world, cast):
    """An invitation, a deal and a claim of one filing that goes through county, city and province."""
    filing = factories.filing(world, cast.firm)
    loan = cases.deal(world, filing, state="drawing")
    return {Invitation: cases.invitation(world, filing, state="accepted"), Deal: loan, SubsidyClaim: cases.claim(world, loan)}


@pytest.fixture
def everywhere(world):
    """One person with a seat in each unit of the chain."""
    codes = ("IND-420111", "IND-420100", "IND-420000")
    seats = tuple(seat for code in codes for seat in people.member(world[code].organisation, "handler", "checker").seats)
    someone = people.member(world["IND-420000"].organisation, "handler")
    return type(someone)(user_id=someone.user_id, label=someone.label, seats=seats, at=someone.at)


@pytest.mark.parametrize("model", [Invitation, Deal, SubsidyClaim])
def test_seen_by_several_units_is_seen_once(rows, everywhere, model):
    seen = model.objects.visible_to(everywhere)

    assert list(seen) == [rows[model]]
    assert "DISTINCT" not in str(seen.query)


@pytest.mark.parametrize("model", [Invitation, Deal, SubsidyClaim])
def test_each_reader_sees_its_own_and_strangers_nothing(rows, cast, model):
    seen = {name: model.objects.visible_to(getattr(cast, name)).count() for name in ("lin", "bai", "chen", "wang", "zhao")}
    hidden = [model.objects.visible_to(getattr(cast, name)).count() for name in ("mo_firm", "an", "mo_county", "xu", "dong")]

    assert set(seen.values()) == {1}
    assert set(hidden) == {0}


def test_finance_sees_claims_only(rows, cast):
    assert [model.objects.visible_to(cast.qian).count() for model in rows] == [0, 0, 1]


def test_appetites_are_not_made_distinct(world, cast):
    assert "DISTINCT" not in str(Appetite.objects.visible_to(cast.zhao).query)


@pytest.mark.parametrize("role", ["unit_admin", "system_operator"])
def test_who_looks_after_the_finance_office_sees_none_of_its_cases(rows, world, cast, role):
    keeper = people.member(world["FIN-420000"].organisation, role)
    cases.flag(rows[SubsidyClaim], cases.drawdown(rows[Deal]))
    cases.recovery(world, rows[Deal])

    seen = {model: model.objects.visible_to(keeper).count() for model in (SubsidyClaim, Recovery, CrossCheckFlag)}
    decided = {model: model.objects.visible_to(cast.qian).count() for model in seen}

    assert set(seen.values()) == {0}
    assert set(decided.values()) == {1}
