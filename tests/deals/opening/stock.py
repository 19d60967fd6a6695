"""Loans of the stock as a provincial office tells them: the worked example of the domain notes, with one repayment in mid-quarter."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from common.workdays import SHANGHAI
from deals.opening import steps
from deals.opening.facts import BackTold, LoanTold, PaidTold, SlipTold
from organisations.identifiers import make_uscc
from projects.identifiers import make_project_code
from schemes.models import SchemeVersion
from tests import factories
from tests.deals.subsidies import example

AT = dt.datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)
LATER = dt.datetime(2027, 6, 30, 10, tzinfo=SHANGHAI)
AS_OF = dt.date(2025, 12, 31)
A, B = example.A, example.B
CENTRAL, PROVINCE = "CENTRAL-EQUIP", "HB-ADDON"
SERIALS = iter(range(70_000, 90_000))


def day(text):
    return dt.date.fromisoformat(text)


def rules_of_2025(world):
    example.versions_of_2025(world)
    SchemeVersion.objects.filter(pk=world.central.pk).update(requires_relending=False)


def told(world, **changes):
    """20 m yuan at 2.85 %, 8 m paid on 10 March 2025 and 12 m on 25 April; 3 m came back on 5 August."""
    serial = next(SERIALS)
    facts = {
        "as_of": AS_OF,
        "programme": world.programme.code,
        "track": "industry",
        "project_code": make_project_code(given_on=dt.date(2024, 6, 3), region_code="420111", serial=serial),
        "firm_uscc": make_uscc("420111", serial),
        "firm_name": f"湖北存量设备{serial}有限公司",
        "project_name": "铸造产线设备更新项目",
        "list_number": "2024-03",
        "listed_on": day("2024-12-20"),
        "region": "420111",
        "industry": "36",
        "action": "advanced_equipment",
        "loan_purpose": "购置铸造生产线一条",
        "starts_on": day("2025-01-10"),
        "completes_on": day("2026-06-30"),
        "total_investment": Decimal(40_000_000),
        "equipment_investment": Decimal(30_000_000),
        "size": "medium",
        "ownership": "private",
        "branch": "ICBC-WH",
        "contract_no": f"HT-2025-{serial}",
        "contract_on": A,
        "amount": Decimal(20_000_000),
        "rate_bp": 285,
        "term_months": 60,
        "outstanding": Decimal(17_000_000),
        "interest_paid_to": day("2025-12-20"),
        "drawdowns": (slip("JJ-1", A, 8_000_000), slip("JJ-2", B, 12_000_000)),
        "repayments": (back("JJ-1", "2025-08-05", 3_000_000),),
    }
    return LoanTold(**facts | changes)


def slip(slip_no, on, amount, **changes):
    return SlipTold(slip_no=slip_no, drawn_on=on, amount=Decimal(amount), payee="武汉示例机床有限公司", paid_to_supplier_on=on, **changes)


def back(slip_no, on, amount):
    return BackTold(slip_no=slip_no, on=day(on), amount=Decimal(amount), voucher_no=f"HK-{slip_no}-{on}")


def paid(scheme, start, end, amount):
    return PaidTold(scheme=scheme, period_start=day(start), period_end=day(end), amount=Decimal(amount), document_no="鄂财金〔2025〕8号")


def proposed(world, cast, loan=None, **changes):
    return steps.propose(loan or told(world, **changes), province=factories.HUBEI, by=cast.zhao, at=AT)


def confirmed(world, cast, loan=None, **changes):
    """Its deal."""
    row = proposed(world, cast, loan, **changes)
    return steps.confirm(row, by=cast.sun, at=AT, seen=row.version).deal


def another(loan, **changes):
    """The same loan under another contract and by another firm."""
    serial = next(SERIALS)
    own = {
        "contract_no": f"HT-2025-{serial}",
        "firm_uscc": make_uscc("420111", serial),
        "firm_name": f"湖北存量设备{serial}有限公司",
        "project_code": make_project_code(given_on=dt.date(2024, 6, 3), region_code="420111", serial=serial),
    }
    return replace(loan, **own | changes)
