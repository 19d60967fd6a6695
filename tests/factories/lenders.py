"""Banks, branches and where they serve, appetites with their accounts, products."""

import datetime as dt
from decimal import Decimal
from typing import Any

from lenders.models import Appetite, Bank, Branch, BranchServes, Product
from tests.factories.world import HUBEI, SINCE, WAN, World, accounts, organisations

BANKS = (  # code, short name, kind, eligible for the central scheme
    ("ICBC", "工商银行", "state", True),
    ("CCB", "建设银行", "state", True),
    ("HBB", "湖北银行", "city", False),
)
BRANCHES = (  # code, bank, parent, name, level, region, serves, appetite in 万元
    ("ICBC-HB", "ICBC", None, "工商银行湖北省分行", "provincial", "420100", ("420000",), None),
    ("ICBC-WH", "ICBC", "ICBC-HB", "工商银行武汉分行", "city", "420100", ("420100",), 50_000),
    ("CCB-WH", "CCB", None, "建设银行武汉分行", "city", "420100", ("420100",), 40_000),
    ("CCB-XT", "CCB", None, "建设银行仙桃支行", "outlet", "429004", ("429004",), 20_000),
    ("HBB-WH", "HBB", None, "湖北银行武汉分行", "city", "420100", ("420100",), 30_000),
)


def lenders(world: World) -> None:
    wuhan = world.regions["420100"]
    heads = organisations("bank", [name for _code, name, *_rest in BANKS], [wuhan] * len(BANKS))
    banks = Bank.objects.bulk_create(
        Bank(organisation=head, code=code, short_name=name, kind=kind, province=HUBEI)
        for head, (code, name, kind, _eligible) in zip(heads, BANKS, strict=True)
    )
    world.banks = {row.code: row for row in banks}
    _branches(world)
    limits = accounts("appetite", [(f"appetite:{row.code}:2026", Decimal(100_000) * WAN, None) for row in banks])
    totals = dict(zip(world.banks, limits, strict=True))
    Appetite.objects.bulk_create(_appetite(world, bank=world.banks[code], account=account) for code, account in totals.items())
    declared = [row for row in BRANCHES if row[7] is not None]
    made = accounts("appetite", [(f"appetite:{row[0]}:2026", Decimal(row[7]) * WAN, totals[row[1]]) for row in declared])
    world.appetites = {
        row[0]: _appetite(world, bank=world.banks[row[1]], branch=world.branches[row[0]], account=account, case_load=20)
        for row, account in zip(declared, made, strict=True)
    }
    Appetite.objects.bulk_create(world.appetites.values())
    world.products = {f"{code}-P1": product(world.banks[code], f"{code}-P1") for code in world.banks}
    Product.objects.bulk_create(world.products.values())


def _branches(world: World) -> None:
    places = [world.regions[row[5]] for row in BRANCHES]
    offices = organisations("branch", [row[3] for row in BRANCHES], places)
    world.branches = {
        code: Branch(organisation=office, bank=world.banks[bank], code=code, level=level, region=place, province=HUBEI)
        for office, place, (code, bank, _parent, _name, level, *_rest) in zip(offices, places, BRANCHES, strict=True)
    }
    Branch.objects.bulk_create(world.branches.values())
    children = [row for row in BRANCHES if row[2]]
    for code, _bank, parent, *_rest in children:
        world.branches[code].parent = world.branches[parent]
    Branch.objects.bulk_update([world.branches[row[0]] for row in children], ["parent"])
    BranchServes.objects.bulk_create(
        BranchServes(branch=world.branches[row[0]], region=world.regions[region], province=HUBEI) for row in BRANCHES for region in row[6]
    )


def _appetite(world: World, **fields: Any) -> Appetite:
    return Appetite(
        programme=world.programme, period="2026", valid_from=dt.date(2026, 1, 1), valid_to=dt.date(2026, 12, 31), province=HUBEI, **fields
    )


def product(bank: Bank, code: str, **changed: Any) -> Product:
    return Product(
        bank=bank,
        code=code,
        **{
            "name": f"{bank.short_name}设备更新贷",
            "amount_min": Decimal(100) * WAN,
            "amount_max": Decimal(50_000) * WAN,
            "term_min_months": 12,
            "term_max_months": 120,
            "rate_min_bp": 260,
            "rate_max_bp": 320,
            "securities": ["credit", "mortgage", "pledge", "guarantee", "guarantor"],
            "sizes": ["large", "medium", "small", "micro"],
            "valid_from": SINCE,
            "province": HUBEI,
        }
        | changed,
    )
