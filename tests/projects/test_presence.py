"""Who has a case open is told to a colleague, locks nothing, and is forgotten by itself."""

import datetime as dt

import pytest

from common.models import AuditEvent
from projects import review
from projects.case import presence
from projects.models import Presence
from projects.models.presence import LASTS
from tests.factories import NOW
from tests.projects.cases import passed, submitted


@pytest.fixture
def filing(world, cast):
    return submitted(world, cast)


def seen_by(who, filing, *, at=NOW):
    return [str(row.user) for row in presence.others([filing], by=who, at=at).get(filing.pk, [])]


def test_a_colleague_is_told_and_oneself_is_not(cast, filing):
    presence.touch(filing, by=cast.chen, at=NOW)

    assert (seen_by(cast.hu, filing), seen_by(cast.chen, filing), seen_by(cast.wang, filing)) == (["陈经办"], [], [])


def test_it_ends_by_itself_and_is_renewed_while_the_page_is_open(cast, filing):
    presence.touch(filing, by=cast.chen, at=NOW)
    presence.touch(filing, by=cast.chen, at=NOW + dt.timedelta(minutes=2))

    assert seen_by(cast.hu, filing, at=NOW + LASTS) == ["陈经办"]
    assert seen_by(cast.hu, filing, at=NOW + dt.timedelta(minutes=2) + LASTS) == []
    assert Presence.objects.get().since == NOW


def test_it_locks_nothing_and_is_no_audited_fact(cast, filing):
    before = AuditEvent.objects.count()
    presence.touch(filing, by=cast.hu, at=NOW)

    assert AuditEvent.objects.count() == before
    assert review.pass_step(filing, by=cast.chen, at=NOW, seen=filing.version).current_step.position == 2


@pytest.mark.parametrize("name", ["lin", "wang", "mo_county", "bai"])
def test_only_officers_of_the_unit_where_it_lies_are_present(name, cast, filing):
    presence.touch(filing, by=getattr(cast, name), at=NOW)

    assert not Presence.objects.exists()


def test_leaving_ends_it_and_so_does_the_case_moving_on(cast, filing):
    presence.touch(filing, by=cast.chen, at=NOW)
    presence.leave(filing, by=cast.chen)
    assert seen_by(cast.hu, filing) == []

    presence.touch(filing, by=cast.chen, at=NOW)
    moved = passed(filing, cast.chen, cast.hu)
    presence.touch(moved, by=cast.chen, at=NOW)
    assert presence.seat_at(moved, cast.chen) is None
    assert seen_by(cast.wang, moved) == []
