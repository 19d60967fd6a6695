"""Which schemes a loan would enjoy: by day, by bank and firm, and together."""

import datetime as dt
from dataclasses import replace

import pytest

from schemes import stacks
from schemes.stacks import Version
from tests.factories import HUBEI

CENTRAL = Version(
    id=1, scheme_id=1, code="V2026", scheme_code="CENTRAL-EQUIP", scheme_name="中央贴息", level="central", region_id=None,
    is_discretionary=False, yield_rank=3, rate_bp=150, window_months=24, day_count=360, convention="days_360", interest_months=(3, 6, 9, 12),
    interest_day=20, requires_listed=True, requires_relending=False, announced_on=dt.date(2026, 1, 19),
    drawdown_from=dt.date(2026, 1, 1), drawdown_to=dt.date(2026, 12, 31), bank_ids=(7, 8),
)  # fmt: skip
SME = replace(CENTRAL, id=2, scheme_id=2, code="SME2026", scheme_code="CENTRAL-SME", firm_sizes=("small",), firm_ownerships=("private",))
ADDON = replace(
    CENTRAL, id=3, scheme_id=3, code="HB2026", scheme_code="HB-ADDON", is_discretionary=True, yield_rank=2, rate_bp=50, bank_ids=()
)
CITY = replace(ADDON, id=4, scheme_id=4, code="SZ2026", scheme_code="SZ-TECH", yield_rank=1, rate_bp=150)
RULES = {
    frozenset((1, 2)): "forbidden",
    frozenset((1, 3)): "additive",
    frozenset((2, 3)): "additive",
    frozenset((1, 4)): "additive",
    frozenset((2, 4)): "additive",
    frozenset((3, 4)): "only_higher",
}


def test_in_force_takes_the_latest_announced_version_of_each_scheme():
    retroactive = replace(CENTRAL, id=9, code="V2026b", announced_on=dt.date(2026, 3, 1), rate_bp=200)

    early = stacks.in_force((CENTRAL, retroactive), drawn_on=dt.date(2026, 6, 1), known_on=dt.date(2026, 2, 1))
    late = stacks.in_force((CENTRAL, retroactive), drawn_on=dt.date(2026, 6, 1), known_on=dt.date(2026, 3, 1))

    assert (early, late) == ((CENTRAL,), (retroactive,))


@pytest.mark.parametrize(
    ("drawn_on", "covered"), [(dt.date(2026, 12, 31), True), (dt.date(2027, 1, 1), False), (dt.date(2025, 12, 31), False)]
)
def test_in_force_ends_with_the_version_and_waits_for_a_notice(drawn_on, covered):
    found = stacks.in_force((CENTRAL,), drawn_on=drawn_on, known_on=dt.date(2026, 10, 1))

    assert found == ((CENTRAL,) if covered else ())


def test_covers_asks_for_contract_and_payment_days_too():
    bounded = replace(CENTRAL, contract_from=dt.date(2026, 2, 1), payment_to=dt.date(2026, 6, 30))

    assert bounded.covers(dt.date(2026, 3, 1))
    assert not bounded.covers(dt.date(2026, 3, 1), contracted_on=dt.date(2026, 1, 31))
    assert not bounded.covers(dt.date(2026, 3, 1), paid_on=dt.date(2026, 7, 1))


def test_together_takes_one_central_scheme_and_the_higher_of_two_add_ons():
    assert stacks.together((CENTRAL, SME, ADDON, CITY), RULES) == (CENTRAL, CITY)


def test_province_and_city_add_up_but_beside_a_central_subsidy_only_the_province_stays():
    """As Jiangsu writes it: one point each; "if a central subsidy of the same type was obtained, only the provincial 1 pp"."""
    province, city = replace(ADDON, rate_bp=100), replace(CITY, rate_bp=100)
    additive = {frozenset((province.scheme_id, city.scheme_id)), frozenset((CENTRAL.scheme_id, province.scheme_id))}
    rules = dict.fromkeys(additive, "additive")

    assert stacks.together((province, city), rules) == (province, city)
    assert stacks.together((CENTRAL, province, city), rules) == (CENTRAL, province)


def test_one_loan_never_takes_two_central_subsidies():
    forbidden = {frozenset((CENTRAL.scheme_id, SME.scheme_id)): "forbidden"}

    assert stacks.together((CENTRAL, SME), forbidden) == (CENTRAL,)


def test_together_promises_no_pair_that_no_rule_grants():
    assert stacks.together((CENTRAL, ADDON), {}) == (CENTRAL,)


def test_admits_by_bank_size_and_ownership():
    assert CENTRAL.admits_bank(7)
    assert not CENTRAL.admits_bank(9)
    assert ADDON.admits_bank(9)
    assert SME.admits_firm(size="small", ownership="private")
    assert not SME.admits_firm(size="large", ownership="private")
    assert not SME.admits_firm(size="small", ownership="state")


def test_after_yield_keeps_the_sum_within_the_rate_and_the_city_gives_way_first():
    stack = (CENTRAL, CITY)

    assert stacks.after_yield(stack, rate_bp=300) == (150, 150)
    assert stacks.after_yield(stack, rate_bp=260) == (150, 110)
    assert stacks.after_yield(stack, rate_bp=120) == (120, 0)


def test_plain_form_reads_back_the_same():
    assert stacks.from_plain(stacks.to_plain(SME)) == SME


@pytest.mark.django_db
def test_load_reads_versions_with_their_banks(world):
    versions = stacks.load(province=HUBEI, known_on=dt.date(2026, 1, 31))

    assert [(version.code, version.rate_bp, version.is_discretionary) for version in versions] == [("V2026", 150, False)]
    assert versions[0].bank_ids == tuple(sorted(world.banks[code].pk for code in ("ICBC", "CCB")))
    assert stacks.load_rules() == {frozenset((world.central.scheme_id, world.addon.scheme_id)): "additive"}
