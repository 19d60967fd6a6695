"""The hard rules: for each one that passes, one that fails, one on the boundary; and their order."""

import datetime as dt
from decimal import Decimal

import pytest

from lenders.models import Appetite, Branch, Product
from matching import candidates, refusals
from matching.candidates import Ground
from matching.commitments import Commitments
from matching.models import PinBan
from organisations.models import FirmBar, Organisation
from projects.models import Need
from tests import factories
from tests.factories import HUBEI, NOW, SINCE, TODAY, WAN
from tests.matching import provinces

pytestmark = pytest.mark.django_db


def verdict(world, need, branch="ICBC-WH", **options):
    return provinces.verdicts(provinces.snapshot(world, **options), need)[branch]


def change_product(code="ICBC-P1", **changes):
    assert Product.objects.filter(code=code).update(**changes) == 1


def change_appetite(branch="ICBC-WH", **changes):
    assert Appetite.objects.filter(branch__code=branch).update(**changes) == 1


def test_firm_on_the_bar_list_gets_no_bank_until_the_bar_ends(world):
    (need,) = provinces.needs(world)
    FirmBar.objects.create(firm=need.firm, kind="breach", reason="失信", source="测试", valid_from=SINCE, valid_to=TODAY, province=HUBEI)

    assert set(provinces.verdicts(provinces.snapshot(world), need).values()) == {"firm_barred"}
    FirmBar.objects.update(valid_to=TODAY - dt.timedelta(days=1))
    assert verdict(world, need) == ""


def test_project_that_asks_in_two_tracks_gets_one_recommendation(world):
    first, second = provinces.needs(world, 2)

    found = provinces.snapshot(world, commitments=Commitments(doubled=frozenset({second.pk})))

    assert set(provinces.verdicts(found, second).values()) == {"project_doubled"}
    assert provinces.verdicts(found, first)["ICBC-WH"] == ""


def test_bank_must_be_on_the_list_or_local(world):
    (need,) = provinces.needs(world)

    assert verdict(world, need, "HBB-WH") == ""  # a city bank, not on the list
    world.banks["HBB"].kind = "joint_stock"
    world.banks["HBB"].save(update_fields=["kind"])
    assert verdict(world, need, "HBB-WH") == "bank_not_admitted"
    assert verdict(world, need, "ICBC-WH") == ""


def test_without_any_list_every_bank_is_admitted(world):
    (need,) = provinces.needs(world)
    world.banks["HBB"].kind = "joint_stock"
    world.banks["HBB"].save(update_fields=["kind"])
    world.central.banks.all().delete()

    assert verdict(world, need, "HBB-WH") == ""


def test_branch_serves_a_region_and_all_below_it_by_the_tree(world):
    (wuhan,) = provinces.needs(world)
    (xiantao,) = provinces.needs(world, region="429004")
    found = provinces.snapshot(world)

    assert provinces.verdicts(found, wuhan)["CCB-XT"] == "region_not_served"
    assert provinces.verdicts(found, xiantao) | {"CCB-XT": ""} == provinces.verdicts(found, xiantao)
    assert provinces.verdicts(found, xiantao)["CCB-WH"] == "region_not_served"


def test_region_is_never_guessed_from_the_digits(world):
    region = world.regions["429004"]
    region.code = "420199"
    region.save(update_fields=["code"])
    (need,) = provinces.needs(world, region="429004")

    assert verdict(world, need, "ICBC-WH") == "region_not_served"


@pytest.mark.parametrize(("changes", "expected"), [({}, ""), ({"open_to_other_banks": False}, "not_named")])
def test_other_banks_need_the_firms_word(world, changes, expected):
    (need,) = provinces.needs(world, branches=("ICBC-WH",), **changes)
    found = provinces.verdicts(provinces.snapshot(world), need)

    assert (found["ICBC-WH"], found["CCB-WH"]) == ("", expected)


def test_asking_for_suggestions_opens_the_need_too(world):
    (need,) = provinces.needs(world, open_to_other_banks=False, asks_for_suggestions=True)

    assert verdict(world, need, "CCB-WH") == ""


def test_branch_without_declared_appetite_takes_no_part(world):
    (need,) = provinces.needs(world)

    assert verdict(world, need, "ICBC-HB") == "appetite_undeclared"  # no row
    provinces.limit("ICBC-WH", None)
    assert verdict(world, need, "ICBC-WH") == "appetite_undeclared"  # a row without a limit


def test_appetite_of_another_period_does_not_count(world):
    (need,) = provinces.needs(world)
    change_appetite(valid_to=TODAY)

    assert verdict(world, need) == ""
    change_appetite(valid_to=TODAY - dt.timedelta(days=1))
    assert verdict(world, need) == "appetite_undeclared"


def test_bank_without_product_is_told_so(world):
    (need,) = provinces.needs(world)
    change_product(valid_to=TODAY - dt.timedelta(days=1))

    assert verdict(world, need) == "no_product"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount_min": 2000 * WAN}, ""),
        ({"amount_min": 2000 * WAN + Decimal("0.01")}, "amount_outside"),
        ({"amount_max": 2000 * WAN}, ""),
        ({"amount_max": 2000 * WAN - Decimal("0.01")}, "amount_outside"),
        ({"term_min_months": 60}, ""),
        ({"term_min_months": 61}, "term_outside"),
        ({"term_max_months": 60}, ""),
        ({"term_max_months": 59}, "term_outside"),
        ({"securities": ["guarantee"]}, ""),
        ({"securities": ["credit", "pledge"]}, "security_not_accepted"),
        ({"barred_industries": ["26"]}, ""),
        ({"barred_industries": ["36"]}, "industry_barred"),
        ({"barred_industries": ["C"]}, "industry_barred"),
        ({"sizes": ["medium"]}, ""),
        ({"sizes": []}, ""),
        ({"sizes": ["large", "micro"]}, "size_not_accepted"),
        ({"rate_min_bp": 350, "rate_max_bp": 400}, ""),
        ({"rate_min_bp": 351, "rate_max_bp": 400}, "rate_above_cap"),
    ],
)
def test_product_must_fit(world, changes, expected):
    (need,) = provinces.needs(world)
    change_product(**changes)

    assert verdict(world, need) == expected


def test_need_without_a_rate_cap_takes_any_rate(world):
    (need,) = provinces.needs(world, rate_cap_bp=None)
    change_product(rate_min_bp=900, rate_max_bp=900)

    assert verdict(world, need) == ""


def test_one_product_that_fits_is_enough_and_the_cheapest_is_offered(world):
    (need,) = provinces.needs(world)
    change_product(term_max_months=12)
    dear = factories.product(world.banks["ICBC"], "ICBC-P2", rate_min_bp=300, rate_max_bp=340)
    cheap = factories.product(world.banks["ICBC"], "ICBC-P3", rate_min_bp=290, rate_max_bp=330)
    Product.objects.bulk_create([dear, cheap])
    found = provinces.snapshot(world)

    pairs = candidates.find(Ground(found))

    own = [found["product_id"][product] for product in pairs.product if found["product_id"][product] in (dear.pk, cheap.pk)]
    assert verdict(world, need) == ""
    assert own == [cheap.pk]
    assert 310 in pairs.rate_bp


def test_bank_is_told_the_rule_that_its_most_willing_product_fails(world):
    (need,) = provinces.needs(world)
    change_product(amount_max=100 * WAN)
    Product.objects.bulk_create([factories.product(world.banks["ICBC"], "ICBC-P2", sizes=["micro"])])

    assert verdict(world, need) == "size_not_accepted"


@pytest.mark.parametrize(("had_wan", "expected"), [(0, ""), (1000, ""), (1001, "above_ticket")])
def test_ticket_counts_what_the_firm_already_has_at_the_bank(world, had_wan, expected):
    (need,) = provinces.needs(world)
    change_appetite(max_ticket=3000 * WAN)
    had = Commitments(exposure={(need.firm_id, world.banks["ICBC"].pk): had_wan * WAN})

    assert verdict(world, need, commitments=had) == expected


def test_ticket_of_the_bank_holds_for_its_branches(world):
    (need,) = provinces.needs(world)
    Appetite.objects.filter(bank__code="ICBC", branch=None).update(max_ticket=1999 * WAN)

    assert verdict(world, need) == "above_ticket"


@pytest.mark.parametrize(("code", "account"), [("ICBC-WH", "ICBC-WH"), ("ICBC-WH", "ICBC")])
def test_appetite_of_branch_and_bank_must_have_room(world, code, account):
    (need,) = provinces.needs(world)
    provinces.limit(account, 2000)

    assert verdict(world, need, code) == ""
    provinces.limit(account, 1999)
    assert verdict(world, need, code) == "appetite_short"


def test_case_load_counts_what_is_under_way(world):
    (need,) = provinces.needs(world)
    branch = world["ICBC-WH"].pk

    assert verdict(world, need, commitments=Commitments(case_load={branch: 19})) == ""
    assert verdict(world, need, commitments=Commitments(case_load={branch: 20})) == "case_load_full"


def test_refused_pair_returns_when_the_facts_changed_or_the_firm_asks(world, cast):
    (need,) = provinces.needs(world)
    refusals.refuse(need, world["ICBC-WH"], code="collateral_short", by=cast.bai, at=NOW)

    assert verdict(world, need) == "pair_refused"
    Need.objects.filter(pk=need.pk).update(securities=["mortgage", "guarantee", "guarantor"])
    assert verdict(world, need) == ""
    Need.objects.filter(pk=need.pk).update(securities=["mortgage", "guarantee"])
    refusals.lift(need, world["ICBC-WH"], because="企业请求", by=cast.lin, at=NOW)
    assert verdict(world, need) == ""


def test_ban_counts_only_once_approved_and_only_in_its_days(world, cast):
    (need,) = provinces.needs(world)
    ban = PinBan.objects.create(
        kind="ban", need=need, branch=world["ICBC-WH"], reason="关联关系", set_by=cast.users["zhao"], valid_from=TODAY, province=HUBEI
    )

    assert verdict(world, need) == ""
    PinBan.objects.filter(pk=ban.pk).update(approved_by=cast.users["sun"])
    assert verdict(world, need) == "pair_banned"
    PinBan.objects.filter(pk=ban.pk).update(valid_from=TODAY - dt.timedelta(days=9), valid_to=TODAY - dt.timedelta(days=1))
    assert verdict(world, need) == ""


def test_pair_under_way_is_not_recommended_again(world):
    (need,) = provinces.needs(world)
    busy = Commitments(busy_pairs=frozenset({(need.pk, world["ICBC-WH"].pk)}))
    found = provinces.verdicts(provinces.snapshot(world, commitments=busy), need)

    assert (found["ICBC-WH"], found["CCB-WH"]) == ("pair_busy", "")


def test_first_failing_rule_is_told(world):
    (need,) = provinces.needs(world, open_to_other_banks=False, branches=("CCB-WH",))
    change_product(amount_max=100 * WAN)
    provinces.limit("ICBC-WH", 10)

    assert verdict(world, need, "ICBC-WH") == "not_named"
    need.intended_banks.create(branch=world["ICBC-WH"], rank=2, province=HUBEI)
    assert verdict(world, need, "ICBC-WH") == "amount_outside"
    change_product(amount_max=50_000 * WAN)
    assert verdict(world, need, "ICBC-WH") == "appetite_short"


def test_closed_branches_and_banks_are_not_looked_at(world):
    (need,) = provinces.needs(world)
    Organisation.objects.filter(pk=world["ICBC-WH"].organisation_id).update(is_active=False)

    assert "ICBC-WH" not in provinces.verdicts(provinces.snapshot(world), need)
    assert Branch.objects.filter(code="ICBC-WH").exists()


def test_screening_in_blocks_finds_the_same(world, monkeypatch):
    provinces.needs(world, 7)
    found = provinces.snapshot(world)
    whole = candidates.find(Ground(found))
    monkeypatch.setattr(candidates, "BLOCK", 3)

    parts = candidates.find(Ground(found))

    assert len(whole) == 7 * 3
    assert all((getattr(whole, name) == getattr(parts, name)).all() for name in ("need", "branch", "product", "rate_bp"))


def test_every_rule_has_a_sentence_and_a_clause():
    assert all(str(rule.sentence) and str(rule.clause) for rule in candidates.RULES)
    assert len({rule.code for rule in candidates.RULES}) == len(candidates.RULES)
