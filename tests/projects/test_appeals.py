"""A firm objects once to a decision, and somebody else decides; upheld, the case goes back to where it was."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent, Deadline
from common.workdays import SHANGHAI
from organisations import interests
from projects import review
from projects.case import appeals
from projects.models import Appeal, Filing
from tests.factories import NOW
from tests.projects.cases import day, draft, passed, running, submitted


@pytest.fixture
def refused(world, cast):
    """Refused by Hu, the county's only checker; Chen, its handler, is still there."""
    filing = passed(submitted(world, cast), cast.chen)
    return review.refuse(filing, by=cast.hu, at=NOW, seen=filing.version, note="属限制类")


def filed(filing, cast, *, at=NOW):
    return appeals.file(filing, reason="产品不在限制类目录内", by=cast.lin, at=at)


def test_somebody_else_of_the_same_unit_looks_again(world, cast, refused):
    row = filed(refused, cast)

    assert (row.state, row.unit.code, row.decided_by_id) == ("open", "IND-420111", cast.hu.user_id)
    assert row.due_at.astimezone(SHANGHAI).date() == dt.date(2026, 3, 16)
    clock = Deadline.objects.get(subject="projects.appeal")
    assert (clock.kind, clock.organisation_id) == ("appeal", world["IND-420111"].organisation_id)


def test_where_the_unit_has_nobody_else_the_unit_above_does(world, cast):
    filing = submitted(world, cast, region="429004", zone="", intended_banks=["ICBC-WH"])
    review.not_accept(filing, by=cast.xu, at=NOW, seen=filing.version, note="不属于设备更新")

    row = filed(filing, cast)

    assert row.unit.code == "IND-420000"
    with pytest.raises(NotAllowed):
        appeals.dismiss(row, by=cast.xu, at=NOW, seen=row.version, note="x")
    appeals.uphold(row, by=cast.zhao, at=NOW, seen=row.version, note="属于设备更新")
    assert Filing.objects.get(pk=filing.pk).current_step.unit.code == "IND-429004"


def test_a_colleague_with_an_interest_is_nobody(world, cast, refused):
    interests.declare(cast.firm, reason="近亲属任职", by=cast.chen, at=NOW)

    assert filed(refused, cast).unit.code == "IND-420100"


def test_upheld_it_is_back_at_its_stage_with_its_whole_time(cast, refused):
    row = filed(refused, cast)

    appeals.uphold(row, by=cast.chen, at=day(3, 9), seen=row.version, note="目录适用有误")

    filing = Filing.objects.get(pk=refused.pk)
    assert (filing.state, filing.current_step.stage, filing.current_step.unit.code) == ("in_review", "checker", "IND-420111")
    assert running(filing)["review"].due_at.astimezone(SHANGHAI).date() == dt.date(2026, 3, 12)
    assert filing.current_step.due_at == running(filing)["review"].due_at
    assert (row.state, row.answer) == ("upheld", "目录适用有误")
    assert not Deadline.objects.filter(subject="projects.appeal", closed_at=None).exists()
    assert (
        list(AuditEvent.objects.filter(subject_id=filing.pk, subject="projects.filing").values_list("verb", flat=True))[-1] == "reinstate"
    )
    passed(filing, cast.hu)


def test_dismissed_the_decision_stands_with_the_reason(cast, refused):
    row = filed(refused, cast)
    with pytest.raises(Invalid):
        appeals.dismiss(row, by=cast.chen, at=NOW, seen=row.version, note=" ")

    appeals.dismiss(row, by=cast.chen, at=NOW, seen=row.version, note="仍属限制类")

    assert (Filing.objects.get(pk=refused.pk).state, row.answer) == ("refused", "仍属限制类")


@pytest.mark.parametrize("name", ["hu", "lin", "wang", "mo_county", "bai"])
def test_who_decided_and_strangers_do_not_look_again(name, cast, refused):
    row = filed(refused, cast)

    with pytest.raises(NotAllowed):
        appeals.uphold(row, by=getattr(cast, name), at=NOW, seen=row.version, note="x")

    assert Filing.objects.get(pk=refused.pk).state == "refused"


def test_once_for_each_decision(cast, refused):
    row = filed(refused, cast)
    with pytest.raises(Conflict):
        filed(refused, cast)
    appeals.uphold(row, by=cast.chen, at=NOW, seen=row.version, note="x")
    again = Filing.objects.get(pk=refused.pk)
    review.refuse(again, by=cast.hu, at=NOW, seen=again.version, note="另有问题")

    second = filed(again, cast)

    assert (second.pk != row.pk, Appeal.objects.count()) == (True, 2)


def test_a_withdrawn_appeal_is_used_up(cast, refused):
    row = filed(refused, cast)
    appeals.withdraw(row, by=cast.lin, at=NOW, seen=row.version)

    with pytest.raises(Conflict):
        filed(refused, cast)


@pytest.mark.parametrize(("at", "late"), [(dt.datetime(2026, 3, 16, 23, 59, 59, 999_999, tzinfo=SHANGHAI), False), (day(3, 17, 0), True)])
def test_ten_working_days_to_the_last_second(at, late, cast, refused):
    if late:
        with pytest.raises(Invalid) as told:
            filed(refused, cast, at=at)
        assert [problem.code for problem in told.value.problems] == ["too_late"]
    else:
        assert filed(refused, cast, at=at).pk


def test_the_second_decision_on_one_appeal_is_refused(cast, refused):
    row = filed(refused, cast)
    same = Appeal.objects.get(pk=row.pk)
    appeals.dismiss(row, by=cast.chen, at=NOW, seen=0, note="x")

    with pytest.raises(Stale):
        appeals.uphold(same, by=cast.chen, at=NOW, seen=0, note="y")
    with pytest.raises(Conflict):
        appeals.uphold(same, by=cast.chen, at=NOW, seen=1, note="y")

    assert Filing.objects.get(pk=refused.pk).state == "refused"


def test_a_project_filed_again_meanwhile_is_not_brought_back_beside_it(world, cast, refused):
    row = filed(refused, cast)
    again = draft(world, cast, **refused.form)
    review.submit(again, by=cast.lin, at=NOW, seen=again.version)

    with pytest.raises(Conflict) as told:
        appeals.uphold(row, by=cast.chen, at=NOW, seen=row.version, note="x")

    assert (told.value.code, Appeal.objects.get().state) == ("filed_again", "open")


def test_who_may_not_decide_is_not_told_what_the_firm_did_since(world, cast, refused):
    row = filed(refused, cast)
    submitted(world, cast)

    with pytest.raises(NotAllowed):
        appeals.uphold(row, by=cast.hu, at=NOW, seen=row.version, note="x")


@pytest.mark.parametrize("name", ["chen", "mo_firm"])
def test_only_its_firm_appeals(name, cast, refused):
    with pytest.raises(NotAllowed):
        appeals.file(refused, reason="x", by=getattr(cast, name), at=NOW)


def test_a_running_case_has_no_decision_to_appeal(world, cast):
    with pytest.raises(Conflict):
        filed(submitted(world, cast), cast)


def test_seen_by_the_firm_and_the_chain_only(cast, refused):
    filed(refused, cast)

    seen = {
        name
        for name in ("lin", "su", "chen", "wang", "mo_firm", "mo_county", "bai")
        if Appeal.objects.visible_to(getattr(cast, name)).exists()
    }

    assert seen == {"lin", "su", "chen", "wang"}
