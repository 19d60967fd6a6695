"""Rows for tests: one small province (`province()`), and firms, filings, branches to put into it. A few queries each, whatever the number.

Everything stands as it would after the real steps, but is inserted; a test of a step makes its own case by the steps before it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from common.models import NATION
from common.workdays import SHANGHAI
from deals.models import DeclineCode
from ledger.models import Entry, LedgerAccount
from lenders.models import Appetite, Bank, Branch, BranchServes, Product
from matching.models import Weights
from organisations.identifiers import make_uscc
from organisations.models import (
    Batch,
    FirmProfile,
    Industry,
    Organisation,
    PolicyParameter,
    Programme,
    Region,
    ReviewChain,
    Unit,
    UnitCovers,
)
from projects.identifiers import make_project_code
from projects.models import EquipmentItem, Filing, IntendedBank, Need, Project, ReviewStep
from schemes.models import BankEligibility, Budget, BudgetDocument, Scheme, SchemeVersion, Stacking

HUBEI = "420000"
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)  # a Monday
TODAY = NOW.date()
SINCE = dt.date(2024, 1, 1)
WAN = Decimal(10_000)

POLICY = {
    "min_investment": (5_000_000, "yuan"),
    "min_term_months": (12, "months"),
    "max_intended_banks": (3, "count"),
    "min_own_capital_share_bp": (2000, "bp"),
    "review_return_escalate": (3, "count"),
    "firm_correction_days": (5, "working_days"),
    "bank_first_contact_days": (3, "working_days"),
    "bank_decision_days": (30, "days"),
    "consent_days": (10, "days"),
    "max_live_invitations": (3, "count"),
    "standbys": (2, "count"),
    "max_options_per_need": (10, "count"),
    "expected_drawdown_days": (45, "days"),
    "round_interval_days": (30, "days"),
    "entrusted_payment_above": (10_000_000, "yuan"),
    "interest_tolerance": (1, "yuan"),
    "round_gap_warning_bp": (300, "bp"),
    "maker_checker_above": (1_000_000_000, "yuan"),
    "relist_rounds": (2, "count"),
}

REGIONS = (  # code, name, level, parent, municipal
    ("420000", "湖北省", "province", None, None),
    ("420100", "武汉市", "prefecture", "420000", "420100"),
    ("420111", "洪山区", "county", "420100", "420100"),
    ("420115", "江夏区", "county", "420100", "420100"),
    ("420200", "黄石市", "prefecture", "420000", "420200"),
    ("420205", "铁山区", "county", "420200", "420200"),
    ("429004", "仙桃市", "county_direct", "420000", "429004"),
)
COUNTY, CITY, PROVINCE = ["handler", "checker"], ["handler", "checker", "signer"], ["handler", "checker", "signer"]
UNITS = (  # code, name, kind, line, region, next unit, stages, working days, covers
    ("IND-420000", "湖北省经济和信息化厅", "province", "industry", "420000", None, PROVINCE, 5, ()),
    ("IND-420100", "武汉市经济和信息化局", "city", "industry", "420100", "IND-420000", CITY, 3, ()),
    ("IND-420111", "洪山区科学技术和经济信息化局", "county", "industry", "420111", "IND-420100", COUNTY, 3, ("420111",)),
    ("IND-420115", "江夏区经济和信息化局", "county", "industry", "420115", "IND-420100", COUNTY, 3, ("420115",)),
    ("IND-420200", "黄石市经济和信息化局", "city", "industry", "420200", "IND-420000", CITY, 3, ()),
    ("IND-420205", "铁山区经济和信息化局", "county", "industry", "420205", "IND-420200", COUNTY, 3, ("420205",)),
    ("IND-429004", "仙桃市经济和信息化局", "county", "industry", "429004", "IND-420000", COUNTY, 3, ("429004",)),
    ("ZONE-DONGHU", "武汉东湖新技术开发区管理委员会", "zone", "industry", "420111", "IND-420100", COUNTY, 3, ("420111", "420115")),
    ("NDRC-420000", "湖北省发展和改革委员会", "province", "ndrc", "420000", None, PROVINCE, 5, ()),
    ("NDRC-420100", "武汉市发展和改革委员会", "city", "ndrc", "420100", "NDRC-420000", CITY, 3, ()),
    ("NDRC-420111", "洪山区发展和改革局", "county", "ndrc", "420111", "NDRC-420100", COUNTY, 3, ("420111",)),
    ("FIN-420000", "湖北省财政厅", "province", "finance", "420000", None, PROVINCE, 5, ()),
    ("FIN-420100", "武汉市财政局", "city", "finance", "420100", "FIN-420000", CITY, 3, ()),
)
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
WEIGHTS = {
    "coverage": 1_000_000_000,
    "policy_priority": 4000,
    "amount": 1,
    "cost": 10,
    "firm_ranking": 3000,
    "house_bank": 1500,
    "stability": 2000,
}

_serial = count(1)


@dataclass
class World:
    """One province with everything a case needs on its way. Rows are found by the codes above."""

    programme: Programme
    regions: dict[str, Region]
    units: dict[str, Unit]
    industries: dict[str, Industry]
    batches: list[Batch]
    banks: dict[str, Bank] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    appetites: dict[str, Appetite] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    central: SchemeVersion | None = None
    addon: SchemeVersion | None = None
    budgets: dict[int, Budget] = field(default_factory=dict)
    weights: Weights | None = None
    decline_codes: dict[str, DeclineCode] = field(default_factory=dict)

    def __getitem__(self, code: str) -> Any:
        """A unit, branch, region or bank by its code."""
        return next(rows[code] for rows in (self.units, self.branches, self.regions, self.banks) if code in rows)


def province() -> World:
    """Regions, units and chains, industries, batches, policy numbers; banks with branches, appetite and products; schemes and budgets."""
    world = reviewers()
    _lenders(world)
    _schemes(world)
    world.weights = Weights.objects.create(
        programme=world.programme, document_no="【示例】评分权重", valid_from=SINCE, state="approved", points=WEIGHTS, province=HUBEI
    )
    world.decline_codes = decline_codes()
    return world


def reviewers() -> World:
    """The province without its banks: what a review needs."""
    policy()
    regions = _regions()
    units = _units(regions)
    programme = Programme.objects.create(code="EQUIP-LOAN", name="设备更新贷款对接", name_en="Equipment-renewal loans")
    return World(programme=programme, regions=regions, units=units, industries=_industries(), batches=_batches(programme))


def policy(**changed: int) -> None:
    PolicyParameter.objects.bulk_create(
        PolicyParameter(province=NATION, key=key, value=changed.get(key, value), unit=unit, valid_from=SINCE, source="测试")
        for key, (value, unit) in POLICY.items()
    )


def _regions() -> dict[str, Region]:
    rows: dict[str, Region] = {}
    for level in ("province", "prefecture", "county"):
        made = [
            Region(
                code=code, name=name, pinyin=code, initials=code, level=own, parent=rows.get(parent or ""), valid_from=SINCE, province=HUBEI
            )
            for code, name, own, parent, _municipal in REGIONS
            if own.startswith(level)
        ]
        Region.objects.bulk_create(made)
        rows |= {row.code: row for row in made}
    for code, _name, _level, _parent, municipal in REGIONS:
        rows[code].municipal = rows.get(municipal or "")
    Region.objects.bulk_update(rows.values(), ["municipal"])
    return rows


def _units(regions: Mapping[str, Region]) -> dict[str, Unit]:
    offices = organisations("unit", [row[1] for row in UNITS], [regions[row[4]] for row in UNITS])
    units = [
        Unit(organisation=office, code=code, kind=kind, line=line, region=regions[region], province=HUBEI)
        for office, (code, _name, kind, line, region, *_rest) in zip(offices, UNITS, strict=True)
    ]
    Unit.objects.bulk_create(units)
    found = {unit.code: unit for unit in units}
    UnitCovers.objects.bulk_create(UnitCovers(unit=found[row[0]], region=regions[code], province=HUBEI) for row in UNITS for code in row[8])
    ReviewChain.objects.bulk_create(
        ReviewChain(
            process=line,
            unit=found[code],
            next_unit=found.get(next_unit or ""),
            stages=stages,
            working_days=days,
            valid_from=SINCE,
            province=HUBEI,
        )
        for code, _name, _kind, line, _region, next_unit, stages, days, _covers in UNITS
    )
    return found


def _industries() -> dict[str, Industry]:
    section = Industry.objects.create(code="C", name="制造业", level="section")
    divisions = [
        Industry(code=code, name=name, parent=section, level="division")
        for code, name in (("26", "化学原料和化学制品制造业"), ("36", "汽车制造业"), ("39", "计算机、通信和其他电子设备制造业"))
    ]
    Industry.objects.bulk_create(divisions)
    return {"C": section} | {row.code: row for row in divisions}


def _batches(programme: Programme) -> list[Batch]:
    def closing(month: int, day: int) -> dt.datetime:
        return dt.datetime(2026, month, day, 17, 30, tzinfo=SHANGHAI)

    rows = [
        Batch(
            programme=programme,
            track=track,
            code=f"2026-{month:02d}-{track}",
            name=f"2026年{month}月批次",
            county_closes_at=closing(month, 16),
            city_closes_at=closing(month, 18),
            province_closes_at=closing(month, 20),
            province=HUBEI,
        )
        for track in ("industry", "ndrc")
        for month in (3, 4, 5)
    ]
    return Batch.objects.bulk_create(rows)


def organisations(kind: str, names: Iterable[str], regions: Iterable[Region | None], usccs: Iterable[str] = ()) -> list[Organisation]:
    names, codes = list(names), list(usccs)
    codes += [""] * (len(names) - len(codes))
    return Organisation.objects.bulk_create(
        Organisation(kind=kind, name=name, region=region, uscc=uscc, province=HUBEI)
        for name, region, uscc in zip(names, regions, codes, strict=True)
    )


def accounts(kind: str, rows: Iterable[tuple[str, Decimal | None, LedgerAccount | None]]) -> list[LedgerAccount]:
    """Accounts with their limit declared by a first entry, as `ledger.accounts.set_limit` writes it."""
    made = LedgerAccount.objects.bulk_create(
        LedgerAccount(kind=kind, code=code, name=code, limit=limit, parent=parent, last_seq=int(limit is not None), province=HUBEI)
        for code, limit, parent in rows
    )
    Entry.objects.bulk_create(
        Entry(
            account=account,
            seq=1,
            kind=Entry.Kind.LIMIT,
            amount=account.limit,
            limit_after=account.limit,
            held_after=0,
            posted_after=0,
            business_key=f"limit:{account.code}",
            at=NOW,
            by_label="测试",
            province=HUBEI,
        )
        for account in made
        if account.limit is not None
    )
    return made


def _lenders(world: World) -> None:
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
    world.products = {f"{code}-P1": _product(world.banks[code], f"{code}-P1") for code in world.banks}
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


def _product(bank: Bank, code: str, **changed: Any) -> Product:
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


def _schemes(world: World) -> None:
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


def decline_codes() -> dict[str, DeclineCode]:
    rows = [
        DeclineCode(code=code, category=category, sentence=sentence, sentence_en=code, next_step=step, next_step_en=code)
        for code, category, sentence, step in (
            ("own_funds", "need", "企业拟以自有资金实施，暂不借款。", "以后需要贷款时可再次申请推荐。"),
            ("weak_cash_flow", "financials", "项目还款现金流暂不能覆盖贷款。", "可降低金额或延长期限。"),
            ("collateral_short", "security", "可提供的担保不足。", "可改用其他担保方式。"),
        )
    ]
    return {row.code: row for row in DeclineCode.objects.bulk_create(rows)}


def firms(world: World, number: int, *, region: str = "420111", **profile: Any) -> list[Organisation]:
    """Firms with a profile, in two queries."""
    place = world.regions[region]
    serials = [next(_serial) for _ in range(number)]
    made = organisations("firm", [f"湖北测试设备{n}有限公司" for n in serials], [place] * number, [make_uscc(region, n) for n in serials])
    facts = {"size": "medium", "ownership": "private", "industry": world.industries["36"], "founded_on": dt.date(2015, 5, 1)} | profile
    FirmProfile.objects.bulk_create(FirmProfile(organisation=row, province=HUBEI, **facts) for row in made)
    return made


def firm(world: World, *, region: str = "420111", **profile: Any) -> Organisation:
    return firms(world, 1, region=region, **profile)[0]


def form(**changes: Any) -> dict[str, Any]:
    """A form that passes every rule, as a firm types it: need 2,000 万元 of an investment of 4,000 万元, at ICBC and CCB in Wuhan."""
    return {
        "name": "智能化产线改造项目",
        "project_code": make_project_code(given_on=dt.date(2026, 1, 5), region_code="420111", serial=next(_serial)),
        "region": "420111",
        "zone": "",
        "industry": "36",
        "action": "digital",
        "content": "购置数控加工中心四十台，改造两条产线。",
        "loan_purpose": "购置数控加工中心四十台",
        "starts_on": "2026-03-01",
        "completes_on": "2027-06-30",
        "total_investment": "4000",
        "equipment_investment": "3000",
        "own_capital": "1200",
        "invested": "200",
        "amount": "2000",
        "year": "2026",
        "term_months": "60",
        "rate_cap": "3.50",
        "securities": ["mortgage", "guarantee"],
        "intended_banks": ["ICBC-WH", "CCB-WH"],
        "open_to_other_banks": True,
        "asks_for_suggestions": False,
        "equipment": [
            {
                "replaces": "旧式车床",
                "name": "数控加工中心",
                "model": "VMC850",
                "unit_price": "70",
                "quantity": "40",
                "amount": "2800",
                "supplier": "武汉示例机床有限公司",
                "supplier_uscc": make_uscc("420100", 900_001),
                "is_software": False,
            },
            {"name": "制造执行系统", "unit_price": "200", "quantity": "1", "amount": "200", "is_software": True},
        ],
        "benefits": {"energy_saved_tce": "120"},
    } | changes


def filings(
    world: World,
    owners: Iterable[Organisation],
    *,
    state: str = Filing.State.LISTED,
    region: str = "420111",
    unit: str = "",
    branches: Iterable[str] = ("ICBC-WH", "CCB-WH"),
    track: str = "industry",
    amount: Decimal = Decimal(2000) * WAN,
    **need: Any,
) -> list[Filing]:
    """One filing for each firm in the wanted state, with project, equipment, a need with its named banks and its review steps.

    About ten queries for any number. `need` sets fields of the need (`open_to_other_banks`, `rate_cap_bp`, `term_months` …).
    """
    owners = list(owners)
    if state == Filing.State.DRAFT:
        return Filing.objects.bulk_create(
            Filing(firm=owner, programme=world.programme, track=track, form=form(region=region), title="智能化产线改造项目", province=HUBEI)
            for owner in owners
        )
    projects = Project.objects.bulk_create(_project(world, owner, region, amount) for owner in owners)
    EquipmentItem.objects.bulk_create(
        EquipmentItem(
            project=project,
            position=1,
            name="数控加工中心",
            unit_price=project.equipment_investment,
            quantity=1,
            amount=project.equipment_investment,
            province=HUBEI,
        )
        for project in projects
    )
    done = state not in (Filing.State.IN_REVIEW, Filing.State.RETURNED)
    is_listed = state in (Filing.State.LISTED, Filing.State.REMOVED)
    made = Filing.objects.bulk_create(
        Filing(
            firm=project.firm,
            project=project,
            programme=world.programme,
            track=track,
            batch=world.batches[0],
            state=state,
            title=project.name,
            form=form(region=region, project_code=project.code),
            submitted_at=NOW - dt.timedelta(days=20),
            list_number="2026-01" if is_listed else "",
            listed_on=TODAY if is_listed else None,
            version=1,
            province=HUBEI,
        )
        for project in projects
    )
    steps = _review_steps(world, made, unit or _receiving(world, region, track), done=done)
    if not done:
        for filing in made:
            filing.current_step = next(step for step in steps if step.filing is filing)
        Filing.objects.bulk_update(made, ["current_step"])
    needs = Need.objects.bulk_create(_need(filing, amount, need) for filing in made)
    IntendedBank.objects.bulk_create(
        IntendedBank(need=row, branch=world.branches[code], rank=rank, province=HUBEI)
        for row in needs
        for rank, code in enumerate(branches, start=1)
    )
    return made


def filing(world: World, owner: Organisation | None = None, **options: Any) -> Filing:
    return filings(world, [owner or firm(world, region=options.get("region", "420111"))], **options)[0]


def _project(world: World, owner: Organisation, region: str, amount: Decimal) -> Project:
    serial = next(_serial)
    return Project(
        firm=owner,
        name=f"智能化产线改造项目{serial}",
        code=make_project_code(given_on=dt.date(2026, 1, 5), region_code=region, serial=serial),
        region=world.regions[region],
        industry=world.industries["36"],
        action="digital",
        content="购置数控加工中心",
        loan_purpose="购置数控加工中心",
        starts_on=dt.date(2026, 3, 1),
        completes_on=dt.date(2027, 6, 30),
        total_investment=amount * 2,
        equipment_investment=amount,
        own_capital=amount / 2,
        province=HUBEI,
    )


def _need(filing: Filing, amount: Decimal, changed: Mapping[str, Any]) -> Need:
    facts = {"year": 2026, "amount": amount, "term_months": 60, "rate_cap_bp": 350, "securities": ["mortgage", "guarantee"]}
    return Need(
        filing=filing, project=filing.project, firm=filing.firm, province=HUBEI, **(facts | {"open_to_other_banks": True} | dict(changed))
    )


def _receiving(world: World, region: str, track: str) -> str:
    return next(row[0] for row in UNITS if row[3] == track and row[2] == "county" and row[4] == region)


def _review_steps(world: World, made: list[Filing], first: str, *, done: bool) -> list[ReviewStep]:
    rows = {row[0]: row for row in UNITS}
    path: list[tuple[Unit, str, int]] = []
    code: str | None = first
    while code:
        _code, _name, _kind, _line, _region, next_code, stages, days, _covers = rows[code]
        path += [(world.units[code], stage, days) for stage in stages]
        code = next_code
    return ReviewStep.objects.bulk_create(
        ReviewStep(
            filing=filing,
            position=position,
            unit=unit,
            stage=stage,
            working_days=days,
            started_at=NOW if done or position == 1 else None,
            passed_at=NOW if done else None,
            province=HUBEI,
        )
        for filing in made
        for position, (unit, stage, days) in enumerate(path, start=1)
    )
