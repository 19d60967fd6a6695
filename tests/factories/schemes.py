"""The central scheme and a provincial sample, with eligible banks, stacking and budgets."""

import datetime as dt
from decimal import Decimal

from common.models import NATION
from schemes.models import BankEligibility, Budget, BudgetDocument, Scheme, SchemeVersion, Stacking
from tests.factories.lenders import BANKS
from tests.factories.world import HUBEI, SINCE, WAN, World, accounts


def schemes(world: World) -> None:
    """The central version of 2026 (bank nets it) and a provincial sample of half a point with a budget (firm reclaims it)."""
    central, addon = Scheme.objects.bulk_create(
        [
            Scheme(
                code="CENTRAL-EQUIP",
                name="设备更新贷款中央财政贴息",
                level="central",
                authority="city_finance",
                channel="bank_net",
                is_discretionary=False,
                yield_rank=3,
                province=NATION,
            ),
            Scheme(
                code="HB-ADDON",
                name="湖北省设备更新贷款省级贴息（示例）",
                level="province",
                authority="province",
                channel="firm_reimburse",
                is_discretionary=True,
                region=world.regions["420000"],
                yield_rank=2,
                is_sample=True,
                province=HUBEI,
            ),
        ]
    )
    common = {
        "drawdown_from": dt.date(2026, 1, 1),
        "drawdown_to": dt.date(2026, 12, 31),
        "window_months": 24,
        "interest_months": [3, 6, 9, 12],
        "requires_listed": True,
        "requires_relending": False,
        "shortfall_rule": "carry_over",
        "clawback_scope": "whole_loan",
    }
    world.central, world.addon = SchemeVersion.objects.bulk_create(
        [
            SchemeVersion(
                scheme=central,
                code="V2026",
                document_no="财金〔2026〕2号",
                announced_on=dt.date(2026, 1, 19),
                rate_bp=150,
                start_rule="loan_issued",
                subsidised_part="whole",
                prepay_share_bp=8000,
                province=NATION,
                **common,
            ),
            SchemeVersion(
                scheme=addon,
                code="HB-2026",
                document_no="【示例】",
                announced_on=dt.date(2026, 2, 1),
                rate_bp=50,
                start_rule="paid_to_supplier",
                subsidised_part="equipment",
                is_sample=True,
                province=HUBEI,
                **common,
            ),
        ]
    )
    BankEligibility.objects.bulk_create(
        [BankEligibility(version=world.central, bank=world.banks[code], province=NATION) for code, *_name, ok in BANKS if ok]
        + [BankEligibility(version=world.addon, bank=bank, province=HUBEI) for bank in world.banks.values()]
    )
    Stacking.objects.create(scheme_a=central, scheme_b=addon, rule="additive")
    amounts = {2026: Decimal(1000) * WAN, 2027: Decimal(2000) * WAN, 2028: Decimal(1000) * WAN}
    made = accounts("budget", [(f"budget:HB-ADDON:{year}", amount, None) for year, amount in amounts.items()])
    budgets = Budget.objects.bulk_create(
        Budget(scheme=addon, fiscal_year=year, account=account, province=HUBEI) for year, account in zip(amounts, made, strict=True)
    )
    BudgetDocument.objects.bulk_create(
        BudgetDocument(budget=row, number="【示例】", amount=amounts[row.fiscal_year], issued_on=SINCE, province=HUBEI) for row in budgets
    )
    world.budgets = {row.fiscal_year: row for row in budgets}
