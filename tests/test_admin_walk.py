"""A walk over every page of the admin: it opens for whoever may open it, and every form carries a version token."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from organisations import roles
from organisations.desk import ReadOnly
from organisations.models import User
from tests import factories, people
from tests.factories import NOW

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


def test_operator_opens_no_business_row(cast, world):
    operator = people.member(world["IND-420000"].organisation, "system_operator", name="ops")
    user = User.objects.get(pk=operator.user_id)
    roles.seat(user, at=NOW)
    client = signed_in(user)

    opened = {model._meta.label for model in MODELS if client.get(address(model, "changelist")).status_code == 200}

    assert opened == {
        "axes.AccessAttempt",
        "common.CalendarException",
        "django_celery_beat.PeriodicTask",
        "django_celery_results.TaskResult",
    }
