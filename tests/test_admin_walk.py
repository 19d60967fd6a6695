"""A walk over every page of the admin: it opens for whoever may open it, and every form carries a version token."""

import re
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from common.models import AuditEvent
from exchange.models import Delivery, Notice, Webhook
from organisations import roles
from organisations.desk import ReadOnly
from organisations.models import User
from tests import factories, people
from tests.factories import HUBEI, NOW

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
TOKEN = re.compile(r'name="seen" value="[0-9a-f]+"')

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(world, seated):
    factories.filing(world, seated.firm)
    return seated


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def editable(page):
    """Whether the page lets its reader save something."""
    return 'name="_save"' in page


@pytest.fixture
def root(cast):
    return signed_in(User.objects.create(username="root", is_staff=True, is_superuser=True))


def test_every_page_opens_and_every_form_has_a_token(root):
    wrong = [fault for model in MODELS for fault in faults(model, root)]

    assert wrong == []


def faults(model, client):
    """What does not open, or could be saved without naming the version it was begun from."""
    addresses = [address(model, "changelist")]
    if not isinstance(admin.site._registry[model], ReadOnly):
        addresses.append(address(model, "add"))
    for row in model._base_manager.order_by("pk")[:1]:
        addresses += [address(model, "history", row.pk), address(model, "change", row.pk)]
    for page in addresses:
        answer = client.get(page)
        if answer.status_code != 200:
            yield f"{page}: {answer.status_code}"
        elif page.endswith("/change/") and editable(answer.content.decode()) and not TOKEN.search(answer.content.decode()):
            yield f"{page}: no token"


def test_search_and_filters_of_every_list_work(root):
    for model in MODELS:
        if admin.site._registry[model].search_fields:
            assert root.get(address(model, "changelist"), {"q": "1"}).status_code == 200, model


@pytest.mark.parametrize("name", ["zhao", "qian", "tan"])
def test_staff_open_every_list_of_their_desk(name, cast):
    client = signed_in(cast.users[name])
    opened = [model for model in MODELS if client.get(address(model, "changelist")).status_code == 200]

    assert client.get("/admin/").status_code == 200
    assert opened


@pytest.mark.parametrize("name", ["lin", "chen", "bai", "mo_county", "mo_firm"])
def test_others_do_not_enter(name, cast):
    answer = signed_in(cast.users[name]).get("/admin/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


@pytest.fixture
def operator(cast, world):
    seat = people.member(world["IND-420000"].organisation, "system_operator", name="ops")
    user = User.objects.get(pk=seat.user_id)
    roles.seat(user, at=NOW)
    return signed_in(user)


def test_operator_opens_how_the_service_runs_and_no_business_row(operator):
    opened = {model._meta.label for model in MODELS if operator.get(address(model, "changelist")).status_code == 200}

    assert opened == {
        "axes.AccessAttempt",
        "common.CalendarException",
        "django_celery_beat.PeriodicTask",
        "django_celery_results.TaskResult",
        "exchange.Delivery",
        "exchange.Notice",
    }


def test_operator_sees_that_something_was_not_sent_never_what(operator, cast):
    event = AuditEvent.objects.create(subject="projects.filing", subject_id=73, verb="return", by_label="office-73", at=NOW, province=HUBEI)
    tried = {"event": event, "message_id": uuid4(), "made_at": NOW, "next_attempt_at": NOW, "state": "failed", "province": HUBEI}
    hook = Webhook.objects.create(
        organisation=cast.firm,
        name="ERP",
        url="https://erp.example.cn/",
        nonce="n73",
        kinds=[],
        made_by=cast.users["lin"],
        made_at=NOW,
        province=HUBEI,
    )
    told = Notice.objects.create(
        recipient=cast.users["lin"],
        channel="email",
        kind="filing.returned",
        facts={"reason": "what-73"},
        link="/filings/73/",
        error="550 no such user",
        **tried,
    )
    pushed = Delivery.objects.create(webhook=hook, kind="filing.returned", payload={"reason": "what-73"}, answer="answer-73", **tried)

    pages = [operator.get(address(type(row), "change", row.pk)) for row in (told, pushed)]
    lists = [operator.get(address(type(row), "changelist")) for row in (told, pushed)]

    assert [page.status_code for page in (*pages, *lists)] == [200] * 4
    assert "550 no such user" in pages[0].content.decode()
    for page in (*pages, *lists):
        assert not re.search(r"what-73|answer-73|office-73|filings/73|projects.filing", page.content.decode())
