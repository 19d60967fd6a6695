"""Firms and their filings in any state, and the form as a firm types it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from organisations.identifiers import make_uscc
from organisations.models import (
    FirmProfile,
    Organisation,
    Unit,
)
from projects.identifiers import make_project_code
from projects.models import EquipmentItem, Filing, IntendedBank, Need, Project, ReviewStep
from tests.factories.review import UNITS
from tests.factories.world import HUBEI, NOW, TODAY, WAN, World, organisations

_serial = count(1)


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
