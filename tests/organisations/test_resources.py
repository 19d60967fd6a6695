"""What every resource promises: who is asked, one page at a constant price, nothing for strangers, a schema without warnings."""

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
BLANK = {"$ref": "#/components/schemas/BlankEnum"}


def as_(user):
    client = APIClient()
    client.force_login(user)
    return client


def test_nobody_reads_without_signing_in():
    answer = APIClient().get("/api/regions/")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer["Content-Type"] == "application/problem+json"


def test_me_tells_seats_and_language(cast):
    told = as_(cast.users["lin"]).get("/api/me/", headers={"Accept-Language": "en"}).json()

    assert told["language"] == "en"
    assert [(seat["organisation_id"], seat["role"]) for seat in told["seats"]] == [(cast.firm.pk, "firm_owner")]


@pytest.mark.parametrize("name", ["regions", "industries", "programmes", "batches", "banks", "branches", "schemes"])
def test_reference_lists_cost_the_same_for_any_number_of_rows(name, cast, django_assert_max_num_queries):
    client = as_(cast.users["mo_firm"])

    with django_assert_max_num_queries(9):
        answer = client.get(f"/api/{name}/")

    assert answer.status_code == 200
    assert answer.json()["results"]


def test_regions_are_found_by_pinyin_initials(cast):
    assert [row["name"] for row in as_(cast.users["lin"]).get("/api/regions/?name=仙桃").json()["results"]] == ["仙桃市"]


def test_branches_are_filtered_by_the_region_they_serve(cast, world):
    rows = as_(cast.users["lin"]).get(f"/api/branches/?region={world.regions['429004'].pk}").json()["results"]

    assert [row["code"] for row in rows] == ["CCB-XT"]


def test_a_text_the_database_cannot_hold_is_refused_as_unreadable(cast):
    answer = as_(cast.users["lin"]).post("/api/filings/", '{"programme": "a\\u0000"}', content_type="application/json")

    assert answer.status_code in (400, 404, 405)


def test_the_schema_has_no_warnings(tmp_path):
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "schema.yaml"))

    assert "/api/me/" in (tmp_path / "schema.yaml").read_text()


def test_the_schema_tells_which_choices_may_still_be_blank():
    shown = SchemaGenerator().get_schema(public=True)["components"]["schemas"]

    told = {
        (name, field)
        for name, parts in shown.items()
        for field, part in parts.get("properties", {}).items()
        if BLANK in part.get("oneOf", [])
    }

    assert {("ConsultationShown", "opinion"), ("AnswerRowShown", "doubt")} <= told
    assert not {("ConsultationShown", "state"), ("AnswerRowShown", "state")} & told


@pytest.mark.parametrize("name", ["level", "page_size", "ordering"])
def test_what_is_asked_for_and_left_empty_is_refused_rather_than_left_out(cast, name):
    answer = as_(cast.users["lin"]).get("/api/branches/", {name: ""})

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [name]


def test_swagger_comes_from_our_own_files(cast):
    page = as_(cast.users["lin"]).get("/api/docs/")

    assert page.status_code == 200
    assert "drf_spectacular_sidecar" in page.content.decode()
    assert "cdn." not in page.content.decode()
