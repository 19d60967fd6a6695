"""The smallest change found for a need without a recommendation: by re-solving, honestly labelled."""

import datetime as dt

import pytest

from common.errors import NotAllowed
from ledger.models import LedgerAccount
from matching import explain, overrides, scenarios, smallest, tasks
from matching.models import NonMatch
from matching.problem import Resource
from tests.factories import NOW
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture
def left_out(world, cast):
    """Two needs of 2,000 万元 for a bank with room for 3,000."""
    provinces.needs(world, 2, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 3000)
    return NonMatch.objects.get(round=provinces.solved(world, cast))


def place(snapshot, code="ICBC-WH"):
    return int(snapshot["account_id"].searchsorted(LedgerAccount.objects.get(code=f"appetite:{code}:2026").pk))


def found_for(non_match):
    snapshot, base = scenarios.based_on(non_match.round)
    return snapshot, smallest.find(snapshot, base, int(snapshot["need_id"].searchsorted(non_match.need_id)))


def test_least_raise_of_a_full_limit_is_found_and_proven(left_out):
    snapshot, found = found_for(left_out)

    assert found.raises == {Resource("appetite", (place(snapshot),)): 1000}
    assert found.is_proven
    assert found.gap == 0


def test_raise_that_was_found_recommends_the_need(left_out):
    snapshot, base = scenarios.based_on(left_out.round)
    need = int(snapshot["need_id"].searchsorted(left_out.need_id))
    account = str(snapshot["account_id"][place(snapshot)])

    for wan, recommended in ((3999, False), (4000, True)):
        changed = overrides.apply(snapshot, {"appetites": {account: f"{wan}0000.00"}})
        solution = scenarios.warm(changed, base, time_limit_s=30.0, seed=0, gap=0.0).solved.solution
        assert (solution.choice[need] != -1) == recommended


def test_case_load_counts_in_cases(world, cast):
    world.appetites["ICBC-WH"].case_load = 1
    world.appetites["ICBC-WH"].save(update_fields=["case_load"])
    provinces.needs(world, 2, branches=("ICBC-WH",), open_to_other_banks=False)

    _snapshot, found = found_for(NonMatch.objects.get(round=provinces.solved(world, cast)))

    assert [(resource.kind, units) for resource, units in found.raises.items()] == [("case_load", 1)]
    assert found.is_proven


def test_limit_too_small_for_the_need_itself_is_found(world, cast):
    provinces.needs(world, wan=2000, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.needs(world, wan=500, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 1500)
    row = NonMatch.objects.get(round=provinces.solved(world, cast))
    assert row.code == "no_candidate"

    _snapshot, found = found_for(row)

    assert list(found.raises.values()) == [500]  # the smaller need gives way where it must: 2,000 in all reach the larger one or both not


def test_need_that_no_limit_keeps_away_has_no_change(world, cast):
    provinces.needs(world, branches=(), open_to_other_banks=False)
    provinces.needs(world)
    row = NonMatch.objects.get(round=provinces.solved(world, cast))

    assert found_for(row)[1] is None
    smallest.ask(row, by=cast.zhao, at=NOW)
    assert explain.smallest(smallest.answer(row)) == ["在限定时间内没有找到使本需求获得推荐的额度提高办法。"]


def test_answer_is_kept_and_told(left_out, cast):
    assert smallest.ask(left_out, by=cast.zhao, at=NOW)
    assert not smallest.ask(left_out, by=cast.sun, at=NOW)

    tasks.find_smallest_change(left_out.pk)
    tasks.find_smallest_change(left_out.pk)

    row = NonMatch.objects.get(pk=left_out.pk)
    assert explain.smallest(row) == [
        "“appetite:ICBC-WH:2026”提高 1000 万元，重新求解后本需求获得推荐。",
        "已证明：提高少 1 个单位时，最优方案不推荐本需求。",
    ]


def test_found_is_not_called_proven_without_gap_zero(left_out, cast, monkeypatch):
    smallest.ask(left_out, by=cast.zhao, at=NOW)
    monkeypatch.setattr(smallest, "TRIES_MAX", 1)

    row = smallest.answer(left_out)

    assert not row.smallest["is_proven"]
    assert "未证明是最小的" in explain.smallest(row)[1]


@pytest.mark.parametrize("name", ["lin", "bai", "wang", "chen", "qian", "mo_bank"])
def test_only_the_provincial_office_asks(left_out, cast, name):
    with pytest.raises(NotAllowed):
        smallest.ask(left_out, by=getattr(cast, name), at=NOW)


def test_question_whose_worker_fell_silent_may_be_asked_again(left_out, cast):
    smallest.ask(left_out, by=cast.zhao, at=NOW)

    assert not smallest.may_ask(left_out, at=NOW + dt.timedelta(minutes=1))
    assert smallest.may_ask(left_out, at=NOW + dt.timedelta(minutes=3))
