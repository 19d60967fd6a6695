"""The worked example with two quarters paid by the province, brought to each stage of a recovery."""

import datetime as dt
from decimal import Decimal

from deals.models import SubsidyClaim
from deals.recovery import receipts, steps
from deals.subsidies import accrual, claims
from ledger.models import LedgerAccount
from tests.deals.subsidies import example
from tests.deals.subsidies.example import END, QUARTERS, A

GROSS = (Decimal("6966.67"), Decimal("112416.67"), Decimal("145666.67"))
FIRST, SECOND, THIRD = Decimal("1222.22"), Decimal("19722.22"), Decimal("25555.55")
DOCUMENT, DECISION = "鄂财金示〔2027〕009号", "鄂财监示〔2027〕001号"
SUSPECTED = dt.date(2025, 8, 1)
DECIDED_ON, PAY_BY = dt.date(2027, 6, 30), dt.date(2027, 7, 30)


def paid(world, cast, *, until=QUARTERS[1], slips=GROSS):
    """A loan whose first two quarters the province has paid."""
    deal = example.loan(world, cast)
    accrual.accrue(deal, until=until, by=cast.system, at=END)
    example.pay_interest(deal, cast.bai, zip(QUARTERS, slips, strict=False), start=A)
    for row in SubsidyClaim.objects.filter(scheme__level="province", period_end__lte=QUARTERS[1]).order_by("period_end"):
        to_payment(row, cast)
    return deal


def reviewed(row, cast):
    claims.file(row, by=cast.lin, at=END, seen=row.version)
    return claims.review(row, by=cast.zhao, at=END, seen=row.version)


def to_payment(row, cast):
    reviewed(row, cast)
    claims.approve(row, by=cast.qian, at=END, seen=row.version)
    claims.settle(row, by=cast.qian, at=END, seen=row.version, document_no=DOCUMENT)


def doubt(deal, cast, *, by=None, scheme="HB-ADDON", at=END, **changed):
    facts = {"scheme": scheme, "reason": "资金回流", "suspended_from": SUSPECTED} | changed
    return steps.raise_doubt(deal, by=by or cast.qian, at=at, **facts)


def found(deal, cast, *, by=None, **facts):
    row = doubt(deal, cast)
    steps.explain(row, explanation="设备款已付，部分转回", by=cast.bai, at=END, seen=row.version)
    row.refresh_from_db()
    return steps.find(row, finding="设备款转回借款人账户", by=by or cast.qian, at=END, seen=row.version, **facts)


def decided(row, cast, *, by=None, **changed):
    facts = {"document_no": DECISION, "decided_on": DECIDED_ON, "pay_by": PAY_BY} | changed
    return steps.decide(row, by=by or cast.feng, at=END, seen=row.version, **facts)


def receive(row, cast, amount, slip, *, by=None):
    row.refresh_from_db()
    how = {"on": DECIDED_ON, "slip_no": slip, "amount": Decimal(amount)}
    return receipts.receive(row, by=by or cast.qian, at=END, seen=row.version, **how)


def budget(year=2027):
    account = LedgerAccount.objects.get(code=f"budget:HB-ADDON:{year}")
    return account.held, account.posted
