"""What a snapshot holds, what it leaves out, and that the same facts give the same bytes."""

from decimal import Decimal

import pytest

from ledger import accounts
from ledger.accounts import Hold
from matching import snapshot
from matching.commitments import Commitments
from matching.models import Weights
from projects.models import Filing, Need
from tests import factories
from tests.factories import NOW, WAN
from tests.matching import provinces

pytestmark = pytest.mark.django_db


def ids(found):
    return found["need_id"].tolist()


def test_snapshot_takes_listed_needs_that_are_open(world):
    listed, closed, parked, part, settled = provinces.needs(world, 5)
    (reported,) = provinces.needs(world, state=Filing.State.REPORTED)
    Need.objects.filter(pk=parked.pk).update(parked_reason="四方会商")
    commitments = Commitments(closed=frozenset({closed.pk}), remaining={part.pk: 500 * WAN, settled.pk: Decimal(0)})

    found = provinces.snapshot(world, commitments=commitments)

    assert ids(found) == [listed.pk, part.pk]
    assert reported.pk not in ids(found)
    assert found["need_amount"].tolist() == [2_000_000_000, 500_000_000]


def test_free_appetite_is_what_the_ledger_says(world, cast):
    provinces.needs(world)
    account = world.appetites["ICBC-WH"].account
    accounts.hold(Hold(account.pk, 1234 * WAN, "test:hold"), by=cast.system, at=NOW)

    found = provinces.snapshot(world)

    names = [row["name"] for row in found.header["accounts"]]
    free = dict(zip(names, found["account_free"].tolist(), strict=True))
    assert free["appetite:ICBC-WH:2026"] == (50_000 - 1234) * 1_000_000
    assert free["appetite:ICBC:2026"] == (100_000 - 1234) * 1_000_000


def test_budget_is_reduced_by_what_live_deals_expect(world):
    provinces.needs(world)
    used = Commitments(budget_use={(world.addon.scheme_id, 2026): 400 * WAN, (world.addon.scheme_id, 2027): 9000 * WAN})

    found = provinces.snapshot(world, commitments=used)

    assert found["budget_year"].tolist() == [2026, 2027, 2028]
    assert found["budget_free"].tolist() == [600 * 1_000_000, 0, 1000 * 1_000_000]


def test_snapshot_names_no_firm_and_no_person(world, cast):
    (need,) = provinces.needs(world)

    header, _arrays = provinces.snapshot(world).packed

    text = header.decode()
    assert need.firm.name not in text
    assert need.project.name not in text
    assert need.firm.uscc not in text


def test_same_facts_give_the_same_bytes_and_other_facts_others(world):
    (need,) = provinces.needs(world)
    first, second = provinces.snapshot(world), provinces.snapshot(world)
    Need.objects.filter(pk=need.pk).update(term_months=61)

    third = provinces.snapshot(world)

    assert first.packed == second.packed
    assert first.sha256 == second.sha256 != third.sha256


def test_stored_snapshot_reads_back(world):
    provinces.needs(world, 2)
    found = provinces.snapshot(world)

    again = snapshot.read(*found.packed)

    assert again.sha256 == found.sha256
    assert again.versions == found.versions
    assert again.rules == found.rules


def test_snapshot_of_another_schema_is_refused(world):
    provinces.needs(world)
    found = provinces.snapshot(world)
    header = dict(found.header) | {"schema": 99}

    with pytest.raises(ValueError, match="schema 99"):
        snapshot.read(*snapshot.Snapshot(header, found.arrays).packed)


def test_reading_costs_the_same_for_one_need_and_for_many(world, django_assert_max_num_queries):
    provinces.needs(world)
    with django_assert_max_num_queries(40) as few:
        provinces.snapshot(world)
    provinces.needs(world, 20)

    with django_assert_max_num_queries(len(few)):
        found = provinces.snapshot(world)

    assert found.needs == 21


def test_province_without_needs_or_banks_makes_an_empty_snapshot(db):
    world = factories.reviewers()
    world.weights = Weights(document_no="x", valid_from=factories.SINCE, points=factories.WEIGHTS)

    found = provinces.snapshot(world)

    assert (found.needs, found.branches) == (0, 0)
    assert snapshot.read(*found.packed).sha256 == found.sha256
