"""The pages of a forward batch and of the ministry's answer, as the officers walk through them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from projects.models import AnswerRow, Filing, ForwardBatch, ForwardedCase, MinistryAnswer
from tests import factories
from tests.exchange.books import book
from tests.factories import NOW
from tests.projects.forwarding.test_steps import PDF, at_the_checker, prepared

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def take(client, forward, verb, **typed):
    forward.refresh_from_db()
    return client.post(
        f"/forwards/{forward.pk}/{verb}/", {"seen": forward.version, "once": verb + str(forward.version), **typed}, follow=True
    )


def test_a_county_sends_its_cases_up_from_the_pages(world, cast, as_):
    at_the_checker(world, cast, 2)
    county = as_("hu")
    began = county.post("/forwards/", {"batch": world.batches[0].pk, "once": "a"}, follow=True)
    forward = ForwardBatch.objects.get()
    assert [case.filing.state for case in began.context["on_list"]] == ["in_review"] * 2
    assert began.context["papers"] == []

    shown = take(county, forward, "freeze")
    assert "清单第 1 版" in shown.content.decode()
    for name in ("letter", "list", "printed"):
        answer = county.get(f"/forwards/{forward.pk}/papers/{name}/")
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment")
    refused = take(county, forward, "send", number="洪经信函〔2026〕3号", dated_on="2026-03-02")
    assert "还没有上传盖章公文的扫描件" in refused.content.decode()
    county.post(f"/forwards/{forward.pk}/scans/", {"upload": SimpleUploadedFile("公文.pdf", PDF)})
    sent = take(county, forward, "send", number="洪经信函〔2026〕3号", dated_on="2026-03-02")

    assert sent.context["forward"].state == "sent"
    assert set(Filing.objects.values_list("current_step__unit__code", flat=True)) == {"IND-420100"}
    received = as_("wang").get(f"/forwards/{forward.pk}/")
    assert "洪经信函〔2026〕3号" in received.content.decode()
    scan = forward.scans.get()
    assert as_("wang").get(f"/forwards/{forward.pk}/scans/{scan.pk}/").content == PDF
    assert as_("wang").post(f"/forwards/{forward.pk}/scans/", {"upload": SimpleUploadedFile("另.pdf", PDF)}).status_code == 403


def test_one_is_pulled_back_on_its_row_with_a_reason(world, cast, as_):
    forward = prepared(world, cast, 2)
    first = ForwardedCase.objects.order_by("pk").first()

    bare = take(as_("hu"), forward, "pull_back", filing=first.filing_id, note="")
    pulled = take(as_("hu"), forward, "pull_back", filing=first.filing_id, note="设备清单有误")

    assert "须填写理由" in bare.content.decode()
    assert [case.pk for case in pulled.context["pulled"]] == [first.pk]


@pytest.mark.parametrize("name", ["mo_county", "lin", "bai", "qian", "wang", "zhao"])
def test_a_draft_is_its_units_alone(name, world, cast, as_):
    forward = prepared(world, cast, 1)

    client = as_(name)
    assert client.get(f"/forwards/{forward.pk}/").status_code == 404
    assert client.get(f"/forwards/{forward.pk}/papers/letter/").status_code == 404
    assert client.post(f"/forwards/{forward.pk}/freeze/", {"seen": 0}).status_code == 404
    assert ForwardBatch.objects.get().state == "draft"


def test_a_refusal_to_begin_says_why_and_keeps_the_page(world, cast, as_):
    at_the_checker(world, cast, 1)
    client = as_("hu")
    client.post("/forwards/", {"batch": world.batches[0].pk, "once": "a"})

    again = client.post("/forwards/", {"batch": world.batches[0].pk, "once": "b"})

    assert again.status_code == 422
    assert "没有待上报的项目" in again.content.decode()


def answer_file(*filings, **changes):
    rows = [[f.project.code, f.firm.uscc, changes.get("firm", f.firm.name), f.project.name, "列入"] for f in filings]
    return SimpleUploadedFile(
        "反馈.xlsx", book(["项目代码", "统一社会信用代码", "企业名称", "项目名称", "是否列入"], *rows).getvalue(), XLSX
    )


def entered(client, world, *filings, once="a", **changes):
    typed = {
        "programme": world.programme.pk,
        "track": "industry",
        "number": "工信厅规函88号",
        "list_number": "2026-03",
        "listed_on": "2026-03-30",
    }
    return client.post("/answers/", typed | {"once": once, "upload": answer_file(*filings, **changes)}, follow=True)


def test_the_province_enters_the_answer_and_settles_the_altered_row_by_hand(world, cast, as_):
    filing, silent = factories.filings(world, factories.firms(world, 2), state="reported")
    province = as_("zhao")
    shown = entered(province, world, filing, firm="湖北改名有限公司")
    answer, row = MinistryAnswer.objects.get(), AnswerRow.objects.get()
    assert "名称与申报不一致" in shown.content.decode()
    assert [row.pk for row in shown.context["silent"]] == [silent.pk]

    compared = province.get(f"/answer-rows/{row.pk}/?filing={filing.pk}")
    (suggestion,) = compared.context["suggestions"]
    assert [agrees for _label, _told, _ours, agrees in suggestion.facts] == [True, True, False, True]
    typed = {"seen": row.version, "filing": filing.pk, "once": "r", "note": "工商已更名"}
    done = province.post(f"/answer-rows/{row.pk}/resolve/", typed, follow=True)

    assert done.redirect_chain == [(f"/answers/{answer.pk}/", 302)]
    assert Filing.objects.get(pk=filing.pk).state == "listed"


def test_nothing_is_entered_without_a_file_or_by_others(world, cast, as_):
    filing = factories.filing(world, state="reported")
    typed = {"programme": world.programme.pk, "track": "industry", "number": "x", "list_number": "1", "listed_on": "2026-03-30"}

    missing = as_("zhao").post("/answers/", typed | {"once": "a"})
    assert (missing.status_code, missing.context["upload_problems"][0].code) == (422, "required")
    for name in ("wang", "chen", "lin", "bai"):
        assert entered(as_(name), world, filing).status_code == 403
    entered(as_("zhao"), world, filing)
    row = AnswerRow.objects.get()
    for name in ("wang", "chen", "lin", "bai"):
        assert as_(name).get(f"/answer-rows/{row.pk}/").status_code == 404


def test_the_firm_files_again_what_was_left_out_from_its_page(world, cast, as_):
    filing = factories.filing(world, cast.firm, state="not_listed")

    begun = as_("lin").post(f"/filings/{filing.pk}/refile/", {"seen": filing.version, "once": "x"}, follow=True)

    again = Filing.objects.get(state="draft")
    assert begun.redirect_chain[-1][0] == f"/filings/{again.pk}/edit/"
    assert again.form == filing.form


def test_the_clerk_reads_by_when_to_hand_in(world, cast, as_):
    draft = factories.filing(world, cast.firm, state="draft")

    for address in (f"/filings/{draft.pk}/", f"/filings/{draft.pk}/edit/"):
        assert "2026-03-16 17:30</strong> 前提交，可赶上2026年3月批次" in as_("lin").get(address).content.decode()
    assert as_("chen").get("/inbox/").status_code == 200


def test_the_inbox_is_by_cut_off_first_then_by_the_clock(world, cast, as_):
    late, soon, sooner = factories.filings(world, factories.firms(world, 3), state="in_review")
    Filing.objects.filter(pk=late.pk).update(batch=world.batches[1])
    for filing, day in ((late, 3), (soon, 6), (sooner, 5)):
        filing.steps.filter(position=1).update(due_at=NOW.replace(day=day))

    shown = as_("chen").get("/inbox/").context["page"].object_list

    assert [row.pk for row in shown] == [sooner.pk, soon.pk, late.pk]
    assert [row.cut_off for row in shown] == [world.batches[n].city_closes_at for n in (0, 0, 1)]
