"""Rounds and recommendations through the API: a bank that may not open the file sees the outline only."""

import pytest
from rest_framework.test import APIClient

from matching.models import NonMatch
from tests import factories, people
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-03-02T10:30:00"


@pytest.fixture
def as_(cast):
    return lambda name: people.signed_in(cast, name, APIClient)


@pytest.fixture
def published(world, cast):
    """Lin's need goes to ICBC, which the firm did not name."""
    factories.filing(world, cast.firm, branches=())
    for code in ("CCB-WH", "CCB-XT", "HBB-WH"):
        provinces.limit(code, None)
    round_, _result = provinces.published(world, cast)
    return round_


def test_round_is_planned_by_the_office_and_by_nobody_else(as_):
    made = as_("zhao").post("/api/rounds/", {"programme": "EQUIP-LOAN", "planned_for": "2026-03-05"})
    refused = as_("lin").post("/api/rounds/", {"programme": "EQUIP-LOAN", "planned_for": "2026-03-05"})

    assert (made.status_code, made.json()["number"], made.json()["state"]) == (201, "2026-01", "planned")
    assert {action["verb"] for action in made.json()["actions"]} == {"freeze", "cancel"}
    assert refused.status_code == 403


def test_round_goes_on_by_its_steps(as_, world, cast):
    factories.filing(world, cast.firm, branches=())
    zhao = as_("zhao")
    made = zhao.post("/api/rounds/", {"programme": "EQUIP-LOAN", "planned_for": "2026-03-05"}).json()

    frozen = zhao.post(f"/api/rounds/{made['id']}/freeze/", {"seen": made["version"]})
    progress = zhao.get(f"/api/rounds/{made['id']}/progress/").json()

    assert frozen.status_code == 200, frozen.json()
    assert (frozen.json()["state"], frozen.json()["needs"]) == ("frozen", 1)
    assert progress["state"] == "frozen"


def test_publishing_takes_a_second_person(as_, world, cast):
    factories.filing(world, cast.firm, branches=())
    round_ = provinces.solved(world, cast)
    address = f"/api/rounds/{round_.pk}/"

    proposed = as_("zhao").post(f"{address}propose/", {"seen": round_.version}).json()
    alone = as_("zhao").post(f"{address}publish/", {"seen": proposed["version"]})
    together = as_("sun").post(f"{address}publish/", {"seen": proposed["version"]})

    assert alone.status_code == 403
    assert (together.status_code, together.json()["state"]) == (200, "published")


def test_rounds_are_not_there_for_firms_and_banks(as_, published):
    for name in ("lin", "bai", "mo_county"):
        assert as_(name).get(f"/api/rounds/{published.pk}/").status_code == 404


def test_firm_reads_why_in_words(as_, published):
    (row,) = as_("lin").get("/api/recommendations/?rank=0").json()["results"]
    told = as_("lin").get(f"/api/recommendations/{row['id']}/").json()

    assert told["branch"]["code"] == "ICBC-WH"
    assert told["amount"] == "20000000.00"
    assert told["why"][-2].startswith("合计")


def test_bank_without_consent_sees_the_outline_only(as_, published, cast):
    (row,) = as_("bai").get("/api/recommendations/").json()["results"]
    told = as_("bai").get(f"/api/recommendations/{row['id']}/").json()

    assert told["outline"] == {
        "industry": {"code": "36", "name": "汽车制造业"},
        "region": {"code": "420111", "name": "洪山区"},
        "amount_band": "1,000 万元至 5,000 万元",
    }
    assert {name: told[name] for name in ("need", "firm", "project", "amount", "terms", "subsidy_by_year")} == dict.fromkeys(
        ("need", "firm", "project", "amount", "terms", "subsidy_by_year")
    )
    assert told["why"] == []
    assert cast.firm.name not in str(told)


def test_other_banks_and_strangers_see_no_recommendation(as_, published):
    for name in ("an", "mo_bank", "mo_firm", "mo_county"):
        assert as_(name).get("/api/recommendations/").json()["results"] == []


def test_firm_reads_why_not_and_when_the_next_round_is(as_, world, cast):
    factories.filing(world, cast.firm, branches=(), term_months=240)
    round_, _result = provinces.published(world, cast)

    assert NonMatch.objects.filter(round=round_).count() == 1
    (told,) = as_("lin").get("/api/non-matches/").json()["results"]
    assert told["why_not"][0] == "没有同时符合全部条件的银行。"
    assert "下一轮" in told["why_not"][-1]
    assert as_("mo_firm").get("/api/non-matches/").json()["results"] == []
