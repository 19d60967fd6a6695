"""A firm whose banks all say no, from the first list to a loan in two parts: each step by whoever takes it, on a day of its own."""

from decimal import Decimal

import pytest

from common.errors import Invalid
from deals import bank_review, changes, deal_steps, invariants, invitations, tasks
from deals.docking import beginning, steps
from deals.models import Deal, DockingList, Invitation, SecondDocking
from matching.models import RoundData
from matching.snapshot import read
from projects.models import ChangeRequest, Filing, Need
from tests.journeys.walk import WAN, at, banker, listed, published

NAMED = {"intended_banks": ["ICBC-WH"], "asks_for_suggestions": False, "open_to_other_banks": False}


def fresh(docking):
    return steps.loaded(docking)


def letter(docking, branch):
    return Invitation.objects.select_related("branch").filter(need=docking.need_id, branch__code=branch).latest("pk")


def decline(cast, row, moment, code="collateral_short"):
    return bank_review.decline(row, by=banker(cast, row), at=moment, seen=row.version, code=code)


def needs_in(round_):
    header, arrays = RoundData.objects.values_list("header", "arrays").get(round=round_)
    return set(read(bytes(header), bytes(arrays))["need_id"].tolist())


def take(verb, docking, by, moment, **facts):
    docking = fresh(docking)
    return steps.DOCKING_ACTIONS[verb](docking, by=by, at=moment, seen=docking.version, **facts)


def test_needs_whose_banks_all_declined_find_a_loan_in_two_parts(world, cast):
    filing = listed(world, cast, **NAMED)
    decline(cast, Invitation.objects.select_related("branch").get(filing=filing), at(4, 3))
    tasks.dock_due(at=at(4, 3))
    docking = SecondDocking.objects.get()
    assert (docking.state, docking.unit) == ("adjusting", world["IND-420111"])

    # The firm asks for less; the bank that declined may be asked again without a word, for the facts are others.
    asked = changes.ask(
        Filing.objects.get(pk=filing.pk), kinds=["amount"], form={"amount": "1800"}, reason="压减", by=cast.lin, at=at(4, 7)
    )
    changes.grant(asked, by=cast.gao, at=at(4, 8), seen=asked.version)
    assert ChangeRequest.objects.get().state == "granted"
    take("ask", docking, cast.lin, at(4, 9), first="ICBC-WH")
    decline(cast, letter(docking, "ICBC-WH"), at(4, 10))

    # It joins the round; whoever is recommended is let in, and declines as well.
    take("join", docking, cast.lin, at(4, 13))
    first = published(world, cast, on=at(4, 14))
    assert docking.need_id in needs_in(first)
    lead = Invitation.objects.select_related("branch").get(need=docking.need_id, state="awaiting_consent")
    assert (lead.origin, fresh(docking).state) == ("second_docking", "seeking")
    invitations.consent(lead, by=cast.lin, at=at(4, 15), seen=lead.version)
    decline(cast, lead, at(4, 16))
    while (standby := Invitation.objects.live().filter(need=docking.need_id).first()) is not None:
        invitations.withhold(standby, by=cast.lin, at=at(4, 17), seen=standby.version)
    assert fresh(docking).state == "meeting_due"

    # No round takes it while the meeting is due; the week's list names it; the meeting parks it, and later it is opened again.
    with pytest.raises(Invalid) as refusal:
        published(world, cast, on=at(4, 20))
    assert [problem.code for problem in refusal.value.problems] == ["no_open_needs"]
    tasks.dock_due(at=at(4, 20))
    assert DockingList.objects.get(week=at(4, 20).date()).rows.get().state == "meeting_due"
    take("convene", docking, cast.chen, at(4, 21), owner="区经信局 王局长", meeting_on=at(4, 23).date())
    take("park", docking, cast.hu, at(4, 23), held_on=at(4, 23).date(), summary="待新订单落实", reason="订单不足")
    assert Need.objects.get(pk=docking.need_id).parked_reason == "订单不足"
    take("resume", docking, cast.lin, at(5, 8), note="新订单已签")

    # A bank takes a part; the firm offers the rest to another, and both lend.
    take("ask", docking, cast.lin, at(5, 11), first="CCB-WH", why="新订单已签，附合同")
    part = bank_review.accept(letter(docking, "CCB-WH"), by=cast.an, at=at(5, 12), seen=0)
    part = deal_steps.confirm(part, by=cast.lin, at=at(5, 13), seen=part.version)
    assert fresh(docking).state == "settled"
    deal_steps.start_diligence(part, by=cast.an, at=at(5, 14), seen=part.version)
    terms = {"rate_bp": 300, "term_months": 60}
    deal_steps.approve_credit(part, by=cast.an, at=at(5, 20), seen=part.version, amount=1000 * WAN, **terms)
    assert tasks.dock_due(at=at(5, 21)) == 0
    beginning.begin(Need.objects.get(pk=docking.need_id), by=cast.lin, at=at(5, 21))
    take("ask", docking, cast.lin, at(5, 21), first="HBB-WH", why="另一行已批复一千万元")
    rest = bank_review.accept(letter(docking, "HBB-WH"), by=cast.mo_bank, at=at(5, 22), seen=0)
    deal_steps.confirm(rest, by=cast.lin, at=at(5, 25), seen=rest.version)

    assert sorted(Deal.objects.values_list("state", "amount", "origin")) == [
        ("confirmed", Decimal(800) * WAN, "second_docking"),
        ("credit_approved", Decimal(1800) * WAN, "second_docking"),
    ]
    docking = fresh(docking)
    assert (docking.state, docking.rest_of_id, docking.rounds_used) == ("settled", part.pk, 1)
    assert list(invariants.breaches()) == []
