"""What bank, firm and office meet of a recovery: by page, API, admin, workbook and notice."""

import pytest
from rest_framework.test import APIClient

from common.models import AuditEvent
from deals.models import Recovery, SubsidyClaim
from exchange import telling
from exchange.models import Channel, Notice
from tests import people
from tests.deals.recovery import courses
from tests.deals.recovery.courses import DECISION
from tests.deals.subsidies.example import END

pytestmark = pytest.mark.django_db
DESK = "/admin/deals/recovery/"


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = END.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture
def page(cast):
    return lambda name: people.signed_in(cast, name)


@pytest.fixture
def api(cast):
    return lambda name: people.signed_in(cast, name, APIClient)


def test_bank_reads_what_is_asked_by_when_and_why_and_answers(world, cast, page, paid):
    row = courses.doubt(paid, cast)
    address = f"/recoveries/{row.pk}/"

    shown = page("bai").get(address).content.decode()
    answer = page("bai").post(f"{address}explain/", {"seen": row.version, "once": "1", "explanation": "凭证附后"})

    assert all(words in shown for words in ("资金回流", "等待您", "说明资金用途", "提交说明"))
    assert "作出追回决定" not in shown
    row.refresh_from_db()
    assert (answer.status_code, answer["Location"], row.state, row.explanation) == (302, address, "explained", "凭证附后")
    assert "等待您" in page("qian").get(address).content.decode()


def test_pages_tell_the_computation_and_the_receipts(world, cast, page):
    row = courses.decided(courses.found(courses.paid(world, cast), cast), cast)
    courses.receive(row, cast, "1000", "SK-1")

    shown = page("lin").get(f"/recoveries/{row.pk}/").content.decode()
    listed = page("lin").get("/recoveries/?state=decided").content.decode()

    assert all(words in shown for words in (DECISION, "19,944.44", "SK-1", "已付，应缴回"))
    assert "20,944.44" in listed
    claim = SubsidyClaim.objects.filter(scheme__code="HB-ADDON").first()
    assert f"/recoveries/{row.pk}/" in page("lin").get(f"/claims/{claim.pk}/").content.decode()
    assert page("mo_firm").get(f"/recoveries/{row.pk}/").status_code == 404


def test_whoever_must_act_finds_it_on_the_first_page(world, cast, page, paid):
    row = courses.doubt(paid, cast)

    assert f"/recoveries/{row.pk}/" in page("bai").get("/").content.decode()
    assert f"/recoveries/{row.pk}/" not in page("lin").get("/").content.decode()


def test_api_from_the_doubt_to_the_last_receipt(world, cast, api):
    deal = courses.paid(world, cast)
    new = {"deal": deal.pk, "scheme": "HB-ADDON", "reason": "资金回流", "suspended_from": "2025-08-01"}

    made = api("qian").post("/api/recoveries/", new, headers={"Idempotency-Key": "r1"})
    again = api("qian").post("/api/recoveries/", new, headers={"Idempotency-Key": "r1"})
    assert (made.status_code, again.json()["id"], Recovery.objects.count()) == (201, made.json()["id"], 1)
    address = f"/api/recoveries/{made.json()['id']}/"

    def take(who, verb, **values):
        answer = api(who).post(f"{address}{verb}/", {"seen": api(who).get(address).json()["version"], **values})
        assert answer.status_code == 200, answer.json()
        return answer.json()

    assert {step["verb"] for step in api("bai").get(address).json()["actions"]} == {"explain"}
    take("bai", "explain", explanation="说明")
    take("qian", "find", finding="认定")
    assert "decide" not in {step["verb"] for step in api("qian").get(address).json()["actions"]}
    told = take("feng", "decide", document_no=DECISION, decided_on="2027-06-30", pay_by="2027-07-30")
    assert (told["amount"], told["scope"], [part["amount"] for part in told["parts"]]) == (
        "20944.44",
        "whole_loan",
        ["1222.22", "19722.22"],
    )
    closed = take("qian", "receive", on="2027-06-30", slip_no="SK-1", amount="2.094444")

    assert (closed["state"], closed["recovered"], closed["actions"]) == ("closed", "20944.44", [])
    assert api("qian").post(f"{address}receive/", {"seen": 0, "on": "2027-06-30", "slip_no": "SK-2", "amount": "1"}).status_code == 409
    assert api("an").get(address).status_code == 404


def test_outdated_version_is_refused_with_what_changed(world, cast, api):
    row = courses.found(courses.paid(world, cast), cast)

    answer = api("feng").post(
        f"/api/recoveries/{row.pk}/decide/", {"seen": 0, "document_no": "x", "decided_on": "2027-06-30", "pay_by": "2027-07-30"}
    )

    assert (answer.status_code, [event["verb"] for event in answer.json()["changed"]]) == (409, ["explain", "find"])


def test_admin_raises_finds_and_decides(world, cast, page):
    people.seated(cast)
    deal = courses.paid(world, cast)
    facts = {"deal": deal.pk, "scheme": "HB-ADDON", "reason": "资金回流", "suspended_from": "2025-08-01"}

    assert page("qian").post(f"{DESK}do/doubt/", facts).status_code == 302
    row = Recovery.objects.get()
    assert page("qian").post(f"{DESK}do/doubt/", {**facts, "deal": 10**6}).status_code == 200
    assert "没有编号为 1000000 的对接项目" in page("qian").post(f"{DESK}do/doubt/", {**facts, "deal": 10**6}).content.decode()
    Recovery.objects.filter(pk=row.pk).update(due_on="2027-06-01")
    page("qian").post(f"{DESK}{row.pk}/do/find/", {"seen": row.version, "finding": "认定"})
    decision = {"seen": row.version + 1, "document_no": DECISION, "decided_on": "2027-06-30", "pay_by": "2027-07-30"}
    refused = page("qian").post(f"{DESK}{row.pk}/do/decide/", decision)
    assert "不能对此件办理" in refused.content.decode()
    assert page("feng").post(f"{DESK}{row.pk}/do/decide/", decision).status_code == 302

    shown = page("feng").get(f"{DESK}{row.pk}/change/").content.decode()
    assert "19,722.22" in shown


def test_bank_firm_and_office_are_told(world, cast):
    row = courses.found(courses.paid(world, cast), cast)
    courses.decided(row, cast)

    telling.tell(list(AuditEvent.objects.filter(subject="deals.recovery").order_by("id")), at=END)

    told = {
        (notice.kind, notice.recipient.username) for notice in Notice.objects.filter(channel=Channel.IN_APP).select_related("recipient")
    }
    assert {("recovery.doubt", "bai"), ("recovery.doubt", "lin"), ("recovery.explain", "qian"), ("recovery.decide", "lin")} <= told
    assert not {who for _kind, who in told} & {"mo_firm", "an", "mo_bank"}
