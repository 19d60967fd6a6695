"""Coming aboard by the pages: a firm registers, the county admits it, its owner lets a clerk in, all without e-mail."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from organisations.identifiers import make_uscc
from organisations.models import PolicyNotice, Registration, User
from tests.factories import HUBEI, TODAY

pytestmark = pytest.mark.django_db
CODE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}")
SECRET = "k7-mountain-river"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def registered(world, **changed):
    data = {"uscc": make_uscc("420111", 777), "firm_name": "湖北新来设备有限公司", "region": world["420111"].pk}
    data |= {"applicant_name": "新来", "applicant_phone": "13900000000"}
    data |= {name: SimpleUploadedFile(f"{name}.pdf", b"%PDF-1.7") for name in ("licence", "authorisation")}
    return Client().post("/register/", data | changed)


def code_in(answer):
    return CODE.search(re.sub(r'placeholder="[^"]*"|例如 [A-Z0-9-]+', "", answer.content.decode()))[0]


def joined(text, username):
    visitor = Client()
    assert visitor.post("/join/", {"code": text}).status_code == 200
    answer = visitor.post("/join/", {"code": text, "username": username, "password": SECRET, "again": SECRET})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    return User.objects.get(username=username)


def test_firm_comes_aboard_and_its_owner_lets_a_clerk_in(world, cast, as_):
    text = code_in(registered(world))
    row = Registration.objects.get()

    county = as_("chen")
    assert row.firm_name in county.get("/registrations/").content.decode()
    assert county.get(f"/registrations/{row.pk}/papers/licence/").content == b"%PDF-1.7"
    assert county.post(f"/registrations/{row.pk}/admit/", {"seen": 0}).status_code == 302
    assert "已开通" in Client().post("/register/ask/", {"code": text}).content.decode()
    owner = Client()
    owner.force_login(joined(text, "xinlai"), backend="django.contrib.auth.backends.ModelBackend")
    seat = f"{Registration.objects.get().firm_id}:firm_clerk"
    joined(code_in(owner.post("/people/invite/", {"seat": seat, "name": "小李"})), "xiaoli")

    assert "小李" in owner.get("/people/").content.decode()


@pytest.mark.parametrize(("field", "most"), [("firm_name", 200), ("applicant_name", 60), ("applicant_phone", 20)])
def test_what_is_longer_than_it_can_be_kept_is_said_beside_it(world, cast, field, most):
    answer = registered(world, **{field: "某" * (most + 1)})

    assert (answer.status_code, f"超过 {most} 个字" in answer.content.decode()) == (422, True)


def test_refused_form_keeps_what_was_typed(world, cast):
    answer = registered(world, uscc="123")

    assert answer.status_code == 422
    assert "湖北新来设备有限公司" in answer.content.decode()


def test_unknown_query_code_is_told_nothing(world, cast):
    registered(world)

    assert Client().post("/register/ask/", {"code": "AAAA-AAAA-AAAA"}).status_code == 422


def test_passwords_must_agree(world, cast, as_):
    seat = f"{cast.firm.pk}:firm_clerk"
    text = code_in(as_("lin").post("/people/invite/", {"seat": seat, "name": "小李"}))

    answer = Client().post("/join/", {"code": text, "username": "xiaoli", "password": SECRET, "again": "other"})

    assert answer.status_code == 422
    assert not User.objects.filter(username="xiaoli").exists()


def test_owner_acts_on_own_people_only(world, cast, as_):
    mine, other = (cast.users[name].memberships.get().pk for name in ("su", "mo_firm"))

    assert as_("lin").post(f"/people/{mine}/reset/").status_code == 200
    assert as_("lin").post(f"/people/{other}/reset/").status_code == 404
    assert as_("su").get("/people/").status_code == 403


def test_can_i_apply_answers_without_an_account(world):
    answers = {
        "region": world["420111"].pk,
        "total_investment": "400",
        "equipment_investment": "300",
        "own_capital": "120",
        "amount": "200",
        "term_months": "60",
        "starts_on": "2026-03-01",
        "loan_purpose": "购置数控加工中心四十台",
    }

    small = Client().post("/can-i-apply/", answers).content.decode()
    sound = Client().post("/can-i-apply/", answers | {"total_investment": "4000", "own_capital": "1200"}).content.decode()

    assert "目前还不能申报" in small
    assert "符合申报条件" in sound
    assert "承诺书" in Client().get("/can-i-apply/").content.decode()


def test_notices_are_told_while_in_force_and_after(world):
    facts = {"issuer": "省经信厅", "body": "正文", "province": HUBEI}
    row = PolicyNotice.objects.create(title="申报通知", published_on=TODAY, **facts)
    old = PolicyNotice.objects.create(title="旧通知", published_on=TODAY.replace(year=2025), valid_to=TODAY.replace(year=2025), **facts)

    shown = Client().get("/policy/").content.decode()

    assert row.title in shown
    assert old.title not in shown
    assert "失效" in Client().get(f"/policy/{old.pk}/").content.decode()
