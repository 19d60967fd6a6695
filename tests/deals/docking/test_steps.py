"""Second docking step by step: whose banks have all ended, what firm and office do then, and what banks do meanwhile."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import Deadline
from deals import bank_review, deal_steps, direct, drawdowns, invariants, invitations, tasks
from deals.docking import beginning, steps
from deals.models import Deal, Invitation, SecondDocking
from matching.models import Refusal
from organisations.models import PolicyParameter
from projects.models import Filing, Need
from tests.deals import cases
from tests.deals.cases import DAY
from tests.deals.docking import courses
from tests.deals.docking.courses import REASON
from tests.factories import NOW, TODAY

LATER = NOW + 40 * DAY


def unbroken():
    return [str(breach) for breach in invariants.breaches()] == []


def told(docking):
    docking = courses.fresh(docking)
    return docking.state, docking.rounds_used, docking.need.parked_reason


# who comes into it


def test_need_is_listed_when_the_last_bank_has_declined(world, cast):
    letters = cases.invited(world, cast, "ICBC-WH", "CCB-WH")
    courses.declined(world, cast, letters["ICBC-WH"])
    assert tasks.dock_due(at=NOW) == 0

    courses.declined(world, cast, letters["CCB-WH"])

    assert tasks.dock_due(at=NOW + DAY) == 1
    assert tasks.dock_due(at=NOW + DAY) == 0
    row = SecondDocking.objects.get()
    assert (row.state, row.unit, row.rounds_used, row.rounds_allowed, row.since) == (
        "adjusting",
        world["IND-420111"],
        0,
        2,
        NOW + DAY,
    )
    assert cases.verbs(row) == ["dock"]
    assert unbroken()


def test_need_is_listed_when_the_banks_let_the_time_pass(world, cast):
    cases.invited(world, cast, "ICBC-WH")

    tasks.expire_due(at=LATER)

    assert tasks.dock_due(at=LATER) == 1


@pytest.mark.parametrize("case", ["never asked", "offer", "deal", "withdrawn", "parked"])
def test_others_are_not_listed(world, cast, case):
    if case == "never asked":
        cases.open_need(world, cast)
    elif case == "offer":
        rows = cases.invited(world, cast, "ICBC-WH", "CCB-WH")
        cases.accepted(world, cast, rows["ICBC-WH"])
        courses.declined(world, cast, rows["CCB-WH"])
    elif case == "deal":
        cases.confirmed(world, cast)
    else:
        need = courses.all_declined(world, cast)
        changes = {"withdrawn": (Filing, {"state": "withdrawn"}), "parked": (Need, {"parked_reason": "停"})}
        model, fields = changes[case]
        model.objects.filter(pk=need.filing_id if model is Filing else need.pk).update(**fields)

    assert tasks.dock_due(at=LATER) == 0


def test_firm_and_office_list_at_once_and_nobody_else(world, cast):
    need = courses.all_declined(world, cast)

    for who in ("bai", "wang", "zhao", "mo_firm", "mo_county"):
        with pytest.raises(NotAllowed):
            beginning.begin(need, by=getattr(cast, who), at=NOW)
    first, again = (beginning.begin(need, by=getattr(cast, who), at=NOW) for who in ("chen", "lin"))

    assert (first.pk, SecondDocking.objects.count()) == (again.pk, 1)
    assert cases.verbs(first) == ["dock"]


def test_who_asks_too_early_is_told_why(world, cast):
    need = Need.objects.select_related("filing").get(filing=cases.invited(world, cast)["ICBC-WH"].filing)

    with pytest.raises(Invalid) as refusal:
        beginning.begin(need, by=cast.lin, at=NOW)

    assert [problem.code for problem in refusal.value.problems] == ["banks_look"]


# the firm's move


def test_firm_asks_other_banks_and_they_look_at_once(world, cast, docking):
    courses.asked(docking, cast, "HBB-WH", second="CCB-WH")

    letters = {row.branch.code: row for row in Invitation.objects.filter(origin="second_docking").select_related("branch").order_by("rank")}
    assert [(code, row.state, row.rank) for code, row in letters.items()] == [("HBB-WH", "open", 1), ("CCB-WH", "open", 2)]
    assert told(docking) == ("seeking", 1, "")
    assert Filing.objects.visible_to(cast.mo_bank).filter(pk=docking.filing_id).exists()
    assert cases.verbs(docking) == ["dock", "ask"]
    assert unbroken()


def test_deal_of_a_second_docking_tells_where_it_came_from(world, cast, docking):
    courses.asked(docking, cast)

    deal = cases.accepted(world, cast, courses.letter(docking, "HBB-WH"))
    assert (deal.origin, told(docking)[0]) == ("second_docking", "seeking")
    deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)

    assert told(docking) == ("settled", 1, "")
    assert cases.verbs(docking) == ["dock", "ask", "settle"]
    assert unbroken()


def test_bank_that_declined_is_asked_again_only_with_what_has_changed(world, cast, docking):
    with pytest.raises(Invalid) as refusal:
        courses.asked(docking, cast, "ICBC-WH", why=" ")
    assert [problem.field for problem in refusal.value.problems] == ["why"]
    assert Refusal.objects.filter(lifted_at=None).exists()
    courses.asked(docking, cast, "ICBC-WH", why="已增加厂房抵押")

    assert courses.letter(docking, "ICBC-WH").state == "open"
    assert not Refusal.objects.filter(lifted_at=None).exists()


def test_changed_need_asks_the_same_bank_without_a_word(world, cast, docking):
    Need.objects.filter(pk=docking.need_id).update(amount=15_000_000)

    courses.asked(docking, cast, "ICBC-WH", why="")

    assert courses.letter(docking, "ICBC-WH").state == "open"


@pytest.mark.parametrize(
    ("banks", "code"),
    [
        ({"first": "NONE"}, "unknown"),
        ({"first": "HBB-WH", "second": "HBB-WH"}, "twice"),
    ],
)
def test_what_cannot_be_asked_is_refused_as_a_whole(world, cast, docking, banks, code):
    with pytest.raises(Invalid) as refusal:
        courses.asked(docking, cast, **banks)

    assert [problem.code for problem in refusal.value.problems] == [code]
    assert told(docking) == ("adjusting", 0, "")
    assert Invitation.objects.live().count() == 0


def test_no_more_banks_look_than_may(world, cast, docking):
    PolicyParameter.objects.filter(key="max_live_invitations").update(value=1)

    with pytest.raises(Invalid) as refusal:
        courses.asked(docking, cast, "HBB-WH", second="CCB-WH")

    assert [problem.code for problem in refusal.value.problems] == ["too_many"]


@pytest.mark.parametrize("who", ["chen", "bai", "zhao", "mo_firm", "system"])
def test_nobody_asks_for_the_firm(world, cast, docking, who):
    with pytest.raises(NotAllowed):
        steps.ask(docking, first="HBB-WH", by=getattr(cast, who), at=NOW, seen=docking.version)


# rounds and their limit


def test_after_the_last_round_the_office_is_to_call_a_meeting(world, cast, due):
    assert told(due) == ("meeting_due", 2, "待四方会商")
    assert cases.verbs(due) == ["dock", "ask", "return", "ask", "return"]
    clock = Deadline.objects.get(subject="deals.seconddocking", closed_at=None)
    assert (clock.kind, clock.organisation_id) == ("meeting", world["IND-420111"].organisation_id)
    assert clock.due_at.date() == dt.date(2026, 3, 16)  # ten working days
    with pytest.raises(Conflict):
        courses.asked(due, cast, "ICBC-WH")
    assert unbroken()


def test_limit_is_the_policys_of_the_day(world, cast):
    PolicyParameter.objects.filter(key="relist_rounds").update(value=0)

    docking = courses.listed(world, cast)

    assert told(docking) == ("meeting_due", 0, "待四方会商")


def test_one_of_several_banks_is_enough_to_go_on(world, cast, docking):
    courses.asked(docking, cast, "HBB-WH", second="CCB-WH")

    courses.declined(world, cast, courses.letter(docking, "HBB-WH"))
    assert told(docking)[0] == "seeking"
    tasks.expire_due(at=LATER)

    assert told(docking) == ("adjusting", 1, "")


# the meeting


def test_meeting_is_called_moved_held_and_opens_one_more_round(world, cast, due):
    courses.convened(due, cast, meeting_on=TODAY + 7 * DAY)
    courses.convened(due, cast, meeting_on=TODAY + 9 * DAY, owner="区经信局 李副局长")
    clock = Deadline.objects.get(subject="deals.seconddocking", closed_at=None)
    assert clock.due_at.date() == TODAY + 9 * DAY
    courses.agreed(due, cast)

    meeting = due.meetings.get()
    assert (meeting.owner, meeting.outcome, meeting.held_on, meeting.summary) == ("区经信局 李副局长", "agreed", TODAY, courses.SUMMARY)
    assert told(due) == ("adjusting", 2, "")
    assert courses.fresh(due).rounds_left == 1
    courses.round_lost(world, cast, due, "HBB-WH")
    assert told(due) == ("meeting_due", 3, "待四方会商")
    assert not Deadline.objects.filter(subject="deals.seconddocking", due_at=clock.due_at, closed_at=None).exists()
    assert unbroken()


def test_parked_rests_until_somebody_opens_it_again(world, cast, due):
    docking = courses.convened(due, cast)
    courses.parked(docking, cast)
    assert told(docking) == ("parked", 2, REASON)

    row = courses.fresh(docking)
    with pytest.raises(Invalid):
        steps.resume(row, by=cast.lin, at=NOW, seen=row.version)
    row = courses.fresh(docking)
    steps.resume(row, by=cast.lin, at=NOW, seen=row.version, note="新订单已签")

    assert told(docking) == ("adjusting", 0, "")
    assert unbroken()


def test_firm_may_rest_by_itself(world, cast, docking):
    steps.pause(docking, reason="改用自有资金", by=cast.lin, at=NOW, seen=docking.version)

    assert told(docking) == ("parked", 0, "改用自有资金")
    row = courses.fresh(docking)
    with pytest.raises(Invalid):
        steps.resume(row, by=cast.chen, at=NOW, seen=row.version)


@pytest.mark.parametrize("who", ["lin", "wang", "zhao", "bai", "mo_county"])
def test_meetings_are_the_receiving_offices(world, cast, due, who):
    with pytest.raises(NotAllowed):
        courses.convened(due, cast, by=getattr(cast, who))


def test_what_no_column_holds_is_refused_by_name(world, cast, due):
    for again in (False, True):
        with pytest.raises(Invalid) as refusal:
            courses.convened(due, cast, owner="长" * 101)
        assert [problem.field for problem in refusal.value.problems] == ["owner"]
        if not again:
            courses.convened(due, cast)

    assert due.meetings.get().owner == "区经信局 王局长"


@pytest.mark.parametrize(("verb", "field"), [("convene", "meeting_on"), ("agree", "held_on"), ("park", "reason")])
def test_days_and_reasons_are_read(world, cast, due, verb, field):
    if verb != "convene":
        due = courses.convened(due, cast)
    held = {"held_on": TODAY + DAY if verb == "agree" else TODAY, "summary": "意见"}
    facts = {
        "convene": {"owner": "王", "meeting_on": TODAY - DAY},
        "agree": held,
        "park": held | {"reason": "长" * 201},
    }[verb]

    with pytest.raises(Invalid) as refusal:
        steps.DOCKING_ACTIONS[verb](due, by=cast.chen, at=NOW, seen=due.version, **facts)

    assert [problem.field for problem in refusal.value.problems] == [field]
    assert due.meetings.filter(outcome__in=["agreed", "parked"]).count() == 0


# what banks do meanwhile


def test_late_acceptance_overtakes_whatever_is_planned(world, cast):
    docking = courses.listed_expired(world, cast)
    courses.convened(docking, cast, at=LATER, meeting_on=LATER.date())
    late = courses.letter(docking, "ICBC-WH")

    deal = cases.accepted(world, cast, late, at=LATER)
    assert told(docking) == ("seeking", 0, "")
    assert docking.meetings.get().outcome == "dropped"
    deal_steps.confirm(deal, by=cast.lin, at=LATER, seen=deal.version)

    assert told(docking) == ("settled", 0, "")
    assert unbroken()


def test_late_acceptance_wakes_a_parked_need(world, cast):
    docking = courses.listed_expired(world, cast)
    steps.pause(docking, reason="暂缓", by=cast.lin, at=LATER, seen=docking.version)

    cases.accepted(world, cast, courses.letter(docking, "ICBC-WH"), at=LATER)

    assert told(docking) == ("seeking", 0, "")


def test_firm_that_asks_from_an_old_page_is_told_of_the_late_bank(world, cast):
    docking = courses.listed_expired(world, cast)
    cases.accepted(world, cast, courses.letter(docking, "ICBC-WH"), at=LATER)

    with pytest.raises(Stale) as refusal:
        steps.ask(docking, first="HBB-WH", by=cast.lin, at=LATER, seen=docking.version)

    assert [event["verb"] for event in refusal.value.changed] == ["seek"]
    assert Invitation.objects.live().count() == 1


def test_deal_that_falls_through_comes_back_with_its_rounds(world, cast, docking):
    courses.asked(docking, cast)
    deal = cases.accepted(world, cast, courses.letter(docking, "HBB-WH"))
    deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)

    bank_review.decline(cases.fresh(deal), by=cast.mo_bank, at=NOW, seen=deal.version, code=courses.CODE)

    assert told(docking) == ("adjusting", 1, "")
    assert unbroken()


def test_project_that_leaves_the_list_ends_it(world, cast, docking):
    filing = Filing.objects.get(pk=docking.filing_id)

    invitations.withdraw_filing(filing, by=cast.lin, at=NOW, seen=filing.version, note="不做了")

    assert told(docking)[0] == "ended"
    assert unbroken()


# the rest of a partial approval


def test_rest_is_offered_only_if_the_firm_asks_and_the_first_bank_is_told(world, cast):
    deal = courses.partly_approved(world, cast)
    assert tasks.dock_due(at=NOW) == 0
    need = Need.objects.get(pk=deal.need_id)
    with pytest.raises(Invalid):
        beginning.begin(need, by=cast.chen, at=NOW)

    docking = beginning.begin(need, by=cast.lin, at=NOW)
    courses.asked(docking, cast, "CCB-WH")

    assert (docking.rest_of, told(docking)) == (deal, ("seeking", 1, ""))
    assert cases.verbs(docking) == ["offer_rest", "ask"]
    assert cases.verbs(deal)[-1] == "offer_rest"
    second = cases.accepted(world, cast, courses.letter(docking, "CCB-WH"))
    assert second.amount == 8_000_000
    deal_steps.confirm(second, by=cast.lin, at=NOW, seen=second.version)
    assert told(docking) == ("settled", 1, "")
    assert set(Deal.objects.values_list("state", flat=True)) == {"credit_approved", "confirmed"}
    assert set(Invitation.objects.values_list("state", flat=True)) == {"accepted"}  # the first bank's letter stands
    assert unbroken()


def test_rest_of_a_settled_docking_begins_anew(world, cast, docking):
    courses.asked(docking, cast)
    deal = cases.accepted(world, cast, courses.letter(docking, "HBB-WH"))
    deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)
    deal_steps.start_diligence(deal, by=cast.mo_bank, at=NOW, seen=deal.version)
    deal_steps.approve_credit(deal, by=cast.mo_bank, at=NOW, seen=deal.version, amount=12_000_000, rate_bp=300, term_months=60)

    row = beginning.begin(Need.objects.get(pk=docking.need_id), by=cast.lin, at=NOW)

    assert (row.pk, row.rest_of, told(docking)) == (docking.pk, deal, ("adjusting", 0, ""))
    assert cases.verbs(docking)[-1] == "offer_rest"
    assert unbroken()


def test_nothing_is_offered_of_a_need_that_is_covered(world, cast):
    deal = cases.approved(world, cast)

    with pytest.raises(Invalid):
        beginning.begin(Need.objects.get(pk=deal.need_id), by=cast.lin, at=NOW)


def test_rest_of_a_loan_repaid_since_is_offered_only_if_the_firm_asks(world, cast):
    letters = cases.invited(world, cast, "CCB-WH")
    courses.declined(world, cast, letters["CCB-WH"])
    need = Need.objects.get(filing=letters["CCB-WH"].filing_id)
    contract = cases.CONTRACT | {"amount": cases.AMOUNT / 2}
    deal = direct.register_direct(need, world.branches["ICBC-WH"], by=cast.bai, at=NOW, **contract)
    deal = direct.confirm_direct(deal, by=cast.lin, at=NOW, seen=deal.version)
    row = cases.drawn(world, cast, deal)
    deal.refresh_from_db()
    drawdowns.repay_all(deal, by=cast.bai, at=NOW, seen=deal.version, on=row.drawn_on, slip_no="JQ-1")

    assert tasks.dock_due(at=NOW) == 0
    assert not SecondDocking.objects.exists()
