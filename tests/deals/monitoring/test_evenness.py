"""One number for how evenly money falls upon the counties."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.monitoring import evenness
from deals.monitoring.scope import scope_of
from tests.deals.monitoring import rows
from tests.factories import WAN
from tests.portal import cases

amounts = st.integers(0, 10**12).map(lambda fen: Decimal(fen) / 100)


def as_defined(pairs):
    """½ · ΣΣ wᵢ·wⱼ·|rᵢ − rⱼ| / r̄, pair by pair."""
    known = [(need, got) for need, got in pairs if need]
    needs, gots = sum(need for need, _got in known), sum(got for _need, got in known)
    apart = sum(a * b * abs(x / a - y / b) for a, x in known for b, y in known)
    return apart / (2 * needs * gots)


@pytest.mark.parametrize(
    ("pairs", "index"),
    [
        ([(100, 10), (200, 20), (50, 5)], "0.0000"),
        ([(100, 0), (100, 10)], "0.5000"),
        ([(100, 0), (100, 0), (100, 0), (100, 10)], "0.7500"),
        ([(300, 30), (100, 30)], "0.2500"),
        ([(300, 30), (100, 30), (0, 99)], "0.2500"),
        ([(100, 10)], None),
        ([(100, 0), (200, 0)], None),
        ([], None),
    ],
)
def test_index_by_hand(pairs, index):
    found = evenness.gini((Decimal(need), Decimal(got)) for need, got in pairs)

    assert found == (None if index is None else Decimal(index))


@given(st.lists(st.tuples(amounts, amounts), max_size=12))
def test_index_is_the_definition_between_0_and_1_whatever_the_order(pairs):
    found = evenness.gini(pairs)

    if found is None:
        assert sum(need > 0 for need, _got in pairs) < 2 or not any(got for need, got in pairs if need)
        return
    assert 0 <= found <= 1
    assert evenness.gini(reversed(pairs)) == found
    assert abs(found - as_defined(pairs)) <= Decimal("0.0001")


@pytest.mark.django_db
def test_indexes_of_a_province(world, cast):
    rows.need(world, "outstanding", amount=1000)
    rows.need(world, "listed", region="420115", amount=3000)
    filing = rows.need(world, "outstanding", region="429004", amount=1000)
    cases.claim(world, filing.deals.get(), state="settled", arranged=Decimal(4000), paid=Decimal(4000))

    found = evenness.counties(scope_of(cast.zhao))
    loans, outstanding, subsidy = evenness.indexes(found)

    assert [(one.row.code, one.need / WAN, one.loans / WAN, one.subsidy) for one in found] == [
        ("420115", 3000, 0, 0),
        ("420111", 1000, 400, 0),
        ("429004", 1000, 400, 4000),
    ]
    assert (loans.gini, loans.counties, loans.without) == (Decimal("0.6000"), 3, 1)
    assert outstanding.gini == loans.gini
    assert (subsidy.gini, subsidy.without) == (Decimal("0.8000"), 2)
    assert loans.mean == 1600
