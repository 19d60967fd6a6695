"""What was looked at: an ETag on every object, If-Match on every step, and what is told when it is out of date."""

import pytest
from rest_framework.test import APIClient

from projects.models import Filing
from tests import factories, people
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_(cast, settings):
    settings.FIXED_NOW = NOW.isoformat()

    return lambda name: people.signed_in(cast, name, APIClient)


@pytest.fixture
def filing(world, cast):
    return factories.filing(world, cast.firm, state="in_review")


def test_an_object_carries_its_version_and_a_step_takes_it(as_, filing):
    read = as_("chen").get(f"/api/filings/{filing.pk}/")
    passed = as_("chen").post(f"/api/filings/{filing.pk}/pass/", {}, headers={"If-Match": read["ETag"]})

    assert read["ETag"] == f'"{filing.version}"'
    assert (passed.status_code, passed["ETag"]) == (200, f'"{filing.version + 1}"')


def test_what_has_no_version_is_tagged_by_its_content(as_, world):
    address = f"/api/regions/{world.regions['420111'].pk}/"
    one, same = as_("lin").get(address), as_("lin").get(address)

    assert one["ETag"].startswith('W/"')
    assert one["ETag"] == same["ETag"]
    assert one["ETag"] != as_("lin").get("/api/me/")["ETag"]


def test_a_stale_version_gets_409_with_what_changed(as_, filing):
    read = as_("chen").get(f"/api/filings/{filing.pk}/")
    as_("chen").post(f"/api/filings/{filing.pk}/pass/", {}, headers={"If-Match": read["ETag"]})

    late = as_("chen").post(f"/api/filings/{filing.pk}/return/", {"note": "不符"}, headers={"If-Match": read["ETag"]})

    told = late.json()
    assert (late.status_code, told["code"], told["version"]) == (409, "stale", filing.version + 1)
    assert [change["verb"] for change in told["changed"]] == ["pass"]
    assert Filing.objects.get().state == "in_review"


@pytest.mark.parametrize(
    ("body", "header", "code"),
    [
        ({}, None, "version_required"),
        ({}, "*", "not_a_version"),
        ({}, '"1", "2"', "not_a_version"),
        ({"seen": True}, None, "not_a_version"),
        ({"seen": 1}, '"2"', "versions_differ"),
    ],
)
def test_a_version_must_be_told_and_be_one(as_, filing, body, header, code):
    headers = {"If-Match": header} if header else {}

    answer = as_("chen").post(f"/api/filings/{filing.pk}/pass/", body, headers=headers)

    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["field"], problem["code"]) == (422, "seen", code)
    assert problem["remedy"]


def test_what_is_made_tells_where_it_is(as_, world):
    made = as_("lin").post("/api/filings/", {"programme": world.programme.code})

    assert made.status_code == 201
    assert made["Location"].endswith(f"/api/filings/{made.json()['id']}/")
    assert as_("lin").get(made["Location"])["ETag"] == made["ETag"]


def test_an_unknown_programme_is_named(as_):
    answer = as_("lin").post("/api/filings/", {"programme": "moon"})

    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["field"]) == (422, "programme")
    assert "moon" in problem["message"]
    assert "/api/programmes/" in problem["message"]


@pytest.mark.parametrize("address", ["/api/", "/api/nothing/", "/api/filings", "/api/filings/x/", "/api/filings/1/dance/"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_nobody_knows_is_a_problem_document(as_, address, method):
    answer = getattr(as_("lin"), method)(address)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "no_such_address"
    assert ("斜杠" in answer.json()["errors"][0]["remedy"]) == (not address.endswith("/"))


@pytest.mark.parametrize(
    ("method", "more", "status", "code"),
    [
        ("delete", {}, 405, "method_not_allowed"),
        ("post", {"data": "a=1", "content_type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        ("post", {"data": "{", "content_type": "application/json"}, 400, "parse_error"),
        ("post", {"data": "[]", "content_type": "application/json"}, 422, "invalid"),
        ("get", {"headers": {"Accept": "text/csv"}}, 406, "not_acceptable"),
    ],
)
def test_every_refusal_is_a_problem_with_a_remedy(as_, method, more, status, code):
    answer = getattr(as_("lin"), method)("/api/filings/", **more)

    told = answer.json()
    assert (answer.status_code, told["code"], answer["Content-Type"]) == (status, code, "application/problem+json")
    assert all(error["remedy"] for error in told["errors"])
    assert told["errors"]
