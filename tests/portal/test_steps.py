"""Taking a step from a page: what was typed is kept, a stale page tells what changed, a form sent twice acts once."""

from decimal import Decimal

import pytest

from common.models import AuditEvent
from deals.models import Deal, Drawdown, Invitation
from projects.models import Filing
from tests import factories
from tests.portal import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_review(world, cast):
    return factories.filing(world, cast.firm, state="in_review")


def events(obj) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(subject=obj._meta.label_lower, subject_id=obj.pk).order_by("id")
    return [(row.verb, row.note) for row in rows]


def test_pass_moves_the_case_and_says_so(as_, in_review):
    client = as_("chen")

    answer = client.post(f"/filings/{in_review.pk}/pass/", {"seen": in_review.version, "note": "材料齐全", "once": "k1"}, follow=True)

    in_review.refresh_from_db()
    assert answer.redirect_chain == [(f"/filings/{in_review.pk}/", 302)]
    assert "已办理：通过。" in answer.content.decode()
    assert in_review.current_step.position == 2
    assert events(in_review) == [("pass", "材料齐全")]


def test_form_sent_twice_acts_once(as_, in_review):
    client = as_("chen")
    form = {"seen": in_review.version, "note": "", "once": "k1"}

    first, second = (client.post(f"/filings/{in_review.pk}/pass/", form) for _twice in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert events(in_review) == [("pass", "")]


def test_stale_page_keeps_the_words_and_tells_what_changed(as_, in_review, cast):
    as_("chen").post(f"/filings/{in_review.pk}/pass/", {"seen": in_review.version, "note": "先行通过", "once": "k1"})

    answer = as_("hu").post(f"/filings/{in_review.pk}/return/", {"seen": in_review.version, "note": "自有资金不清", "once": "k2"})

    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "自有资金不清</textarea>" in shown
    assert "陈经办" in shown
    assert "先行通过" in shown
    assert f'name="seen" value="{in_review.version + 1}"' in shown
    assert events(in_review) == [("pass", "先行通过")]


def test_missing_reason_is_told_beside_its_field(as_, in_review):
    answer = as_("chen").post(f"/filings/{in_review.pk}/refuse/", {"seen": in_review.version, "note": " ", "once": "k1"})

    in_review.refresh_from_db()
    assert answer.status_code == 422
    assert '<p class="error">须填写理由。' in answer.content.decode()
    assert in_review.state == Filing.State.IN_REVIEW
    assert events(in_review) == []


def test_step_of_another_stage_is_refused(as_, in_review):
    answer = as_("hu").post(f"/filings/{in_review.pk}/pass/", {"seen": in_review.version, "once": "k1"})

    in_review.refresh_from_db()
    assert answer.status_code == 403
    assert "您当前的岗位不能对此件办理“通过”" in answer.content.decode()
    assert in_review.current_step.position == 1


@pytest.mark.parametrize("address", ["filings/{pk}/fly/", "birds/{pk}/pass/", "filings/999999/pass/"])
def test_unknown_steps_are_not_found(as_, in_review, address):
    answer = as_("chen").post("/" + address.format(pk=in_review.pk), {"seen": 1})

    assert answer.status_code == 404


def test_step_by_get_is_refused(as_, in_review):
    answer = as_("chen").get(f"/filings/{in_review.pk}/pass/")

    assert answer.status_code == 405


def test_step_without_a_version_is_refused(as_, in_review):
    answer = as_("chen").post(f"/filings/{in_review.pk}/pass/", {"once": "k1"})

    assert answer.status_code == 422
    assert "请刷新页面后重试" in answer.content.decode()


def test_return_opens_the_named_fields(as_, in_review):
    form = {"seen": in_review.version, "note": "请更正", "fields": ["own_capital", "content"], "once": "k1"}

    answer = as_("chen").post(f"/filings/{in_review.pk}/return/", form, follow=True)

    in_review.refresh_from_db()
    assert answer.status_code == 200
    assert in_review.state == Filing.State.RETURNED
    assert set(in_review.open_fields) >= {"own_capital", "content"}
    assert "自有资金（万元）" in as_("lin").get(f"/filings/{in_review.pk}/").content.decode()


def test_accepting_an_invitation_leads_to_the_deal(world, as_, listed):
    row = cases.invitation(world, listed, state="viewed")
    cases.disclosure(world, listed, "ICBC-WH")

    answer = as_("bai").post(f"/invitations/{row.pk}/accept/", {"seen": row.version, "once": "k1"})

    deal = Deal.objects.get(invitation=row)
    assert answer["Location"] == f"/deals/{deal.pk}/"
    assert deal.state == Deal.State.INTENT


def test_decline_asks_for_a_code(world, as_, listed):
    row = cases.invitation(world, listed)
    cases.disclosure(world, listed, "ICBC-WH")

    answer = as_("bai").post(f"/invitations/{row.pk}/decline/", {"seen": row.version, "code": "because", "once": "k1"})

    row.refresh_from_db()
    assert answer.status_code == 422
    assert "谢绝原因" in answer.content.decode()
    assert row.state == Invitation.State.OPEN


def test_drawdown_keeps_what_was_typed_when_refused(world, as_, listed):
    loan = cases.deal(world, listed, state="signed")
    form = {"seen": loan.version, "slip_no": "JJ-7", "drawn_on": "2026-03-02", "amount": "900.1234567", "payee": "武汉示例", "once": "k1"}

    answer = as_("bai").post(f"/deals/{loan.pk}/draw/", form)

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="900.1234567"' in shown
    assert 'value="JJ-7"' in shown
    assert "最多保留六位小数" in shown
    assert not Drawdown.objects.exists()


def test_drawdown_is_entered(world, as_, listed):
    loan = cases.deal(world, listed, state="signed")
    form = {
        "seen": loan.version,
        "slip_no": "JJ-7",
        "drawn_on": "2026-03-02",
        "amount": "900",
        "payee": "武汉示例机床有限公司",
        "paid_to_supplier_on": "2026-03-02",
        "is_entrusted": "True",
        "once": "k1",
    }

    answer = as_("bai").post(f"/deals/{loan.pk}/draw/", form, follow=True)

    assert answer.status_code == 200
    assert Drawdown.objects.get().amount == Decimal(9_000_000)
    assert "第 1 笔" in answer.content.decode()


def test_firm_takes_back_what_it_let_a_bank_see(world, as_, listed):
    told = cases.disclosure(world, listed, "ICBC-WH", basis="consent")

    own = as_("lin").post(f"/filings/{listed.pk}/disclosures/{told.pk}/withdraw/", follow=True)

    assert own.status_code == 200
    assert as_("bai").get(f"/filings/{listed.pk}/").status_code == 404


def test_nobody_else_takes_back_a_disclosure(world, as_, listed):
    told = cases.disclosure(world, listed, "ICBC-WH", basis="consent")

    answers = [as_(name).post(f"/filings/{listed.pk}/disclosures/{told.pk}/withdraw/").status_code for name in ("mo_firm", "chen", "bai")]

    told.refresh_from_db()
    assert answers == [404, 404, 404]
    assert told.withdrawn_at is None


def test_next_address_of_another_site_is_ignored(as_, in_review):
    form = {"seen": in_review.version, "next": "https://elsewhere.example/", "once": "k1"}

    answer = as_("chen").post(f"/filings/{in_review.pk}/pass/", form)

    assert answer["Location"] == f"/filings/{in_review.pk}/"


def test_firm_reads_what_is_missing_and_hands_it_in(world, listed, as_):
    row = cases.invitation(world, listed, state="viewed")
    form = {"seen": row.version, "waiting_for": "2025 年审计报告", "once": "w1"}

    asked = as_("bai").post(f"/invitations/{row.pk}/ask/", form)
    firms = as_("lin").get(f"/invitations/{row.pk}/").content.decode()
    answered = as_("lin").post(f"/invitations/{row.pk}/answer/", {"seen": row.version + 1, "once": "w2"})

    row.refresh_from_db()
    assert (asked.status_code, answered.status_code) == (302, 302)
    assert "2025 年审计报告" in firms
    assert "材料已补充" in firms
    assert (row.state, row.is_waiting) == ("viewed", False)


def test_first_contact_is_called_by_its_name(world, listed, as_):
    row = cases.invitation(world, listed)
    client = as_("bai")

    offered = client.get(f"/invitations/{row.pk}/").content.decode()
    client.post(f"/invitations/{row.pk}/view/", {"seen": row.version, "once": "v1"})

    shown = client.get(f"/invitations/{row.pk}/").content.decode()
    assert ">已联系企业</button>" in offered
    assert "银行已联系企业" in shown


def test_a_reason_that_no_database_holds_is_refused_and_nothing_done(as_, in_review):
    for verb in ("pass", "return", "refuse", "not_accept"):
        answer = as_("chen").post(f"/filings/{in_review.pk}/{verb}/", {"seen": in_review.version, "note": "缺\x00件", "fields": "name"})

        assert answer.status_code == 422
    assert events(in_review) == []


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000])
def test_numbers_that_no_row_has_are_no_fault_of_ours(as_, in_review, number):
    chen, case = as_("chen"), f"/filings/{in_review.pk}"

    asked = [
        chen.get("/filings/", {"place": number, "page": number, "q": "甲\x00"}),
        chen.get(f"/filings/{number}/"),
        chen.get(f"/api/filings/{number}/"),
    ]
    sent = [
        chen.post(f"{case}/pass/", {"seen": number}),
        chen.post("/filings/bulk/pass/", {"row": f"{number}:{number}"}),
        chen.post(f"/api{case}/pass/", {"seen": number}, content_type="application/json"),
        chen.post(f"/api{case}/pass/", {}, content_type="application/json", headers={"If-Match": number}),
        chen.post("/exports/new/", {"kind": "filings", "place": number}),
    ]

    assert [answer.status_code for answer in asked] == [200, 404, 404]
    assert {answer.status_code for answer in sent} <= {200, 302, 422}
