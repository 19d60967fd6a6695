"""From facts to the optimizer's problem, on provinces small enough to solve by hand."""

import datetime as dt
from decimal import Decimal
from itertools import product as every

import numpy as np
import pytest

from ledger.models import LedgerAccount
from lenders.models import Appetite
from matching import problem
from matching.commitments import Commitments
from matching.models import Floor, PinBan
from organisations.models import PolicyParameter
from schemes.models import Budget
from tests import factories
from tests.factories import HUBEI, SINCE, TODAY, WAN
from tests.matching import provinces

pytestmark = pytest.mark.django_db


def built(world, **options):
    return problem.build(provinces.snapshot(world, **options))


def limits(found):
    """(kind, name or year) → capacity."""
    s = found.snapshot
    names = {
        "appetite": lambda at: s.header["accounts"][at[0]]["name"],
        "case_load": lambda at: s.header["branches"][at[0]]["code"],
        "ticket": lambda at: s.header["branches"][at[1]]["code"],
        "budget": lambda at: at[1],
        "floor": lambda at: s.header["floors"][at[0]]["name"],
    }
    return {(r.kind, names[r.kind](r.at)): int(room) for r, room in zip(found.resources, found.problem.capacity, strict=True)}


def uses(found, option):
    """(kind, at) → amount used by one option."""
    p = found.problem
    own = range(p.use_start[option], p.use_start[option + 1])
    return {(found.resources[p.use_resource[u]].kind, found.resources[p.use_resource[u]].at[-1]): int(p.use_amount[u]) for u in own}


def test_every_lender_has_an_option_with_all_subsidies_and_one_without_limited_ones(world):
    (need,) = provinces.needs(world)

    found = built(world)

    assert provinces.options(found) == [(need.pk, code, bare) for code, bare in every(("ICBC-WH", "CCB-WH", "HBB-WH"), (False, True))]


def test_limits_are_accounts_case_load_and_budgets_in_fixed_order(world):
    provinces.needs(world)

    found = built(world, commitments=Commitments(case_load={world["CCB-WH"].pk: 7}))

    assert limits(found) == {
        ("appetite", "appetite:ICBC:2026"): 100_000_000_000,
        ("appetite", "appetite:CCB:2026"): 100_000_000_000,
        ("appetite", "appetite:HBB:2026"): 100_000_000_000,
        ("appetite", "appetite:ICBC-WH:2026"): 50_000_000_000,
        ("appetite", "appetite:CCB-WH:2026"): 40_000_000_000,
        ("appetite", "appetite:HBB-WH:2026"): 30_000_000_000,
        ("case_load", "ICBC-WH"): 20,
        ("case_load", "CCB-WH"): 13,
        ("case_load", "HBB-WH"): 20,
        ("budget", 2026): 1_000_000_000,
        ("budget", 2027): 2_000_000_000,
        ("budget", 2028): 1_000_000_000,
    }


def test_option_uses_its_accounts_one_case_and_only_discretionary_budgets(world):
    provinces.needs(world, wan=2000)

    found = built(world)
    full, bare = uses(found, 0), uses(found, 1)

    assert {kind for kind, _at in bare} == {"appetite", "case_load"}
    assert sorted(amount for (kind, _at), amount in full.items() if kind == "appetite") == [2_000_000_000] * 2
    # 20 m yuan × 0.5 % × days ÷ 360: 2026-04-16 to 12-20 = 249 days, 365 days to 2027-12-20, the rest of 24 months 117 days.
    assert {at: amount for (kind, at), amount in full.items() if kind == "budget"} == {
        2026: pytest.approx(2_000_000_000 * 0.005 * 249 / 360, abs=3),
        2027: pytest.approx(2_000_000_000 * 0.005 * 365 / 360, abs=3),
        2028: pytest.approx(2_000_000_000 * 0.005 * 117 / 360, abs=3),
    }


def test_account_without_a_limit_does_not_bind_and_its_children_do(world):
    provinces.needs(world)
    provinces.limit("ICBC", None)

    found = limits(built(world))

    assert ("appetite", "appetite:ICBC:2026") not in found
    assert ("appetite", "appetite:ICBC-WH:2026") in found


def test_ticket_binds_several_needs_of_one_firm_together(world):
    owner = factories.firm(world)
    first, second = provinces.needs(world, 2, firm=owner, branches=("ICBC-WH",), open_to_other_banks=False, wan=2000)
    (stranger,) = provinces.needs(world, branches=("ICBC-WH",), open_to_other_banks=False, wan=2000)
    Appetite.objects.filter(branch__code="ICBC-WH").update(max_ticket=5000 * WAN)
    had = Commitments(exposure={(owner.pk, world.banks["ICBC"].pk): 1500 * WAN})

    found = built(world, commitments=had)
    solution = provinces.solution(found)

    assert limits(found)["ticket", "ICBC-WH"] == 3500 * 1_000_000
    assert {need for need, _code, _bare in provinces.chosen(found, solution)} - {stranger.pk} in ({first.pk}, {second.pk})
    assert sum("ticket" in {kind for kind, _at in uses(found, option)} for option in range(len(found.options))) == 4


def test_by_hand_the_dearer_bank_takes_the_small_need_so_that_both_are_reached(world):
    """ICBC has room for the large need only; the small one prefers ICBC, but both are reached when it goes to CCB."""
    (large,) = provinces.needs(world, wan=3000, branches=("ICBC-WH",), open_to_other_banks=False)
    (small,) = provinces.needs(world, wan=1000, branches=("ICBC-WH", "CCB-WH"), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 3500)

    found = built(world)
    solution = provinces.solution(found)

    assert provinces.chosen(found, solution) == {(large.pk, "ICBC-WH", False), (small.pk, "CCB-WH", False)}
    assert solution.value == solution.bound


def test_by_hand_coverage_prefers_two_small_needs_to_one_large(world):
    (large,) = provinces.needs(world, wan=3000, branches=("ICBC-WH",), open_to_other_banks=False)
    small = provinces.needs(world, 2, wan=1000, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 3000)

    found = built(world)

    assert {need for need, _code, _bare in provinces.chosen(found, provinces.solution(found))} == {need.pk for need in small}
    assert large.pk not in {need for need, _code, _bare in provinces.chosen(found, provinces.solution(found))}


def test_short_budget_costs_the_subsidy_and_never_the_match(world):
    wanted = provinces.needs(world, 3, wan=2000, branches=("ICBC-WH",), open_to_other_banks=False)
    rich = built(world)
    provinces.limit("HB-ADDON:2027", 15)  # 10.1 万元 a need in 2027: one fits

    short = built(world)
    chosen = provinces.chosen(short, provinces.solution(short))

    assert {bare for _need, _code, bare in provinces.chosen(rich, provinces.solution(rich))} == {False}
    assert {need for need, _code, _bare in chosen} == {need.pk for need in wanted}
    assert sorted(bare for _need, _code, bare in chosen) == [False, True, True]


def test_budget_nought_matches_the_same_needs_where_appetite_does_not_bind(world):
    provinces.needs(world, 6, wan=2000)
    before = built(world)
    LedgerAccount.objects.filter(kind="budget").update(limit=0)

    after = built(world)

    matched = [{need for need, _code, _bare in provinces.chosen(found, provinces.solution(found))} for found in (before, after)]
    assert matched[0] == matched[1]
    assert len(matched[0]) == 6
    assert all(bare for _need, _code, bare in provinces.chosen(after, provinces.solution(after)))


def test_year_without_a_declared_budget_promises_nothing(world):
    provinces.needs(world)
    Budget.objects.filter(fiscal_year=2028).update(fiscal_year=2038)

    found = built(world)

    assert limits(found)["budget", 2028] == 0
    assert all(bare for _need, _code, bare in provinces.chosen(found, provinces.solution(found)))


def test_lenders_are_limited_and_those_the_firm_named_stay(world):
    (need,) = provinces.needs(world, branches=("HBB-WH",), rate_cap_bp=350)
    PolicyParameter.objects.filter(key="max_options_per_need").update(value=2)

    found = provinces.options(built(world))

    assert len(found) == 4
    assert (need.pk, "HBB-WH", False) in found


def test_limit_of_lenders_spreads_over_banks(world):
    provinces.needs(world, 40, branches=())
    PolicyParameter.objects.filter(key="max_options_per_need").update(value=2)

    found = built(world)

    per_need = np.bincount(found.options.need)
    second = {code for _need, code, _bare in provinces.options(found)}
    assert set(per_need.tolist()) == {4}
    assert second == {"ICBC-WH", "CCB-WH", "HBB-WH"}


def test_pin_fixes_the_pair_even_where_points_say_otherwise(world, cast):
    (need,) = provinces.needs(world, branches=("ICBC-WH",))
    pin(world, cast, need, "HBB-WH")

    found = built(world)

    assert provinces.chosen(found, provinces.solution(found)) == {(need.pk, "HBB-WH", False)}


def test_pin_beyond_the_limits_is_told(world, cast):
    first, second = provinces.needs(world, 2, wan=2000)
    pin(world, cast, first, "HBB-WH")
    pin(world, cast, second, "HBB-WH")
    provinces.limit("HBB-WH", 3000)

    fixed, impossible = built(world).pins

    assert (fixed >= 0).tolist() == [True, False]
    assert [row["need"] for row in impossible] == [second.pk]


def test_pin_gives_up_limited_subsidies_before_it_fails(world, cast):
    (need,) = provinces.needs(world)
    pin(world, cast, need, "ICBC-WH")
    provinces.limit("HB-ADDON:2026", 0)

    found = built(world)

    assert provinces.chosen(found, provinces.solution(found)) == {(need.pk, "ICBC-WH", True)}


def test_floor_counts_whole_yuan_of_its_regions_and_draws_the_choice(world):
    """Both needs want the last 2,000 万元 of CCB; Jiangxia's is worth less, but its floor would miss 20 m yuan at 1/2 point each."""
    only = {"branches": ("CCB-WH",), "open_to_other_banks": False}
    (rich,) = provinces.needs(world, wan=2000, rate_cap_bp=350, **only)
    (poor,) = provinces.needs(world, wan=2000, rate_cap_bp=320, region="420115", **only)
    provinces.limit("CCB-WH", 2000)
    assert winner(built(world)) == rich.pk

    floor = Floor.objects.create(
        programme=world.programme, name="江夏保底", amount=Decimal("20000000.99"), penalty_num=1, penalty_den=2,
        document_no="测试", valid_from=SINCE, province=HUBEI,
    )  # fmt: skip
    floor.regions.add(world.regions["420115"])
    found = built(world)

    assert found.problem.floor_amount.tolist() == [20_000_000]
    assert winner(found) == poor.pk


def test_problem_is_the_same_from_stored_bytes(world):
    from matching import snapshot

    provinces.needs(world, 4)
    found = provinces.snapshot(world)

    again = problem.build(snapshot.read(*found.packed))

    assert again.sha256 == problem.build(found).sha256


def test_province_without_candidates_makes_a_problem_without_options(world):
    provinces.needs(world, branches=(), open_to_other_banks=False)

    found = built(world)
    solution = provinces.solution(found)

    assert (found.problem.needs, found.problem.options, found.resources) == (1, 0, ())
    assert (solution.choice.tolist(), solution.value, solution.bound) == ([-1], 0, 0)


def winner(found):
    ((need, _code, _bare),) = provinces.chosen(found, provinces.solution(found))
    return need


def pin(world, cast, need, branch):
    PinBan.objects.create(
        kind="pin", need=need, branch=world[branch], reason="省级协调", set_by=cast.users["zhao"], approved_by=cast.users["sun"],
        valid_from=TODAY - dt.timedelta(days=1), province=HUBEI,
    )  # fmt: skip
