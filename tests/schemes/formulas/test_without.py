"""What is left of a drawdown once a part of it was put to another use; shares in proportion that sum to the fen."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes.formulas import Balances, Change, in_proportion, without

DRAWN, LATER = date(2025, 3, 10), date(2025, 5, 1)
LOAN = Balances(DRAWN, Decimal(100), (Change(date(2025, 6, 1), Decimal(-70)),))


@pytest.mark.parametrize(
    ("day", "left"), [(DRAWN, 100), (date(2025, 4, 30), 100), (LATER, 60), (date(2025, 5, 31), 60), (date(2025, 6, 1), 0)]
)
def test_diverted_part_is_gone_from_its_day_and_the_rest_never_below_nothing(day, left):
    assert without(LOAN, Decimal(40), on=LATER).fen_on(day) == left * 100


def test_before_the_drawdown_is_from_its_first_day():
    assert without(LOAN, Decimal(40), on=date(2025, 1, 1)).fen_on(DRAWN) == 6000


def test_nothing_diverted_changes_nothing():
    assert [without(LOAN, Decimal(0), on=LATER).fen_on(day) for day in (DRAWN, LATER, date(2025, 6, 1))] == [10000, 10000, 3000]


def test_negative_part_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        without(LOAN, Decimal(-1), on=LATER)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.integers(0, 10**10))
def test_shares_sum_to_what_there_is_and_none_exceeds_its_claim(amounts, available):
    amounts, available = [Decimal(fen).scaleb(-2) for fen in amounts], Decimal(available).scaleb(-2)

    shares = in_proportion(amounts, available)

    assert sum(shares) == min(available, sum(amounts))
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))
