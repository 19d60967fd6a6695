"""Filling in an application on a page."""

from typing import Any

import pytest
from django.test import Client

from projects.models import Filing
from tests import factories

pytestmark = pytest.mark.django_db


def posted(form: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A form as a browser sends it: rows and groups by path, ticked boxes only."""
    sent: dict[str, Any] = {}
    for name, value in form.items():
        if name == "equipment":
            for n, row in enumerate(value):
                sent |= {f"equipment.{n}.{key}": text for key, text in row.items() if key != "is_software"}
                sent |= {f"equipment.{n}.is_software": "yes"} if row.get("is_software") else {}
        elif name == "benefits":
            sent |= {f"benefits.{key}": text for key, text in value.items()}
        elif value is True:
            sent[name] = "yes"
        elif value is not False:
            sent[name] = value
    return sent | more


@pytest.fixture
def draft(world, cast):
    return factories.filing(world, cast.firm, state="draft")


def test_new_application_begins_with_what_is_known(cast, as_, world):
    answer = as_("lin").post("/filings/new/", {"track": "industry", "once": "k1"}, follow=True)

    filing = Filing.objects.get(firm=cast.firm)
    assert answer.redirect_chain == [(f"/filings/{filing.pk}/edit/", 302)]
    assert filing.form == {"year": "2026", "region": "420111", "industry": "36"}
    assert filing.state == Filing.State.DRAFT


def test_new_application_sent_twice_begins_once(cast, as_, world):
    client = as_("lin")

    for _twice in range(2):
        client.post("/filings/new/", {"track": "industry", "once": "k1"})

    assert Filing.objects.filter(firm=cast.firm).count() == 1


def test_page_shows_every_section_with_what_was_typed(as_, draft):
    shown = as_("lin").get(f"/filings/{draft.pk}/edit/").content.decode()

    for text in (
        "1. 项目情况",
        "6. 预期效益",
        'value="智能化产线改造项目"',
        'name="equipment.1.unit_price"',
        'value="制造执行系统"',
        "第 3 志愿",
    ):
        assert text in shown
    assert '<option value="ICBC-WH" selected>' in shown


def test_save_keeps_the_form_as_typed(as_, draft):
    form = factories.form(total_investment="四千", equipment=[{"name": "机床", "unit_price": "x"}])

    answer = as_("lin").post(f"/filings/{draft.pk}/edit/", posted(form, go="save", seen=draft.version))

    draft.refresh_from_db()
    assert answer.status_code == 302
    assert draft.form["total_investment"] == "四千"
    assert [row["name"] for row in draft.form["equipment"]] == ["机床"]
    assert draft.form["intended_banks"] == ["ICBC-WH", "CCB-WH"]


def test_autosave_tells_the_time_and_the_new_version(as_, draft):
    answer = as_("lin").post(f"/filings/{draft.pk}/autosave/", posted(factories.form(name="改名"), seen=draft.version))

    draft.refresh_from_db()
    shown = answer.content.decode()
    assert draft.title == "改名"
    assert "已保存 2026-03-02 09:30" in shown
    assert f'value="{draft.version}" hx-swap-oob="true"' in shown
    assert 'id="f-intended_banks"' not in shown


def test_autosave_offers_the_banks_of_a_new_place(as_, draft):
    answer = as_("lin").post(f"/filings/{draft.pk}/autosave/", posted(factories.form(region="429004"), seen=draft.version))

    shown = answer.content.decode()
    assert 'id="f-intended_banks" hx-swap-oob="true"' in shown
    assert "建设银行仙桃支行" in shown


def test_autosave_of_a_stale_page_saves_nothing(as_, draft):
    client = as_("lin")
    client.post(f"/filings/{draft.pk}/autosave/", posted(factories.form(name="第一个窗口"), seen=draft.version))

    answer = client.post(f"/filings/{draft.pk}/autosave/", posted(factories.form(name="第二个窗口"), seen=draft.version))

    draft.refresh_from_db()
    assert answer.status_code == 409
    assert draft.title == "第一个窗口"
    assert "已被他人更新" in answer.content.decode()


def test_check_lists_every_problem_with_its_place(as_, draft):
    form = factories.form(amount="5000", term_months="6", total_investment="4000.1234567", region="420100")
    form["equipment"][0]["supplier_uscc"] = "91420100MA4KXXXXX0"

    answer = as_("lin").post(f"/filings/{draft.pk}/edit/", posted(form, go="check", seen=draft.version))

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "处需要更正，已填内容均已保留" in shown
    for anchor in ("#f-total_investment", "#f-region", "#f-equipment-0-supplier_uscc"):
        assert f'href="{anchor}"' in shown
    assert 'value="4000.1234567"' in shown
    assert "设备清单 第 1 行 供应商统一社会信用代码" in shown


def test_check_of_a_good_form_says_it_may_be_submitted(as_, draft):
    answer = as_("lin").post(f"/filings/{draft.pk}/edit/", posted(factories.form(), go="check", seen=draft.version), follow=True)

    assert "通过全部核对，可以提交" in answer.content.decode()


def test_submit_saves_and_submits(as_, draft):
    answer = as_("lin").post(f"/filings/{draft.pk}/edit/", posted(factories.form(), go="submit", seen=draft.version), follow=True)

    draft.refresh_from_db()
    assert answer.redirect_chain == [(f"/filings/{draft.pk}/", 302)]
    assert draft.state == Filing.State.IN_REVIEW
    assert "洪山区科学技术和经济信息化局 经办" in answer.content.decode()


def test_refused_submission_keeps_the_draft_and_what_was_typed(as_, draft):
    answer = as_("lin").post(f"/filings/{draft.pk}/edit/", posted(factories.form(term_months="6"), go="submit", seen=draft.version))

    draft.refresh_from_db()
    assert answer.status_code == 422
    assert draft.state == Filing.State.DRAFT
    assert draft.project_id is None
    assert draft.form["term_months"] == "6"
    assert f'name="seen" id="seen" value="{draft.version}"' in answer.content.decode()


def test_fourth_bank_is_refused_with_its_field(as_, draft):
    form = posted(factories.form(intended_banks=["ICBC-WH", "CCB-WH", "HBB-WH", "CCB-XT"]), go="check", seen=draft.version)

    shown = as_("lin").post(f"/filings/{draft.pk}/edit/", form).content.decode()

    assert 'href="#f-intended_banks' in shown
    assert shown.count('name="intended_banks"') == 4


def test_stale_form_is_shown_again_with_what_was_typed(as_, draft):
    client = as_("lin")
    client.post(f"/filings/{draft.pk}/edit/", posted(factories.form(name="苏的改动"), go="save", seen=draft.version))

    answer = client.post(f"/filings/{draft.pk}/edit/", posted(factories.form(name="林的改动"), go="save", seen=draft.version))

    draft.refresh_from_db()
    assert answer.status_code == 409
    assert draft.title == "苏的改动"
    assert 'value="林的改动"' in answer.content.decode()


def test_add_button_works_without_script(as_, draft):
    answer = as_("lin").post(f"/filings/{draft.pk}/edit/", posted(factories.form(), go="add:equipment", seen=draft.version))

    assert 'name="equipment.4.name"' in answer.content.decode()


def test_rows_keep_their_order_over_gaps(as_, draft):
    sent = posted(factories.form(equipment=[]), go="save", seen=draft.version)
    sent |= {"equipment.7.name": "第二台", "equipment.2.name": "第一台", "equipment.4.name": ""}

    as_("lin").post(f"/filings/{draft.pk}/edit/", sent)

    draft.refresh_from_db()
    assert [row["name"] for row in draft.form["equipment"]] == ["第一台", "第二台"]


def test_returned_form_changes_only_what_was_opened(world, cast, as_):
    filing = factories.filing(world, cast.firm, state="returned")
    Filing.objects.filter(pk=filing.pk).update(open_fields=["content"])

    client = as_("lin")
    page = client.get(f"/filings/{filing.pk}/edit/").content.decode()
    client.post(
        f"/filings/{filing.pk}/edit/", posted(factories.form(name="偷改的名称", content="更正后的内容"), go="save", seen=filing.version)
    )

    filing.refresh_from_db()
    assert 'name="name" value="智能化产线改造项目" autocomplete="off" readonly' in page
    assert filing.form["content"] == "更正后的内容"
    assert filing.form["name"] == "智能化产线改造项目"


def test_filing_under_review_is_not_edited(world, cast, as_):
    filing = factories.filing(world, cast.firm, state="in_review")

    answer = as_("lin").get(f"/filings/{filing.pk}/edit/")

    assert answer.status_code == 403
    assert "如需修改，请联系当前审核单位退回" in answer.content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {"benefits": [1]},
        {"intended_banks": [{"a": 1}]},
        {"intended_banks": "ICBC-WH"},
        {"equipment": 5},
        {"later_needs": {"a": 1}},
        {"securities": 7},
    ],
)
def test_the_page_of_a_draft_opens_whatever_a_machine_has_kept_in_it(as_, draft, sent):
    Filing.objects.filter(pk=draft.pk).update(form=draft.form | sent)

    assert as_("lin").get(f"/filings/{draft.pk}/edit/").status_code == 200
    assert as_("lin").get(f"/filings/{draft.pk}/").status_code == 200


def test_what_a_colleague_was_still_typing_when_it_was_handed_in_is_shown_and_not_saved(world, cast, as_):
    filing = factories.filing(world, cast.firm, state="in_review")

    answer = as_("su").post(f"/filings/{filing.pk}/edit/", {"seen": filing.version, "content": "刚写好的一大段建设内容", "go": "save"})

    page = answer.content.decode()
    assert (answer.status_code, "刚写好的一大段建设内容" in page, 'value="submit"' in page) == (403, True, False)
    assert Filing.objects.get(pk=filing.pk).form == filing.form


@pytest.mark.parametrize("stranger", ["mo_firm", "chen", "bai"])
def test_nobody_else_opens_a_draft(as_, draft, stranger):
    client = as_(stranger)

    answers = [client.get(f"/filings/{draft.pk}/edit/"), client.post(f"/filings/{draft.pk}/autosave/", {"seen": 0})]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_autosave_after_the_session_ended_says_so_in_place(draft):
    answer = Client().post(f"/filings/{draft.pk}/autosave/", {"seen": 0}, headers={"hx-request": "true"})

    assert answer.status_code == 401
    assert answer.content.decode().startswith("登录已过期")
