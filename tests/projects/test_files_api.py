"""Papers sent to the API pass the checks of the page: what they are decides, and only while the firm may add them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from projects.models import ProjectFile
from tests.factories import NOW
from tests.people import signed_in
from tests.projects.cases import draft, submitted

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 licence"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT, settings.FIXED_NOW = tmp_path, NOW.isoformat()


def sent(cast, filing, *, name="lin", content=PDF, called="执照.pdf", kind="licence"):
    body = {"kind": kind, "upload": SimpleUploadedFile(called, content)}
    return signed_in(cast, name, APIClient).post(f"/api/filings/{filing.pk}/files/", body, format="multipart")


def test_a_paper_is_taken_in_listed_and_handed_out(world, cast):
    filing = draft(world, cast)

    made, again = sent(cast, filing), sent(cast, filing)
    lin, mo = (signed_in(cast, name, APIClient) for name in ("lin", "mo_firm"))
    listed = lin.get(f"/api/filings/{filing.pk}/files/").json()
    answer = lin.get(f"/api/filings/{filing.pk}/files/{made.json()['id']}/")

    assert (made.status_code, made.json()["name"], made.json()["size"]) == (200, "执照.pdf", len(PDF))
    assert (again.json()["id"], ProjectFile.objects.count()) == (made.json()["id"], 1)
    assert [row["id"] for row in listed] == [made.json()["id"]]
    assert (b"".join(answer.streaming_content), answer["Content-Type"]) == (PDF, "application/octet-stream")
    assert mo.get(f"/api/filings/{filing.pk}/files/").status_code == 404


def test_what_the_page_refuses_the_api_refuses_with_the_field(world, cast):
    filing = draft(world, cast)

    answers = {
        "macro": sent(cast, filing, content=b"MZ\x90", called="执照.pdf"),
        "kind": sent(cast, filing, kind="unheard"),
        "empty": sent(cast, filing, content=b""),
        "none": signed_in(cast, "lin", APIClient).post(f"/api/filings/{filing.pk}/files/", {"kind": "licence"}, format="json"),
    }

    told = {name: (answer.status_code, [error["code"] for error in answer.json()["errors"]]) for name, answer in answers.items()}
    assert told == {
        "macro": (422, ["not_taken"]),
        "kind": (422, ["unknown_choice"]),
        "empty": (422, ["empty"]),
        "none": (422, ["required"]),
    }
    assert not ProjectFile.objects.exists()


def test_only_the_firm_adds_and_only_while_it_may(world, cast):
    filing = submitted(world, cast)

    assert [sent(cast, filing, name=name).status_code for name in ("lin", "chen", "mo_firm")] == [403, 403, 404]


def test_it_is_described(db):
    from drf_spectacular.generators import SchemaGenerator

    described = SchemaGenerator().get_schema(request=None, public=True)["paths"]["/api/filings/{id}/files/"]

    assert set(described) >= {"get", "post"}
    assert set(described["post"]["requestBody"]["content"]) == {"multipart/form-data"}
