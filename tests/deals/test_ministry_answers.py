"""The ministry's answer takes effect: what is matched at once, what is not by an officer, row by row."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from deals import ministry_answers
from deals.models import Invitation
from exchange import ministry_answers as files
from projects import refiling
from projects.answers import steps
from projects.models import AnswerRow, Filing, MinistryAnswer
from tests import factories
from tests.exchange.books import book
from tests.factories import HUBEI, NOW

HEAD = ["序号", "项目代码", "统一社会信用代码", "企业名称", "项目名称", "是否列入", "清单批次", "未列入原因"]
LISTED_ON = dt.date(2026, 3, 30)


def reported(world, number=3):
    return factories.filings(world, factories.firms(world, number), state="reported")


def cells(n, filing, *, verdict="列入", reason="", **changes):
    said = {"code": filing.project.code, "uscc": filing.firm.uscc, "firm": filing.firm.name, "project": filing.project.name} | changes
    return [n, said["code"], said["uscc"], said["firm"], said["project"], verdict, "", reason]


def file_of(*rows):
    upload = book(["2026年第三批备选项目清单"], HEAD, *rows)
    upload.name = "反馈.xlsx"
    return upload


def entered(world, by, *rows, upload=None):
    return files.enter(
        upload or file_of(*rows),
        programme=world.programme,
        track="industry",
        number="工信厅规函〔2026〕88号",
        list_number="2026-03",
        listed_on=LISTED_ON,
        province=HUBEI,
        by=by,
        at=NOW,
    )


def open_row(answer):
    return AnswerRow.objects.select_related("answer").get(answer=answer, state="open")


def states(*filings):
    return [Filing.objects.get(pk=filing.pk).state for filing in filings]


def test_nothing_changes_before_the_answer_is_applied_and_then_all_that_is_matched(world, cast):
    listed, left_out, silent = reported(world)
    answer = entered(world, cast.zhao, cells(1, listed), cells(2, left_out, verdict="未列入", reason="不属于支持方向"))
    assert states(listed, left_out, silent) == ["reported"] * 3

    ministry_answers.apply(answer, by=cast.zhao, at=NOW, seen=answer.version)

    assert states(listed, left_out, silent) == ["listed", "not_listed", "reported"]
    assert Filing.objects.values_list("list_number", "listed_on").get(pk=listed.pk) == ("2026-03", LISTED_ON)
    assert Invitation.objects.filter(filing=listed).count() == 2
    assert AuditEvent.objects.get(verb="leave_out").note == "不属于支持方向"
    assert set(AnswerRow.objects.values_list("state", flat=True)) == {"done"}
    assert MinistryAnswer.objects.get().state == "applied"


def test_an_altered_name_waits_for_an_officer_who_says_which_case_it_is(world, cast):
    (filing,) = reported(world, 1)
    answer = entered(world, cast.zhao, cells(1, filing, firm="湖北更名后有限公司"))
    ministry_answers.apply(answer, by=cast.zhao, at=NOW, seen=answer.version)
    row = open_row(answer)
    assert (row.doubt, row.suggested, states(filing)) == ("name_differs", [filing.pk], ["reported"])

    ministry_answers.resolve(row, filing=filing.pk, by=cast.sun, at=NOW, seen=row.version, note="工商已更名")

    assert (states(filing), AnswerRow.objects.get().state) == (["listed"], "done")
    event = AuditEvent.objects.get(subject="projects.answerrow", verb="resolve")
    assert (event.note, event.by_user_id) == ("工商已更名", cast.sun.user_id)


def test_a_row_without_code_or_verdict_says_nothing_by_itself(world, cast):
    (filing,) = reported(world, 1)
    answer = entered(world, cast.zhao, cells(1, filing, code="", verdict=""))
    ministry_answers.apply(answer, by=cast.zhao, at=NOW, seen=answer.version)
    row = open_row(answer)

    with pytest.raises(Invalid) as refused:
        ministry_answers.resolve(row, filing=filing.pk, by=cast.zhao, at=NOW, seen=row.version)
    assert [problem.field for problem in refused.value.problems] == ["verdict"]
    ministry_answers.resolve(row, filing=filing.pk, verdict="not_listed", by=cast.zhao, at=NOW, seen=row.version)

    assert states(filing) == ["not_listed"]


def test_a_code_that_lost_its_digits_is_told_and_not_believed(world, cast):
    (filing,) = reported(world, 1)

    answer = entered(world, cast.zhao, cells(1, filing, code=260142011104011000))

    row = open_row(answer)
    assert (row.doubt, row.suggested) == ("no_code", [filing.pk])
    assert "第十五位" in row.told


def test_a_case_that_left_meanwhile_joins_the_worklist(world, cast):
    first, gone = reported(world, 2)
    answer = entered(world, cast.zhao, cells(1, first), cells(2, gone))
    Filing.objects.filter(pk=gone.pk).update(state="withdrawn")

    ministry_answers.apply(answer, by=cast.zhao, at=NOW, seen=answer.version)

    row = open_row(answer)
    assert (states(first), row.filing_id, row.doubt) == (["listed"], gone.pk, "refused")
    assert "企业撤回" in row.told


def test_a_row_is_resolved_to_a_reported_case_only(world, cast):
    (filing,) = reported(world, 1)
    draft = factories.filing(world, state="in_review")
    answer = entered(world, cast.zhao, cells(1, filing, firm="改名公司"))
    row = open_row(answer)

    with pytest.raises(Conflict):
        ministry_answers.resolve(row, filing=draft.pk, by=cast.zhao, at=NOW, seen=row.version)
    with pytest.raises(Invalid):
        ministry_answers.resolve(row, filing=10**9, by=cast.zhao, at=NOW, seen=row.version)

    assert AnswerRow.objects.get().state == "open"


def test_a_row_may_mean_none_of_ours(world, cast):
    (filing,) = reported(world, 1)
    answer = entered(world, cast.zhao, cells(1, filing, code="x", uscc="", firm="别省公司", project="别省项目"))
    row = open_row(answer)

    with pytest.raises(Invalid):
        ministry_answers.dismiss(row, by=cast.zhao, at=NOW, seen=row.version)
    ministry_answers.dismiss(row, by=cast.zhao, at=NOW, seen=row.version, note="非本省项目")

    assert (AnswerRow.objects.get().state, states(filing)) == ("dismissed", ["reported"])


def test_the_same_file_counts_once_unless_it_was_voided(world, cast):
    (filing,) = reported(world, 1)
    upload = file_of(cells(1, filing))
    answer = entered(world, cast.zhao, upload=upload)

    with pytest.raises(Conflict):
        entered(world, cast.zhao, upload=upload)
    steps.void(answer, by=cast.zhao, at=NOW, seen=answer.version, note="选错文件")

    assert entered(world, cast.zhao, upload=upload).state == "entered"
    with pytest.raises(Conflict):
        ministry_answers.apply(answer, by=cast.zhao, at=NOW, seen=answer.version)


def test_nobody_but_the_provincial_office_enters_or_sees_it(world, cast):
    (filing,) = reported(world, 1)

    for by in (cast.wang, cast.chen, cast.lin, cast.qian, cast.bai):
        with pytest.raises(NotAllowed):
            entered(world, by, cells(1, filing))
    entered(world, cast.zhao, cells(1, filing))

    for by in (cast.wang, cast.chen, cast.lin, cast.qian, cast.bai):
        assert not MinistryAnswer.objects.visible_to(by).exists()
        assert not AnswerRow.objects.visible_to(by).exists()
    assert AnswerRow.objects.visible_to(cast.sun).count() == 1


def test_what_the_list_left_out_is_filed_again_without_typing_it_again(world, cast):
    filing = factories.filing(world, cast.firm, state="not_listed")

    again = refiling.refile(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert (again.state, again.form, again.track) == ("draft", filing.form, filing.track)
    stood = Filing.objects.get(pk=filing.pk)
    assert stood.state == "not_listed"
    with pytest.raises(Conflict):
        refiling.refile(stood, by=cast.su, at=NOW, seen=0)
    with pytest.raises(NotAllowed):
        refiling.refile(stood, by=cast.mo_firm, at=NOW, seen=stood.version)
