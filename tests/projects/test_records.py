"""Checks, visits, notes, messages and calls: who writes them, who reads them, and that nobody changes them."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from common.errors import Invalid, NotAllowed
from common.models import AuditEvent
from projects.case import files, records
from projects.models import CheckRecord, Remark, SiteVisit
from tests import people
from tests.factories import NOW, TODAY
from tests.projects.cases import draft, passed, submitted

PNG = b"\x89PNG\r\n\x1a\n screenshot"
READERS = ("lin", "chen", "hu", "wang", "zhao", "mo_county", "mo_firm", "bai")


@pytest.fixture
def filing(world, cast):
    return submitted(world, cast)


def readers(row, cast):
    return {name for name in READERS if type(row).objects.visible_to(getattr(cast, name)).filter(pk=row.pk).exists()}


def test_a_check_is_on_record_with_its_screenshot(cast, filing, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    row = records.check(
        filing, kind="credit_list", result="clear", checked_on=TODAY, by=cast.chen, at=NOW, upload=[SimpleUploadedFile("截图.png", PNG)]
    )

    assert (row.kind.name, row.result, row.unit.code, row.by_user_id) == ("严重失信主体名单", "clear", "IND-420111", cast.chen.user_id)
    assert [file.name for kept in files.files_of([row]).values() for file in kept] == ["截图.png"]
    assert readers(row, cast) == {"chen", "hu", "wang", "zhao"}
    assert [event.verb for event in AuditEvent.objects.filter(subject="projects.checkrecord")] == ["check"]


def test_a_visit_names_who_was_there(cast, filing):
    row = records.visit(filing, visited_on=TODAY, people="陈经办、林企业", findings="设备已到场", by=cast.chen, at=NOW)

    assert (row.people, row.findings) == ("陈经办、林企业", "设备已到场")
    assert readers(row, cast) == {"chen", "hu", "wang", "zhao"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"kind": "nothing"}, "kind"), ({"result": "found"}, "remark"), ({"checked_on": TODAY + dt.timedelta(days=1)}, "checked_on")],
)
def test_a_check_that_cannot_be_is_refused(changed, field, cast, filing):
    with pytest.raises(Invalid) as refused:
        records.check(filing, by=cast.chen, at=NOW, **{"kind": "credit_list", "result": "clear", "checked_on": TODAY} | changed)

    assert [problem.field for problem in refused.value.problems] == [field]
    assert not CheckRecord.objects.exists()


@pytest.mark.parametrize("name", ["lin", "mo_county", "bai", "qian"])
def test_only_units_of_the_chain_write(name, cast, filing):
    by = getattr(cast, name)

    for write in (
        lambda: records.check(filing, kind="credit_list", result="clear", checked_on=TODAY, by=by, at=NOW),
        lambda: records.visit(filing, visited_on=TODAY, people="x", findings="x", by=by, at=NOW),
        lambda: records.note(filing, text="x", by=by, at=NOW),
        lambda: records.contact(filing, contacted="x", contacted_on=TODAY, text="x", by=by, at=NOW),
    ):
        with pytest.raises(NotAllowed):
            write()


def test_a_note_stays_inside_its_unit(cast, filing, world):
    row = records.note(filing, text="此企业须重点关注", by=cast.chen, at=NOW)
    auditor = people.member(world["IND-420000"].organisation, "auditor")

    assert readers(row, cast) == {"chen", "hu"}
    assert not Remark.objects.visible_to(auditor).exists()
    assert "重点关注" not in "".join(AuditEvent.objects.values_list("note", flat=True))


def test_a_message_is_between_the_firm_and_the_unit_where_the_case_lies(cast, filing):
    question = records.message(filing, text="请说明资金来源", by=cast.chen, at=NOW)
    answer = records.message(filing, text="自有资金见附表", by=cast.su, at=NOW)

    assert (question.is_from_firm, answer.is_from_firm, answer.unit_id) == (False, True, question.unit_id)
    assert readers(question, cast) == readers(answer, cast) == {"lin", "chen", "hu"}


def test_a_message_goes_to_the_unit_where_the_case_lies_now(cast, filing):
    filing = passed(filing, cast.chen, cast.hu)

    row = records.message(filing, text="何时办结？", by=cast.lin, at=NOW)

    assert readers(row, cast) == {"lin", "wang"}
    with pytest.raises(NotAllowed):
        records.message(filing, text="x", by=cast.chen, at=NOW)


def test_a_phone_call_is_a_logged_contact_for_the_chain(cast, filing):
    row = records.contact(filing, contacted="苏经理 13900000000", contacted_on=TODAY, text="已告知补件", by=cast.chen, at=NOW)

    assert (row.contacted, row.contacted_at.date() <= NOW.date()) == ("苏经理 13900000000", True)
    assert readers(row, cast) == {"chen", "hu", "wang", "zhao"}


def test_a_draft_has_no_record_yet(world, cast):
    filing = draft(world, cast)

    assert not records.may_message(filing, cast.lin)
    with pytest.raises(NotAllowed):
        records.message(filing, text="x", by=cast.lin, at=NOW)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_what_is_on_record_is_not_changed(change, cast, filing):
    records.visit(filing, visited_on=TODAY, people="x", findings="设备已到场", by=cast.chen, at=NOW)

    with pytest.raises(DatabaseError), transaction.atomic():
        SiteVisit.objects.update(findings="y") if change == "update" else SiteVisit.objects.all().delete()

    assert SiteVisit.objects.get().findings == "设备已到场"
