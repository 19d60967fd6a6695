"""Who acts, with which seats: loaded once, asked without queries."""

import datetime as dt

import pytest

from organisations.actors import Person, person, persons, system
from organisations.models import Membership, Organisation, Role
from tests import factories, people
from tests.factories import HUBEI, NOW, SINCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return factories.reviewers()


def test_a_person_knows_their_seats_and_who_shares_them(world):
    cast = people.cast(world)
    unit = world["IND-420100"]

    seat = cast.wang.unit_seat(unit.pk, "checker")

    assert (seat.organisation_id, seat.line, seat.unit_kind, seat.province) == (unit.organisation_id, "industry", "city", HUBEI)
    assert seat.holders == {cast.wang.user_id, cast.gao.user_id}
    assert cast.chen.unit_seat(world["IND-420111"].pk, "checker") is None
    assert cast.wang.label == "王市级（武汉市经济和信息化局）"


def test_everybody_costs_two_queries(world, django_assert_num_queries):
    cast = people.cast(world)

    with django_assert_num_queries(2):
        everybody = persons(cast.users.values(), at=NOW)

    assert everybody[cast.users["gao"].pk] == cast.gao
    assert len(everybody) == len(cast.users)


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "holds"),
    [
        (SINCE, None, True),
        (SINCE, dt.date(2026, 3, 2), True),
        (SINCE, dt.date(2026, 3, 1), False),
        (dt.date(2026, 3, 2), None, True),
        (dt.date(2026, 3, 3), None, False),
    ],
)
def test_a_seat_holds_from_its_first_day_to_its_last(valid_from, valid_to, holds, world):
    cast = people.cast(world)
    Membership.objects.filter(user=cast.users["chen"]).update(valid_from=valid_from, valid_to=valid_to)

    assert (person(cast.users["chen"], at=NOW).seats != ()) is holds


def test_a_closed_organisation_gives_no_seat_and_a_closed_account_is_no_colleague(world):
    cast = people.cast(world)
    Organisation.objects.filter(pk=cast.firm.pk).update(is_active=False)
    gao = cast.users["gao"]
    gao.is_active = False
    gao.save(update_fields=["is_active"])

    assert person(cast.users["lin"], at=NOW).seats == ()
    assert person(cast.users["wang"], at=NOW).seats[0].holders == {cast.wang.user_id}


def test_only_a_provincial_office_oversees_the_province(world):
    offices = {code: people.member(world[code].organisation, Role.AUDITOR) for code in ("FIN-420000", "FIN-420100", "IND-420111")}
    firm = people.member(factories.firm(world), Role.AUDITOR)

    assert offices["FIN-420000"].provinces(Role.AUDITOR) == {HUBEI}
    assert offices["FIN-420100"].provinces(Role.AUDITOR) == offices["IND-420111"].provinces(Role.AUDITOR) == frozenset()
    assert firm.provinces(Role.AUDITOR) == frozenset()


def test_the_system_holds_no_seat(world):
    actor = system(NOW)

    assert (actor.is_system, actor.user_id, actor.organisation_id, actor.seats) == (True, None, None, ())


def test_whom_nobody_s_seat_helps_acts_as_themselves():
    deputy = Person(user_id=1, label="李四", seats=(), at=NOW, covers={2: "张三"})

    assert deputy.in_place_for(object(), lambda _actor: False) is deputy
    assert deputy.in_place_for(object(), lambda _actor: True) is deputy
