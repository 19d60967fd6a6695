"""A need in second docking and the rounds of recommendation: it joins one, is counted, and while it rests no round takes it."""

import pytest

from common.errors import NotAllowed
from deals import commitments, invitations
from deals.docking import beginning, steps
from deals.docking.following import follow
from deals.models import Invitation
from matching import collect
from matching.models import NonMatch, Round
from projects.models import Need
from tests.deals import cases
from tests.deals.cases import DAY
from tests.deals.docking import courses
from tests.factories import HUBEI, NOW

LATER = NOW + DAY


def joined(docking, cast, *, at=NOW):
    docking = courses.fresh(docking)
    return steps.join(docking, by=cast.lin, at=at, seen=docking.version)


def known(world, *, at=NOW):
    return commitments.compute(world.programme, HUBEI, at=at)


def published(world, cast, need, *branches, at=LATER, amount=None):
    """A round has recommended these; publishing a solved one does the same (`tests/journeys/test_second_docking.py`)."""
    cases.published(world, cast, need, *branches, at=at, amount=amount)
    follow([need.pk], at=at)


def told(docking):
    docking = courses.fresh(docking)
    return docking.state, docking.rounds_used


def test_joined_it_is_open_to_banks_it_never_named(world, cast):
    docking = courses.listed(world, cast, open_to_other_banks=False)
    assert docking.need_id not in known(world).asking

    joined(docking, cast)

    assert known(world).asking == {docking.need_id}
    assert docking.need_id not in known(world).closed
    assert told(docking) == ("seeking", 1)


def test_round_that_recommends_leaves_it_with_the_firms_consent(world, cast, docking):
    joined(docking, cast)

    published(world, cast, docking.need, "HBB-WH")

    letter = courses.letter(docking, "HBB-WH")
    assert (letter.state, letter.origin, letter.recommendation_id is not None) == ("awaiting_consent", "second_docking", True)
    assert told(docking) == ("seeking", 1)


def test_standby_follows_a_lead_of_second_docking_and_is_no_new_round(world, cast, docking):
    joined(docking, cast)
    published(world, cast, docking.need, "HBB-WH", "CCB-WH")
    lead = courses.letter(docking, "HBB-WH")

    invitations.withhold(lead, by=cast.lin, at=LATER, seen=lead.version)

    assert Invitation.objects.live().get().branch == world["CCB-WH"]
    assert told(docking) == ("seeking", 1)


def test_rest_of_a_partial_approval_has_its_standbys_as_well(world, cast):
    deal = courses.partly_approved(world, cast)
    docking = beginning.begin(Need.objects.get(pk=deal.need_id), by=cast.lin, at=NOW)
    joined(docking, cast)
    assert docking.need_id not in known(world).closed
    published(world, cast, docking.need, "HBB-WH", "CCB-WH", amount=docking.need.amount - deal.approved_amount)
    lead = courses.letter(docking, "HBB-WH")

    invitations.withhold(lead, by=cast.lin, at=LATER, seen=lead.version)

    assert set(Invitation.objects.live().values_list("branch__code", "state")) == {("ICBC-WH", "accepted"), ("CCB-WH", "awaiting_consent")}
    assert told(docking) == ("seeking", 1)


def test_round_without_a_recommendation_gives_the_move_back(world, cast, docking):
    joined(docking, cast)
    round_ = Round.objects.create(
        programme=world.programme,
        number="R-9",
        state="published",
        planned_for=NOW.date(),
        frozen_at=NOW,
        published_at=LATER,
        province=HUBEI,
    )
    NonMatch.objects.create(round=round_, need=docking.need, code="limits_full", explanation={}, province=HUBEI)

    follow([docking.need_id], at=LATER)

    assert told(docking) == ("adjusting", 1)
    assert known(world).asking == set()


def test_round_that_comes_unasked_is_one_of_its_rounds(world, cast, docking):
    published(world, cast, docking.need, "HBB-WH")

    assert told(docking) == ("seeking", 1)


@pytest.mark.parametrize("parked", [True, False])
def test_what_rests_enters_no_round_and_reopened_enters_again(world, cast, due, parked):
    docking = due
    round_ = Round(programme=world.programme, province=HUBEI)
    if parked:
        docking = courses.parked(courses.convened(docking, cast), cast)
    assert not collect.open_needs(round_).filter(pk=docking.need_id).exists()

    if parked:
        steps.resume(docking, by=cast.chen, at=NOW, seen=docking.version, note="订单已签")
    else:
        courses.agreed(courses.convened(docking, cast), cast)

    assert collect.open_needs(round_).filter(pk=docking.need_id).exists()


def test_banks_the_firm_asked_again_close_the_need_to_rounds(world, cast, docking):
    courses.asked(docking, cast)

    assert docking.need_id in known(world).closed
    assert Need.objects.get(pk=docking.need_id).parked_reason == ""


def test_firm_may_stop_waiting_for_a_round(world, cast, docking):
    joined(docking, cast)

    docking = courses.fresh(docking)
    steps.leave(docking, by=cast.lin, at=NOW, seen=docking.version)

    assert told(docking) == ("adjusting", 0)
    assert known(world).asking == set()


def test_round_that_came_is_not_left(world, cast, docking):
    joined(docking, cast)
    published(world, cast, docking.need, "HBB-WH")

    docking = courses.fresh(docking)
    with pytest.raises(NotAllowed):
        steps.leave(docking, by=cast.lin, at=LATER, seen=docking.version)

    assert (docking.since, docking.seeks_round) == (LATER, False)
