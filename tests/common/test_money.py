from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Invalid
from common.money import fen, format_wan, format_yuan, parse_wan, round_fen, yuan, yuan_text


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("0", "0.00"),
        ("1", "10000.00"),
        ("1250.5", "12505000.00"),
        ("1,250.5", "12505000.00"),
        ("1 250.5", "12505000.00"),
        (" 1250.5 ", "12505000.00"),
        ("１，２５０．５", "12505000.00"),
        ("1250.5万元", "12505000.00"),
        ("1250.5 万", "12505000.00"),
        ("0.000001", "0.01"),
        ("999999999999.999999", "9999999999999999.99"),
        (3, "30000.00"),
        (1250.5, "12505000.00"),
        (0.1, "1000.00"),
        (1e-05, "0.10"),
        (1e16 / 1e10, "10000000000.00"),
        (Decimal("60833.3334"), "608333334.00"),
        ("-0", "0.00"),
    ],
)
def test_parse_wan_takes_what_people_type(typed, expected):
    amount = parse_wan(typed, field="need")

    assert (amount, str(amount)) == (Decimal(expected), expected)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (None, "required"),
        ("", "required"),
        ("　", "required"),
        ("1.0000001", "too_many_decimals"),
        ("1.0000000", "too_many_decimals"),
        (0.1 + 0.2, "too_many_decimals"),
        (1e-07, "too_many_decimals"),
        ("-1", "negative"),
        ("−1", "negative"),
        ("－１", "negative"),
        (-0.5, "negative"),
        ("1e5", "exponent"),
        ("1.2E+10", "exponent"),
        ("nan", "not_a_number"),
        ("inf", "not_a_number"),
        (float("nan"), "not_a_number"),
        (float("inf"), "not_a_number"),
        (Decimal("sNaN"), "not_a_number"),
        ("五百", "not_a_number"),
        ("1,5", "not_a_number"),
        ("1,0000", "not_a_number"),
        ("1.2.3", "not_a_number"),
        (".5", "not_a_number"),
        ("+5", "not_a_number"),
        ("=A1", "not_a_number"),
        (True, "not_a_number"),
        (b"5", "not_a_number"),
        ("5000000元", "unit_yuan"),
        ("1000000000000", "too_large"),
        (1e300, "too_large"),
        ("9999999999999.999999", "too_large"),
    ],
)
def test_parse_wan_refuses_with_field_rule_and_remedy(typed, code):
    with pytest.raises(Invalid) as refused:
        parse_wan(typed, field="need")

    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("need", code)
    assert str(problem.message)
    assert str(problem.remedy)


@given(st.integers(0, 10**18 - 1))
def test_parse_wan_reads_back_every_amount_that_format_wan_writes(amount_fen):
    amount = yuan(amount_fen)

    assert parse_wan(format_wan(amount), field="need") == amount
    assert fen(amount) == amount_fen
    assert yuan_text(amount_fen) == str(amount)


@pytest.mark.parametrize(
    ("amount", "wan", "plain"),
    [
        ("0.00", "0", "0.00"),
        ("0.01", "0.000001", "0.01"),
        ("608333.34", "60.833334", "608,333.34"),
        ("12505000.00", "1,250.5", "12,505,000.00"),
        ("20000000.00", "2,000", "20,000,000.00"),
        ("100000000000.00", "10,000,000", "100,000,000,000.00"),
        ("-3666.67", "-0.366667", "-3,666.67"),
    ],
)
def test_formats_group_by_thousands(amount, wan, plain):
    assert (format_wan(Decimal(amount)), format_yuan(Decimal(amount))) == (wan, plain)


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "0.005"])
def test_fen_refuses_what_is_not_a_whole_number_of_fen(amount):
    with pytest.raises(ValueError, match="fen"):
        fen(Decimal(amount))


@pytest.mark.parametrize(("exact", "rounded"), [("0.005", "0.01"), ("0.0049", "0.00"), ("1.115", "1.12"), ("-0.005", "-0.01")])
def test_round_fen_rounds_half_up(exact, rounded):
    assert str(round_fen(Decimal(exact))) == rounded
