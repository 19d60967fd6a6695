"""A real round through deals: frozen with the commitments of the moment, solved, published by two people, answered, matched again."""

import datetime as dt

import pytest

from deals import bank_review, commitments, deal_steps, invariants, invitations, rematch
from deals.bulk import succeeded
from deals.models import Invitation
from matching import rounds
from matching.models import Recommendation, Round
from organisations.models import PolicyParameter
from tests import factories
from tests.deals import cases
from tests.factories import HUBEI, NOW, TODAY


@pytest.fixture
def numbers(world):
    for key, value in (("expected_drawdown_days", 60), ("round_interval_days", 30)):
        PolicyParameter.objects.get_or_create(
            key=key, province="100000", valid_from=factories.SINCE, defaults={"value": value, "unit": "days", "source": "测试"}
        )


def solved(round_):
    import time

    rounds.solve(round_, at=NOW, clock=lambda: NOW + dt.timedelta(seconds=time.monotonic() % 1))
    return Round.objects.select_related("programme").get(pk=round_.pk)


def published(world, cast):
    round_ = rounds.plan(world.programme, province=HUBEI, planned_for=TODAY, by=cast.zhao, at=NOW)
    commitments.freeze(round_, by=cast.zhao, at=NOW, seen=round_.version)
    round_ = solved(round_)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)
    return round_, invitations.publish_round(round_, by=cast.sun, at=NOW, seen=round_.version)


def test_round_sends_letters_and_a_child_round_serves_the_refused(world, cast, numbers):
    owners = [cast.firm, *factories.firms(world, 3)]
    factories.filings(world, owners, branches=())

    round_, result = published(world, cast)

    letters = list(Invitation.objects.order_by("pk"))
    assert len(letters) == len(result.leads) == 4
    assert {row.state for row in letters} == {"awaiting_consent"}
    assert all(row.recommendation.hold_key for row in letters)
    assert list(invariants.breaches()) == []
    again = invitations.publish_round(round_, by=cast.sun, at=NOW, seen=round_.version)
    assert (len(again.leads), Invitation.objects.count()) == (4, 4)

    mine = next(row for row in letters if row.filing.firm_id == cast.firm.pk)
    invitations.consent(mine, by=cast.lin, at=NOW, seen=mine.version)
    while mine is not None:  # every bank the round thought of says no
        by = cases.officer(world, cast, mine.branch)
        bank_review.decline(mine, by=by, at=NOW, seen=mine.version, code="collateral_short")
        mine = Invitation.objects.live().filter(filing__firm=cast.firm).select_related("branch", "filing").first()
        if mine is not None:
            invitations.consent(mine, by=cast.lin, at=NOW, seen=mine.version)
    assert list(invariants.breaches()) == []

    child = rematch.start(Round.objects.get(pk=round_.pk), reason="谢绝", by=cast.zhao, at=NOW)

    assert (child.parent_id, child.needs) == (round_.pk, 1)
    child = solved(child)
    rematch.publish(child, at=NOW)
    assert Round.objects.get(pk=child.pk).state == "published"
    assert list(invariants.breaches()) == []


def test_need_settled_between_freeze_and_publication_gets_no_letter(world, cast, numbers):
    need = cases.open_need(world, cast)
    round_ = rounds.plan(world.programme, province=HUBEI, planned_for=TODAY, by=cast.zhao, at=NOW)
    commitments.freeze(round_, by=cast.zhao, at=NOW, seen=round_.version)
    round_ = solved(round_)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)
    deal = deal_steps.register_direct(need, world["HBB-WH"], by=cast.mo_bank, at=NOW, amount=need.amount, **cases.CONTRACT)
    deal_steps.confirm_direct(deal, by=cast.lin, at=NOW, seen=deal.version)

    result = invitations.publish_round(round_, by=cast.sun, at=NOW, seen=round_.version)

    assert (result.leads, len(result.overtaken)) == ((), 1)
    assert not Invitation.objects.exists()
    assert list(invariants.breaches()) == []


def test_new_round_replaces_the_standbys_of_the_last(world, cast, numbers):
    need = cases.open_need(world, cast)
    old, _leads = cases.publication(world, cast, [need], ["HBB-WH", "CCB-WH"])
    (letter,) = invitations._invite_leads(old.recommendations.filter(rank=0), by=cast.sun, at=NOW)
    Recommendation.objects.filter(round=old, rank=1).update(state="standby")
    results = invitations.expire_many([letter], at=NOW)
    assert len(succeeded(results)) == 1
    standby = Invitation.objects.live().get()
    invitations.withhold(standby, by=cast.lin, at=NOW, seen=standby.version)
    spare = Recommendation.objects.create(
        round=old, need=need, rank=2, branch=world["ICBC-WH"], product=world.products["ICBC-P1"], state="standby", amount=need.amount,
        rate_bp=285, cost_bp=1, value=1, province=HUBEI,
    )  # fmt: skip

    published(world, cast)

    spare.refresh_from_db()
    assert spare.state == "spent"
