"""Published weights: every term has its points, and two people stand behind them."""

import pytest

from common.errors import Invalid, NotAllowed
from matching import weights
from tests.factories import HUBEI, NOW, TODAY, WEIGHTS

pytestmark = pytest.mark.django_db


def draft(world, by, **points):
    return weights.draft(
        world.programme, province=HUBEI, document_no="鄂经信〔2026〕9号", valid_from=TODAY, points=WEIGHTS | points, by=by, at=NOW
    )


def test_weights_are_drafted_by_one_and_approved_by_another(world, cast):
    row = draft(world, cast.zhao)

    with pytest.raises(NotAllowed):
        weights.approve(row, by=cast.zhao, at=NOW, seen=0)
    weights.approve(row, by=cast.sun, at=NOW, seen=0)

    assert (row.state, row.drafted_by_id, row.approved_by_id) == ("approved", cast.zhao.user_id, cast.sun.user_id)
    assert weights.replace(row, by=cast.sun, at=NOW, seen=1).state == "replaced"


def test_weights_tell_everything_that_is_wrong(world, cast):
    with pytest.raises(Invalid) as refusal:
        draft(world, cast.zhao, coverage=0, cost=-1, amount=1.5, house_bank=True, luck=7)

    assert {problem.field for problem in refusal.value.problems} == {
        "points.coverage", "points.cost", "points.amount", "points.house_bank", "points.luck",
    }  # fmt: skip


def test_weights_are_the_provinces_business(world, cast):
    for person in (cast.wang, cast.bai, cast.lin):
        with pytest.raises(NotAllowed):
            draft(world, person)
