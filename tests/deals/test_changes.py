"""What a change means for banks: a swap reaches them at once, a smaller need never leaves a promise larger than what is asked."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import Conflict, Invalid
from deals import changes, commitments, deal_steps, invariants, invitations
from deals.models import Deal, Invitation
from matching import rounds
from matching.models import Recommendation, Round, RoundData
from organisations.models import PolicyParameter
from projects.models import ChangeRequest, ChangeRule, Filing, Need
from tests import factories
from tests.deals import cases
from tests.deals.test_round_to_deal import solved
from tests.factories import HUBEI, NOW, TODAY, WAN


def reduced(filing, cast, wan, *, by=None):
    filing = Filing.objects.get(pk=filing.pk)
    row = changes.ask(filing, kinds=["amount"], form={"amount": str(wan)}, reason="压减投资", by=cast.lin, at=NOW)
    return changes.grant(row, by=by or cast.gao, at=NOW, seen=row.version)


def states(filing):
    return dict(Invitation.objects.filter(filing=filing).values_list("branch__code", "state"))


def test_a_swap_ends_the_letters_to_who_is_named_no_more_and_invites_who_is(world, cast):
    letters = cases.invited(world, cast, "ICBC-WH", "CCB-WH")
    filing = letters["ICBC-WH"].filing

    form = {"intended_banks": ["CCB-WH", "HBB-WH"]}
    changes.ask(filing, kinds=["intended_banks"], form=form, reason="改换银行", by=cast.lin, at=NOW)

    assert states(filing) == {"ICBC-WH": "withdrawn", "CCB-WH": "open", "HBB-WH": "open"}
    assert not Filing.objects.visible_to(cast.bai).exists()
    assert Filing.objects.visible_to(cast.mo_bank).exists()
    assert list(invariants.breaches()) == []


def test_a_swap_before_listing_writes_to_nobody(world, cast):
    filing = factories.filing(world, cast.firm, state="in_pool")

    changes.ask(filing, kinds=["intended_banks"], form={"intended_banks": ["HBB-WH"]}, reason="x", by=cast.lin, at=NOW)

    assert not Invitation.objects.exists()


def test_an_offer_outlasts_the_swap_and_a_bank_that_refused_is_not_asked_again(world, cast):
    letters = cases.invited(world, cast, "ICBC-WH", "CCB-WH")
    cases.accepted(world, cast, letters["ICBC-WH"])
    Invitation.objects.filter(pk=letters["CCB-WH"].pk).update(state="declined")

    form = {"intended_banks": ["CCB-WH", "HBB-WH"]}
    changes.ask(letters["CCB-WH"].filing, kinds=["intended_banks"], form=form, reason="x", by=cast.lin, at=NOW)

    assert states(letters["CCB-WH"].filing) == {"ICBC-WH": "accepted", "CCB-WH": "declined", "HBB-WH": "open"}
    assert Deal.objects.get().state == "intent"


def test_never_more_banks_look_than_may(world, cast):
    PolicyParameter.objects.filter(key="max_live_invitations").update(value=2)
    filing = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"].filing
    cases.published(world, cast, Need.objects.select_related("filing__firm").get(), "CCB-WH")

    changes.ask(filing, kinds=["intended_banks"], form={"intended_banks": ["ICBC-WH", "HBB-WH"]}, reason="x", by=cast.lin, at=NOW)

    assert set(states(filing)) == {"ICBC-WH", "CCB-WH"}


def test_a_smaller_need_frees_what_was_promised_beyond_it(world, cast):
    need = cases.open_need(world, cast)
    letter = cases.published(world, cast, need, "ICBC-WH", "CCB-WH")

    reduced(need.filing, cast, 1500)

    letter.refresh_from_db()
    assert (letter.state, cases.balance(world, "ICBC-WH")) == ("withdrawn", (Decimal(0), Decimal(0)))
    assert Recommendation.objects.get(rank=1).state == "spent"
    assert list(invariants.breaches()) == []


def test_a_larger_need_leaves_what_was_promised(world, cast):
    need = cases.open_need(world, cast)
    letter = cases.published(world, cast, need, "ICBC-WH")

    reduced(need.filing, cast, 2100)

    letter.refresh_from_db()
    assert (letter.is_waiting, letter.state, cases.balance(world, "ICBC-WH")[0]) == (False, "awaiting_consent", Decimal(2000) * WAN)


def test_an_offer_beyond_the_new_amount_ends_a_smaller_one_stays(world, cast):
    letters = cases.invited(world, cast, "ICBC-WH", "CCB-WH")
    large = cases.accepted(world, cast, letters["ICBC-WH"])
    small = cases.accepted(world, cast, letters["CCB-WH"], amount=Decimal(1000) * WAN)

    reduced(large.filing, cast, 1500)

    assert [cases.fresh(deal).state for deal in (large, small)] == ["withdrawn", "intent"]


def test_a_need_is_not_cut_below_what_is_confirmed(world, cast):
    deal = cases.confirmed(world, cast)

    with pytest.raises(Invalid) as refused:
        reduced(deal.filing, cast, 1500)

    assert [problem.code for problem in refused.value.problems] == ["below_taken"]
    assert (Need.objects.get().amount, ChangeRequest.objects.get().state) == (Decimal(2000) * WAN, "asked")


def test_cancelling_a_listed_case_ends_its_business(world, cast):
    ChangeRule.objects.filter(field="cancellation").update(tier="province")
    need = cases.open_need(world, cast)
    cases.published(world, cast, need, "ICBC-WH")
    row = changes.ask(need.filing, kinds=["cancellation"], reason="项目取消", by=cast.lin, at=NOW)

    changes.grant(row, by=cast.zhao, at=NOW, seen=row.version)

    assert (Filing.objects.get().state, states(need.filing)) == ("withdrawn", {"ICBC-WH": "withdrawn"})
    assert cases.balance(world, "ICBC-WH") == (Decimal(0), Decimal(0))


def test_what_is_signed_is_not_cancelled(world, cast):
    ChangeRule.objects.filter(field="cancellation").update(tier="province")
    deal = cases.signed(world, cast)
    row = changes.ask(deal.filing, kinds=["cancellation"], reason="项目取消", by=cast.lin, at=NOW)

    with pytest.raises(Conflict):
        changes.grant(row, by=cast.zhao, at=NOW, seen=row.version)

    assert Filing.objects.get(pk=deal.filing_id).state == "listed"


def test_a_frozen_round_keeps_its_snapshot_and_promises_no_more_than_is_asked_now(world, cast):
    filing = factories.filing(world, cast.firm, branches=())
    other = factories.filing(world, branches=())
    round_ = rounds.plan(world.programme, province=HUBEI, planned_for=TODAY, by=cast.zhao, at=NOW)
    commitments.freeze(round_, by=cast.zhao, at=NOW, seen=round_.version)
    round_ = solved(round_)
    snapshot = bytes(RoundData.objects.get(round=round_).arrays)

    reduced(filing, cast, 1500)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)
    result = invitations.publish_round(round_, by=cast.sun, at=NOW, seen=round_.version)

    assert bytes(RoundData.objects.get(round=round_).arrays) == snapshot
    assert [row.need.filing_id for row in result.leads] == [other.pk]
    assert [row.need.filing_id for row in result.overtaken] == [filing.pk]
    assert Round.objects.get(pk=round_.pk).state == "published"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.integers(min_value=900, max_value=2800), min_size=1, max_size=3), offered=st.booleans())
def test_no_promise_exceeds_what_is_left_of_its_need(world, cast, amounts, offered):
    with transaction.atomic():
        need = cases.open_need(world, cast, owner=cast.firm)
        letter = cases.published(world, cast, need, "ICBC-WH", "CCB-WH")
        if offered:
            invitations.consent(letter, by=cast.lin, at=NOW, seen=letter.version)
            cases.accepted(world, cast, letter)
        for amount in amounts:
            reduced(need.filing, cast, amount)
            asked = Need.objects.get(pk=need.pk).amount
            assert sum(cases.balance(world, code)[0] for code in ("ICBC-WH", "CCB-WH")) <= asked
        transaction.set_rollback(True)


def test_a_confirmed_deal_counts_before_a_cut(world, cast):
    """What is confirmed stays; of the rest no promise is larger than what is left."""
    letters = cases.invited(world, cast, "ICBC-WH", "CCB-WH", asks_for_suggestions=True)
    part = cases.accepted(world, cast, letters["ICBC-WH"], amount=Decimal(800) * WAN)
    deal_steps.confirm(part, by=cast.lin, at=NOW, seen=part.version)

    reduced(part.filing, cast, 800)

    assert cases.fresh(part).state == "confirmed"
    assert commitments.compute(world.programme, "420000", at=NOW).remaining[part.need_id] == 0
