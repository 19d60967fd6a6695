"""Consultations, records, unlocks, appeals at the case: entered, read and answered on pages, by whom they concern."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from organisations.models import User
from projects import review
from projects.case import consultations, records, unlocking
from projects.models import Appeal, CaseFile, CheckRecord, Consultation, Filing, Presence, Remark, UnlockRequest
from tests import factories, people
from tests.factories import NOW, TODAY
from tests.portal.test_lists import queries

pytestmark = pytest.mark.django_db
OTHERS = ("NDRC-420111", "NDRC-420100", "FIN-420100", "FIN-420000")
PDF = b"%PDF-1.7 opinion"


@pytest.fixture
def filing(world, cast):
    return factories.filing(world, cast.firm, state="in_review")


@pytest.fixture
def li(world):
    """A client of the county's development and reform bureau, which is not in the case's chain."""
    by = people.member(world["NDRC-420111"].organisation, "handler", name="li")
    client = Client()
    client.force_login(User.objects.get(pk=by.user_id), backend="django.contrib.auth.backends.ModelBackend")
    client.person = by
    return client


def entered(client, filing, name, **form):
    return client.post(f"/filings/{filing.pk}/entries/{name}/", {"once": name, **form})


def text(client, address):
    return client.get(address).content.decode()


def test_a_consultation_is_sent_answered_with_a_file_and_read(as_, cast, filing, li, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    assert entered(as_("chen"), filing, "consult", to_unit="NDRC-420111", question="是否符合产业政策？").status_code == 302
    row = Consultation.objects.get()

    inbox, page, case = text(li, "/matters/"), text(li, f"/consultations/{row.pk}/"), text(li, f"/filings/{filing.pk}/")
    answered = li.post(
        f"/consultations/{row.pk}/answer/",
        {"seen": row.version, "once": "a", "opinion": "with_remarks", "answer": "请补能评", "upload": SimpleUploadedFile("意见.pdf", PDF)},
    )

    assert (str(filing) in inbox, "是否符合产业政策？" in page, "审核链" in case, "意向银行" in case) == (True, True, False, False)
    assert answered.status_code == 302
    shown = text(as_("hu"), f"/consultations/{row.pk}/")
    assert ("请补能评" in shown, "意见.pdf" in shown) == (True, True)
    assert li.get(f"/filings/{filing.pk}/").status_code == 404
    assert li.get(f"/consultations/{row.pk}/").status_code == 200
    file = CaseFile.objects.get()
    assert [as_(name).get(f"/case-files/{file.pk}/").status_code for name in ("chen", "wang", "lin", "bai", "mo_county")] == [
        200,
        200,
        404,
        404,
        404,
    ]


@pytest.mark.parametrize(("unit", "role"), [("FIN-420000", "handler"), ("NDRC-420111", "reader")])
def test_an_asked_office_reads_the_case_and_neither_opinions_nor_banks(world, cast, filing, unit, role):
    consultations.ask(filing, to_unit=unit, question="x", by=cast.chen, at=NOW)
    asked = Client()
    asked.force_login(
        User.objects.get(pk=people.member(world[unit].organisation, role).user_id), backend="django.contrib.auth.backends.ModelBackend"
    )

    page = text(asked, f"/filings/{filing.pk}/")

    assert (str(filing) in page, "意向银行" in page, "工商银行" in page, "陈经办" in page) == (True, False, False, False)


def test_passing_warns_of_what_is_not_answered(as_, cast, filing):
    consultations.ask(filing, to_unit="NDRC-420111", question="x", by=cast.chen, at=NOW)

    assert "有 1 件会商尚未答复" in text(as_("chen"), f"/filings/{filing.pk}/")
    assert "有 1 件会商尚未答复" not in text(as_("hu"), f"/filings/{filing.pk}/")


def test_a_refused_answer_keeps_what_was_typed(as_, cast, filing, li):
    row = consultations.ask(filing, to_unit="NDRC-420111", question="x", by=cast.chen, at=NOW)

    refused = li.post(f"/consultations/{row.pk}/answer/", {"seen": row.version, "once": "a", "opinion": "objects", "answer": " "})

    assert refused.status_code == 422
    assert "请写明修改意见或不同意的理由。" in refused.content.decode()


def test_the_second_of_two_answers_is_told_what_happened(as_, world, cast, filing, li):
    row = consultations.ask(filing, to_unit="NDRC-420111", question="x", by=cast.chen, at=NOW)
    form = {"seen": row.version, "opinion": "objects", "answer": "与规划不符"}
    consultations.answer(row, by=li.person, at=NOW, seen=row.version, opinion="agrees")

    stale = li.post(f"/consultations/{row.pk}/answer/", form | {"once": "b"})

    assert stale.status_code == 409
    assert "此件已被他人更新" in stale.content.decode()


def test_checks_notes_and_calls_are_entered_on_the_case_page(as_, filing, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    chen = as_("chen")
    shot = SimpleUploadedFile("截图.pdf", PDF)

    answers = [
        entered(chen, filing, "check", kind="credit_list", result="found", checked_on="2026-03-02", remark="有一条记录", upload=shot),
        entered(chen, filing, "visit", visited_on="2026-03-02", people="陈经办", findings="已到场"),
        entered(chen, filing, "note", text="须重点关注"),
        entered(chen, filing, "contact", contacted="林某", contacted_on="2026-03-02", text="已电话告知"),
        entered(chen, filing, "message", text="请说明资金来源"),
    ]

    assert [answer.status_code for answer in answers] == [302] * 5
    shown = {name: text(as_(name), f"/filings/{filing.pk}/") for name in ("hu", "wang", "lin")}
    told = {
        name: [word in page for word in ("有一条记录", "已到场", "须重点关注", "已电话告知", "请说明资金来源")]
        for name, page in shown.items()
    }
    assert told == {
        "hu": [True, True, True, True, True],
        "wang": [True, True, False, True, False],
        "lin": [False, False, False, False, True],
    }
    assert "截图.pdf" in shown["hu"]


def test_a_form_sent_twice_is_entered_once(as_, filing):
    client = as_("chen")
    for _twice in range(2):
        entered(client, filing, "note", text="x")

    assert Remark.objects.count() == 1


def test_what_cannot_be_entered_comes_back_with_the_words(as_, filing):
    refused = entered(as_("chen"), filing, "check", kind="credit_list", result="found", checked_on="2026-03-02", remark="")

    assert (refused.status_code, CheckRecord.objects.exists()) == (422, False)
    assert "请写明发现的问题或待核实的内容。" in refused.content.decode()


@pytest.mark.parametrize(
    ("name", "entry"), [("lin", "note"), ("lin", "consult"), ("wang", "consult"), ("bai", "message"), ("mo_county", "note")]
)
def test_what_is_not_ones_own_to_enter_is_not_there(name, entry, as_, filing):
    assert entered(as_(name), filing, entry, text="x", to_unit="NDRC-420111", question="x").status_code == 404


def test_a_firm_asks_for_further_fields_and_the_reviewer_opens_them(as_, cast, filing):
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="名称不一致", fields=["name"])
    assert entered(as_("lin"), filing, "unlock", fields=["content"], reason="需一并更正").status_code == 302
    row = UnlockRequest.objects.get()

    chen = as_("chen")
    assert str(filing) in text(chen, "/matters/")
    granted = chen.post(f"/unlocks/{row.pk}/grant/", {"seen": row.version, "once": "g"})

    assert granted.status_code == 302
    assert Filing.objects.get(pk=filing.pk).open_fields == ["name", "content"]
    assert as_("hu").post(f"/unlocks/{row.pk}/grant/", {"seen": 1, "once": "h"}).status_code == 409


def test_an_appeal_is_decided_by_somebody_else(as_, cast, filing):
    review.refuse(filing, by=cast.chen, at=NOW, seen=filing.version, note="属限制类")
    assert entered(as_("lin"), filing, "appeal", reason="不属限制类").status_code == 302
    row = Appeal.objects.get()

    by_self = as_("chen").post(f"/appeals/{row.pk}/uphold/", {"seen": row.version, "once": "a", "note": "x"})
    upheld = as_("hu").post(f"/appeals/{row.pk}/uphold/", {"seen": row.version, "once": "b", "note": "目录适用有误"})

    assert (by_self.status_code, upheld.status_code) == (403, 302)
    assert Filing.objects.get(pk=filing.pk).state == "in_review"
    assert "目录适用有误" in text(as_("lin"), f"/appeals/{row.pk}/")


def test_a_second_officer_sees_who_has_the_case_open(as_, cast, filing):
    opened = as_("chen").post(f"/filings/{filing.pk}/presence/")

    assert (opened.status_code, "正在办理" in opened.content.decode()) == (200, False)
    assert "陈经办 正在办理此件" in as_("hu").post(f"/filings/{filing.pk}/presence/").content.decode()
    assert as_("mo_county").post(f"/filings/{filing.pk}/presence/").status_code == 404
    assert Presence.objects.count() == 2


def test_the_inbox_shows_who_is_named_and_who_is_there(as_, world, cast, filing):
    other = people.member(world["IND-420111"].organisation, "handler", name="other")
    entered(as_("chen"), filing, "assign", assignee=other.user_id)
    Presence.objects.create(filing=filing, user_id=other.user_id, unit=world["IND-420111"], since=NOW, seen_at=NOW, province="420000")

    shown = text(as_("chen"), "/inbox/")

    assert ("承办：other" in shown, "other 正在办理" in shown) == (True, True)


def test_the_unit_above_is_asked_to_look_into_a_third_return(as_, cast, filing):
    for _time in range(3):
        review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["name"])
        if filing.returns < 3:
            review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert "提请关注" in text(as_("wang"), "/matters/")
    assert "提请关注" not in text(as_("chen"), "/matters/")
    assert "多次退回，报请上一级单位关注。" in text(as_("lin"), f"/filings/{filing.pk}/")


def test_firms_and_banks_have_no_list_of_matters(as_):
    assert [as_(name).get("/matters/").status_code for name in ("lin", "bai", "chen", "qian")] == [403, 403, 200, 200]


def test_anything_of_another_county_is_not_found(as_, cast, filing, li):
    row = consultations.ask(filing, to_unit="NDRC-420111", question="x", by=cast.chen, at=NOW)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["name"])
    unlock = unlocking.ask(filing, fields=["content"], reason="x", by=cast.lin, at=NOW)

    found = {
        name: [as_(name).get(address).status_code for address in (f"/consultations/{row.pk}/", f"/unlocks/{unlock.pk}/")]
        for name in ("mo_county", "mo_firm", "bai", "lin", "wang")
    }

    assert found == {"mo_county": [404, 404], "mo_firm": [404, 404], "bai": [404, 404], "lin": [404, 200], "wang": [200, 200]}


def fill(filing, cast, n):
    """N of everything that a case page lists."""
    for number in range(n):
        records.check(filing, kind="credit_list", result="clear", checked_on=TODAY, by=cast.chen, at=NOW, remark=str(number))
        records.visit(filing, visited_on=TODAY, people="x", findings=str(number), by=cast.chen, at=NOW)
        records.note(filing, text=str(number), by=cast.chen, at=NOW)
        records.message(filing, text=str(number), by=cast.lin, at=NOW)
        consultations.ask(filing, to_unit=OTHERS[Consultation.objects.count()], question=str(number), by=cast.chen, at=NOW)


@pytest.mark.parametrize("address", ["/filings/{pk}/", "/matters/"])
def test_pages_of_a_case_cost_the_same_for_one_row_and_three(address, as_, cast, filing):
    client, costs = as_("chen"), []
    for n in (1, 3):
        fill(filing, cast, n)
        costs.append(queries(client, address.format(pk=filing.pk)))

    assert costs[0] == costs[1]


def test_a_bulk_pass_warns_of_what_is_not_answered(as_, cast, filing):
    consultations.ask(filing, to_unit="NDRC-420111", question="x", by=cast.chen, at=NOW)

    preview = as_("chen").post("/filings/bulk/pass/", {"row": f"{filing.pk}:{filing.version}"})

    assert "1 件会商未答复" in preview.content.decode()
