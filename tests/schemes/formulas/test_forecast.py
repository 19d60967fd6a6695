from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes.formulas import AT_MATURITY, expected_by_year, headline

FIFTY_MILLION = Decimal(50_000_000)
TERMS = {"rate_bp": 150, "start": date(2026, 1, 20), "term_months": 60, "window_months": 24}


def test_headline_of_the_sme_notice_is_the_plain_form():
    assert headline(FIFTY_MILLION, rate_bp=150, months=24) == Decimal(1_500_000)


def test_expected_by_year_sums_to_the_headline_in_the_plain_form():
    expected = expected_by_year(FIFTY_MILLION, **TERMS, convention="plain_years")

    assert sum(expected.values()) == Decimal("1500000.00")
    assert list(expected) == [2026, 2027, 2028]


def test_expected_by_year_is_what_will_be_booked_by_days_over_360():
    expected = expected_by_year(FIFTY_MILLION, **TERMS)

    # Interest days of 2026 cover 20 January to 20 December (335 days); 2027 another 365; 2028 the 30 days to 19 January.
    assert expected == {2026: Decimal("697916.67"), 2027: Decimal("760416.67"), 2028: Decimal("62500.00")}
    assert sum(expected.values()) == pytest.approx(Decimal(1_500_000) * 365 / 360, abs=Decimal("0.05"))


def test_interest_after_the_twentieth_of_december_counts_in_the_next_year():
    expected = expected_by_year(FIFTY_MILLION, rate_bp=150, start=date(2026, 12, 21), term_months=12, window_months=12)

    assert list(expected) == [2027]


def test_interest_at_maturity_counts_in_the_year_of_maturity():
    expected = expected_by_year(FIFTY_MILLION, **TERMS, interest_months=AT_MATURITY)

    assert list(expected) == [2031]


def test_a_loan_shorter_than_the_window_is_subsidised_for_its_term():
    expected = expected_by_year(
        FIFTY_MILLION, rate_bp=150, start=date(2026, 1, 20), term_months=12, window_months=24, convention="plain_years"
    )

    assert sum(expected.values()) == headline(FIFTY_MILLION, rate_bp=150, months=12)


def test_equal_principal_costs_less_than_a_bullet():
    bullet = expected_by_year(FIFTY_MILLION, **TERMS)
    equal_principal = expected_by_year(FIFTY_MILLION, **TERMS, amortisation="equal_principal")

    assert list(bullet) == list(equal_principal)
    assert all(equal_principal[year] < bullet[year] for year in bullet)


@pytest.mark.parametrize(("name", "value", "error"), [("convention", "actual_365", ValueError), ("amortisation", "annuity", KeyError)])
def test_expected_by_year_refuses_what_it_does_not_know(name, value, error):
    with pytest.raises(error, match=value):
        expected_by_year(FIFTY_MILLION, **TERMS, **{name: value})


@given(
    st.integers(1, 10**11),
    st.integers(1, 500),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.integers(1, 120),
    st.integers(1, 36),
)
def test_the_plain_form_of_a_bullet_is_the_headline_to_the_fen(amount_fen, rate_bp, start, term_months, window_months):
    amount = Decimal(amount_fen).scaleb(-2)

    expected = expected_by_year(
        amount, rate_bp=rate_bp, start=start, term_months=term_months, window_months=window_months, convention="plain_years"
    )

    assert sum(expected.values()) == headline(amount, rate_bp=rate_bp, months=min(term_months, window_months))


def test_equal_parts_of_principal_come_back_on_each_interest_day():
    expected = expected_by_year(
        Decimal(14_400_000), rate_bp=100, start=date(2025, 3, 21), term_months=12, window_months=24, amortisation="equal_principal"
    )

    # Quarters of 3.6 m, a hundred yuan a day each: 91 × 4 + 3, 91 × 3 + 2 and 90 × 2 + 1 days, then 90 of the last.
    assert expected == {2025: Decimal(82_300), 2026: Decimal(9_000)}
