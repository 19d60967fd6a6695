"""The rules of the case in the admin: the provincial office sets them, and reads what was asked at its cases."""

import pytest
from django.test import Client
from django.urls import reverse

from projects import review
from projects.case import appeals, changes, consultations
from projects.models import ChangeRule
from tests import factories
from tests.factories import NOW
from tests.projects.cases import submitted

KINDS = ("consultation", "appeal", "changerequest", "changerule", "checkkind")


@pytest.fixture
def zhao(seated):
    client = Client()
    client.force_login(seated.users["zhao"], backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_office_reads_what_was_asked_at_its_cases(world, seated, zhao):
    filing = submitted(world, seated)
    consultations.ask(filing, to_unit="NDRC-420111", question="x", by=seated.chen, at=NOW)
    admitted = factories.filing(world, seated.firm, state="in_pool")
    asked = changes.ask(admitted, kinds=["dates"], form={"completes_on": "2027-12-31"}, reason="x", by=seated.lin, at=NOW)
    refused = submitted(world, seated)

    review.refuse(refused, by=seated.chen, at=NOW, seen=refused.version, note="x")
    appeals.file(refused, reason="x", by=seated.lin, at=NOW)

    opened = {kind: zhao.get(reverse(f"admin:projects_{kind}_changelist")).status_code for kind in KINDS}

    assert opened == dict.fromkeys(KINDS, 200)
    assert "2027-12-31" in zhao.get(reverse("admin:projects_changerequest_change", args=[asked.pk])).content.decode()


def test_a_rule_of_another_day_is_a_further_row(zhao):
    form = {"province": "420000", "field": "dates", "tier": "city", "valid_from": "2026-04-01", "source": "省厅通知", "_save": "yes"}

    saved = zhao.post(reverse("admin:projects_changerule_add"), form)

    assert saved.status_code == 302
    assert ChangeRule.objects.filter(field="dates", tier="city").exists()
    assert zhao.get(reverse("admin:projects_consultation_add")).status_code == 403
