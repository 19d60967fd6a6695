"""The health page answers for the database and the broker, and tells a stranger nothing else."""

import pytest

from config import health


@pytest.mark.django_db
def test_healthz_is_ok_when_both_answer(client):
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok", "database": True, "broker": True})
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.django_db
def test_healthz_names_the_part_that_fails(client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (503, {"status": "failing", "database": True, "broker": False})


@pytest.mark.django_db
def test_healthz_survives_a_lost_database(client, monkeypatch):
    class Lost:
        def cursor(self):
            raise OSError

    monkeypatch.setattr(health, "connection", Lost())

    response = client.get("/healthz")

    assert response.json() == {"status": "failing", "database": False, "broker": True}


def test_healthz_changes_nothing(client):
    response = client.post("/healthz")

    assert response.status_code == 405
