"""Each term by hand, and the sum of them."""

import numpy as np
import pytest

from matching import problem, scoring
from organisations.models import FirmProfile, IndustryTag, RegionTag
from projects.models import Project
from tests.factories import SINCE, WEIGHTS
from tests.matching import provinces

pytestmark = pytest.mark.django_db


def points(world, term, *, bare=False):
    """Branch code → points of that term for the only need."""
    built = problem.build(provinces.snapshot(world))
    named = provinces.options(built)
    return {code: int(built.terms[term][option]) for option, (_need, code, is_bare) in enumerate(named) if is_bare == bare}


def test_coverage_is_the_same_for_every_option(world):
    provinces.needs(world)

    assert set(points(world, "coverage").values()) == {WEIGHTS["coverage"]}


def test_policy_priority_counts_each_flag(world):
    (need,) = provinces.needs(world)
    Project.objects.update(action="safety")
    assert set(points(world, "policy_priority").values()) == {0}

    Project.objects.update(action="green")
    FirmProfile.objects.update(honours=["专精特新"])
    tag = {"kind": "priority_chain", "value": "制造", "source": "测试", "valid_from": SINCE}
    IndustryTag.objects.create(industry=world.industries["C"], province=need.province, **tag)
    RegionTag.objects.create(
        region=world.regions["420111"], kind="assisted_county", value="双20", source="测试", valid_from=SINCE, province=need.province
    )
    assert set(points(world, "policy_priority").values()) == {4 * WEIGHTS["policy_priority"]}


def test_amount_counts_whole_ten_thousands(world):
    provinces.needs(world, wan=2000)
    world.weights.points = WEIGHTS | {"amount": 3}

    assert set(points(world, "amount").values()) == {6000}


def test_cost_counts_basis_points_below_the_firms_limit_after_subsidy(world):
    provinces.needs(world, wan=2000, rate_cap_bp=350, term_months=60)

    full, bare = points(world, "cost"), points(world, "cost", bare=True)

    # 290 before subsidy. Central: 150 for 24 of 60 months, as 30/360: 60.8 of the whole term; the add-on a third of it, 20.2.
    assert full == {"ICBC-WH": 10 * (350 - 290 + 81), "CCB-WH": 10 * (350 - 290 + 81), "HBB-WH": 10 * (350 - 290 + 20)}
    assert bare == {"ICBC-WH": 10 * (350 - 290 + 60), "CCB-WH": 10 * (350 - 290 + 60), "HBB-WH": 10 * (350 - 290)}


def test_cost_without_a_limit_is_measured_against_the_dearest_product(world):
    provinces.needs(world, rate_cap_bp=None)

    assert points(world, "cost", bare=True)["HBB-WH"] == 10 * (320 - 290)


def test_firm_ranking_gives_three_two_and_one_thirds(world):
    provinces.needs(world, branches=("HBB-WH", "CCB-WH", "ICBC-WH"))

    assert points(world, "firm_ranking") == {"HBB-WH": 3000, "CCB-WH": 2000, "ICBC-WH": 1000}


def test_house_bank_may_be_known_by_bank_or_by_branch(world):
    provinces.needs(world)
    assert set(points(world, "house_bank").values()) == {0}

    for organisation in (world.banks["CCB"].organisation, world["CCB-XT"].organisation):
        FirmProfile.objects.update(house_bank=organisation)
        assert points(world, "house_bank") == {"ICBC-WH": 0, "CCB-WH": 1500, "HBB-WH": 0}


def test_stability_rewards_the_last_published_lead(world, cast):
    (need,) = provinces.needs(world, branches=("HBB-WH",))
    assert set(points(world, "stability").values()) == {0}

    round_, _published = provinces.published(world, cast)

    assert provinces.leads(round_) == {need.pk: "HBB-WH"}
    assert points(world, "stability") == {"ICBC-WH": 0, "CCB-WH": 0, "HBB-WH": 2000}


def test_value_is_the_sum_of_the_terms_and_positive(world):
    provinces.needs(world, 3)

    built = problem.build(provinces.snapshot(world))

    assert (built.problem.value == sum(built.terms.values())).all()
    assert built.problem.value.min() > 0


def test_value_stays_the_sum_of_the_terms_in_what_is_told(world, cast):
    provinces.needs(world, 3)

    round_ = provinces.solved(world, cast)

    rows = list(round_.recommendations.order_by("pk"))
    assert len(rows) == 9
    assert all(row.value == sum(row.terms.values()) for row in rows)
    assert round_.value == sum(row.value for row in rows if row.rank == 0)


def test_coverage_outranks_any_amount_only_while_it_is_larger(world):
    provinces.needs(world, 3, wan=2000)
    built = problem.build(provinces.snapshot(world))

    assert scoring.coverage_outranks(built.snapshot, built.options, built.terms)
    world.weights.points = WEIGHTS | {"coverage": 6000}
    built = problem.build(provinces.snapshot(world))
    assert not scoring.coverage_outranks(built.snapshot, built.options, built.terms)


def test_named_rank_finds_pairs_and_nothing_else(world):
    provinces.needs(world, 2, branches=("CCB-WH", "ICBC-WH"))
    found = provinces.snapshot(world)
    codes = [row["code"] for row in found.header["branches"]]
    branches = np.array([codes.index(code) for code in ("ICBC-WH", "CCB-WH", "HBB-WH")], dtype=np.int64)

    assert scoring.named_rank(found, np.array([1, 1, 1]), branches).tolist() == [2, 1, -1]


def test_terms_are_the_keys_of_a_weights_row():
    assert set(scoring.WEIGHTED) == set(WEIGHTS)
