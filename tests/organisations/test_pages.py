"""Lists in any order, one page at a time: every row once, whatever ties or is empty, forwards and back."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Filing
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(cast, settings):
    settings.FIXED_NOW = NOW.isoformat()
    signed_in = APIClient()
    signed_in.force_login(cast.users["lin"])
    return signed_in


@pytest.fixture
def filings(world, cast):
    """Seven: two at one moment, two never submitted."""
    rows = factories.filings(world, [cast.firm] * 7, state="in_review")
    for row, day in zip(rows, (3, 1, 2, 2, None, 5, None), strict=True):
        row.submitted_at = None if day is None else NOW + dt.timedelta(days=day)
    Filing.objects.bulk_update(rows, ["submitted_at"])
    return [row.pk for row in rows]


def walk(client, address, *, by="next"):
    """The ids of each page, and the last answer."""
    pages = []
    while address:
        told = client.get(address).json()
        pages.append([row["id"] for row in told["results"]])
        address, last = told[by], told
    return pages, last


@pytest.mark.parametrize(
    ("ordering", "places"),
    [
        (None, [6, 5, 4, 3, 2, 1, 0]),
        ("id", [0, 1, 2, 3, 4, 5, 6]),
        ("submitted_at", [1, 2, 3, 0, 5, 4, 6]),
        ("-submitted_at", [5, 0, 3, 2, 1, 6, 4]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_row_comes_once_in_order_and_back(client, filings, ordering, places, size):
    expected = [filings[place] for place in places]

    pages, last = walk(client, f"/api/filings/?page_size={size}" + (f"&ordering={ordering}" if ordering else ""))
    back, first = walk(client, last["previous"], by="previous")

    assert [pk for page in pages for pk in page] == expected
    assert [pk for page in reversed(back) for pk in page] == expected[: -len(pages[-1])]
    assert (last["next"], first["previous"]) == (None, None)


def test_a_new_row_shifts_no_page(client, filings, world, cast):
    first = client.get("/api/filings/?page_size=3").json()
    factories.filing(world, cast.firm, state="in_review")

    second = client.get(first["next"]).json()

    assert [row["id"] for row in second["results"]] == filings[3::-1][:3]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("ordering=firm__name", "ordering"),
        ("ordering=--id", "ordering"),
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page_size=many", "page_size"),
        ("cursor=nonsense", "cursor"),
        ("cursor=W10=", "cursor"),
        ("ordering=submitted_at&cursor=WyJ4IiwgMSwgMF0=", "cursor"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_field(client, query, field):
    answer = client.get(f"/api/filings/?{query}")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("ordering", ["-id", "submitted_at", "title"])
def test_any_order_costs_the_same_for_one_row_and_for_seven(client, world, cast, ordering):
    factories.filing(world, cast.firm, state="in_review")
    with CaptureQueriesContext(connection) as one:
        client.get(f"/api/filings/?ordering={ordering}")
    factories.filings(world, [cast.firm] * 6, state="in_review")

    with CaptureQueriesContext(connection) as seven:
        assert len(client.get(f"/api/filings/?ordering={ordering}").json()["results"]) == 7

    assert len(seven) == len(one)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("needs/?open_to_other_banks=1", "open_to_other_banks"),
        ("needs/?open_to_other_banks=null", "open_to_other_banks"),
        ("needs/?year=0.5", "year"),
        ("drawdowns/?drawn_to=", "drawn_to"),
        ("drawdowns/?drawn_to=yesterday", "drawn_to"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_and_not_ignored(client, query, field):
    answer = client.get(f"/api/{query}")

    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["field"], problem["code"]) == (422, field, "not_a_filter")


def test_a_filter_that_can_be_read_filters(client):
    assert client.get("/api/needs/?open_to_other_banks=true&year=2026").status_code == 200


@pytest.mark.parametrize("key", ["", "a b", "k" * 81, "é"])
def test_a_key_that_may_change_on_its_way_is_refused(client, world, key):
    answer = client.post("/api/filings/", {"programme": world.programme.code}, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert not Filing.objects.exists()
