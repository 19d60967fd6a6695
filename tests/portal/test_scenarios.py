"""Scenarios as the provincial office asks for them and reads them: a form, a report, a workbook; nobody else finds them."""

from io import BytesIO

import openpyxl
import pytest
from rest_framework.test import APIClient

from matching import tasks
from matching.models import NonMatch, Scenario
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(world, cast):
    """Four needs for a bank with room for two."""
    provinces.needs(world, 4, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 4000)
    return provinces.solved(world, cast)


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """What went to the worker."""
    found = []
    monkeypatch.setattr(tasks, "dispatch_scenario", lambda scenario: found.append(scenario.pk))
    return found


@pytest.fixture
def asked(base, as_, sent):
    """Asked by the form, computed."""
    address = f"/rounds/{base.pk}/scenarios/"
    answer = as_("zhao").post(address, {"name": "额度加倍", "percent": "200", "weight_cost": "10", "once": "a"})
    scenario = Scenario.objects.get()
    assert (answer.status_code, answer.url, sent) == (302, f"/scenarios/{scenario.pk}/", [scenario.pk])
    tasks.solve_scenario(scenario.pk)
    return scenario


def test_form_asks_and_the_page_tells_who_gains(asked, base, as_):
    shown = as_("sun").get(f"/scenarios/{asked.pk}/").content.decode()

    assert asked.overrides == {"appetite_percent": 200}
    gained = Scenario.objects.get(pk=asked.pk).report["gained"]
    assert len(gained) == 2
    for text in ("额度加倍", "新获推荐", "各行意向额度（百分比）", "下载 Excel", "洪山区", "只作参考"):
        assert text in shown
    assert "额度加倍" in as_("zhao").get(f"/rounds/{base.pk}/scenarios/").content.decode()


def test_page_speaks_english(asked, as_):
    client = as_("zhao")
    client.cookies["django_language"] = "en"

    assert "Changes" in client.get(f"/scenarios/{asked.pk}/").content.decode()


def test_workbook_has_every_part(asked, as_):
    answer = as_("zhao").get(f"/scenarios/{asked.pk}/report.xlsx")

    book = openpyxl.load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["概要", "调整", "新获推荐", "不再获推荐", "改由其他银行", "区县", "额度价格", "权重", "保底"]
    assert [row[0].value for row in book["新获推荐"].iter_rows(min_row=2)] == [row.need.firm.name for row in _gained(asked)]
    assert book["区县"]["A2"].value == "洪山区"


def _gained(scenario):
    from exchange import scenario_report

    return scenario_report.read(Scenario.objects.get(pk=scenario.pk)).changes[0][1]


def test_single_limits_are_read_with_their_new_value(base, as_):
    from ledger.models import LedgerAccount

    account = LedgerAccount.objects.get(code="appetite:ICBC-WH:2026").pk
    client, address = as_("zhao"), f"/rounds/{base.pk}/scenarios/"

    half = client.post(address, {"name": "一", "limit_1": f"appetites:{account}", "once": "a"})
    made = client.post(address, {"name": "一", "limit_1": f"appetites:{account}", "limit_1_to": "6000", "once": "b"})

    assert half.status_code == 422
    assert "额度与新数值须同时填写" in half.content.decode()
    assert made.status_code == 302
    assert Scenario.objects.get().overrides == {"appetites": {str(account): "60000000.00"}}


def test_running_scenario_is_polled_and_can_be_cancelled(base, as_, sent):
    client = as_("zhao")
    client.post(f"/rounds/{base.pk}/scenarios/", {"name": "一", "percent": "150", "once": "a"})
    scenario = Scenario.objects.get()

    running = client.get(f"/scenarios/{scenario.pk}/status/")
    cancelled = client.post(f"/scenarios/{scenario.pk}/cancel/", {"seen": scenario.version, "once": "b"})
    done = client.get(f"/scenarios/{scenario.pk}/status/")

    assert (running.status_code, cancelled.status_code, done.status_code) == (200, 302, 286)
    assert 'hx-trigger="every 1s"' in running.content.decode()
    assert Scenario.objects.get().state == "cancelled"


@pytest.mark.parametrize("name", ["lin", "bai", "mo_bank", "mo_firm", "wang", "chen"])
def test_others_find_no_scenario_and_cannot_ask(asked, base, as_, name):
    client = as_(name)

    pages = [
        f"/rounds/{base.pk}/scenarios/",
        f"/scenarios/{asked.pk}/",
        f"/scenarios/{asked.pk}/status/",
        f"/scenarios/{asked.pk}/report.xlsx",
    ]
    assert [client.get(page).status_code for page in pages] == [404] * 4
    assert client.post(pages[0], {"name": "一", "percent": "150", "once": "a"}).status_code == 404
    assert Scenario.objects.count() == 1


def test_api_asks_and_answers(base, cast, sent):
    zhao, bai = APIClient(), APIClient()
    zhao.force_login(cast.users["zhao"])
    bai.force_login(cast.users["bai"])

    made = zhao.post("/api/scenarios/", {"round": base.pk, "name": "加倍", "overrides": {"appetite_percent": 200}}, format="json")
    tasks.solve_scenario(made.json()["id"])
    told = zhao.get(f"/api/scenarios/{made.json()['id']}/").json()
    wrong = zhao.post("/api/scenarios/", {"round": base.pk, "name": "加倍", "overrides": {"weights": {"charm": 1}}}, format="json")
    foreign = bai.post("/api/scenarios/", {"round": base.pk, "name": "加倍", "overrides": {}}, format="json")

    assert (made.status_code, made.json()["state"], sent) == (201, "asked", [made.json()["id"]])
    assert (told["state"], told["report"]["scenario"]["matched"], len(told["report"]["gained"])) == ("solved", 4, 2)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "weights.charm")
    assert foreign.status_code == 404
    assert bai.get(f"/api/scenarios/{made.json()['id']}/").status_code == 404


def test_smallest_change_is_looked_for_on_demand(base, as_, monkeypatch):
    monkeypatch.setattr(tasks, "dispatch_smallest", lambda row: None)
    row = NonMatch.objects.filter(round=base).first()
    client, address = as_("zhao"), f"/non-matches/{row.pk}/smallest/"
    assert "查找最小改动" in client.get(f"/rounds/{base.pk}/non-matches/").content.decode()

    asked = client.post(address, headers={"HX-Request": "true"}).content.decode()
    tasks.find_smallest_change(row.pk)
    told = client.get(address).content.decode()

    assert "正在重新求解" in asked
    assert "hx-get" in asked
    assert "提高 2000 万元，重新求解后本需求获得推荐" in told
    assert "hx-get" not in told
    assert [as_(name).post(address).status_code for name in ("lin", "bai", "mo_firm")] == [404] * 3


def test_smallest_change_by_the_api_is_told_to_the_office_alone(base, cast, monkeypatch):
    monkeypatch.setattr(tasks, "dispatch_smallest", lambda row: None)
    row = NonMatch.objects.filter(round=base).first()
    zhao, chen = APIClient(), APIClient()
    zhao.force_login(cast.users["zhao"])
    chen.force_login(cast.users["chen"])

    asked = zhao.post(f"/api/non-matches/{row.pk}/smallest-change/")
    tasks.find_smallest_change(row.pk)

    assert (asked.status_code, asked.json()["smallest_change"]["phase"]) == (202, "asked")
    assert zhao.get(f"/api/non-matches/{row.pk}/").json()["smallest_change"]["raises"][0]["units"] == 2000
    assert chen.get(f"/api/non-matches/{row.pk}/").json()["smallest_change"] == {}
    assert chen.post(f"/api/non-matches/{row.pk}/smallest-change/").status_code == 403
