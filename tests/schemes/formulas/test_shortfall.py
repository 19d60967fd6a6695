from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes.formulas import (
    SHORTFALL_RULES,
    Arranged,
    Balances,
    Change,
    Claim,
    accrue,
    arrange,
    clawback,
    interest_periods,
    total,
)

CLAIMS = [Claim("a", Decimal(60), 2), Claim("b", Decimal(30), 1), Claim("c", Decimal(30), 2)]


def shares(rule, available, claims=CLAIMS):
    return [(result.key, result.arranged, result.reason) for result in arrange(claims, Decimal(available), rule)]


@pytest.mark.parametrize("rule", SHORTFALL_RULES)
def test_nothing_is_cut_when_the_money_suffices(rule):
    assert arrange(CLAIMS, Decimal(120), rule) == tuple(Arranged(claim.key, claim.amount, claim.amount, Decimal(0), "") for claim in CLAIMS)


def test_first_come_pays_in_order_and_the_rest_lapses():
    assert shares("first_come", 70) == [("a", 60, ""), ("b", 10, "budget_exhausted"), ("c", 0, "budget_exhausted")]


def test_carry_over_pays_in_order_and_the_rest_is_owed():
    assert shares("carry_over", 70) == [("a", 60, ""), ("b", 10, "carried_over"), ("c", 0, "carried_over")]


def test_pro_rata_shares_in_proportion():
    assert shares("pro_rata", 80) == [("a", 40, "pro_rata_share"), ("b", 20, "pro_rata_share"), ("c", 20, "pro_rata_share")]


def test_pro_rata_gives_odd_fen_to_the_largest_remainder_and_ties_to_the_earlier_claim():
    thirds = [Claim("a", Decimal("0.10")), Claim("b", Decimal("0.10")), Claim("c", Decimal("0.10")), Claim("d", Decimal("0.20"))]

    # 0.22 of 0.50: 4.4, 4.4, 4.4 and 8.8 fen; the last takes one, then the first.
    assert [share for _key, share, _reason in shares("pro_rata", "0.22", thirds)] == [
        Decimal("0.05"),
        Decimal("0.04"),
        Decimal("0.04"),
        Decimal("0.09"),
    ]


def test_priorities_are_paid_in_full_while_the_money_lasts_then_in_proportion():
    assert shares("priority_then_pro_rata", 75) == [("a", 30, "pro_rata_share"), ("b", 30, ""), ("c", 15, "pro_rata_share")]
    assert shares("priority_then_pro_rata", 30) == [("a", 0, "lower_priority"), ("b", 30, ""), ("c", 0, "lower_priority")]


def test_arrange_refuses_negative_amounts_and_unknown_rules():
    with pytest.raises(ValueError, match="not negative"):
        arrange(CLAIMS, Decimal(-1), "pro_rata")
    with pytest.raises(ValueError, match="not negative"):
        arrange([Claim("a", Decimal(-1))], Decimal(1), "pro_rata")
    with pytest.raises(KeyError):
        arrange(CLAIMS, Decimal(1), "lottery")


def test_arrange_takes_no_claims():
    assert arrange([], Decimal(10), "pro_rata") == ()


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 3)), max_size=12),
    st.integers(0, 5 * 10**9),
    st.sampled_from(list(SHORTFALL_RULES)),
)
def test_arranged_amounts_sum_to_the_available_to_the_fen(asked, available_fen, rule):
    claims = [Claim(str(index), Decimal(amount).scaleb(-2), priority) for index, (amount, priority) in enumerate(asked)]
    available = Decimal(available_fen).scaleb(-2)

    arranged = arrange(claims, available, rule)

    assert sum(result.arranged for result in arranged) == min(available, sum(claim.amount for claim in claims))
    assert all(0 <= result.arranged <= result.requested for result in arranged)
    assert all(result.cut == result.requested - result.arranged and bool(result.reason) == (result.cut > 0) for result in arranged)


def test_central_money_is_recovered_for_the_whole_loan():
    booked = {"A": Decimal("243333.34"), "B": Decimal("365000.00")}

    assert clawback(booked, scope="whole_loan", affected="B") == booked
    assert clawback(booked, scope="affected_drawdown", affected="B") == {"B": Decimal("365000.00")}


def test_only_the_diverted_part_is_recovered_from_its_day():
    drawn = date(2025, 3, 10)
    periods = interest_periods(drawn, date(2026, 3, 9))
    whole = Balances(drawn, Decimal(8_000_000))
    without_diverted = Balances(drawn, Decimal(8_000_000), (Change(date(2025, 6, 21), Decimal(-2_000_000)),))
    booked, still_due = (
        total(accrue(balances, first=drawn, last=date(2025, 9, 20), rate_bp=150, periods=periods)) for balances in (whole, without_diverted)
    )

    recovered = clawback({"A": booked}, scope="diverted_part_from_day", affected="A", still_due=still_due)

    assert recovered == {"A": Decimal("7666.67")}


@pytest.mark.parametrize("scope", ["half", "diverted_part_from_day"])
def test_clawback_refuses_an_unknown_scope_or_a_missing_amount(scope):
    with pytest.raises(ValueError, match="scope"):
        clawback({"A": Decimal(1)}, scope=scope, affected="A")
