"""What the addresses promise: nobody opens an account for themselves, and the language can be changed."""

from allauth.account.adapter import get_adapter
from django.urls import reverse


def test_sign_up_is_not_there(client):
    response = client.get(reverse("account_signup"))

    assert response.status_code == 404


def test_sign_up_is_closed_by_whatever_address(rf):
    assert get_adapter().is_open_for_signup(rf.get("/")) is False


def test_language_can_be_changed(client):
    response = client.post(reverse("set_language"), {"language": "en", "next": "/"})

    assert response.cookies["django_language"].value == "en"


def test_admin_asks_for_sign_in(client):
    response = client.get("/admin/")

    assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/admin/")
