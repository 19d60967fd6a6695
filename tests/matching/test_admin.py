"""Weights and pins take two people in the admin as everywhere."""

import pytest
from django.test import Client

from matching.models import PinBan, Weights
from tests import factories
from tests.factories import WEIGHTS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-03-02T10:30:00"


@pytest.fixture
def as_(seated):
    def client(name):
        signed_in = Client()
        signed_in.force_login(seated.users[name])
        return signed_in

    client.cast = seated
    return client


def token(client, address):
    return client.get(address).context["actions_detail"][0]["path"].partition("seen=")[2]


def test_weights_are_drafted_by_one_and_approved_by_another(as_, world):
    points = {f"points_{name}": value for name, value in WEIGHTS.items()}
    drafted = as_("zhao").post(
        "/admin/matching/weights/do/draft/",
        {"programme": world.programme.pk, "document_no": "鄂经信〔2026〕1号", "valid_from": "2026-04-01"} | points,
    )
    row = Weights.objects.get(state="draft")
    address = f"/admin/matching/weights/{row.pk}/do/approve/"

    alone = as_("zhao").post(address, {"seen": 0})
    together = as_("sun").post(address, {"seen": 0})

    assert (drafted.status_code, row.points) == (302, WEIGHTS)
    assert alone.status_code == 200
    assert together.status_code == 302
    row.refresh_from_db()
    assert (row.state, row.drafted_by.username, row.approved_by.username) == ("approved", "zhao", "sun")


def test_wrong_points_are_told_beside_their_field_and_nothing_is_saved(as_, world):
    points = {f"points_{name}": value for name, value in WEIGHTS.items()} | {"points_cost": "十"}

    page = as_("zhao").post("/admin/matching/weights/do/draft/", {"programme": world.programme.pk, "document_no": "文号"} | points)

    assert set(page.context["form"].errors) == {"points_cost", "valid_from"}
    assert "文号" in page.content.decode()
    assert Weights.objects.filter(state="draft").count() == 0


def test_pin_is_set_by_one_and_approved_by_another(as_, world):
    need = factories.filing(world, as_.cast.firm).needs.get()
    sent = {"kind": "pin", "need": need.pk, "branch": "ICBC-WH", "reason": "企业基本户所在行"}

    assert as_("zhao").post("/admin/matching/pinban/do/set/", sent).status_code == 302
    pin = PinBan.objects.get()
    address = f"/admin/matching/pinban/{pin.pk}/"
    assert as_("zhao").post(f"{address}do/approve/", {"seen": token(as_("sun"), f"{address}change/")}).status_code == 200
    assert as_("sun").post(f"{address}do/approve/", {"seen": token(as_("sun"), f"{address}change/")}).status_code == 302

    pin.refresh_from_db()
    assert (pin.set_by.username, pin.approved_by.username) == ("zhao", "sun")


def test_unknown_need_and_branch_are_told_beside_their_fields(as_):
    page = as_("zhao").post("/admin/matching/pinban/do/set/", {"kind": "ban", "need": 999_999, "branch": "NONE", "reason": "测试"})

    assert set(page.context["form"].errors) == {"need", "branch"}


def test_finance_office_has_no_business_with_weights(as_):
    assert as_("qian").get("/admin/matching/weights/").status_code == 403
    assert as_("qian").post("/admin/matching/weights/do/draft/", {}).status_code == 403
