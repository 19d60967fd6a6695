"""System access as an administrator finds it: tokens and secrets shown once, ended by a button; nobody else comes in."""

import json

import pytest
from rest_framework.test import APIClient

from exchange.models import Delivery, GroupRobot, Webhook
from organisations.models import Token

pytestmark = pytest.mark.django_db
NEW = {"name": "财务系统", "days": "30", "scopes": ["read:filings", "write:filings"], "once": "k1"}
HOOK = {"name": "办公系统", "url": "https://oa.example.cn/hook", "kinds": ["filings.return"], "once": "w1"}


def code_in(page):
    return page.content.decode().partition("<code>")[2].partition("</code>")[0]


def test_a_token_is_shown_once_and_works(as_):
    lin = as_("lin")
    made = lin.post("/tokens/new/", NEW)
    text = code_in(made)

    told = APIClient().get("/api/filings/", headers={"Authorization": f"Bearer {text}"})

    assert text.startswith("fk_")
    assert told.status_code == 200
    assert "no-store" in made["Cache-Control"]
    assert text not in lin.get("/tokens/").content.decode()
    assert Token.objects.get().prefix in lin.get("/tokens/").content.decode()


def test_the_form_sent_again_makes_no_second_token_and_shows_nothing(as_):
    lin = as_("lin")
    text = code_in(lin.post("/tokens/new/", NEW))

    again = lin.post("/tokens/new/", NEW, follow=True)

    assert Token.objects.count() == 1
    assert text not in again.content.decode()


def test_what_is_wrong_stands_beside_its_field(as_):
    page = as_("lin").post("/tokens/new/", NEW | {"days": "4000"})

    assert page.status_code == 422
    assert "有效期须为" in page.content.decode()


def test_a_token_is_revoked_by_a_button(as_):
    lin = as_("lin")
    lin.post("/tokens/new/", NEW)
    token = Token.objects.get()

    assert lin.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_by.username == "lin"


@pytest.mark.parametrize("name", ["su", "chen", "bai", "zhao"])
@pytest.mark.parametrize("address", ["/tokens/", "/webhooks/"])
def test_who_administers_nothing_does_not_come_in(as_, name, address):
    assert as_(name).get(address).status_code == 403
    assert as_(name).post("/tokens/new/", NEW).status_code == 403
    assert not Token.objects.exists()


def test_a_webhook_is_made_followed_and_ended(as_):
    lin = as_("lin")
    secret = code_in(lin.post("/webhooks/", HOOK))
    webhook = Webhook.objects.get()
    Delivery.objects.update(state="sent", status=200, answer="ok", duration_ms=12)

    page = lin.get(f"/webhooks/{webhook.pk}/").content.decode()
    lin.post(f"/webhooks/{webhook.pk}/deliveries/{Delivery.objects.get().pk}/replay/")
    ended = lin.post(f"/webhooks/{webhook.pk}/end/", {"seen": webhook.version, "once": "e1"})

    assert secret.startswith("whsec_")
    assert secret not in page
    assert "webhooks.ping" in page
    assert Delivery.objects.count() == 2
    assert (ended.status_code, Webhook.objects.get().state) == (302, "ended")


def test_a_strangers_webhook_and_token_are_not_there(as_):
    as_("lin").post("/webhooks/", HOOK)
    as_("lin").post("/tokens/new/", NEW)
    webhook, token = Webhook.objects.get(), Token.objects.get()

    assert as_("mo_firm").get(f"/webhooks/{webhook.pk}/").status_code == 404
    assert as_("mo_firm").post(f"/webhooks/{webhook.pk}/end/", {"seen": webhook.version}).status_code == 404
    assert as_("mo_firm").post(f"/tokens/{token.pk}/revoke/").status_code == 404


def test_a_groups_robot_is_one_of_wecom(as_, cast):
    lin = as_("lin")
    address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc"

    refused = lin.post("/tokens/robot/", {"url": "https://elsewhere.example.cn/"})
    lin.post("/tokens/robot/", {"url": address})
    assert (refused.status_code, GroupRobot.objects.get().url) == (422, address)

    lin.post("/tokens/robot/", {"url": ""})
    assert not GroupRobot.objects.get().is_active


def test_the_description_of_the_api_is_json_for_machines(as_):
    text = code_in(as_("lin").post("/tokens/new/", NEW))

    told = APIClient().get("/api/schema/?format=json", headers={"Authorization": f"Bearer {text}"})

    assert json.loads(told.content)["components"]["securitySchemes"]["tokenAuth"]["scheme"] == "bearer"
