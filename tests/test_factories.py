"""The tests' own rows: whole, and cheap enough to be made for each test."""

import pytest

from ledger.models import LedgerAccount
from organisations.models import Unit
from projects.models import Filing, Need
from tests import factories, people


@pytest.mark.django_db
def test_province_and_cast_are_cheap(django_assert_max_num_queries):
    with django_assert_max_num_queries(110):
        world = factories.province()
        cast = people.cast(world)

    assert Unit.objects.count() == len(factories.UNITS)
    assert cast.bai.seat(world["ICBC-WH"].organisation_id, "account_manager")
    assert LedgerAccount.objects.get(code="appetite:ICBC-WH:2026").free == 500_000_000


def test_filings_cost_the_same_for_any_number(world, django_assert_max_num_queries):
    owners = factories.firms(world, 50)

    with django_assert_max_num_queries(12):
        made = factories.filings(world, owners, state="in_review")

    assert len(made) == Need.objects.count() == 50
    assert {filing.current_step.unit.code for filing in made} == {"IND-420111"}


@pytest.mark.parametrize("state", Filing.State.values)
def test_filing_comes_in_every_state(world, state):
    filing = factories.filing(world, state=state)

    assert Filing.objects.get(state=state) == filing
