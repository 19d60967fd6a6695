"""Invoices end (红冲, 作废): asked again every year and before money goes out; one that ended stops the claim until it is answered."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Invalid, NotAllowed
from deals import drawdowns, invoices
from deals.crosschecks import flags
from deals.models import CrossCheckFlag, Drawdown
from deals.subsidies import claims
from tests.deals import claim_cases
from tests.deals.claim_cases import JULY

pytestmark = pytest.mark.django_db
TODAY = JULY.date()
INVOICE, ANOTHER = "26420000000012345678", "26420000000012345679"


@pytest.fixture
def reviewed(world, cast):
    """A provincial claim after review, for a drawdown of 20 m yuan that was paid on an invoice found valid ten days ago."""
    (claim,) = claim_cases.reviewed(world, cast)
    Drawdown.objects.filter(deal=claim.deal).update(
        invoice_no=INVOICE, invoice_status="normal", invoice_checked_on=TODAY - dt.timedelta(days=10)
    )
    return claim


def check(claim, by, **told):
    row = Drawdown.objects.select_related("deal__branch").get(deal=claim.deal, number=1)
    return invoices.check_invoice(row, by=by, at=JULY, seen=row.version, **({"status": "normal", "on": TODAY} | told))


def fresh(claim):
    return type(claim).objects.get(pk=claim.pk)


def test_void_invoice_is_flagged_and_keeps_the_claim_from_approval_until_answered(cast, reviewed):
    check(reviewed, cast.bai, status="void", ended_on=TODAY)

    with pytest.raises(Invalid) as refused:
        claims.approve(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version)
    assert [problem.code for problem in refused.value.problems] == ["flag_new"]
    claims.cross_check(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version)
    flag = CrossCheckFlag.objects.get(rule="ended_invoice")
    with pytest.raises(Invalid):
        claims.approve(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version)
    flags.dismiss(flag, by=cast.qian, at=JULY, seen=flag.version, note="已换开发票，号码另行登记")

    assert claims.approve(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version).state == "approved"


def test_invoice_that_ends_after_approval_stops_the_payment_until_it_is_replaced(cast, reviewed):
    claims.approve(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version)
    check(reviewed, cast.qian, status="reversed", ended_on=TODAY)

    with pytest.raises(Invalid) as refused:
        claims.settle(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version, document_no="文")
    assert [problem.code for problem in refused.value.problems] == ["invoice_ended"]
    row = check(reviewed, cast.bai, invoice_no=ANOTHER)

    assert (row.invoice_no, row.invoice_status, row.invoice_ended_on) == (ANOTHER, "normal", None)
    assert claims.settle(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version, document_no="文").state == "settled"


@pytest.mark.parametrize(("days", "pays"), [(365, True), (366, False), (None, False)])
def test_invoice_is_asked_again_within_a_year_before_money_goes_out(cast, reviewed, days, pays):
    claims.approve(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version)
    asked = (
        {"invoice_checked_on": None, "invoice_status": "unchecked"}
        if days is None
        else {"invoice_checked_on": TODAY - dt.timedelta(days=days)}
    )
    Drawdown.objects.filter(number=1).update(**asked)

    due = set(invoices.due(Drawdown.objects.all(), on=TODAY).values_list("number", flat=True))

    assert due == (set() if pays else {1})
    if pays:
        claims.settle(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version, document_no="文")
    else:
        with pytest.raises(Invalid) as refused:
            claims.settle(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version, document_no="文")
        assert [problem.code for problem in refused.value.problems] == ["invoice_unchecked"]


@pytest.mark.parametrize(("amount", "found"), [("20000000", 0), ("19990000", 0), ("19989999.99", 1)])
def test_more_paid_than_the_invoice_says_is_a_question_beyond_the_tolerance(cast, reviewed, amount, found):
    check(reviewed, cast.bai, amount=Decimal(amount), net=Decimal(7_000_000))

    claims.cross_check(reviewed, by=cast.qian, at=JULY, seen=fresh(reviewed).version)

    assert CrossCheckFlag.objects.filter(rule="invoice_short").count() == found


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "void"}, ("ended_on", "contradicts")),
        ({"ended_on": TODAY}, ("ended_on", "contradicts")),
        ({"status": "void", "ended_on": TODAY, "on": TODAY - dt.timedelta(days=1)}, ("ended_on", "out_of_range")),
        ({"on": TODAY - dt.timedelta(days=11)}, ("on", "out_of_range")),
        ({"on": TODAY + dt.timedelta(days=1)}, ("on", "out_of_range")),
        ({"status": "unchecked"}, ("status", "unknown_choice")),
        ({"amount": Decimal(5), "net": Decimal(6)}, ("net", "out_of_range")),
        ({"invoice_no": "123"}, ("invoice_no", "not_an_invoice")),
    ],
)
def test_what_cannot_be_said_of_an_invoice_is_named(cast, reviewed, told, expected):
    with pytest.raises(Invalid) as refused:
        check(reviewed, cast.bai, **told)

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [expected]


def test_strangers_check_nothing_and_a_drawdown_without_invoice_has_nothing_to_check(cast, reviewed):
    for by in (cast.lin, cast.an, cast.mo_county):
        with pytest.raises(NotAllowed):
            check(reviewed, by)
    Drawdown.objects.update(invoice_no="", invoice_status="unchecked", invoice_checked_on=None)

    with pytest.raises(Invalid):
        check(reviewed, cast.bai)


def test_drawdown_told_with_its_check_is_one_slip_however_often_it_is_sent(cast, reviewed):
    deal = reviewed.deal
    type(deal).objects.filter(pk=deal.pk).update(signed_amount=30_000_000, approved_amount=30_000_000, state="drawing")
    deal.refresh_from_db()
    facts = {"slip_no": "JJ-3", "drawn_on": TODAY, "amount": Decimal(1_000_000), "payee": "示例机床", "invoice_no": ANOTHER}

    row = drawdowns.draw(deal, by=cast.bai, at=JULY, seen=deal.version, invoice_checked_on=TODAY, **facts)

    assert (row.invoice_status, row.invoice_checked_on) == ("normal", TODAY)
    deal.refresh_from_db()
    assert drawdowns.draw(deal, by=cast.bai, at=JULY, seen=deal.version, **facts).pk == row.pk
