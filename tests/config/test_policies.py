"""The content policy is strict everywhere but on the admin's and the API description's pages."""

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/admin/login/", "/api/docs/"])
def test_themed_pages_may_evaluate_but_load_nothing_from_elsewhere(address):
    policy = Client().get(address)["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy
    assert "default-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.django_db
def test_other_pages_are_strict():
    assert "unsafe" not in Client().get("/api/me/")["Content-Security-Policy"]
