"""监测分析 on pages, by API and as a workbook: to each reader their own, the same figures everywhere."""

from io import BytesIO

import pytest
from openpyxl import load_workbook
from rest_framework.test import APIClient

from common.errors import DomainError
from deals.models import PublishedFigures
from deals.monitoring.asking import cut_of
from tests import people
from tests.deals.monitoring import rows
from tests.factories import WAN

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(world, cast):
    rows.need(world, "outstanding", amount=1000)
    rows.need(world, "signed", region="420115", amount=2000)
    rows.need(world, "outstanding", region="429004", amount=3000)


def test_funnel_drills_from_city_to_county_and_marks_direct_ones(drawn, as_):
    client = as_("zhao")

    top = client.get("/monitoring/")
    city = client.get("/monitoring/?by=county&place=420100")

    assert [line["row"].code for line in top.context["rows"]] == ["429004", "420100", "420200"]
    assert top.content.decode().count("省直管</span>") == 1
    assert "?by=county&amp;place=420100" in top.content.decode()
    assert "place=429004" not in top.content.decode()
    assert [line["row"].code for line in city.context["rows"]] == ["420111", "420115"]


def test_other_pages_show_the_formula_and_the_banks(drawn, as_):
    client = as_("zhao")

    evenness, answers = (client.get(f"/monitoring/{name}/") for name in ("evenness", "answers"))

    assert "不均衡指数 G ＝ ½" in evenness.content.decode()
    assert str(evenness.context["indexes"][0].gini) in evenness.content.decode()
    assert [row.code for row in answers.context["rows"]] == ["CCB", "ICBC"]


@pytest.mark.parametrize("page", ["", "answers/", "evenness/", "report.xlsx"])
def test_bank_opens_its_own_and_a_firm_nothing(drawn, as_, page):
    assert as_("bai").get(f"/monitoring/{page}").status_code == 200
    assert as_("lin").get(f"/monitoring/{page}").status_code == 403


def test_api_and_workbook_say_the_same(drawn, cast, as_):
    api = people.signed_in(cast, "zhao", APIClient)

    told = api.get("/api/monitoring/funnel/?by=county").json()
    sheet = load_workbook(BytesIO(as_("zhao").get("/monitoring/report.xlsx?by=county").content))["漏斗"]

    lines = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row["code"] for row in told["rows"]] == [line[0] for line in lines[:-1]]
    assert [row["filings"]["reserve"] for row in told["rows"]] == [line[2] for line in lines[:-1]]
    assert float(told["total"]["amounts"]["signed"]) / float(WAN) == 5400 == lines[-1][2 + 10 + 6]
    assert told["adds_up"] is True
    assert api.get("/api/monitoring/evenness/").json()["indexes"][0]["gini"]
    assert api.get("/api/monitoring/answers/").json()["rows"][0]["code"] == "CCB"
    assert api.get("/api/monitoring/budgets/").json()["rows"][0]["scheme"] == "HB-ADDON"


@pytest.mark.parametrize("sent", [{"by": "moon"}, {"place": "999999"}, {"size": "huge"}, {"period": "2026"}, {"bank": "\0"}])
def test_what_there_is_none_of_is_refused(world, sent):
    with pytest.raises(DomainError) as refused:
        cut_of(sent)

    assert [problem.field for problem in refused.value.problems] == list(sent)


def test_published_figures_are_for_everybody_and_small_ones_are_not_told(drawn, as_, client):
    answer = as_("zhao").post("/monitoring/publish/", {"once": "1"})

    page, kept = client.get(answer.url), PublishedFigures.objects.get()

    assert page.status_code == 200
    assert "全省" in page.content.decode()
    assert dict(page.context["cities"])["武汉市"][0][1] is None
    assert client.get(f"{answer.url}data.json").content.decode() == kept.text
    assert kept.on.isoformat() in client.get("/figures/").content.decode()
    assert as_("wang").post("/monitoring/publish/", {"once": "2"}).status_code == 403
