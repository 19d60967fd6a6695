"""Invitations, deals, drawdowns and claims through the API, from the bank's first look to the decided subsidy."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deals.models import Deal, InterestReceipt
from tests import people
from tests.deals import cases, claim_cases

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-03-02T10:30:00"


@pytest.fixture
def as_(cast):
    return lambda name: people.signed_in(cast, name, APIClient)


def verbs(told):
    return {action["verb"] for action in told["actions"]}


def test_named_bank_accepts_and_the_firm_chooses(as_, world, cast):
    invitation = cases.invited(world, cast)["ICBC-WH"]
    seen = as_("bai").get(f"/api/invitations/{invitation.pk}/").json()

    accepted = as_("bai").post(f"/api/invitations/{invitation.pk}/accept/", {"seen": seen["version"], "amount": "1500"})
    deal = Deal.objects.get(invitation=invitation)
    confirmed = as_("lin").post(f"/api/deals/{deal.pk}/confirm/", {"seen": deal.version})

    assert seen["firm"]["name"] == cast.firm.name
    assert verbs(seen) == {"view", "accept", "decline"}
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    assert (confirmed.json()["state"], confirmed.json()["amount"]) == ("confirmed", "15000000.00")


def test_decline_takes_a_code_of_the_list(as_, world, cast):
    invitation = cases.invited(world, cast)["ICBC-WH"]
    address = f"/api/invitations/{invitation.pk}/decline/"

    unknown = as_("bai").post(address, {"seen": invitation.version, "code": "no_reason"})
    declined = as_("bai").post(address, {"seen": invitation.version, "code": "own_funds"})

    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "code")
    assert (declined.json()["state"], declined.json()["decline_code"]) == ("declined", "own_funds")


def test_bank_does_not_see_what_waits_for_consent_and_nothing_of_it_after(as_, world, cast):
    need = cases.open_need(world, cast)
    invitation = cases.published(world, cast, need, "ICBC-WH")
    waiting = as_("bai").get(f"/api/invitations/{invitation.pk}/")

    withheld = as_("lin").post(f"/api/invitations/{invitation.pk}/withhold/", {"seen": invitation.version})
    after = as_("bai").get(f"/api/invitations/{invitation.pk}/")

    assert waiting.status_code == after.status_code == 404
    assert withheld.json()["state"] == "withheld"


@pytest.mark.parametrize("stranger", ["an", "mo_bank", "mo_firm", "mo_county", "tan"])
def test_strangers_find_no_invitation_and_no_deal(stranger, as_, world, cast):
    deal = cases.intent(world, cast)
    client = as_(stranger)

    assert client.get(f"/api/deals/{deal.pk}/").status_code == 404
    assert client.post(f"/api/deals/{deal.pk}/confirm/", {"seen": deal.version}).status_code == 404
    assert client.get(f"/api/invitations/{deal.invitation_id}/").status_code == 404


def test_money_is_drawn_repaid_and_its_interest_recorded(as_, world, cast):
    deal = cases.signed(world, cast)
    bai = as_("bai")
    draw = {
        "slip_no": "JJ-1",
        "drawn_on": "2026-03-02",
        "amount": "2000",
        "payee": "武汉示例机床有限公司",
        "paid_to_supplier_on": "2026-03-02",
    }

    drawn = bai.post(f"/api/deals/{deal.pk}/draw/", {"seen": deal.version} | draw)
    assert drawn.status_code == 200, drawn.json()
    (drawdown,) = bai.get(f"/api/drawdowns/?deal={deal.pk}").json()["results"]
    repaid = bai.post(f"/api/drawdowns/{drawdown['id']}/repay/", {"on": "2026-03-02", "amount": "100", "slip_no": "HK-1"})
    slip = {
        "deal": deal.pk,
        "slip_no": "FX-1",
        "period_start": "2026-03-02",
        "period_end": "2026-03-02",
        "paid_on": "2026-03-02",
        "amount": "0.1",
    }
    receipt = bai.post("/api/interest-receipts/", slip)

    assert (drawn.json()["state"], drawdown["amount"]) == ("completed", "20000000.00")
    assert (repaid.status_code, repaid.json()["repayments"][0]["amount"]) == (201, "1000000.00")
    assert receipt.status_code == 201, receipt.json()
    assert InterestReceipt.objects.get().amount == 1000


def test_repeating_a_drawdown_with_its_key_draws_once(as_, world, cast):
    deal = cases.signed(world, cast)
    body = {
        "seen": deal.version,
        "slip_no": "JJ-1",
        "drawn_on": "2026-03-02",
        "amount": "500",
        "payee": "示例",
        "paid_to_supplier_on": "2026-03-02",
    }

    first, again = (as_("bai").post(f"/api/deals/{deal.pk}/draw/", body, headers={"Idempotency-Key": "d1"}) for _ in range(2))

    assert first.json() == again.json()
    assert first["ETag"] == again["ETag"]
    assert deal.drawdowns.count() == 1


@pytest.fixture
def claims(world, cast):
    return {code: rows[0] for code, rows in claim_cases.claims(world, cast).items()}


def test_claim_tells_its_computation_line_by_line(as_, claims, cast, settings):
    settings.FIXED_NOW = "2026-07-01T10:30:00"
    told = as_("lin").get(f"/api/claims/{claims['HB-ADDON'].pk}/").json()

    assert [line["amount"] for line in told["lines"]]
    assert sum(float(line["amount"]) for line in told["lines"]) == pytest.approx(float(told["requested"]))
    assert verbs(told) == {"file"}


def test_only_the_deciding_office_sees_the_deciding_steps(as_, claims, settings):
    settings.FIXED_NOW = "2026-07-01T10:30:00"
    claim = claims["HB-ADDON"]
    filed = as_("lin").post(f"/api/claims/{claim.pk}/file/", {"seen": claim.version}).json()
    reviewed = as_("zhao").post(f"/api/claims/{claim.pk}/review/", {"seen": filed["version"]}).json()

    assert reviewed["state"] == "reviewed"
    assert verbs(as_("qian").get(f"/api/claims/{claim.pk}/").json()) == {"approve", "refuse", "cross_check"}
    assert as_("zhao").post(f"/api/claims/{claim.pk}/approve/", {"seen": reviewed["version"]}).status_code == 403
    approved = as_("qian").post(f"/api/claims/{claim.pk}/approve/", {"seen": reviewed["version"]}).json()
    assert (approved["state"], approved["arranged"]) == ("approved", approved["eligible"])


def test_other_firms_claims_are_not_there(as_, claims):
    for name in ("mo_firm", "an", "mo_county"):
        assert as_(name).get(f"/api/claims/{claims['HB-ADDON'].pk}/").status_code == 404


@pytest.mark.parametrize("name", ["lin", "bai"])
@pytest.mark.parametrize("kind", ["invitations", "deals"])
def test_lists_cost_the_same_for_one_row_and_for_three(name, kind, as_, world, cast):
    client = as_(name)
    cases.intent(world, cast)
    with CaptureQueriesContext(connection) as one:
        client.get(f"/api/{kind}/")
    cases.intent(world, cast)
    cases.intent(world, cast)

    with CaptureQueriesContext(connection) as three:
        assert len(client.get(f"/api/{kind}/").json()["results"]) == 3

    assert len(three) == len(one)
