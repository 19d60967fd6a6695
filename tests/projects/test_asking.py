"""Can I apply? The answer is that of the rules a form must satisfy."""

import datetime as dt
from decimal import Decimal

import pytest

from projects.asking import answer
from tests.factories import TODAY, WAN

pytestmark = pytest.mark.django_db


def asked(world, **changed):
    values = {
        "region": world["420111"].pk,
        "total_investment": 4000 * WAN,
        "equipment_investment": 3000 * WAN,
        "own_capital": 1200 * WAN,
        "amount": 2000 * WAN,
        "term_months": 60,
        "starts_on": TODAY,
        "loan_purpose": "购置数控加工中心四十台",
    }
    return {problem.code for problem in answer(values | changed, on=TODAY)}


def test_nothing_against_a_sound_project(world):
    assert asked(world) == set()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"total_investment": Decimal(4_990_000), "equipment_investment": 100 * WAN, "amount": 100 * WAN}, "below_threshold"),
        ({"own_capital": 100 * WAN}, "own_capital_short"),
        ({"equipment_investment": 5000 * WAN}, "equipment_above_total"),
        ({"amount": 5000 * WAN}, "need_above_investment"),
        ({"starts_on": dt.date(2027, 1, 1)}, "starts_too_late"),
        ({"loan_purpose": "流动资金"}, "purpose_vague"),
    ],
)
def test_each_rule_answers_for_itself(world, changed, code):
    assert asked(world, **changed) == {code}
