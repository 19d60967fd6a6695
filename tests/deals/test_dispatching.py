"""行内派单: a manager hands a case to an officer of the branch; it is on that desk, and nobody is kept from acting."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from deals import bank_review, dispatching
from deals.models import Deal, Invitation
from exchange import telling
from exchange.models import Channel, Notice
from organisations.models import Membership
from tests.deals import cases
from tests.factories import NOW
from tests.people import member, signed_in


@pytest.fixture
def letter(world, cast):
    return cases.invited(world, cast, "CCB-WH")["CCB-WH"]


@pytest.fixture
def officer(world):
    return member(world["CCB-WH"].organisation, "account_manager", name="ren")


def test_manager_hands_a_letter_to_an_officer_and_the_loan_goes_with_it(world, cast, letter, officer):
    row = dispatching.dispatch(letter, officer=officer.user_id, by=cast.an, at=NOW)
    row = dispatching.dispatch(row, officer=officer.user_id, by=cast.an, at=NOW)

    deal = bank_review.accept(row, by=cast.an, at=NOW, seen=row.version)

    assert (row.officer_id, deal.officer_id) == (officer.user_id, officer.user_id)
    assert cases.verbs(row).count("dispatch") == 1
    assert AuditEvent.objects.get(subject="deals.invitation", verb="dispatch").changes == {"officer": [None, officer.user_id]}


def test_only_its_manager_dispatches_and_only_to_its_own_people(world, cast, letter, officer):
    for by in (officer, cast.bai, cast.lin, cast.zhao):
        with pytest.raises(NotAllowed):
            dispatching.dispatch(letter, officer=officer.user_id, by=by, at=NOW)
    with pytest.raises(Invalid):
        dispatching.dispatch(letter, officer=cast.bai.user_id, by=cast.an, at=NOW)
    Invitation.objects.filter(pk=letter.pk).update(state="expired")
    with pytest.raises(Conflict):
        dispatching.dispatch(letter, officer=officer.user_id, by=cast.an, at=NOW)

    assert cases.fresh(letter).officer_id is None


def test_who_has_left_is_no_longer_offered(world, cast, letter, officer):
    Membership.objects.filter(user=officer.user_id).update(valid_to=NOW.date() - dt.timedelta(1))

    assert [user for user, _name in dispatching.officers(letter, at=NOW)] == [cast.an.user_id]


def test_it_lies_on_that_desk_and_on_the_managers(world, cast, letter, officer):
    other = member(world["CCB-WH"].organisation, "account_manager", name="shi")
    seen = lambda by: list(Invitation.objects.filter(dispatching.on_desk_of(by)))  # noqa: E731
    assert seen(other) == [letter]

    dispatching.dispatch(letter, officer=officer.user_id, by=cast.an, at=NOW)

    assert (seen(officer), seen(other), seen(cast.an)) == ([letter], [], [letter])
    assert bank_review.accept(cases.fresh(letter), by=other, at=NOW, seen=letter.version).state == "intent"


def told(verb):
    telling.tell(list(AuditEvent.objects.filter(verb=verb).order_by("id")), at=NOW)
    return set(Notice.objects.filter(channel=Channel.IN_APP).values_list("recipient__username", flat=True))


def test_the_officer_is_told_and_whoever_is_left_when_they_are_gone(world, cast, letter, officer, settings):
    settings.FIXED_NOW = NOW.isoformat()
    dispatching.dispatch(letter, officer=officer.user_id, by=cast.an, at=NOW)

    assert told("dispatch") == {"ren"}
    Membership.objects.filter(user=officer.user_id).update(valid_to=NOW.date() - dt.timedelta(1))
    assert told("invite") == {"ren", "an"}


def test_by_page_from_the_letter_and_from_the_loan(world, cast, letter, officer, settings):
    settings.FIXED_NOW, settings.SESSION_COOKIE_SECURE = NOW.isoformat(), False
    manager = signed_in(cast, "an")

    page = manager.get(f"/invitations/{letter.pk}/")
    manager.post(f"/invitations/{letter.pk}/entries/dispatch/", {"officer": officer.user_id, "request_id": "a"})
    deal = Deal.objects.get(pk=bank_review.accept(cases.fresh(letter), by=cast.an, at=NOW, seen=letter.version).pk)
    manager.post(f"/deals/{deal.pk}/entries/dispatch/", {"officer": cast.an.user_id, "request_id": "b"})

    assert "派单" in page.content.decode()
    assert (cases.fresh(letter).officer_id, cases.fresh(deal).officer_id) == (officer.user_id, cast.an.user_id)
