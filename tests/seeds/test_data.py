"""The reference data hang together: every code resolves, every chain reaches the province, nobody sits on the pseudo-city."""

from collections import Counter
from datetime import date

import pytest
from stdnum.cn import uscc

from projects.review import OPENABLE
from seeds.reference import branches_serving, county_codes, flag, indexed, split, table

DIRECT = {"429004", "429005", "429006", "429021"}
CENTRAL_VERSIONS = {"V2024a", "V2024b", "V2025", "V2026", "SME2026"}


def test_regions_count_17_municipal_and_103_county_level_units():
    levels = Counter(row["level"] for row in table("regions"))

    municipal = {row["municipal_code"] for row in table("regions")} - {""}

    assert levels == {"province": 1, "prefecture": 13, "county": 99, "county_direct": 4}
    assert len(municipal) == 17
    assert len(county_codes()) == 103


def test_direct_counties_are_their_own_municipal_unit():
    own = {row["code"] for row in table("regions") if row["level"] == "county_direct" and row["municipal_code"] == row["code"]}

    assert own == DIRECT


def test_pseudo_city_429000_appears_nowhere():
    files = ("regions", "units", "branches", "review_chains", "region_tags")

    assert not [name for name in files for row in table(name) if "429000" in ";".join(row.values())]


@pytest.mark.parametrize(
    ("name", "column", "target", "key"),
    [
        ("regions", "parent", "regions", "code"),
        ("regions", "municipal_code", "regions", "code"),
        ("regions", "successor", "regions", "code"),
        ("units", "region", "regions", "code"),
        ("units", "next_unit", "units", "code"),
        ("units", "covers", "regions", "code"),
        ("review_chains", "unit", "units", "code"),
        ("review_chains", "next_unit", "units", "code"),
        ("branches", "bank", "banks", "code"),
        ("branches", "parent", "branches", "code"),
        ("branches", "region", "regions", "code"),
        ("branches", "serves", "regions", "code"),
        ("products", "bank", "banks", "code"),
        ("products", "industries_barred", "industries", "code"),
        ("appetites", "branch", "branches", "code"),
        ("industries", "parent", "industries", "code"),
        ("schemes", "region", "regions", "code"),
        ("scheme_versions", "scheme", "schemes", "code"),
        ("scheme_versions", "supersedes", "scheme_versions", "version"),
        ("bank_eligibility", "scheme_version", "scheme_versions", "version"),
        ("bank_eligibility", "bank", "banks", "code"),
        ("stacking", "scheme_a", "schemes", "code"),
        ("stacking", "scheme_b", "schemes", "code"),
        ("grant_stacking", "scheme", "schemes", "code"),
        ("budgets", "scheme", "schemes", "code"),
        ("batches", "programme", "programmes", "code"),
        ("region_tags", "region", "regions", "code"),
        ("industry_tags", "industry", "industries", "code"),
    ],
)
def test_every_reference_resolves(name, column, target, key):
    known = indexed(target, key)

    unknown = {code for row in table(name) for code in split(row[column]) if code != "*" and code not in known}

    assert unknown == set()


@pytest.mark.parametrize(
    ("name", "key"),
    [("regions", "code"), ("units", "code"), ("banks", "code"), ("branches", "code"), ("products", "code"), ("industries", "code")],
)
def test_codes_are_unique(name, key):
    assert len(indexed(name, key)) == len(table(name))


def _way_up(process: str, unit: str) -> list[str]:
    chains = {(row["process"], row["unit"]): row for row in table("review_chains")}
    way = [unit]
    while (following := chains[process, way[-1]]["next_unit"]) and len(way) < 5:
        way.append(following)
    return way


def test_every_chain_reaches_its_provincial_office():
    units = indexed("units")

    ends = {units[_way_up(row["process"], row["unit"])[-1]]["kind"] for row in table("review_chains")}

    assert ends == {"province"}


def test_chains_agree_with_the_units():
    units = indexed("units")

    assert all(row["next_unit"] == units[row["unit"]]["next_unit"] for row in table("review_chains"))
    assert all(row["process"] == units[row["unit"]]["line"] for row in table("review_chains"))


@pytest.mark.parametrize("code", [f"{line}-{region}" for line in ("IND", "NDRC", "FIN", "STAT") for region in sorted(DIRECT)])
def test_direct_units_skip_the_city(code):
    unit = indexed("units")[code]

    way = _way_up(unit["line"], code)

    assert unit["kind"] == "county"
    assert [indexed("units")[step]["kind"] for step in way] == ["county", "province"]


def test_zones_of_direct_units_report_to_the_province_and_others_to_their_city():
    regions, units = indexed("regions"), indexed("units")
    zones = [row for row in table("units") if row["kind"] == "zone"]

    for zone in zones:
        municipal = {regions[code]["municipal_code"] for code in split(zone["covers"])}
        above = units[zone["next_unit"]]
        expected = "420000" if municipal <= DIRECT else municipal.pop()
        assert above["region"] == expected, zone["code"]
    assert len(zones) == 18


def test_each_county_level_region_has_one_receiving_office_on_both_tracks():
    for line in ("industry", "ndrc"):
        received = Counter(
            region for row in table("units") if row["line"] == line and row["kind"] == "county" for region in split(row["covers"])
        )

        assert received == dict.fromkeys(county_codes(), 1)


def test_county_offices_of_two_people_can_work():
    assert {row["stages"] for row in table("review_chains") if indexed("units")[row["unit"]]["kind"] in ("county", "zone")} == {
        "handler;checker"
    }


def test_banks_are_21_eligible_and_some_local():
    eligible = [row for row in table("banks") if flag(row["relending_eligible"])]

    assert len(eligible) == 21
    assert Counter(row["kind"] for row in eligible) == {"policy": 3, "state": 6, "joint_stock": 12}
    assert all(uscc.is_valid(row["uscc"]) for row in table("banks") if row["uscc"])


def test_branches_sit_where_the_bank_would_and_trees_stay_within_a_bank():
    branches = indexed("branches")

    assert 380 <= len(branches) <= 420
    assert all(branches[row["parent"]]["bank"] == row["bank"] for row in branches.values() if row["parent"])
    assert {row["bank"] for row in branches.values()} == set(indexed("banks"))


def test_every_county_has_branches_of_several_banks():
    assert all(len({row["bank"] for row in branches_serving(code)}) >= 5 for code in county_codes())


def test_a_bank_serves_a_county_unless_it_is_local_or_absent():
    for bank in (row["code"] for row in table("banks") if flag(row["relending_eligible"])):
        assert all(any(row["bank"] == bank for row in branches_serving(code)) for code in county_codes()), bank


def test_an_outlet_may_hang_under_another_citys_branch():
    outlet = indexed("branches")["ABC-SHENNONGJIA"]

    assert indexed("branches")[outlet["parent"]]["region"] == "420300"
    assert outlet["region"] == "429021"


def test_products_are_ranges_within_the_plausible():
    for row in table("products"):
        assert int(row["amount_min_wan"]) < int(row["amount_max_wan"])
        assert 12 <= int(row["term_min_months"]) < int(row["term_max_months"])
        assert 230 <= int(row["rate_min_bp"]) < int(row["rate_max_bp"]) <= 420


def test_industries_are_20_sections_and_97_divisions():
    assert Counter(row["level"] for row in table("industries")) == {"section": 20, "division": 97}
    assert [row["code"] for row in table("industries") if row["level"] == "division"] == [f"{number:02d}" for number in range(1, 98)]


def test_scheme_versions_tell_the_central_history():
    versions = indexed("scheme_versions", "version")

    assert {code for code, row in versions.items() if not flag(row["sample"])} == CENTRAL_VERSIONS
    assert (versions["V2024a"]["rate_bp"], versions["V2024b"]["rate_bp"]) == ("100", "150")
    assert [versions[code]["start_rule"] for code in ("V2024a", "V2024b", "V2025", "V2026")] == ["paid_to_supplier"] * 3 + ["loan_issued"]
    assert [versions[code]["subsidised_part"] for code in ("V2024a", "V2024b", "V2025", "V2026")] == ["equipment"] * 3 + ["whole"]
    assert versions["SME2026"]["firm_total_loan_cap_wan"] == "5000"


def test_no_central_version_covers_a_drawdown_of_2027():
    assert all(
        date.fromisoformat(row["drawdown_to"]) < date(2027, 1, 1) for row in table("scheme_versions") if row["version"] in CENTRAL_VERSIONS
    )


def test_made_up_schemes_and_documents_are_marked():
    for name in ("scheme_versions", "budgets", "weights"):
        assert all(flag(row["sample"]) == row["document_no"].startswith("【示例】") for row in table(name))
    assert all(flag(row["fictional"]) for name in ("region_tags", "industry_tags") for row in table(name))


def test_two_central_subsidies_on_one_loan_are_forbidden():
    rules = {frozenset((row["scheme_a"], row["scheme_b"])): row["rule"] for row in table("stacking")}

    assert rules[frozenset(("CENTRAL-EQUIP", "CENTRAL-SME"))] == "forbidden"


def test_coverage_outranks_any_amount():
    weights = table("weights")[0]
    largest_round_wan = 5_000 * 900  # a province's round: 5,000 needs of 9 million yuan on average

    assert int(weights["coverage"]) > int(weights["amount"]) * largest_round_wan


def test_batches_close_tier_after_tier():
    for row in table("batches"):
        assert row["opens_on"] < row["county_close_on"] < row["city_close_on"] < row["province_close_on"]
    assert [row["code"] for row in table("batches")] == [*(f"2026-{month:02d}" for month in range(1, 13)), "2027-01"]


def test_every_coded_reason_has_both_languages():
    for name in ("reject_codes", "return_reasons"):
        assert all(row["sentence"] and row["sentence_en"] for row in table(name))


def test_every_field_a_reason_names_is_in_the_form_or_among_its_papers():
    named = {name for row in table("return_reasons") for name in split(row["fields"])}

    assert named - OPENABLE == set()
