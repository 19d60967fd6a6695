from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes.formulas import CapLine, Capped, Cut, apply_caps, beyond_grants, subsidised_principal, within_firm_loan_cap, yield_cut


def test_nobody_yields_while_the_sum_is_within_the_interest_paid():
    parts = {"central": Decimal(150), "province": Decimal(50)}

    assert yield_cut(parts, Decimal(200)) == (parts, ())


def test_the_city_yields_first_then_the_province_and_central_money_last():
    parts = {"central": Decimal(150), "province": Decimal(100), "city": Decimal(50)}

    left, cuts = yield_cut(parts, Decimal(120))

    assert left == {"central": Decimal(120), "province": 0, "city": 0}
    assert cuts == (
        Cut("city", Decimal(50), "exceeds_interest_paid"),
        Cut("province", Decimal(100), "exceeds_interest_paid"),
        Cut("central", Decimal(30), "exceeds_interest_paid"),
    )


def test_the_order_of_yielding_is_a_parameter():
    parts = {"central": Decimal(150), "province": Decimal(100)}

    left, cuts = yield_cut(parts, Decimal(200), ("central", "province"))

    assert left == {"central": Decimal(100), "province": Decimal(100)}
    assert [cut.key for cut in cuts] == ["central"]


@pytest.mark.parametrize(
    ("parts", "interest_paid", "complaint"),
    [
        ({"county": Decimal(1)}, Decimal(1), "county"),
        ({"central": Decimal(1)}, Decimal(-1), "not negative"),
        ({"central": Decimal(-1)}, Decimal(1), "not negative"),
    ],
)
def test_yield_cut_refuses_what_cannot_be(parts, interest_paid, complaint):
    with pytest.raises(ValueError, match=complaint):
        yield_cut(parts, interest_paid)


@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=3), st.integers(0, 4 * 10**9))
def test_what_is_left_is_the_smaller_of_the_sum_and_the_interest(amounts, interest_fen):
    parts = {key: Decimal(amount).scaleb(-2) for key, amount in zip(("city", "province", "central"), amounts, strict=True)}
    interest_paid = Decimal(interest_fen).scaleb(-2)

    left, cuts = yield_cut(parts, interest_paid)

    assert sum(left.values()) == min(sum(parts.values()), interest_paid)
    assert sum(cut.amount for cut in cuts) == sum(parts.values()) - sum(left.values())
    assert all(0 <= left[key] <= parts[key] for key in parts)


def line(key, amount, *, loan="L1", project="P1", firm="F1", year=2026):
    return CapLine(key, Decimal(amount), loan, project, firm, year)


def test_each_cap_takes_off_what_exceeds_its_room_and_says_which():
    lines = [line("q1", 40), line("q2", 40), line("q3", 40, loan="L2"), line("q4", 40, loan="L3", project="P2")]

    capped = apply_caps(lines, {"per_loan": Decimal(70), "project_year": Decimal(100), "firm_year": Decimal(120)})

    assert capped == (
        Capped(lines[0], Decimal(40), ()),
        Capped(lines[1], Decimal(30), (Cut("q2", Decimal(10), "cap_per_loan"),)),
        Capped(lines[2], Decimal(30), (Cut("q3", Decimal(10), "cap_project_year"),)),
        Capped(lines[3], Decimal(20), (Cut("q4", Decimal(20), "cap_firm_year"),)),
    )


def test_year_caps_start_again_every_year_and_the_loan_cap_does_not():
    lines = [line("a", 60), line("b", 60, year=2027)]

    capped = apply_caps(lines, {"per_loan": Decimal(100), "project_year": Decimal(60), "firm_year": None})

    assert [result.allowed for result in capped] == [60, 40]


def test_caps_count_what_was_used_before_and_a_negative_line_gives_room_back():
    lines = [line("a", 30), line("correction", -20), line("b", 30)]

    capped = apply_caps(lines, {"firm_year": Decimal(100)}, used={("firm_year", "F1", "2026"): Decimal(90)})

    assert [result.allowed for result in capped] == [10, -20, 20]


def test_a_cap_already_exceeded_allows_nothing_and_takes_nothing_back():
    (result,) = apply_caps([line("a", 30)], {"per_loan": Decimal(100)}, used={("per_loan", "L1"): Decimal(150)})

    assert (result.allowed, result.cuts) == (0, (Cut("a", Decimal(30), "cap_per_loan"),))


def test_apply_caps_refuses_an_unknown_cap():
    with pytest.raises(ValueError, match="per_moon"):
        apply_caps([], {"per_moon": Decimal(1)})


@pytest.mark.parametrize(
    ("limit", "used", "allowed"), [(None, 0, 20), (Decimal(50), 0, 20), (Decimal(50), 40, 10), (Decimal(50), 60, 0), (Decimal(50), 30, 20)]
)
def test_the_firm_loan_cap_limits_the_principal(limit, used, allowed):
    assert within_firm_loan_cap(Decimal(20), limit=limit, used=Decimal(used)) == (allowed, 20 - allowed)


@pytest.mark.parametrize(("part", "expected"), [("equipment", 8), ("whole", 20)])
def test_the_version_names_the_part_of_a_drawdown_it_subsidises(part, expected):
    assert subsidised_principal(part, amount=Decimal(20), equipment=Decimal(8)) == expected


@pytest.mark.parametrize(("part", "equipment"), [("half", 8), ("whole", 21), ("equipment", -1)])
def test_an_unknown_part_and_equipment_beyond_the_drawdown_are_refused(part, equipment):
    with pytest.raises(ValueError, match="part"):
        subsidised_principal(part, amount=Decimal(20), equipment=Decimal(equipment))


@given(st.lists(st.integers(0, 100), max_size=8), st.integers(0, 300))
def test_grant_and_subsidy_together_come_to_the_higher_of_the_two(requested, granted):
    counted, paid = Decimal(0), Decimal(0)
    for amount in requested:
        allowed, cut = beyond_grants(Decimal(amount), granted=Decimal(granted), counted=counted)
        assert 0 <= allowed == amount - cut
        counted, paid = counted + cut, paid + allowed

    assert paid + granted == max(sum(requested), granted)


@pytest.mark.parametrize(("amount", "granted", "counted"), [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_nothing_negative_is_compared_with_a_grant(amount, granted, counted):
    with pytest.raises(ValueError, match="negative"):
        beyond_grants(Decimal(amount), granted=Decimal(granted), counted=Decimal(counted))


def test_who_has_no_part_yields_none_and_nothing_paid_leaves_nothing():
    parts = {"central": Decimal(150), "province": Decimal(100)}

    left, cuts = yield_cut(parts, Decimal(0))

    assert left == {"central": 0, "province": 0}
    assert [(cut.key, cut.amount) for cut in cuts] == [("province", 100), ("central", 150)]
