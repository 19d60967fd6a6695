"""Facts recorded beside the steps: payments to suppliers, repayments, interest, rates, loans agreed directly."""

from decimal import Decimal

import pytest

from deals.models import Deal, InterestReceipt, RatePeriod, Repayment
from tests.portal import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def loan(world, listed):
    deal = cases.deal(world, listed, state="drawing")
    cases.drawdown(deal, paid_to_supplier_on=None)
    return deal


def test_bank_records_that_the_supplier_was_paid(as_, loan):
    row = loan.drawdowns.get()

    answer = as_("bai").post(
        f"/deals/{loan.pk}/entries/pay-supplier/", {"drawdown": row.pk, "paid_on": "2026-03-02", "once": "k1"}, follow=True
    )

    row.refresh_from_db()
    assert "已办理：登记划付供应商。" in answer.content.decode()
    assert str(row.paid_to_supplier_on) == "2026-03-02"


def test_repayment_and_interest_are_recorded(as_, loan):
    client = as_("bai")
    row = loan.drawdowns.get()

    client.post(
        f"/deals/{loan.pk}/entries/repay/", {"drawdown": row.pk, "on": "2026-03-02", "amount": "100", "slip_no": "HK1", "once": "k1"}
    )
    client.post(
        f"/deals/{loan.pk}/entries/receipt/",
        {
            "period_start": "2026-02-21",
            "period_end": "2026-03-01",
            "paid_on": "2026-03-02",
            "amount": "0.5",
            "slip_no": "LX1",
            "once": "k2",
        },
    )
    client.post(f"/deals/{loan.pk}/entries/rate/", {"valid_from": "2026-03-02", "rate_bp": "2.75", "once": "k3"})

    assert Repayment.objects.get().amount == Decimal(1_000_000)
    assert InterestReceipt.objects.get().amount == Decimal(5_000)
    assert RatePeriod.objects.filter(rate_bp=275).exists()


def test_refused_entry_keeps_what_was_typed(as_, loan):
    row = loan.drawdowns.get()
    form = {"drawdown": row.pk, "on": "2026-03-02", "amount": "9999999", "slip_no": "HK9", "once": "k1"}

    answer = as_("bai").post(f"/deals/{loan.pk}/entries/repay/", form)

    assert answer.status_code == 422
    assert 'value="9999999"' in answer.content.decode()
    assert 'value="HK9"' in answer.content.decode()
    assert not Repayment.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("lin", 404), ("chen", 404), ("mo_bank", 404), ("an", 404)])
def test_nobody_but_the_lending_bank_records(as_, loan, who, status):
    row = loan.drawdowns.get()

    answer = as_(who).post(f"/deals/{loan.pk}/entries/pay-supplier/", {"drawdown": row.pk, "paid_on": "2026-03-02"})

    row.refresh_from_db()
    assert answer.status_code == status
    assert row.paid_to_supplier_on is None


def test_loan_agreed_directly_is_registered_by_one_side_and_confirmed_by_the_other(as_, world, listed):
    form = {
        "need": cases.need_of(listed).pk,
        "branch": "ICBC-WH",
        "contract_no": "WH-2026-9",
        "contract_on": "2026-03-01",
        "amount": "2000",
        "rate_bp": "2.90",
        "term_months": "60",
        "once": "k1",
    }

    answer = as_("lin").post(f"/filings/{listed.pk}/entries/direct/", form)
    deal = Deal.objects.get()
    waiting = as_("bai").get(f"/deals/{deal.pk}/").content.decode()
    as_("bai").post(f"/deals/{deal.pk}/confirm_direct/", {"seen": deal.version, "once": "k2"})

    deal.refresh_from_db()
    assert answer["Location"] == f"/deals/{deal.pk}/"
    assert "核对并确认已签的合同" in waiting
    assert deal.state == Deal.State.SIGNED


def test_unknown_entry_is_not_found(as_, loan):
    client = as_("bai")

    answers = [client.post(f"/deals/{loan.pk}/entries/{name}/").status_code for name in ("direct", "nonsense")]

    assert answers == [404, 404]
