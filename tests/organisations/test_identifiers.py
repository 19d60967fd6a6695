import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import uscc

from common.errors import Invalid
from organisations.identifiers import make_uscc, parse_uscc

VALID = "91110000600037341L"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize(
    "typed",
    [VALID, VALID.lower(), f" {VALID} ", "9111 0000 6000 3734 1L", "９１１１００００６０００３７３４１Ｌ", "91110000-600037341L"],
)
def test_parse_uscc_stores_the_compact_form(typed):
    assert parse_uscc(typed) == VALID


def test_parse_uscc_takes_a_check_digit_of_zero():
    zero = next(code for code in (make_uscc("420104", serial) for serial in range(1000)) if code.endswith("0"))

    assert parse_uscc(zero) == zero


def test_parse_uscc_takes_bodies_registered_outside_industry_and_commerce():
    village_collective = "N2420104MF0000001"
    code = village_collective + uscc.calc_check_digit(village_collective)

    assert parse_uscc(code) == code


@pytest.mark.parametrize(
    ("typed", "problem_code"),
    [
        (None, "required"),
        ("  ", "required"),
        (VALID[:-1], "uscc_length"),
        (VALID + "0", "uscc_length"),
        ("9111000060003734IL", "uscc_characters"),
        ("911100006000373O1L", "uscc_characters"),
        ("91X10000600037341L", "uscc_characters"),
        ("9111000060003734中L", "uscc_characters"),
        ("91110000600037341M", "uscc_check_digit"),
        ("91110000600037314L", "uscc_check_digit"),
        (9.111000060003734e17, "uscc_digits_lost"),
        (911100006000373000, "uscc_digits_lost"),
        ("911100006000373000", "uscc_digits_lost"),
        ("9.11100006E+17", "uscc_digits_lost"),
    ],
)
def test_parse_uscc_refuses_with_field_rule_and_remedy(typed, problem_code):
    with pytest.raises(Invalid) as refused:
        parse_uscc(typed, field="supplier.uscc")

    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("supplier.uscc", problem_code)
    assert str(problem.message)
    assert str(problem.remedy)


def test_parse_uscc_believes_a_real_code_that_ends_in_three_zeros():
    bodies = (f"91420104{serial:07d}0" for serial in range(5000))
    codes = [body + digit for body in bodies for digit in "0" if uscc.calc_check_digit(body + "0" + digit) == "0"]
    real = [code + "0" for code in codes if code.endswith("00")]

    accepted = [code for code in real if _is_accepted(code)]

    assert 0 < len(accepted) < len(real)


def _is_accepted(code):
    try:
        return parse_uscc(code) == code
    except Invalid:
        return False


@given(st.integers(0, 999_999), st.sampled_from(["420000", "420104", "429004"]))
def test_make_uscc_is_valid_and_deterministic(serial, region_code):
    code = make_uscc(region_code, serial)

    assert parse_uscc(code) == code == make_uscc(region_code, serial)
    assert code[2:8] == region_code


def test_make_uscc_gives_every_serial_its_own_code():
    assert len({make_uscc("420104", serial) for serial in range(2000)}) == 2000


@pytest.mark.parametrize(("region_code", "serial"), [("42010", 1), ("42010X", 1), ("420104", -1), ("420104", 1_000_000)])
def test_make_uscc_refuses_what_has_no_code(region_code, serial):
    with pytest.raises(ValueError, match="no code"):
        make_uscc(region_code, serial)


@given(st.integers(0, 999_999), st.integers(8, 17), st.sampled_from(ALPHABET))
def test_parse_uscc_catches_every_single_wrong_character(serial, position, character):
    code = make_uscc("420104", serial)
    assume(code[position] != character)

    with pytest.raises(Invalid):
        parse_uscc(code[:position] + character + code[position + 1 :])
