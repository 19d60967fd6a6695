"""Filings through the API: typed in pieces, saved with the version seen, taken step by step; others' cases are not there."""

import pytest
from rest_framework.test import APIClient

from common.models import AuditEvent, IdempotencyKey
from projects.models import Filing
from tests import factories, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_(cast):
    return lambda name: people.signed_in(cast, name, APIClient)


@pytest.fixture
def draft(as_):
    return as_("lin").post("/api/filings/", {"programme": "EQUIP-LOAN", "form": factories.form()}).json()


def test_draft_is_started_and_says_what_may_be_done(draft, cast):
    assert (draft["state"], draft["state_label"], draft["version"]) == ("draft", "草稿", 0)
    assert draft["firm"]["id"] == cast.firm.pk
    assert {action["verb"] for action in draft["actions"]} == {"submit", "withdraw"}


def test_actions_speak_the_readers_language(draft, as_):
    told = as_("lin").get(f"/api/filings/{draft['id']}/", headers={"Accept-Language": "en"}).json()

    assert "Submit" in {action["label"] for action in told["actions"]}


def test_form_is_saved_with_the_version_seen(draft, as_):
    answer = as_("lin").put(f"/api/filings/{draft['id']}/form/", {"seen": 0, "form": {"name": "新名称"}})

    assert answer.status_code == 200
    assert answer["ETag"] == '"1"'
    assert answer.json()["form"] == {"name": "新名称"}


def test_stale_save_is_refused_with_what_changed_and_keeps_the_first(draft, as_):
    address = f"/api/filings/{draft['id']}/form/"
    as_("lin").put(address, {"form": {"name": "先到"}}, headers={"If-Match": '"0"'})

    late = as_("su").put(address, {"form": {"name": "后到"}}, headers={"If-Match": '"0"'})

    assert late.status_code == 409
    assert late["Content-Type"] == "application/problem+json"
    assert (late.json()["code"], late.json()["version"]) == ("stale", 1)
    assert late.json()["changed"][-1]["verb"] == "save"
    assert as_("lin").get(address).json()["form"] == {"name": "先到"}


def test_step_without_a_version_is_refused_with_the_remedy(draft, as_):
    answer = as_("lin").post(f"/api/filings/{draft['id']}/submit/", {})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "seen"


def test_submit_reports_every_problem_of_the_form(as_):
    client = as_("lin")
    bad = factories.form(amount="5000", term_months="6", region="999999", total_investment="4000.1234567")
    draft = client.post("/api/filings/", {"programme": "EQUIP-LOAN", "form": bad}).json()

    answer = client.post(f"/api/filings/{draft['id']}/submit/", {"seen": 0})

    assert answer.status_code == 422
    assert {"region", "total_investment", "term_months"} <= {error["field"] for error in answer.json()["errors"]}
    assert all(error["message"] and error["remedy"] for error in answer.json()["errors"])
    assert Filing.objects.get(pk=draft["id"]).state == "draft"


def test_submit_and_pass_by_the_chain(draft, as_):
    submitted = as_("lin").post(f"/api/filings/{draft['id']}/submit/", {"seen": 0}).json()
    seen_by_chen = as_("chen").get(f"/api/filings/{draft['id']}/").json()
    passed = as_("chen").post(f"/api/filings/{draft['id']}/pass/", {"seen": submitted["version"], "note": "材料齐全"})

    assert submitted["state"] == "in_review"
    assert "pass" in {action["verb"] for action in seen_by_chen["actions"]}
    assert passed.status_code == 200, passed.json()
    assert passed.json()["current_step"]["stage"] == "checker"


def test_return_asks_for_its_params(draft, as_):
    version = as_("lin").post(f"/api/filings/{draft['id']}/submit/", {"seen": 0}).json()["version"]

    answer = as_("chen").post(f"/api/filings/{draft['id']}/return/", {"seen": version, "fields": ["no_such_field"], "note": "请补充"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "fields"


@pytest.mark.parametrize("stranger", ["mo_firm", "mo_county", "bai", "qian"])
def test_strangers_find_nothing(stranger, draft, as_):
    client = as_(stranger)

    assert client.get(f"/api/filings/{draft['id']}/").status_code == 404
    assert client.get(f"/api/filings/{draft['id']}/form/").status_code == 404
    assert client.get(f"/api/filings/{draft['id']}/timeline/").status_code == 404
    assert client.post(f"/api/filings/{draft['id']}/submit/", {"seen": 0}).status_code == 404
    assert client.get("/api/filings/").json()["results"] == []


def test_a_step_of_somebody_else_is_forbidden(draft, as_):
    version = as_("lin").post(f"/api/filings/{draft['id']}/submit/", {"seen": 0}).json()["version"]

    assert as_("lin").post(f"/api/filings/{draft['id']}/pass/", {"seen": version}).status_code == 403


def test_repeated_request_acts_once(as_):
    client, key = as_("lin"), {"Idempotency-Key": "8e03978e"}
    body = {"programme": "EQUIP-LOAN", "form": {"name": "一次"}}

    first = client.post("/api/filings/", body, headers=key)
    again = client.post("/api/filings/", body, headers=key)
    other = client.post("/api/filings/", body | {"form": {}}, headers=key)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Filing.objects.count() == 1
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "key_reused")
    assert IdempotencyKey.objects.get().status == 201


def test_refused_request_may_be_repeated_with_its_key(draft, as_):
    client, key = as_("lin"), {"Idempotency-Key": "k"}

    refused = client.post(f"/api/filings/{draft['id']}/submit/", {"seen": 7}, headers=key)
    again = client.post(f"/api/filings/{draft['id']}/submit/", {"seen": 0}, headers=key)

    assert (refused.status_code, again.status_code) == (409, 200)


def test_timeline_tells_what_happened(draft, as_):
    as_("lin").post(f"/api/filings/{draft['id']}/submit/", {"seen": 0})

    told = as_("lin").get(f"/api/filings/{draft['id']}/timeline/").json()

    assert [event["verb"] for event in told] == ["start", "submit"]


def test_fields_are_the_forms_own_table(as_):
    told = {field["name"]: field for field in as_("lin").get("/api/filings/fields/").json()}

    assert told["amount"]["kind"] == "wan"
    assert [field["name"] for field in told["equipment"]["fields"]][:2] == ["name", "model"]


def test_list_is_filtered_and_paged(as_, world, cast):
    factories.filings(world, [cast.firm] * 3, state="listed")
    client = as_("lin")

    page = client.get("/api/filings/?state=listed&page_size=2").json()
    rest = client.get(page["next"]).json()

    assert (len(page["results"]), len(rest["results"]), rest["next"]) == (2, 1, None)
    assert client.get("/api/filings/?state=draft").json()["results"] == []
    assert len(client.get("/api/filings/?region=420100").json()["results"]) == 3
    assert client.get("/api/filings/?region=420200").json()["results"] == []


@pytest.mark.parametrize("name", ["lin", "chen", "zhao"])
def test_list_costs_the_same_for_one_row_and_for_three(name, as_, world, cast, django_assert_num_queries):
    client = as_(name)
    factories.filings(world, [cast.firm], state="in_review")
    with _counted() as one:
        client.get("/api/filings/")
    factories.filings(world, [cast.firm] * 2, state="in_review")

    with django_assert_num_queries(len(one)):
        assert len(client.get("/api/filings/").json()["results"]) == 3


def _counted():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return CaptureQueriesContext(connection)


def test_needs_are_seen_with_their_filing(as_, world, cast):
    factories.filings(world, [cast.firm], state="listed")

    assert [row["amount"] for row in as_("lin").get("/api/needs/").json()["results"]] == ["20000000.00"]
    assert as_("mo_firm").get("/api/needs/").json()["results"] == []


def test_every_step_leaves_an_audit_event(draft, as_, cast):
    as_("lin").post(f"/api/filings/{draft['id']}/submit/", {"seen": 0})

    event = AuditEvent.objects.filter(subject="projects.filing", verb="submit").get()
    assert (event.source, event.target, event.by_user_id) == ("draft", "in_review", cast.users["lin"].pk)
