"""The worked example of the domain notes as rows: 20 m yuan at 2.85 %, paid to suppliers in two drawdowns, under the version of 2025."""

import datetime as dt
from decimal import Decimal

from common.workdays import SHANGHAI
from deals import deal_steps, drawdowns, interest
from schemes.models import BankEligibility, SchemeVersion
from tests.deals import cases

START = dt.datetime(2025, 3, 10, 10, tzinfo=SHANGHAI)
END = dt.datetime(2027, 6, 30, 10, tzinfo=SHANGHAI)
A, B = dt.date(2025, 3, 10), dt.date(2025, 4, 25)
QUARTERS = [dt.date(2025, 3, 20), dt.date(2025, 6, 20), dt.date(2025, 9, 20)]


def versions_of_2025(world):
    """The central supplement of January 2025 (paid to the supplier, re-lending asked for) and the same days for the provincial sample."""
    for version in (world.central, world.addon):
        version.pk = None
        version.code = f"{version.code}-2025"
        version.announced_on = dt.date(2025, 1, 6)
        version.drawdown_from = version.payment_from = dt.date(2024, 3, 7)
        version.drawdown_to = version.payment_to = dt.date(2025, 12, 31)
        version.start_rule = SchemeVersion.StartRule.PAID_TO_SUPPLIER
        version.subsidised_part = SchemeVersion.Part.EQUIPMENT
        version.requires_relending = version.scheme.level == "central"
        version.save(force_insert=True)
    BankEligibility.objects.bulk_create(
        BankEligibility(version=version, bank=world.banks[code], province=version.province)
        for version, codes in ((world.central, ("ICBC", "CCB")), (world.addon, ("ICBC", "CCB", "HBB")))
        for code in codes
    )


def loan(world, cast, branch="ICBC-WH", *, relending="accepted"):
    """Signed on 10 March 2025; 8 m yuan paid out that day and 12 m on 25 April, each straight to a supplier."""
    versions_of_2025(world)
    by = {"ICBC-WH": cast.bai, "HBB-WH": cast.mo_bank}[branch]
    letter = cases.invited(world, cast, branch, at=START)[branch]
    deal = cases.accepted(world, cast, letter, at=START)
    deal_steps.confirm(deal, by=cast.lin, at=START, seen=deal.version)
    deal_steps.start_diligence(deal, by=by, at=START, seen=deal.version)
    terms = {"amount": deal.amount, "rate_bp": 285, "term_months": 60}
    deal_steps.approve_credit(deal, by=by, at=START, seen=deal.version, **terms)
    deal_steps.sign(deal, by=by, at=START, seen=deal.version, contract_no="HT-2025", contract_on=A, **terms)
    for number, (on, amount) in enumerate(((A, 8_000_000), (B, 12_000_000)), start=1):
        row = drawdowns.draw(
            deal,
            by=by,
            at=END,
            seen=deal.version,
            slip_no=f"JJ-{number}",
            drawn_on=on,
            amount=Decimal(amount),
            payee="武汉示例机床有限公司",
            paid_to_supplier_on=on,
        )
        row.relending = relending
        row.save(update_fields=["relending"])
    return deal


def pay_interest(deal, by, amounts, *, start=A):
    """A slip for each interest period, one after the other."""
    for number, (end, amount) in enumerate(amounts, start=1):
        interest.record_receipt(
            deal,
            by=by,
            at=END,
            slip_no=f"FX-{start}-{number}",
            period_start=start,
            period_end=end,
            paid_on=end + dt.timedelta(days=1),
            amount=Decimal(amount),
        )
        start = end + dt.timedelta(days=1)
