"""Who lets whom in, lets go, locks and hands over: only one's own organisation's people."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed, NotFound
from organisations import codes, staff
from organisations.actors import person
from organisations.models import Membership
from tests import people
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db


def join(issued, username):
    return codes.redeem(codes.find(issued.text, address="10.0.0.1", at=NOW), username=username, password="k7-mountain-river", at=NOW)


@pytest.fixture
def keeper(world, cast):
    return people.member(world["IND-420111"].organisation, "unit_admin", name="keeper")


def test_unit_administrator_lets_staff_in_to_the_own_unit_only(world, cast, keeper):
    user = join(staff.invite(world["IND-420111"].organisation, name="新人", role="handler", by=keeper, at=NOW), "xinren")

    assert [(seat.unit_id, seat.role) for seat in person(user, at=NOW).seats] == [(world["IND-420111"].pk, "handler")]
    with pytest.raises(NotAllowed):
        staff.invite(world["IND-420115"].organisation, name="新人", role="handler", by=keeper, at=NOW)


@pytest.mark.parametrize(("who", "role"), [("su", "firm_clerk"), ("lin", "firm_owner"), ("chen", "handler"), ("bai", "account_manager")])
def test_nobody_else_lets_in(cast, who, role):
    actor = getattr(cast, who)

    with pytest.raises(NotAllowed):
        staff.invite(Membership.objects.filter(user=actor.user_id).first().organisation, name="某", role=role, by=actor, at=NOW)


def test_branch_manager_lets_in_account_managers(world, cast):
    user = join(staff.invite(world["CCB-WH"].organisation, name="新经理", role="account_manager", by=cast.an, at=NOW), "xinjingli")

    assert person(user, at=NOW).organisation_ids == {world["CCB-WH"].organisation_id}


def test_agent_is_named_and_ends_by_a_day(cast):
    until = TODAY + dt.timedelta(days=90)
    with pytest.raises(Invalid):
        staff.invite(cast.firm, name="代办", role="firm_clerk", engagement="某咨询公司 授字1号", by=cast.lin, at=NOW)

    user = join(
        staff.invite(cast.firm, name="代办", role="firm_clerk", engagement="某咨询公司 授字1号", valid_to=until, by=cast.lin, at=NOW),
        "daiban",
    )

    assert person(user, at=NOW + dt.timedelta(days=90)).seats
    assert not person(user, at=NOW + dt.timedelta(days=91)).seats


def test_leaving_ends_the_seat_today(cast):
    seat = staff.people(cast.lin).get(user__username="su")

    staff.leave(seat, by=cast.lin, at=NOW)

    assert person(cast.users["su"], at=NOW).seats == ()


def test_locked_account_stays_out_until_unlocked(cast):
    seat = staff.people(cast.lin).get(user__username="su")

    assert staff.lock(seat, by=cast.lin, at=NOW).is_active is False
    assert staff.unlock(seat, by=cast.lin, at=NOW).is_active is True


def test_account_with_a_seat_elsewhere_is_not_ours_to_lock(world, cast):
    Membership.objects.create(user=cast.users["su"], organisation=cast.other_firm, role="firm_clerk", valid_from=TODAY, province="420000")

    with pytest.raises(Conflict):
        staff.lock(staff.people(cast.lin).get(user__username="su"), by=cast.lin, at=NOW)
    with pytest.raises(Conflict):  # whoever set its password would sit in the other place too
        staff.reset(staff.people(cast.lin).get(user__username="su"), by=cast.lin, at=NOW)


def test_a_seat_elsewhere_that_ends_by_a_day_counts_until_then(cast):
    until = TODAY + dt.timedelta(days=30)
    elsewhere = {"organisation": cast.other_firm, "role": "firm_clerk", "valid_from": TODAY, "valid_to": until, "province": "420000"}
    Membership.objects.create(user=cast.users["su"], **elsewhere)

    with pytest.raises(Conflict):
        staff.lock(staff.people(cast.lin).get(user__username="su"), by=cast.lin, at=NOW)


def test_owner_hands_over_to_a_clerk_and_becomes_one(cast):
    seat = staff.people(cast.lin).get(user__username="su")

    staff.hand_over(cast.firm, to=seat, by=cast.lin, at=NOW)

    assert "firm_owner" in {one.role for one in person(cast.users["su"], at=NOW).seats}
    assert [one.role for one in person(cast.users["lin"], at=NOW).seats] == ["firm_clerk"]


def test_clerk_of_another_firm_is_not_there(cast):
    stranger = Membership.objects.get(user__username="mo_firm")

    with pytest.raises(NotFound):
        staff.hand_over(cast.firm, to=stranger, by=cast.lin, at=NOW)
    with pytest.raises(NotAllowed):
        staff.reset(stranger, by=cast.lin, at=NOW)
