"""While the firm is waited for the bank's time stands still, and the firm's runs."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import Deadline
from deals import bank_review, deal_steps, invitations, tasks, waiting
from deals.models import Invitation
from organisations import deadlines
from tests.deals import cases
from tests.deals.cases import DAY
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db

PAPERS = "2025 年审计报告"


@pytest.fixture
def viewed(world, cast):
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]
    return invitations.view(row, by=cast.bai, at=NOW, seen=row.version)


@pytest.fixture
def diligence(world, cast):
    deal = cases.confirmed(world, cast)
    return deal_steps.start_diligence(deal, by=cast.bai, at=NOW, seen=deal.version)


def asked(row, cast, at=NOW + DAY):
    return waiting.ask(row, by=cast.bai, at=at, seen=row.version, waiting_for=PAPERS)


def clock(row, kind):
    return Deadline.objects.get(subject=row._meta.label_lower, subject_id=row.pk, kind=kind, closed_at=None)


def test_decision_clock_pauses_until_the_firm_has_handed_in(diligence, cast):
    due = clock(diligence, "decision").due_at

    asked(diligence, cast)
    paused = clock(diligence, "decision").paused_at
    waiting.answer(diligence, by=cast.su, at=NOW + 5 * DAY, seen=diligence.version)

    decision = clock(diligence, "decision")
    assert paused == NOW + DAY
    assert (decision.paused_at, decision.due_at) == (None, due + 4 * DAY)
    assert (diligence.state, diligence.is_waiting, diligence.waiting_for) == ("diligence", False, "")
    assert not deadlines.running([diligence], "materials").exists()


def test_firm_has_a_clock_of_its_own_and_is_told_what_is_missing(diligence, cast):
    asked(diligence, cast)

    firms = clock(diligence, "materials")
    assert (firms.organisation_id, firms.due_at) == (cast.firm.pk, diligence.waiting_until)
    assert (diligence.waiting_for, diligence.is_waiting) == (PAPERS, True)


def test_invitation_expires_later_by_the_days_it_stood_still(viewed, cast):
    expires = viewed.expires_at

    asked(viewed, cast)
    waiting.answer(viewed, by=cast.lin, at=NOW + 4 * DAY, seen=viewed.version)

    assert viewed.expires_at == expires + 3 * DAY


def test_invitation_does_not_expire_while_the_firm_is_waited_for(viewed, cast):
    asked(viewed, cast, at=viewed.expires_at - dt.timedelta(hours=1))

    tasks.expire_due(at=viewed.expires_at + DAY)

    assert cases.fresh(viewed).state == Invitation.State.VIEWED


def test_time_runs_on_by_itself_once_the_firms_own_is_over(viewed, diligence, cast):
    asked(viewed, cast)
    due = viewed.expires_at
    later = viewed.waiting_until + dt.timedelta(hours=1)

    first, again = waiting.end_overdue(at=later), waiting.end_overdue(at=later)

    row = cases.fresh(viewed)
    assert (first, again) == (1, 0)
    assert (row.is_waiting, row.expires_at > due) == (False, True)
    assert cases.verbs(row)[-1] == "answer"


def test_consent_is_not_counted_against_the_bank(world, cast):
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]
    Invitation.objects.filter(pk=row.pk).update(state="awaiting_consent", contact_due_at=None, expires_at=NOW + 5 * DAY)
    row.refresh_from_db()

    invitations.consent(row, by=cast.lin, at=NOW + 4 * DAY, seen=row.version)

    assert (row.expires_at - (NOW + 4 * DAY)).days == 30


@pytest.mark.parametrize("who", ["lin", "an", "zhao"])
def test_only_the_bank_asks(diligence, cast, who):
    with pytest.raises(NotAllowed):
        waiting.ask(diligence, by=getattr(cast, who), at=NOW, seen=diligence.version, waiting_for=PAPERS)


@pytest.mark.parametrize("who", ["mo_firm", "an", "zhao"])
def test_only_the_two_sides_answer(diligence, cast, who):
    asked(diligence, cast)

    with pytest.raises(NotAllowed):
        waiting.answer(diligence, by=getattr(cast, who), at=NOW + DAY, seen=diligence.version)


def test_bank_answers_for_what_it_has_received(diligence, cast):
    asked(diligence, cast)

    assert not waiting.answer(diligence, by=cast.bai, at=NOW + 2 * DAY, seen=diligence.version).is_waiting


def test_not_asked_twice_nor_answered_unasked(diligence, cast):
    with pytest.raises(NotAllowed):
        waiting.answer(diligence, by=cast.lin, at=NOW, seen=diligence.version)
    asked(diligence, cast)

    with pytest.raises(NotAllowed):
        asked(diligence, cast)


def test_nothing_is_reported_up_while_papers_are_missing(diligence, cast):
    asked(diligence, cast)

    with pytest.raises(Invalid) as refusal:
        deal_steps.report_up(diligence, by=cast.bai, at=NOW + DAY, seen=diligence.version, expected_on=TODAY + 20 * DAY)

    assert "材料已补充" in str(refusal.value)


def test_approval_ends_the_waiting(diligence, cast):
    asked(diligence, cast)
    terms = {"amount": diligence.amount, "rate_bp": 285, "term_months": 60}

    deal = deal_steps.approve_credit(diligence, by=cast.bai, at=NOW + DAY, seen=diligence.version, **terms)

    assert (deal.is_waiting, deadlines.running([deal]).exists()) == (False, False)


def test_bank_may_still_decline_while_it_waits(viewed, cast):
    asked(viewed, cast)

    bank_review.decline(viewed, by=cast.bai, at=NOW + DAY, seen=viewed.version, code="weak_cash_flow")

    assert (viewed.state, viewed.is_waiting, deadlines.running([viewed]).exists()) == ("declined", False, False)


def test_before_the_bank_has_the_papers_there_is_no_clock_to_pause(world, cast):
    deal = cases.confirmed(world, cast)

    with pytest.raises(Conflict):
        asked(deal, cast)
