"""Appetites through the API: each bank its own, the province all, firms none."""

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def rows(user, query=""):
    client = APIClient()
    client.force_login(user)
    return client.get(f"/api/appetites/{query}").json()["results"]


def test_branch_reads_its_own_appetite_only(cast):
    assert [row["branch"]["code"] for row in rows(cast.users["bai"])] == ["ICBC-WH"]


def test_province_reads_all_and_firm_reads_none(cast):
    assert len(rows(cast.users["zhao"])) == 7
    assert rows(cast.users["lin"]) == []
    assert rows(cast.users["mo_county"]) == []


def test_statement_tells_each_movement(cast, world):
    client = APIClient()
    client.force_login(cast.users["bai"])

    told = client.get(f"/api/appetites/{world.appetites['ICBC-WH'].pk}/statement/").json()["results"]

    assert [(row["seq"], row["kind"], row["limit_after"]) for row in told] == [(1, "limit", "500000000.00")]


def test_statement_of_another_bank_is_not_there(cast, world):
    client = APIClient()
    client.force_login(cast.users["bai"])

    assert client.get(f"/api/appetites/{world.appetites['CCB-WH'].pk}/statement/").status_code == 404


def test_list_costs_the_same_for_one_row_and_for_many(cast, django_assert_num_queries):
    one, many = APIClient(), APIClient()
    one.force_login(cast.users["bai"])
    many.force_login(cast.users["zhao"])

    with django_assert_num_queries(5):
        one.get("/api/appetites/")
    with django_assert_num_queries(6):  # an officer's seats also count the people of the unit
        many.get("/api/appetites/")
