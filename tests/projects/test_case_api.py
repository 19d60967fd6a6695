"""The API of the case: the same entries and steps as on the pages, for whom they concern."""

import pytest
from rest_framework.test import APIClient

from projects.models import Appeal, ChangeRequest, CheckRecord, Consultation, Filing, Remark, UnlockRequest
from tests import factories, people

pytestmark = pytest.mark.django_db
ADDRESSES = ("consultations", "checks", "site-visits", "remarks", "unlocks", "appeals", "changes")


@pytest.fixture(autouse=True)
def moment(settings):
    settings.FIXED_NOW = factories.NOW.isoformat()


@pytest.fixture
def as_(cast):
    return lambda name: people.signed_in(cast, name, APIClient)


@pytest.fixture
def filing(world, cast):
    return factories.filing(world, cast.firm, state="in_review")


def test_a_consultation_is_asked_and_recalled(as_, filing):
    chen = as_("chen")

    made = chen.post("/api/consultations/", {"filing": filing.pk, "to_unit": "NDRC-420111", "question": "是否符合？"})

    body = made.json()
    assert (made.status_code, body["state"], body["to_unit"]) == (201, "open", "洪山区发展和改革局")
    assert [action["verb"] for action in body["actions"]] == ["recall"]
    recalled = chen.post(f"/api/consultations/{body['id']}/recall/", {"seen": body["version"], "note": "改为电话"})
    assert (recalled.status_code, Consultation.objects.get().state) == (200, "recalled")


def test_records_and_messages_are_entered_once_for_each_key(as_, filing):
    chen, key = as_("chen"), {"HTTP_IDEMPOTENCY_KEY": "k1"}
    check = {"filing": filing.pk, "kind": "credit_list", "result": "clear", "checked_on": "2026-03-02"}
    visit = {"filing": filing.pk, "visited_on": "2026-03-02", "people": "陈经办", "findings": "已到场"}

    answers = [chen.post("/api/checks/", check, **key).status_code for _twice in range(2)]
    answers += [
        chen.post("/api/site-visits/", visit).status_code,
        chen.post("/api/remarks/", {"filing": filing.pk, "text": "请说明"}).status_code,
    ]

    assert answers == [201, 201, 201, 201]
    assert (CheckRecord.objects.count(), Remark.objects.get().kind) == (1, "message")
    assert [row["text"] for row in as_("lin").get("/api/remarks/").json()["results"]] == ["请说明"]


def test_uploads_are_for_pages(as_, filing):
    check = {"filing": filing.pk, "kind": "credit_list", "result": "clear", "checked_on": "2026-03-02", "upload": "x"}

    refused = as_("chen").post("/api/checks/", check)

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "not_files")


def test_unlock_and_appeal_are_the_firms_to_ask(as_, world, cast, filing):
    factories.filing(world, cast.firm, state="returned")
    returned = Filing.objects.get(state="returned")
    refused = factories.filing(world, cast.firm, state="in_review")
    as_("chen").post(f"/api/filings/{refused.pk}/refuse/", {"seen": refused.version, "note": "属限制类"})

    unlock = as_("lin").post("/api/unlocks/", {"filing": returned.pk, "fields": ["content"], "reason": "x"})
    appeal = as_("lin").post("/api/appeals/", {"filing": refused.pk, "reason": "不属限制类"})

    assert (unlock.status_code, appeal.status_code) == (201, 201)
    assert (UnlockRequest.objects.get().fields, Appeal.objects.get().state) == (["content"], "open")
    upheld = as_("hu").post(f"/api/appeals/{appeal.json()['id']}/uphold/", {"seen": 0, "note": "有误"})
    assert (upheld.status_code, Filing.objects.get(pk=refused.pk).state) == (200, "in_review")
    again = as_("hu").post(f"/api/appeals/{appeal.json()['id']}/dismiss/", {"seen": 0, "note": "x"})
    assert again.status_code == 409


def test_a_change_is_asked_with_its_form_and_decided(as_, world, cast):
    filing = factories.filing(world, cast.firm, state="in_pool")
    form = {"completes_on": "2027-12-31"}

    asked = as_("lin").post("/api/changes/", {"filing": filing.pk, "kinds": ["dates"], "form": form, "reason": "推迟"}, format="json")

    body = asked.json()
    assert (asked.status_code, body["tier"], body["rows"]) == (
        201,
        "county",
        [{"field": "completes_on", "before": "2027-06-30", "after": "2027-12-31"}],
    )
    granted = as_("hu").post(f"/api/changes/{body['id']}/grant/", {"seen": body["version"]})
    assert (granted.status_code, ChangeRequest.objects.get().state) == (200, "granted")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", ["mo_county", "mo_firm", "bai"])
def test_a_stranger_enters_nothing_and_reads_nothing(address, name, as_, filing):
    client = as_(name)

    made = client.post(f"/api/{address}/", {"filing": filing.pk, "kinds": [], "reason": "x"}, format="json")

    assert made.status_code == 404
    assert client.get(f"/api/{address}/").json()["results"] == []
