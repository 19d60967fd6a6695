"""Claims of a signed and drawn deal, each with the slips of the interest paid."""

import datetime as dt
from decimal import Decimal

from common.workdays import SHANGHAI
from deals.interest import record_receipt
from deals.subsidies import claims as steps
from deals.subsidies.accrual import accrue
from deals.subsidies.models import SubsidyClaim
from tests.deals import cases

JULY = dt.datetime(2026, 7, 1, 9, 30, tzinfo=SHANGHAI)


def claims(world, cast, *, number=1, start=0):
    """The newest claim of each scheme for one deal (or several), forecast on 1 July 2026."""
    for serial in range(start, start + number):
        signed = cases.signed(world, cast, contract_no=f"HT-{serial}")
        cases.drawn(world, cast, signed, slip_no=f"JJ-{serial}")
        signed.refresh_from_db()
        accrue(signed, until=JULY.date(), by=cast.system, at=JULY)
        for first, last, amount in (("2026-03-02", "2026-03-20", "30083.33"), ("2026-03-21", "2026-06-20", "145666.67")):
            record_receipt(
                signed,
                slip_no=f"FX-{serial}-{last}",
                period_start=dt.date.fromisoformat(first),
                period_end=dt.date.fromisoformat(last),
                paid_on=dt.date.fromisoformat(last),
                amount=Decimal(amount),
                by=cast.bai,
                at=JULY,
            )
    rows = SubsidyClaim.objects.filter(period_end__month=6).select_related("scheme").order_by("id")
    return {code: [row for row in rows if row.scheme.code == code] for code in {row.scheme.code for row in rows}}


def reviewed(world, cast, *, number=1):
    """Claims of the provincial scheme, filed by the firm and reviewed by the line department."""
    rows = claims(world, cast, number=number)["HB-ADDON"]
    for row in rows:
        steps.file(row, by=cast.lin, at=JULY, seen=row.version)
        steps.review(row, by=cast.zhao, at=JULY, seen=row.version)
    return rows


def two_reviewed(world, cast):
    return reviewed(world, cast, number=2)
