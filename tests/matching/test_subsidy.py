"""What a stack of schemes is expected to cost: the same as the formulas, in whole columns."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.money import yuan
from matching import subsidy
from matching.candidates import Ground
from schemes.formulas import expected_by_year
from schemes.models import BankEligibility, Scheme, SchemeVersion, Stacking
from tests.factories import HUBEI
from tests.matching import provinces
from tests.schemes.test_stacks import CENTRAL


def column(*values):
    return np.array(values, dtype=np.int64)


@settings(max_examples=60, deadline=None)
@given(
    amount=st.integers(1, 10**13),
    rate=st.integers(1, 400),
    start=st.dates(dt.date(2024, 1, 1), dt.date(2028, 12, 31)),
    term=st.integers(1, 120),
    months=st.integers(1, 36),
    convention=st.sampled_from(["days_360", "plain_years"]),
)
def test_forecast_equals_the_formula_to_the_fen(amount, rate, start, term, months, convention):
    version = replace(CENTRAL, window_months=months, convention=convention)

    years, amounts = subsidy.by_year(version, column(amount), column(rate), drawn_on=start, term_months=term)

    expected = expected_by_year(yuan(amount), rate_bp=rate, start=start, term_months=term, window_months=months, convention=convention)
    assert {year: yuan(fen) for year, fen in zip(years, amounts[0].tolist(), strict=True)} == expected


def test_caps_are_taken_as_if_the_loan_stood_alone():
    def total(**caps):
        version = replace(CENTRAL, **caps)
        _years, amounts = subsidy.by_year(version, column(10**10), column(150), drawn_on=dt.date(2026, 3, 21), term_months=60)
        return amounts[0].tolist()

    free = total()
    assert len(free) == 3
    assert total(firm_loan_cap_fen=5 * 10**9) == [pytest.approx(amount / 2, abs=4) for amount in free]
    assert total(firm_year_cap_fen=10**8, project_year_cap_fen=2 * 10**8) == [min(amount, 10**8) for amount in free]
    capped = total(per_loan_cap_fen=free[0] + 5)
    assert capped == [free[0], 5, *[0] * (len(free) - 2)]


@pytest.mark.django_db
def test_drawdown_is_expected_some_days_after_the_round_but_in_the_needs_year(world):
    provinces.needs(world, year=2026)
    provinces.needs(world, year=2027)

    days, which = subsidy.drawn_on(provinces.snapshot(world))

    assert [days[i] for i in which] == [dt.date(2026, 4, 16), dt.date(2027, 1, 1)]


def stacks_of(world, *branches):
    """Branch → (codes with everything, codes without discretionary subsidies) of the only need."""
    found = provinces.snapshot(world)
    codes = [row["code"] for row in found.header["branches"]]
    places = column(*(codes.index(branch) for branch in branches))
    stacked = subsidy.stack_pairs(Ground(found), np.zeros(len(places), dtype=np.int64), places)

    def told(which):
        return [[found.versions[k].code for k in stacked.stacks[place]] for place in which.tolist()]

    return dict(zip(branches, zip(told(stacked.full), told(stacked.bare), strict=True), strict=True))


@pytest.mark.django_db
def test_stack_follows_the_banks_each_version_admits(world):
    provinces.needs(world)

    assert stacks_of(world, "ICBC-WH", "HBB-WH") == {
        "ICBC-WH": (["V2026", "HB-2026"], ["V2026"]),
        "HBB-WH": (["HB-2026"], []),
    }


@pytest.mark.django_db
def test_stack_follows_region_size_ownership_and_day(world):
    provinces.needs(world, year=2027)
    assert stacks_of(world, "ICBC-WH")["ICBC-WH"] == ([], [])  # versions end with 2026: 待国家通知

    SchemeVersion.objects.update(drawdown_to=None)
    assert stacks_of(world, "ICBC-WH")["ICBC-WH"][0] == ["V2026", "HB-2026"]
    SchemeVersion.objects.filter(code="V2026").update(firm_sizes=["small"])
    assert stacks_of(world, "ICBC-WH")["ICBC-WH"][0] == ["HB-2026"]
    SchemeVersion.objects.filter(code="V2026").update(firm_sizes=["medium"], firm_ownerships=["state"])
    assert stacks_of(world, "ICBC-WH")["ICBC-WH"][0] == ["HB-2026"]
    Scheme.objects.filter(code="HB-ADDON").update(region=world.regions["420200"])
    assert stacks_of(world, "ICBC-WH")["ICBC-WH"][0] == []


@pytest.mark.django_db
def test_version_that_requires_relending_leaves_local_banks_out(world):
    provinces.needs(world)
    BankEligibility.objects.create(version=world.central, bank=world.banks["HBB"], province=HUBEI)
    world.banks["HBB"].kind = "city"

    assert stacks_of(world, "HBB-WH")["HBB-WH"][0] == ["V2026", "HB-2026"]
    world.addon.banks.all().delete()
    SchemeVersion.objects.filter(code="HB-2026").update(requires_relending=True)
    world.central.banks.filter(bank=world.banks["HBB"]).delete()
    assert stacks_of(world, "HBB-WH")["HBB-WH"][0] == []


@pytest.mark.django_db
def test_schemes_that_no_rule_lets_stack_are_not_added_up(world):
    provinces.needs(world)
    Stacking.objects.all().delete()

    assert stacks_of(world, "ICBC-WH")["ICBC-WH"] == (["V2026"], ["V2026"])
