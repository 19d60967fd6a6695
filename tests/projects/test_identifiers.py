from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from common.errors import Invalid
from projects.identifiers import make_project_code, parse_project_code

# Quoted in public material of 2024 to 2026 (tender notices and the like); the evidence of decision record 0005.
PUBLISHED = [
    "2411-130202-89-01-637015",
    "2509-140602-89-05-864976",
    "2509-320193-89-01-544060",
    "2603-141124-89-05-346948",
]
VALID = PUBLISHED[0]


@pytest.mark.parametrize("code", PUBLISHED)
def test_parse_project_code_takes_published_codes(code):
    assert parse_project_code(code) == code


@pytest.mark.parametrize(
    "typed",
    [
        "24111302028901637015",
        " 2411-130202-89-01-637015 ",
        "2411 130202 89 01 637015",
        "2411—130202—89—01—637015",
        "２４１１－１３０２０２－８９－０１－６３７０１５",
    ],
)
def test_parse_project_code_stores_twenty_four_characters(typed):
    assert parse_project_code(typed) == VALID


def test_parse_project_code_takes_codes_from_before_the_standard_without_a_check():
    assert parse_project_code("2020-330327-48-01-167360") == "2020-330327-48-01-167360"


@pytest.mark.parametrize(
    ("typed", "problem_code"),
    [
        (None, "required"),
        ("", "required"),
        ("2411-130202-89-01-63701", "project_code_shape"),
        ("2411-130202-89-01-6370155", "project_code_shape"),
        ("2411-130202-89-016-37015", "project_code_shape"),
        ("2411-13020X-89-01-637015", "project_code_shape"),
        ("2413-130202-89-01-637015", "project_code_time"),
        ("2400-130202-89-01-637015", "project_code_time"),
        ("2022-330327-48-01-167360", "project_code_time"),
        ("2411-130202-89-01-637016", "project_code_check_digit"),
        ("2411-130202-89-01-630715", "project_code_check_digit"),
        ("24111302028901600000", "project_code_digits_lost"),
        ("2.41113020289016E+19", "project_code_digits_lost"),
        (2.41113020289016e19, "project_code_digits_lost"),
        (24111302028901600000, "project_code_digits_lost"),
    ],
)
def test_parse_project_code_refuses_with_field_rule_and_remedy(typed, problem_code):
    with pytest.raises(Invalid) as refused:
        parse_project_code(typed, field="project.code")

    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("project.code", problem_code)
    assert str(problem.message)
    assert str(problem.remedy)


def test_check_digit_can_be_switched_off(settings):
    settings.PROJECT_CODE_CHECK_DIGIT = False

    assert parse_project_code("2411-130202-89-01-637016") == "2411-130202-89-01-637016"
    with pytest.raises(Invalid):
        parse_project_code("2413-130202-89-01-637015")


@given(st.dates(date(2021, 1, 1), date(2068, 12, 31)), st.integers(0, 99_999))
def test_make_project_code_is_valid_and_deterministic(given_on, serial):
    code = make_project_code(given_on=given_on, region_code="420104", serial=serial)

    assert len(code) == 24
    assert parse_project_code(code) == code == make_project_code(given_on=given_on, region_code="420104", serial=serial)


@pytest.mark.parametrize(("given_on", "serial"), [(date(2020, 12, 31), 1), (date(2025, 3, 1), 100_000), (date(2025, 3, 1), -1)])
def test_make_project_code_refuses_what_has_no_code(given_on, serial):
    with pytest.raises(ValueError, match="no code"):
        make_project_code(given_on=given_on, region_code="420104", serial=serial)


@given(st.integers(0, 99_999), st.integers(4, 19), st.integers(0, 9))
def test_parse_project_code_catches_every_single_wrong_digit(serial, position, digit):
    digits = make_project_code(given_on=date(2025, 3, 10), region_code="420104", serial=serial).replace("-", "")
    assume(digits[position] != str(digit))

    with pytest.raises(Invalid):
        parse_project_code(digits[:position] + str(digit) + digits[position + 1 :])
