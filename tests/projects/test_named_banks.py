"""Which banks a firm named: told to the firm and its units; a bank finds itself alone, by whatever way it asks."""

import pytest
from rest_framework.test import APIClient

from organisations.resources.resource import present
from projects.api import Filings, Needs
from projects.models import Filing
from projects.named_banks import form_told
from tests import factories
from tests.portal import cases

pytestmark = pytest.mark.django_db
NAMED = ["ICBC-WH", "CCB-WH"]


@pytest.fixture
def filing(world, cast):
    filing = factories.filing(world, cast.firm, branches=NAMED)
    Filing.objects.filter(pk=filing.pk).update(form={"name": "产线改造", "intended_banks": NAMED})
    cases.disclosure(world, filing, "ICBC-WH")
    return filing


@pytest.mark.parametrize(("name", "told"), [("lin", NAMED), ("chen", NAMED), ("bai", ["ICBC-WH"])])
def test_a_bank_is_told_of_itself_alone(name, told, cast, filing):
    reader = getattr(cast, name)

    shown = present(Filings, Filings.find(reader, filing.pk), reader).data

    assert shown["form"] == {"name": "产线改造", "intended_banks": told}
    assert [row["branch"]["code"] for need in shown["needs"] for row in need["intended_banks"]] == told
    need = present(Needs, Needs.find(reader, filing.needs.get().pk), reader).data
    assert [row["branch"]["code"] for row in need["intended_banks"]] == told


def test_the_form_by_itself_tells_no_more(cast, filing):
    bank = APIClient()
    bank.force_login(cast.users["bai"])

    form = bank.get(f"/api/filings/{filing.pk}/form/").json()["form"]

    assert form["intended_banks"] == ["ICBC-WH"]


def test_a_list_for_export_tells_no_more(cast, filing):
    (row,) = Filings.visible(cast.bai)

    assert form_told(row)["intended_banks"] == ["ICBC-WH"]
