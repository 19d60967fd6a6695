"""The demo province is the same for the same seed, valid row by row, and tight enough that limits bind."""

from collections import Counter
from dataclasses import asdict
from decimal import Decimal

import pytest
from stdnum.cn import uscc

from seeds import generator
from seeds.reference import branches_serving, county_codes, indexed, split, table
from seeds.rows import OPEN_TARGETS, TARGET_SHARES
from seeds.stories import AS_OF, reply_to, suitable_branches

WAN = Decimal(10_000)


@pytest.fixture(scope="module")
def firms():
    return generator.firms()


@pytest.fixture(scope="module")
def filings(firms):
    return generator.filings(firms)


def test_the_same_seed_gives_the_same_rows():
    first, again, other = (generator.firms(60, seed=seed) for seed in (5, 5, 6))

    assert first == again
    assert first != other
    assert generator.filings(first, 90, seed=5) == generator.filings(again, 90, seed=5)


def test_firms_have_valid_distinct_codes_and_names(firms):
    assert len(firms) == 1500
    assert len({firm.uscc for firm in firms}) == len({firm.name for firm in firms}) == 1500
    assert all(uscc.is_valid(firm.uscc) for firm in firms)


def test_firms_cover_all_17_units_and_only_counties(firms):
    units = {indexed("regions")[firm.region]["municipal_code"] for firm in firms}

    assert len(units) == 17
    assert {firm.region for firm in firms} <= set(county_codes())


def test_some_firms_are_registered_elsewhere_than_they_work(firms):
    assert any(firm.uscc[2:8] != firm.region for firm in firms)


def test_firms_refer_to_known_industries_and_banks(firms):
    assert {firm.industry for firm in firms} <= set(indexed("industries"))
    assert {firm.house_bank for firm in firms} <= set(indexed("banks"))
    assert len({firm.industry for firm in firms}) >= 25


def test_every_end_of_the_flow_is_populated(filings):
    counts = Counter(row.target for row in filings)

    assert len(filings) == 2000
    assert set(counts) == set(TARGET_SHARES)
    assert min(counts.values()) >= 15


def test_direct_counties_are_never_in_a_municipal_step(filings):
    units = indexed("units")
    direct = [row for row in filings if units[units[row.receiving_unit]["next_unit"]]["kind"] == "province"]

    assert len({row.region for row in direct}) == 4
    assert not [row for row in direct if row.stop_tier == "city" or row.target == "in_review_city"]


def test_the_receiving_unit_covers_the_place_of_the_project(filings):
    assert all(row.region in split(indexed("units")[row.receiving_unit]["covers"]) for row in filings)
    assert len({row.receiving_unit for row in filings if row.zone}) >= 12


def test_amounts_obey_the_rules_of_the_list(filings):
    for row in filings:
        assert 0 < row.need_yuan <= row.total_investment_yuan
        assert row.own_capital_yuan >= row.total_investment_yuan / 5
        assert row.need_yuan + row.own_capital_yuan <= row.total_investment_yuan
        assert row.equipment_investment_yuan <= row.total_investment_yuan
        assert sum(item.amount_yuan for item in row.equipment) == row.equipment_investment_yuan
        assert all(item.unit_price_yuan * item.quantity == item.amount_yuan > 0 for item in row.equipment)
        assert 2 <= len(row.equipment) <= 5
        assert sum(need.amount_yuan for need in row.needs) == row.need_yuan
        assert all(need.amount_yuan > 0 and need.amount_yuan % WAN == 0 for need in row.needs)
        assert row.term_months >= 12


def test_needs_are_of_the_published_sizes(filings):
    sizes = sorted(row.need_yuan for row in filings)

    assert 6_000_000 <= sizes[len(sizes) // 2] <= 10_000_000
    assert sizes[-1] <= 500_000_000
    assert sizes[-1] > 200_000_000


def test_project_codes_have_the_standard_shape(filings):
    assert all(len(row.project_code) == 24 and [len(part) for part in row.project_code.split("-")] == [4, 6, 2, 2, 6] for row in filings)


def test_content_names_what_is_bought(filings):
    assert all(row.content.startswith("购置") and row.equipment[0].name in row.content for row in filings)


def test_firms_name_at_most_three_branches_of_different_banks_that_serve_them(filings):
    for row in filings:
        banks = [indexed("branches")[code]["bank"] for code in row.intended]
        assert len(banks) == len(set(banks)) <= 3
        assert set(row.intended) <= {branch["code"] for branch in branches_serving(row.region)}
        assert bool(row.intended) != (row.target == "listed_unnamed")


def test_sixty_percent_are_open_to_other_banks(filings):
    share = sum(row.open_to_other_banks for row in filings) / len(filings)

    assert 0.57 <= share <= 0.63


def test_a_firm_on_the_bar_list_is_never_listed(firms, filings):
    barred = {firm.uscc for firm in firms if firm.bar}

    assert barred
    assert not [row for row in filings if row.firm_uscc in barred and row.target.startswith("listed")]


def test_a_filing_not_listed_is_filed_again_as_the_same_project(filings):
    again = Counter(row.project_key for row in filings)
    twice = {key for key, count in again.items() if count > 1}

    assert 40 <= len(twice) <= 100
    for key in twice:
        first, second = (row for row in filings if row.project_key == key)
        assert (first.target, second.target.startswith("listed")) == ("not_listed", True)
        assert (first.project_code, first.firm_uscc) == (second.project_code, second.firm_uscc)
        assert first.decided_on <= second.submitted_on


def test_dates_run_forward_and_never_past_the_demo_date(filings):
    for row in filings:
        days = [row.submitted_on, row.decided_on, row.listed_on, *(draw.on for draw in row.drawdowns)]
        known = [day for day in days if day is not None]
        assert known == sorted(known)
        assert all(day <= AS_OF for day in known)
        for branch in row.intended:
            steps = [step.on for step in row.bank_story if step.branch == branch]
            assert steps == sorted(steps)
            assert all(row.listed_on <= day <= AS_OF for day in steps)


def test_reasons_are_coded(filings):
    assert {row.reason for row in filings} - {""} <= set(indexed("return_reasons"))
    assert {step.reason for row in filings for step in row.bank_story} - {""} <= set(indexed("reject_codes"))
    assert {reply_to(row.key, "ICBC-HB").reason for row in filings} - {""} <= set(indexed("reject_codes"))


def test_every_named_bank_declined_where_the_target_says_so(filings):
    for row in filings:
        if row.target == "listed_declined":
            assert {step.branch for step in row.bank_story if step.verb == "decline"} == set(row.intended)


def test_drawn_never_exceeds_signed(filings):
    drawn = [row for row in filings if row.drawdowns]

    assert len(drawn) >= 40
    assert all(
        sum(draw.amount_yuan for draw in row.drawdowns) <= row.bank_story[-1].amount_yuan <= row.needs[0].amount_yuan for row in drawn
    )
    assert all(draw.paid_to_supplier_on >= draw.on for row in drawn for draw in row.drawdowns)


def test_open_need_is_about_one_point_six_times_the_free_appetite(filings):
    """The data are scaled to the default seed: change the generator, and `appetites.csv` must be scaled again."""
    promised = generator.committed_yuan(filings)
    limits = {row["branch"]: int(row["limit_wan"]) * WAN for row in table("appetites")}
    free = sum(limits.values()) - sum(amount for branch, amount in promised.items() if branch in limits)

    ratio = sum(row.open_need_yuan for row in filings) / free

    assert Decimal("1.5") <= ratio <= Decimal("1.7")


def test_no_branch_promised_more_than_it_declared(filings):
    promised = generator.committed_yuan(filings)
    limits = {row["branch"]: int(row["limit_wan"]) * WAN for row in table("appetites")}

    assert not {branch: amount for branch, amount in promised.items() if amount > limits.get(branch, amount)}
    assert all(int(row["max_ticket_wan"]) <= int(row["limit_wan"]) for row in table("appetites"))


def test_most_open_needs_have_somewhere_to_go(firms, filings):
    by_uscc = {firm.uscc: firm for firm in firms}
    open_needs = [row for row in filings if row.target in OPEN_TARGETS and row.open_to_other_banks]

    placed = [row for row in open_needs if len(suitable_branches(row, by_uscc[row.firm_uscc])) >= 3]

    assert len(placed) >= 0.9 * len(open_needs)


def test_rows_are_plain_values(firms, filings):
    assert asdict(firms[0])["uscc"] == firms[0].uscc
    assert asdict(filings[0])["key"] == "F00001"
