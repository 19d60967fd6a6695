"""Pairs fixed or excluded by two people."""

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from matching import pins
from tests.factories import NOW
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture
def pin(world, cast):
    (need,) = provinces.needs(world)
    return pins.set_pin(need, world["HBB-WH"], kind="pin", reason="省级协调", by=cast.zhao, at=NOW)


def pinned(world):
    return provinces.snapshot(world).header["pins"]


def test_pin_counts_after_a_second_person_approved_it(world, cast, pin):
    assert pinned(world) == []

    pins.approve_pin(pin, by=cast.sun, at=NOW)

    assert pinned(world) == [{"kind": "pin", "need": pin.need_id, "branch": pin.branch_id, "reason": "省级协调"}]
    assert list(AuditEvent.objects.filter(subject="matching.pinban").order_by("id").values_list("verb", flat=True)) == ["set", "approve"]


def test_pin_is_not_approved_by_whoever_set_it_nor_below_the_province(cast, pin):
    for person in (cast.zhao, cast.wang, cast.bai, cast.lin, cast.system):
        with pytest.raises(NotAllowed):
            pins.approve_pin(pin, by=person, at=NOW)


def test_pin_approved_twice_stays_as_it_is(cast, pin):
    pins.approve_pin(pin, by=cast.sun, at=NOW)

    assert pins.approve_pin(pin, by=cast.sun, at=NOW).approved_by_id == cast.sun.user_id
    with pytest.raises(Conflict):
        pins.approve_pin(pin, by=cast.zhao, at=NOW)


def test_pin_needs_a_reason_and_an_office(world, cast, pin):
    with pytest.raises(Invalid):
        pins.set_pin(pin.need, world["CCB-WH"], kind="ban", reason="  ", by=cast.zhao, at=NOW)
    with pytest.raises(NotAllowed):
        pins.set_pin(pin.need, world["CCB-WH"], kind="ban", reason="关联", by=cast.bai, at=NOW)


def test_ended_pin_frees_the_pair(world, cast, pin):
    pins.approve_pin(pin, by=cast.sun, at=NOW)

    pins.end_pin(pin, because="协调结束", by=cast.sun, at=NOW)

    assert pinned(world) == []
