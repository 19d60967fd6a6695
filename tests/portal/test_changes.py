"""A firm chooses what to change, types it into the form it knows, and reads before and after."""

import pytest

from projects.models import ChangeRequest, Filing
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def filing(world, cast):
    return factories.filing(world, cast.firm, state="in_pool")


def test_only_what_was_chosen_is_drawn_and_what_is_typed_is_asked(as_, filing):
    lin, address = as_("lin"), f"/filings/{filing.pk}/change/"

    first, drawn = lin.get(address).content.decode(), lin.get(address, {"kinds": "dates"}).content.decode()
    form = {"kinds": "dates", "starts_on": "2026-03-01", "completes_on": "2027-12-31", "reason": "交货推迟", "ask": "yes", "once": "c"}
    asked = lin.post(address, form)

    assert ("县级" in first, 'name="completes_on"' in first) == (True, False)
    assert ('name="completes_on"' in drawn, 'name="amount"' in drawn) == (True, False)
    row = ChangeRequest.objects.get()
    assert asked["Location"] == f"/changes/{row.pk}/"
    page = as_("hu").get(f"/changes/{row.pk}/").content.decode()
    assert ("2027-06-30" in page, "2027-12-31" in page, "交货推迟" in page) == (True, True, True)
    assert as_("hu").post(f"/changes/{row.pk}/grant/", {"seen": row.version, "once": "g"}).status_code == 302
    assert Filing.objects.get(pk=filing.pk).form["completes_on"] == "2027-12-31"


def test_a_refused_change_keeps_what_was_typed(as_, filing):
    form = {"kinds": "dates", "starts_on": "2026-03-01", "completes_on": "2020-01-01", "reason": "写错了", "ask": "yes", "once": "c"}

    refused = as_("lin").post(f"/filings/{filing.pk}/change/", form)

    shown = refused.content.decode()
    assert (refused.status_code, ChangeRequest.objects.exists()) == (422, False)
    assert ('value="2020-01-01"' in shown, "写错了</textarea>" in shown) == (True, True)


def test_sent_twice_it_is_asked_once(as_, filing):
    form = {"kinds": "intended_banks", "intended_banks": ["HBB-WH"], "reason": "改换银行", "ask": "yes", "once": "c"}
    lin = as_("lin")

    answers = [lin.post(f"/filings/{filing.pk}/change/", form)["Location"] for _twice in range(2)]

    assert (len(set(answers)), ChangeRequest.objects.count(), ChangeRequest.objects.get().state) == (1, 1, "granted")


@pytest.mark.parametrize(("name", "status"), [("chen", 403), ("mo_firm", 404), ("bai", 404)])
def test_only_its_firm_opens_the_form(name, status, as_, filing):
    assert as_(name).get(f"/filings/{filing.pk}/change/").status_code == status


def test_a_second_decision_is_refused(as_, filing):
    form = {"kinds": "legal_representative", "legal_representative": "苏某", "reason": "换届", "ask": "yes", "once": "c"}
    as_("lin").post(f"/filings/{filing.pk}/change/", form)
    row = ChangeRequest.objects.get()
    hu = as_("hu")

    first = hu.post(f"/changes/{row.pk}/refuse/", {"seen": row.version, "once": "r", "note": "材料不全"})
    second = hu.post(f"/changes/{row.pk}/grant/", {"seen": row.version, "once": "g"})

    assert (first.status_code, second.status_code) == (302, 409)
    assert ChangeRequest.objects.get().state == "refused"
