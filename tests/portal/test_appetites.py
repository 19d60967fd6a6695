"""投放意向: whoever may speak for a bank declares on a page; what was typed is kept when it is refused."""

from decimal import Decimal

import pytest
from django.test import Client

from common.models import AuditEvent
from ledger.accounts import Hold, hold
from lenders.models import Appetite
from matching.models import Round
from organisations.models import User
from tests import people
from tests.factories import HUBEI, NOW, TODAY, WAN

pytestmark = pytest.mark.django_db


@pytest.fixture
def declared(world):
    """The form of a new period, as the branch manager of CCB in Wuhan fills it in."""
    return {
        "place": "CCB-WH",
        "programme": world.programme.code,
        "period": "2027H1",
        "valid_from": "2027-01-01",
        "valid_to": "2027-06-30",
        "limit": "30,000",
        "max_ticket": "5000",
        "case_load": "12",
        "note": "行内批复",
        "once": "k1",
    }


def correction(row: Appetite, **changed: str) -> dict[str, str]:
    dates = {"valid_from": f"{row.valid_from}", "valid_to": f"{row.valid_to}"}
    return dates | {"limit": "40000", "case_load": "20", "seen": str(row.version)} | changed


def test_branch_manager_declares_a_new_period(world, as_, declared):
    client = as_("an")

    answer = client.post("/appetites/new/", declared)

    row = Appetite.objects.get(branch=world["CCB-WH"], period="2027H1")
    assert (answer.status_code, answer.url) == (302, "/appetites/")
    assert (row.account.limit, row.max_ticket, row.case_load) == (30_000 * WAN, 5000 * WAN, 12)
    assert AuditEvent.objects.get(subject="lenders.appetite", subject_id=row.pk, verb="declare").note == "行内批复"
    assert "2027H1" in client.get("/appetites/").content.decode()


def test_refusal_keeps_what_was_typed_beside_each_problem(as_, declared):
    answer = as_("an").post("/appetites/new/", declared | {"limit": "三万", "valid_to": "2026-06-30", "period": ""})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="三万"' in page
    assert "行内批复" in page
    assert page.count('class="error"') == 2
    assert not Appetite.objects.filter(period="2027H1").exists()


def test_correction_is_filled_in_and_told_in_both_languages(world, as_):
    row, client = world.appetites["CCB-WH"], as_("an")

    chinese = client.get(f"/appetites/{row.pk}/").content.decode()
    client.cookies["django_language"] = "en"
    english = client.get(f"/appetites/{row.pk}/").content.decode()

    assert 'value="40000"' in chinese
    assert "意向额度（万元）" in chinese
    assert "Lending appetite" in english
    assert "意向额度（万元）" not in english


def test_limit_is_not_cut_below_what_is_promised(world, cast, as_):
    row = world.appetites["CCB-WH"]
    hold(Hold(row.account_id, Decimal(300) * WAN, "h"), by=cast.system, at=NOW)

    answer = as_("an").post(f"/appetites/{row.pk}/", correction(row, limit="299"))

    row.account.refresh_from_db()
    assert answer.status_code == 409
    assert 'value="299"' in answer.content.decode()
    assert row.account.limit == 40_000 * WAN


def test_limit_does_not_fall_while_a_round_is_computed(world, as_):
    row = world.appetites["CCB-WH"]
    Round.objects.create(programme=world.programme, number="2026-0001", state="frozen", planned_for=TODAY, province=HUBEI)

    answer = as_("an").post(f"/appetites/{row.pk}/", correction(row, limit="39999"))

    assert answer.status_code == 409
    assert "只能调增" in answer.content.decode()


def test_older_page_is_refused_and_nothing_typed_is_lost(world, as_):
    row, client = world.appetites["CCB-WH"], as_("an")
    client.post(f"/appetites/{row.pk}/", correction(row, limit="41000"))

    answer = client.post(f"/appetites/{row.pk}/", correction(row, limit="42000"))

    row.account.refresh_from_db()
    assert answer.status_code == 409
    assert 'value="42000"' in answer.content.decode()
    assert row.account.limit == 41_000 * WAN


def test_period_declared_already_is_corrected_not_declared_again(world, as_, declared):
    client = as_("an")
    client.post("/appetites/new/", declared)

    answer = client.post("/appetites/new/", declared | {"limit": "1", "once": "k2"})

    assert answer.status_code == 409
    assert "请在列表中选择该期间后修改" in answer.content.decode()
    assert Appetite.objects.get(branch=world["CCB-WH"], period="2027H1").account.limit == 30_000 * WAN


def test_sent_twice_declares_once(world, as_, declared):
    client = as_("an")

    answers = [client.post("/appetites/new/", declared).status_code for _twice in range(2)]

    assert answers == [302, 302]
    assert Appetite.objects.get(branch=world["CCB-WH"], period="2027H1").version == 1


@pytest.mark.parametrize("who", ["bai", "lin", "zhao", "chen"])
def test_page_is_for_those_who_speak_for_a_bank(as_, who):
    client = as_(who)

    assert [client.get(address).status_code for address in ("/appetites/", "/appetites/new/")] == [403, 403]


def test_another_banks_row_is_not_there(world, as_, declared):
    client = as_("an")

    assert client.get(f"/appetites/{world.appetites['ICBC-WH'].pk}/").status_code == 404
    assert client.post("/appetites/new/", declared | {"place": "ICBC-WH"}).status_code == 422


@pytest.mark.parametrize("seat", ["ICBC", "ICBC-HB"])
def test_administrator_declares_for_the_whole_bank_and_each_branch(world, seat, declared):
    people.member(world[seat].organisation, "bank_provincial", name="icbc-admin")
    client = Client()
    client.force_login(User.objects.get(username="icbc-admin"), backend="django.contrib.auth.backends.ModelBackend")

    answers = [client.post("/appetites/new/", declared | {"place": code, "once": code}).status_code for code in ("ICBC-WH", "ICBC")]

    assert answers == [302, 302]
    assert Appetite.objects.get(bank=world.banks["ICBC"], branch=None, period="2027H1").account.limit == 30_000 * WAN
