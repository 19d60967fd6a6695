"""Lists: nothing to do is nothing done; who acts on which row; a rehearsal writes nothing."""

import pytest

from common.errors import NotAllowed
from deals import bank_review, deal_steps, interest, invitations, signing
from deals.bulk import rehearse, voice
from deals.models import Deal
from deals.states import DEAL_STEPS
from projects.models import Need
from tests.deals import cases
from tests.deals.cases import AMOUNT
from tests.factories import NOW


@pytest.mark.parametrize(
    ("step", "extra"),
    [
        (invitations.view_many, {}),
        (invitations.consent_many, {}),
        (bank_review.accept_many, {}),
        (bank_review.decline_many, {"codes": "own_funds"}),
        (deal_steps.confirm_many, {}),
        (deal_steps.start_diligence_many, {}),
        (deal_steps.approve_credit_many, {"terms": {}}),
        (signing.sign_many, {"contracts": {}}),
        (interest.record_receipts, {}),
    ],
)
def test_nothing_to_do_is_nothing_done(db, world, cast, step, extra):
    assert step([], by=cast.system, at=NOW, **extra) == []


def test_nothing_to_invite_or_expire(db, cast):
    assert invitations.invite_named([], by=cast.zhao, at=NOW) == []
    assert invitations.expire_many([], at=NOW) == []


def test_each_row_is_taken_by_its_own_actor(world, cast):
    rows = cases.invited(world, cast)

    results = bank_review.accept_many(list(rows.values()), by={rows["ICBC-WH"].pk: cast.bai, rows["CCB-WH"].pk: cast.lin}, at=NOW)

    assert [type(result.error) for result in results] == [type(None), NotAllowed]
    assert voice({1: cast.bai}, at=NOW).is_system
    assert voice(cast.bai, at=NOW) == cast.bai


def test_rehearsal_writes_nothing(world, cast):
    deal = cases.intent(world, cast)
    before = (deal.state, deal.version)

    assert rehearse(DEAL_STEPS, "confirm", [deal], by=cast.lin, at=NOW) == {}
    refused = rehearse(DEAL_STEPS, "confirm", [deal], by=cast.bai, at=NOW)

    assert isinstance(refused[deal.pk], NotAllowed)
    assert (deal.state, deal.version) == (cases.fresh(deal).state, cases.fresh(deal).version) == before


def test_of_two_offers_in_one_list_the_first_is_chosen(world, cast):
    rows = cases.invited(world, cast)
    offers = [cases.accepted(world, cast, rows[code]) for code in ("CCB-WH", "ICBC-WH")]

    results = deal_steps.confirm_many(offers, by=cast.lin, at=NOW)

    assert [getattr(result.error, "code", "") for result in results] == ["", "already_chosen"]
    assert [cases.fresh(offer).state for offer in offers] == ["confirmed", "lapsed"]


def test_offer_above_a_need_that_shrank_is_refused(world, cast):
    deal = cases.intent(world, cast)
    Need.objects.update(amount=AMOUNT / 2)

    (result,) = deal_steps.confirm_many([deal], by=cast.lin, at=NOW)

    assert result.error.problems[0].field == "amount"
    assert Deal.objects.get().state == "intent"
