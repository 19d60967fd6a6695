"""Exports and imports through the API."""

import base64
import json
from io import BytesIO

import openpyxl
import pytest
from django.test import Client

from exchange.api import SCOPES
from exchange.models import Export, Import
from organisations import tokens
from projects.models import Filing
from tests import factories, people
from tests.exchange.applications import application, filled
from tests.exchange.books import saved
from tests.factories import NOW


@pytest.fixture(autouse=True)
def _moment(settings, tmp_path):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def as_(cast):
    return lambda name: people.signed_in(cast, name)


def _post(client, address, body, **headers):
    return client.post(f"/api/{address}", json.dumps(body), content_type="application/json", headers=headers)


def _body(book):
    return {"kind": "filings", "file_name": "申报.xlsx", "content": base64.b64encode(saved(book).getvalue()).decode()}


def test_an_export_is_asked_for_followed_and_fetched(world, cast, as_):
    filing = factories.filing(world, cast.firm)
    client = as_("zhao")

    made = _post(client, "exports/", {"kind": "filings", "filters": {"state": ["listed"]}})

    told = made.json()
    assert (made.status_code, told["state"], told["rows"], told["filters"]) == (201, "done", 1, {"state": ["listed"]})
    answer = client.get(f"/api/exports/{told['id']}/file/")
    assert openpyxl.load_workbook(BytesIO(answer.getvalue())).worksheets[0]["A2"].value == filing.pk
    assert "attachment" in answer["Content-Disposition"]
    assert as_("sun").get(f"/api/exports/{told['id']}/").status_code == 404
    assert as_("sun").get(f"/api/exports/{told['id']}/file/").status_code == 404
    assert [row["id"] for row in client.get("/api/exports/?kind=filings").json()["results"]] == [told["id"]]


def test_a_request_repeated_with_its_key_exports_once(world, as_):
    client = as_("zhao")

    first, again = (_post(client, "exports/", {"kind": "needs"}, **{"Idempotency-Key": "k1"}) for _ in range(2))

    assert first.json()["id"] == again.json()["id"]
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"kind": "passwords"}, {"kind": "filings", "filters": {"county": ["x"]}}, {"kind": "filings", "filters": {"state": "listed"}}],
)
def test_what_cannot_be_exported_is_refused_with_its_field(body, as_):
    answer = _post(as_("zhao"), "exports/", body)

    assert (answer.status_code, bool(answer.json()["errors"][0]["field"])) == (422, True)


def test_an_import_is_checked_then_committed(world, cast, as_):
    client = as_("lin")

    made = _post(client, "imports/", _body(filled(cast.lin, [application()])))
    told = made.json()
    assert (made.status_code, told["state"], told["faults"], [one["verb"] for one in told["actions"]]) == (
        201,
        "ready",
        [],
        ["commit", "cancel"],
    )
    assert not Filing.objects.exists()

    done = _post(client, f"imports/{told['id']}/commit/", {"seen": told["version"]})

    assert (done.status_code, done.json()["state"], Filing.objects.count()) == (200, "done", 1)
    rows = client.get(f"/api/imports/{told['id']}/rows/").json()["results"]
    assert rows == [{"number": 2, "outcome": "created", "object_id": Filing.objects.get().pk, "told": ""}]


def test_faults_come_with_their_cells_and_the_marked_file(world, cast, as_):
    client = as_("lin")

    told = _post(client, "imports/", _body(filled(cast.lin, [application(term_months="五年")]))).json()

    assert (told["state"], [(one["row"], one["field"], one["code"]) for one in told["faults"]]) == (
        "faulty",
        [(2, "term_months", "not_an_integer")],
    )
    marked = openpyxl.load_workbook(BytesIO(client.get(f"/api/imports/{told['id']}/marked/").getvalue()))
    assert marked["申报"][f"{told['faults'][0]['letter']}2"].comment
    assert as_("su").get(f"/api/imports/{told['id']}/marked/").status_code == 404


def test_what_cannot_be_imported_is_refused(world, cast, as_):
    body = _body(filled(cast.lin, [application()]))

    assert _post(as_("chen"), "imports/", body).status_code == 403
    assert _post(as_("lin"), "imports/", body | {"content": "***"}).status_code == 422
    assert _post(as_("lin"), "imports/", body | {"content": base64.b64encode(b"a,b").decode()}).status_code == 422
    assert not Import.objects.exists()


def test_templates_are_fetched_by_kind(world, as_):
    assert as_("lin").get("/api/imports/templates/filings/").status_code == 200
    assert as_("chen").get("/api/imports/templates/filings/").status_code == 403
    assert as_("lin").get("/api/imports/templates/passwords/").status_code == 404


def test_a_machine_takes_out_only_what_its_token_may_read(world, cast):
    issued = tokens.issue(
        cast.firm, name="财务系统", scopes=["write:exports", "read:exports", "read:needs"], known=SCOPES, days=30, by=cast.lin, at=NOW
    )
    client = Client(headers={"Authorization": f"Bearer {issued.text}"})

    assert _post(client, "exports/", {"kind": "needs"}).json()["state"] == "done"
    assert _post(client, "exports/", {"kind": "filings"}).json()["code"] == "scope_missing"
