"""A bank's letter: entered by one person of the provincial office, in force once a second has compared it."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from ledger.accounts import BelowCommitted, Hold, hold
from lenders import letters
from lenders.models import Appetite, AppetiteLetter
from organisations import roles
from tests import factories, people
from tests.factories import HUBEI, NOW, WAN

pytestmark = pytest.mark.django_db

LETTER = {"number": "工银鄂函〔2026〕9号", "dated_on": dt.date(2026, 2, 20), "period": "2027H1"}
DATES = {"valid_from": dt.date(2027, 1, 1), "valid_to": dt.date(2027, 6, 30)}
TEXT = "ICBC-WH，30000，5000，12\nICBC-HB\t80,000\nICBC,120000"


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-03-02T10:30:00"


def enter(world, by, text=TEXT, **changed):
    bank = world.banks["ICBC"]
    lines = letters.read_lines(text, bank, province=HUBEI)
    return letters.enter(bank, programme=world.programme, lines=lines, province=HUBEI, by=by, at=NOW, **(LETTER | DATES | changed))


def test_letter_counts_once_a_second_person_registered_it(world, cast):
    letter = enter(world, cast.zhao)
    assert not Appetite.objects.filter(period="2027H1").exists()

    letters.register(letter, by=cast.sun, at=NOW, seen=0)

    rows = {row.branch.code if row.branch else "ICBC": row for row in Appetite.objects.filter(period="2027H1")}
    assert {code: row.account.limit / WAN for code, row in rows.items()} == {"ICBC-WH": 30_000, "ICBC-HB": 80_000, "ICBC": 120_000}
    assert (rows["ICBC-WH"].max_ticket, rows["ICBC-WH"].case_load) == (5000 * WAN, 12)
    notes = set(AuditEvent.objects.filter(subject="lenders.appetite", verb="declare").values_list("note", flat=True))
    assert notes == {"工银鄂函〔2026〕9号（2026-02-20）"}


def test_who_entered_does_not_register(world, cast):
    letter = enter(world, cast.zhao)

    with pytest.raises(NotAllowed):
        letters.register(letter, by=cast.zhao, at=NOW, seen=0)

    assert not Appetite.objects.filter(period="2027H1").exists()


@pytest.mark.parametrize("who", ["an", "wang", "qian", "lin"])
def test_only_the_provincial_office_enters(world, cast, who):
    with pytest.raises(NotAllowed):
        enter(world, getattr(cast, who))


def test_same_number_is_entered_once_until_voided(world, cast):
    letter = enter(world, cast.zhao)
    with pytest.raises(Conflict):
        enter(world, cast.sun)

    letters.void(letter, by=cast.zhao, at=NOW, seen=0, note="录错")

    assert enter(world, cast.sun).state == AppetiteLetter.State.ENTERED


def test_every_line_that_cannot_be_read_is_told(world):
    with pytest.raises(Invalid) as refusal:
        letters.read_lines("CCB-WH,1\n\nICBC-WH,三万\nICBC-HB,1,1,many\nICBC,1\nICBC,2", world.banks["ICBC"], province=HUBEI)

    told = [str(problem.message) for problem in refusal.value.problems]
    assert [text.partition("：")[0] for text in told[:3]] == ["第 1 行", "第 3 行", "第 4 行"]
    assert told[3] == "ICBC 出现了两次。"


def test_a_province_does_not_speak_for_a_national_bank_as_a_whole(world):
    bank = world.banks["ICBC"]
    bank.province = "100000"

    with pytest.raises(Invalid) as refusal:
        letters.read_lines("ICBC,1", bank, province=HUBEI)

    assert "其总行申报" in str(refusal.value)


def test_one_sum_below_what_is_promised_refuses_the_whole_letter(world, cast):
    row = world.appetites["ICBC-WH"]
    hold(Hold(row.account_id, 300 * WAN, "h"), by=cast.system, at=NOW)
    current = {"period": row.period, "valid_from": row.valid_from, "valid_to": row.valid_to}
    letter = enter(world, cast.zhao, "ICBC-HB,1000\nICBC-WH,299", **current)

    with pytest.raises(BelowCommitted):
        letters.register(letter, by=cast.sun, at=NOW, seen=0)

    assert not Appetite.objects.filter(branch=world["ICBC-HB"], period=row.period).exclude(account__limit=None).exists()
    letter.refresh_from_db()
    assert letter.state == AppetiteLetter.State.ENTERED


@pytest.fixture
def as_(cast):
    roles.sync()
    for user in cast.users.values():
        roles.seat(user, at=NOW)

    return lambda name: people.signed_in(cast, name)


def sent(world, **changed):
    dates = {"dated_on": "2026-02-20", "valid_from": "2027-01-01", "valid_to": "2027-06-30"}
    facts = {"bank": world.banks["ICBC"].pk, "programme": world.programme.pk, "number": "函1号", "period": "2027H1"}
    return facts | dates | {"lines": TEXT} | changed


def test_admin_enters_with_one_person_and_registers_with_another(world, as_):
    entered = as_("zhao").post("/admin/lenders/appetiteletter/do/enter/", sent(world))
    letter = AppetiteLetter.objects.get()
    address = f"/admin/lenders/appetiteletter/{letter.pk}/do/register/"

    alone = as_("zhao").post(address, {"seen": 0})
    together = as_("sun").post(address, {"seen": 0})

    assert (entered.status_code, alone.status_code, together.status_code) == (302, 200, 302)
    letter.refresh_from_db()
    assert (letter.entered_by.username, letter.registered_by.username) == ("zhao", "sun")
    assert Appetite.objects.get(branch=world["ICBC-WH"], period="2027H1").account.limit == 30_000 * WAN


def test_admin_keeps_what_was_typed_beside_what_is_wrong(world, as_):
    page = as_("zhao").post("/admin/lenders/appetiteletter/do/enter/", sent(world, lines="ICBC-WH,三万"))

    assert set(page.context["form"].errors) == {"lines"}
    assert "ICBC-WH,三万" in page.content.decode()
    assert not AppetiteLetter.objects.exists()


def test_admin_offers_it_to_the_industry_office_only(world, as_):
    factories.filing(world)

    assert as_("qian").get("/admin/lenders/appetiteletter/").status_code == 403
    assert as_("zhao").get("/admin/lenders/appetiteletter/").status_code == 200
