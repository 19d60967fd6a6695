"""A county's month: forty cases before its cut-off, three returned, a late one, letters up two tiers, and the ministry's answer."""

import datetime as dt
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.models import AuditEvent
from common.workdays import SHANGHAI
from deals import ministry_answers
from deals.models import Invitation
from exchange import forward_papers
from exchange import ministry_answers as files
from projects import batches, candidate_list, drafting, review
from projects.forwarding import scans, steps
from projects.models import AnswerRow, Filing, ForwardBatch
from tests import factories, people
from tests.exchange.books import book
from tests.factories import HUBEI

FORTY = 40
HEAD = ["序号", "项目代码", "统一社会信用代码", "企业名称", "项目名称", "是否列入", "未列入原因"]


def at(day, hour=10, minute=0, month=3):
    return dt.datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def county(world, cast):
    """Forty firms and one more, each with its owner."""
    firms = factories.firms(world, FORTY + 1)
    return firms, {firm.pk: people.member(firm, "firm_owner", name=f"法人{number}") for number, firm in enumerate(firms)}


def handed_in(world, firms, owners, *, when):
    drafts = drafting.start_many(
        [(firm, factories.form()) for firm in firms], programme=world.programme, track="industry", by=owners, at=when
    )
    results = review.submit_many(drafts, by={draft.pk: owners[draft.firm_id] for draft in drafts}, at=when)
    assert [result.error for result in results] == [None] * len(firms)
    return [result.obj for result in results]


def lying_with(unit, stage):
    return list(Filing.objects.filter(state="in_review", current_step__unit=unit, current_step__stage=stage).order_by("pk"))


def passed_in_bulk(unit, stage, *, by, when):
    filings = lying_with(unit, stage)
    assert [result.error for result in review.pass_many(filings, by=by, at=when, note="符合条件")] == [None] * len(filings)


def sent_up(unit, batch, number, *, by, when, pull=None):
    """Gathered, frozen, stamped, sent; one perhaps pulled back after the list was frozen."""
    forward = steps.freeze(steps.prepare(unit, batch=batch, by=by, at=when), by=by, at=when, seen=0)
    if pull is not None:
        forward = steps.pull_back(forward, filing=pull.pk, by=by, at=when, seen=forward.version, note="环评批复待补")
    letter = forward_papers.letter(forward)
    scans.attach(forward, upload=SimpleUploadedFile("盖章公文.pdf", b"%PDF-1.7 " + letter[:20]), by=by, at=when)
    forward = ForwardBatch.objects.with_offices().get(pk=forward.pk)
    return steps.send(forward, number=number, dated_on=when.date(), by=by, at=when, seen=forward.version)


def the_answer(world, cast, filings, *, when):
    """All are listed but the last; two firms have other names than they had when they applied."""
    rows = []
    for number, filing in enumerate(filings, start=1):
        name = filing.firm.name if number > 2 else filing.firm.name.replace("有限公司", "股份有限公司")
        verdict = ("未列入", "产能不属于支持方向") if number == len(filings) else ("列入", "")
        rows.append([number, filing.project.code, filing.firm.uscc, name, filing.project.name, *verdict])
    upload = book(["2026年第三批设备更新备选项目清单"], HEAD, *rows)
    upload.name = "第三批.xlsx"
    how = {"programme": world.programme, "track": "industry", "number": "工信厅规函〔2026〕88号", "list_number": "2026-03"}
    return files.enter(upload, **how, listed_on=dt.date(2026, 4, 8), province=HUBEI, by=cast.zhao, at=when)


@pytest.mark.first
def test_a_month_of_a_county(world, cast, county):
    firms, owners = county
    march, april = world.batches[:2]
    hongshan, wuhan, hubei = (world[code] for code in ("IND-420111", "IND-420100", "IND-420000"))

    # Forty before the cut-off, one a minute after it.
    filings = handed_in(world, firms[:FORTY], owners, when=at(10))
    (late,) = handed_in(world, firms[FORTY:], owners, when=at(16, 17, 31))
    assert Counter(Filing.objects.values_list("batch__code", flat=True)) == {march.code: FORTY, april.code: 1}

    # Three come back to their firms; two are in time again, the third misses the city's closing.
    returned = filings[:3]
    review.return_many(returned, by=cast.chen, at=at(11), note="请补充设备型号", fields=["equipment"])
    for filing in returned[:2]:
        review.resubmit(filing, by=owners[filing.firm_id], at=at(13), seen=filing.version)
    passed_in_bulk(hongshan, "handler", by=cast.chen, when=at(16))
    county_letter = sent_up(hongshan, march, "洪经信函〔2026〕3号", by=cast.hu, when=at(17))
    assert (len(county_letter.content), batches.roll_late(at=at(18, 18))) == (FORTY - 1, 1)
    missed = Filing.objects.get(pk=returned[2].pk)
    review.resubmit(missed, by=owners[missed.firm_id], at=at(19), seen=missed.version)
    assert (missed.state, missed.batch, missed.form) == ("in_review", april, returned[2].form)

    # The city, then the province, in bulk; one is pulled back from the frozen list, one held in the pool.
    passed_in_bulk(wuhan, "handler", by=cast.wang, when=at(18))
    passed_in_bulk(wuhan, "checker", by=cast.gao, when=at(18, 11))
    pulled = lying_with(wuhan, "signer")[0]
    assert len(sent_up(wuhan, march, "武经信函〔2026〕12号", by=cast.gao, when=at(18, 15), pull=pulled).content) == FORTY - 2
    for stage, by in (("handler", cast.zhao), ("checker", cast.sun), ("signer", cast.zhao)):
        passed_in_bulk(hubei, stage, by=by, when=at(20))
    held = Filing.objects.filter(state="in_pool").order_by("pk").last()
    candidate_list.hold(held, by=cast.zhao, at=at(20), seen=held.version, note="等待复核产能")
    reported = sent_up(hubei, march, "鄂经信函〔2026〕9号", by=cast.zhao, when=at(20, 16))
    assert (reported.to_unit, len(reported.content)) == (None, FORTY - 3)

    # The ministry's answer: what is beyond doubt at once, the two altered names by hand.
    sent = list(Filing.objects.filter(state="reported").select_related("firm", "project").order_by("pk"))
    answer = the_answer(world, cast, sent, when=at(9, month=4))
    ministry_answers.apply(answer, by=cast.zhao, at=at(9, month=4), seen=answer.version)
    open_rows = list(AnswerRow.objects.filter(state="open").select_related("answer").order_by("line"))
    assert [(row.doubt, row.suggested) for row in open_rows] == [("name_differs", [filing.pk]) for filing in sent[:2]]
    for row in open_rows:
        ministry_answers.resolve(row, filing=row.suggested[0], by=cast.sun, at=at(10, month=4), seen=row.version, note="工商已更名")

    states = Counter(Filing.objects.values_list("state", flat=True))
    assert states == {"listed": FORTY - 4, "not_listed": 1, "held": 1, "in_review": 3}
    assert Invitation.objects.filter(filing__state="listed").count() == 2 * (FORTY - 4)
    assert set(AnswerRow.objects.values_list("state", flat=True)) == {"done"}

    # The three that are late go up with April's letters as they are.
    passed_in_bulk(hongshan, "handler", by=cast.chen, when=at(10, month=4))
    again = sent_up(hongshan, april, "洪经信函〔2026〕7号", by=cast.hu, when=at(15, month=4))
    assert sorted(row["filing"] for row in again.content) == sorted([late.pk, missed.pk])
    assert AuditEvent.objects.filter(verb="submit").count() == FORTY + 1
