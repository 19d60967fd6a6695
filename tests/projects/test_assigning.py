"""Inside a unit somebody is named for the stage; the others may still act."""

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from projects import review
from projects.case import assigning
from projects.models import Filing
from tests import people
from tests.factories import NOW
from tests.projects.cases import passed, submitted


@pytest.fixture
def filing(world, cast):
    return passed(submitted(world, cast), cast.chen, cast.hu)  # with the city, where Wang and Gao hold every stage


def test_somebody_of_the_stage_is_named(cast, filing):
    assigning.assign(filing, assignee=cast.gao.user_id, by=cast.wang, at=NOW)

    assert Filing.objects.get(pk=filing.pk).current_step.assignee_id == cast.gao.user_id
    assert AuditEvent.objects.get(verb="assign").changes == {"assignee": [None, cast.gao.user_id]}


def test_naming_somebody_keeps_nobody_from_acting(cast, filing):
    assigning.assign(filing, assignee=cast.gao.user_id, by=cast.wang, at=NOW)

    assert review.pass_step(filing, by=cast.wang, at=NOW, seen=filing.version).current_step.stage == "checker"


def test_the_unit_administrator_sees_no_case_and_names_nobody(world, cast, filing):
    admin = people.member(world["IND-420100"].organisation, "unit_admin")

    assert not Filing.objects.visible_to(admin).filter(pk=filing.pk).exists()
    with pytest.raises(NotAllowed):
        assigning.assign(filing, assignee=cast.wang.user_id, by=admin, at=NOW)


@pytest.mark.parametrize("name", ["lin", "chen", "zhao", "mo_county"])
def test_others_do_not(name, cast, filing):
    with pytest.raises(NotAllowed):
        assigning.assign(filing, assignee=cast.gao.user_id, by=getattr(cast, name), at=NOW)


def test_somebody_of_elsewhere_cannot_be_named(cast, filing):
    with pytest.raises(Invalid):
        assigning.assign(filing, assignee=cast.chen.user_id, by=cast.wang, at=NOW)


def test_a_case_with_its_firm_has_nobody_to_name(cast, filing):
    review.return_step(filing, by=cast.wang, at=NOW, seen=filing.version, note="x", fields=["name"])

    with pytest.raises(Conflict):
        assigning.assign(filing, assignee=cast.gao.user_id, by=cast.wang, at=NOW)
