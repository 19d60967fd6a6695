"""A firm that corrects a returned case asks for further fields: opened with those tied to them, or not."""

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent
from projects import drafting, review
from projects.case import unlocking
from projects.models import Filing, UnlockRequest
from tests.factories import NOW
from tests.projects.cases import submitted


@pytest.fixture
def filing(world, cast):
    return review.return_step(submitted(world, cast), by=cast.chen, at=NOW, seen=1, note="名称不一致", fields=["name"])


def asked(filing, cast, *fields):
    return unlocking.ask(filing, fields=fields or ["equipment"], reason="供应商已更换", by=cast.lin, at=NOW)


def test_granted_fields_are_open_with_those_tied_to_them(cast, filing):
    row = asked(filing, cast)

    unlocking.grant(row, by=cast.chen, at=NOW, seen=row.version)

    current = Filing.objects.get(pk=filing.pk)
    assert (row.state, current.open_fields) == ("granted", ["name", "equipment"])
    assert {"name", "equipment", "total_investment", "amount"} <= drafting.editable_fields(current)
    event = AuditEvent.objects.get(subject="projects.filing", verb="unlock")
    assert (event.changes, event.by_user_id) == ({"fields": ["equipment"]}, cast.chen.user_id)


def test_a_refusal_says_why_and_opens_nothing(cast, filing):
    row = asked(filing, cast)
    with pytest.raises(Invalid):
        unlocking.refuse(row, by=cast.chen, at=NOW, seen=row.version)

    unlocking.refuse(row, by=cast.chen, at=NOW, seen=row.version, note="与退回事项无关")

    assert Filing.objects.get(pk=filing.pk).open_fields == ["name"]


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [(["name"], "x", "fields"), (["nothing"], "x", "fields"), ([], "x", "fields"), (["content"], " ", "reason")],
)
def test_what_is_open_or_unknown_is_not_asked_for(fields, reason, field, cast, filing):
    with pytest.raises(Invalid) as refused:
        unlocking.ask(filing, fields=fields, reason=reason, by=cast.lin, at=NOW)

    assert {problem.field for problem in refused.value.problems} == {field}


@pytest.mark.parametrize("name", ["chen", "mo_firm", "bai"])
def test_only_its_firm_asks(name, cast, filing):
    with pytest.raises(NotAllowed):
        unlocking.ask(filing, fields=["content"], reason="x", by=getattr(cast, name), at=NOW)


@pytest.mark.parametrize("name", ["lin", "hu", "wang", "mo_county"])
def test_only_the_stage_that_returned_it_answers(name, cast, filing):
    row = asked(filing, cast)

    with pytest.raises(NotAllowed):
        unlocking.grant(row, by=getattr(cast, name), at=NOW, seen=row.version)

    assert UnlockRequest.objects.get().state == "asked"


def test_one_request_at_a_time_and_one_answer(cast, filing):
    row = asked(filing, cast)
    with pytest.raises(Conflict):
        asked(filing, cast, "content")

    unlocking.refuse(UnlockRequest.objects.get(), by=cast.chen, at=NOW, seen=0, note="x")

    with pytest.raises(Stale):
        unlocking.grant(row, by=cast.chen, at=NOW, seen=0)
    assert Filing.objects.get(pk=filing.pk).open_fields == ["name"]


def test_handing_in_again_ends_what_was_asked(cast, filing):
    row = asked(filing, cast)

    review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert UnlockRequest.objects.get(pk=row.pk).state == "lapsed"
    with pytest.raises(Conflict):
        unlocking.ask(filing, fields=["content"], reason="x", by=cast.lin, at=NOW)
