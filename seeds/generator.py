"""Invents the firms and filings of the demo province. The same seed gives the same rows, on any machine: only `random.Random` is used.

Everything here is FICTIONAL. Places, units, banks and branches come from `seeds/data`; sizes and terms follow the published figures
of the first batches (median need 8 million yuan with a long tail).
"""

import math
import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from organisations.identifiers import make_uscc
from projects.identifiers import make_project_code
from seeds import names as words
from seeds.reference import branches_serving, indexed, split, table
from seeds.rows import TARGET_SHARES, EquipmentRow, FilingRow, FirmRow, FirmYearRow, NeedRow, PermitRow
from seeds.stories import AS_OF, ROUND_ON, draw_story

SEED = 20261012
WAN = Decimal(10_000)
LEAST_INVESTMENT_WAN = 500  # the list takes nothing smaller
FIRST_SUPPLIER = 900_001  # serial numbers of invented codes: firms below, suppliers from here
ZONE_SHARE = 0.35  # of the projects in a county that has a zone
REFILED_SHARE = 0.5  # of the filings that were not listed: filed again in a later batch
ENERGY_PERMIT_WORDS = {"environment": "环审", "energy": "节能审", "safety": "安预审", "land": "土预审"}


def firms(n: int = 1500, seed: int = SEED) -> list[FirmRow]:
    rng = random.Random(f"{seed}:firms")
    places = _places(n)
    rng.shuffle(places)
    brands = [a + b for a in words.BRAND_FIRST for b in words.BRAND_LAST]
    rng.shuffle(brands)
    names: set[str] = set()
    return [_firm(rng, region, brands[i % len(brands)], names, i) for i, region in enumerate(places)]


def filings(firms: Sequence[FirmRow], n: int = 2000, seed: int = SEED) -> list[FilingRow]:
    rng = random.Random(f"{seed}:filings")
    suppliers = _suppliers(rng, 80)
    targets = _targets(n)
    rng.shuffle(targets)
    refiled = int(targets.count("not_listed") * REFILED_SHARE)
    by_uscc = {firm.uscc: firm for firm in firms}
    rows: list[FilingRow] = []
    lost: list[FilingRow] = []
    owners = _owners(rng, firms, n)
    for i, target in enumerate(targets):
        key = f"F{i + 1:05d}"
        if refiled and lost and target.startswith("listed"):
            refiled -= 1
            earlier = lost.pop(0)
            rows.append(draw_story(rng, _filed_again(earlier, key), target, by_uscc[earlier.firm_uscc]))
            continue
        firm = owners[i]
        row = draw_story(rng, _filing(rng, firm, key, suppliers), target, firm)
        rows.append(row)
        if target == "not_listed" and row.batch == "2026-01":
            lost.append(row)
    return rows


def committed_yuan(filings: Sequence[FilingRow]) -> dict[str, Decimal]:
    """What each branch has promised to firms that chose it, or signed with them, before the demo's round."""
    promised: dict[str, Decimal] = {}
    for row in filings:
        deals = [step for step in row.bank_story if step.verb in ("confirm", "approve_credit", "sign") and step.amount_yuan is not None]
        if deals:
            last = deals[-1]
            assert last.amount_yuan is not None
            promised[last.branch] = promised.get(last.branch, Decimal(0)) + last.amount_yuan
    return promised


# firms


def _places(n: int) -> list[str]:
    """The county of each firm: at least one firm in each of the 17 units, counties by a fixed uneven spread."""
    counties: dict[str, list[str]] = {}
    for row in table("regions"):
        if row["level"] in ("county", "county_direct"):
            counties.setdefault(row["municipal_code"], []).append(row["code"])
    total = sum(words.UNIT_WEIGHTS.values())
    places: list[str] = []
    for unit, weight in words.UNIT_WEIGHTS.items():
        share = max(1, round(n * weight / total))
        spread = random.Random(f"spread:{unit}")
        weights = [spread.lognormvariate(0, 0.5) for _ in counties[unit]]
        places += spread.choices(counties[unit], weights=weights, k=share)
    biggest = max(counties["420100"])
    return (places + [biggest] * n)[:n]


def _firm(rng: random.Random, region: str, brand: str, names: set[str], index: int) -> FirmRow:
    place = indexed("regions")[region]
    local = words.LOCAL_INDUSTRIES[place["municipal_code"]]
    mix = {code: words.COMMON_INDUSTRIES.get(code, 0) + local.get(code, 0) for code in words.COMMON_INDUSTRIES}
    industry = rng.choices(list(mix), weights=list(mix.values()))[0]
    registered = region if rng.random() > 0.05 else rng.choice(list(indexed("regions")))
    if indexed("regions")[registered]["level"] not in ("county", "county_direct"):
        registered = region
    staff = max(6, round(math.exp(rng.gauss(math.log(95), 1.05))))
    revenue = (Decimal(round(staff * rng.lognormvariate(math.log(62), 0.5))) * WAN).quantize(Decimal(1))
    size = _size(staff, revenue)
    ownership = rng.choices(("private", "state", "foreign", "collective"), weights=(84, 9, 5, 2) if size != "large" else (55, 30, 12, 3))[0]
    phone = f"1540000{index % 10_000:04d}"  # 154 is a range not given to any operator
    return FirmRow(
        uscc=make_uscc(registered, index + 1),
        name=_firm_name(rng, place, brand, industry, size, names),
        brand=brand,
        region=region,
        registered_region=registered,
        industry=industry,
        size=size,
        ownership=ownership,
        founded_on=date(rng.choice(range(1994, 2023)), rng.randrange(1, 13), rng.randrange(1, 28)),
        legal_representative=_person(rng),
        contact_name=_person(rng),
        contact_phone=phone,
        contact_email=f"firm{index + 1:04d}@example.com",
        staff=staff,
        years=_years(rng, revenue),
        honours=_honours(rng, size),
        house_bank=_house_bank(rng, region),
        existing_loans_yuan=Decimal(0) if rng.random() < 0.22 else (revenue * Decimal(rng.randrange(5, 45)) / 100 // WAN) * WAN,
        bar="serious_dishonesty" if rng.random() < 0.006 else "",
    )


def _size(staff: int, revenue_yuan: Decimal) -> str:
    """Industry rule of the 2011 size standard: both marks must be reached."""
    for size, least_staff, least_revenue in (("large", 1000, 40_000), ("medium", 300, 2_000), ("small", 20, 300)):
        if staff >= least_staff and revenue_yuan >= least_revenue * WAN:
            return size
    return "micro"


def _place_word(place: dict[str, str]) -> str:
    name = place["name"].replace("土家族自治县", "").replace("林区", "")
    return name[:-1] if len(name) > 2 and name[-1] in "市区县" else name.rstrip("县") or name


def _firm_name(rng: random.Random, place: dict[str, str], brand: str, industry: str, size: str, names: set[str]) -> str:
    city = indexed("regions")[place["municipal_code"]]
    front = rng.choices(("湖北", _place_word(city)[:2], _place_word(place)), weights=(35, 35, 30))[0]
    word = rng.choice(words.TRADES[industry].words)
    form = "股份有限公司" if size in ("large", "medium") and rng.random() < 0.35 else "有限公司"
    name = f"{front}{brand}{word}{form}"
    if name in names:
        name = f"{front}{brand}{word}科技{form}"
    while name in names:
        name = f"{front}{rng.choice(words.BRAND_FIRST)}{brand}{word}{form}"
    names.add(name)
    return name


def _person(rng: random.Random) -> str:
    given = rng.choice(words.GIVEN_FIRST) if rng.random() < 0.75 else ""
    return rng.choice(words.SURNAMES) + given + rng.choice(words.GIVEN_LAST)


def _years(rng: random.Random, revenue: Decimal) -> tuple[FirmYearRow, ...]:
    rows = []
    for year in (2025, 2024, 2023):
        assets = revenue * Decimal(rng.randrange(70, 160)) / 100
        rows.append(
            FirmYearRow(
                year=year,
                assets_yuan=assets.quantize(Decimal("0.01")),
                liabilities_yuan=(assets * Decimal(rng.randrange(28, 78)) / 100).quantize(Decimal("0.01")),
                revenue_yuan=revenue.quantize(Decimal("0.01")),
                profit_yuan=(revenue * Decimal(rng.randrange(-30, 130)) / 1000).quantize(Decimal("0.01")),
                tax_yuan=(revenue * Decimal(rng.randrange(10, 60)) / 1000).quantize(Decimal("0.01")),
            )
        )
        revenue = (revenue * 100 / Decimal(rng.randrange(94, 125))).quantize(Decimal("0.01"))
    return tuple(reversed(rows))


def _honours(rng: random.Random, size: str) -> tuple[str, ...]:
    more = {"large": 2.0, "medium": 1.8, "small": 1.0, "micro": 0.3}[size]
    shares = (
        ("high_tech", 0.28),
        ("specialised_provincial", 0.2),
        ("innovative_sme", 0.14),
        ("tech_sme", 0.18),
        ("little_giant", 0.035),
        ("champion", 0.008),
    )
    found = [honour for honour, share in shares if rng.random() < share * more]
    return tuple(
        h for h in found if not (size == "large" and h in ("innovative_sme", "tech_sme", "specialised_provincial", "little_giant"))
    )


def _house_bank(rng: random.Random, region: str) -> str:
    """A bank with an office near by, more likely a large one."""
    by_kind = {"state": 6, "rural": 4, "city": 3, "joint_stock": 2, "policy": 0}
    by_level = {"outlet": 2.0, "city": 1.0, "provincial": 0.3}
    near = branches_serving(region)
    return rng.choices(near, weights=[by_kind[indexed("banks")[row["bank"]]["kind"]] * by_level[row["level"]] for row in near])[0]["bank"]


# filings


def _targets(n: int) -> list[str]:
    counts = {target: n * share // 10_000 for target, share in TARGET_SHARES.items()}
    targets = [target for target, count in counts.items() for _ in range(count)]
    return targets + ["listed_declined"] * (n - len(targets))


def _owners(rng: random.Random, firms: Sequence[FirmRow], n: int) -> list[FirmRow]:
    """Six firms in seven file something; the larger ones file more than once."""
    some = rng.sample(range(len(firms)), min(n, len(firms) * 6 // 7))
    weights = [{"large": 6, "medium": 4, "small": 2, "micro": 1}[firm.size] for firm in firms]
    more = rng.choices(range(len(firms)), weights=weights, k=n - len(some))
    order = some + more
    rng.shuffle(order)
    return [firms[i] for i in order]


def _suppliers(rng: random.Random, n: int) -> list[tuple[str, str]]:
    regions = ("320500", "330100", "440300", "370100", "310115", "430100", "340100", "500100")
    names: set[str] = set()
    while len(names) < n:
        names.add(
            rng.choice(words.SUPPLIER_PLACES)
            + rng.choice(words.BRAND_FIRST)
            + rng.choice(words.BRAND_LAST)
            + rng.choice(words.SUPPLIER_WORDS)
            + "有限公司"
        )
    return [(name, make_uscc(rng.choice(regions), FIRST_SUPPLIER + i)) for i, name in enumerate(sorted(names))]


def _filing(rng: random.Random, firm: FirmRow, key: str, suppliers: list[tuple[str, str]]) -> FilingRow:
    trade = words.TRADES[firm.industry]
    action = rng.choices(list(words.ACTION_WORDS), weights=(45, 25, 20, 10))[0]
    line = rng.choice(trade.lines)
    money = _money(rng, firm)
    start_on = date(2025, 9, 1) + timedelta(days=rng.randrange(0, 420))
    zone = _zone(rng, firm.region)
    kit = _kit(rng, firm, action, money["equipment"], suppliers, start_on)
    started = start_on <= ROUND_ON
    return FilingRow(
        key=key,
        project_key=f"P{key[1:]}",
        firm_uscc=firm.uscc,
        name=f"{firm.brand}{line}{'智能化' if action == 'digital' else ''}设备更新改造项目",
        content=_content(line, action, kit),
        project_code=make_project_code(
            given_on=date(2025 if start_on < date(2026, 3, 1) else 2026, rng.randrange(1, 9), 1),
            region_code=firm.region,
            serial=int(key[1:]),
        ),
        track="industry",
        batch="",
        region=firm.region,
        zone=zone,
        receiving_unit=zone or f"IND-{firm.region}",
        action=action,
        industry=firm.industry,
        total_investment_yuan=money["total"],
        equipment_investment_yuan=money["equipment"],
        own_capital_yuan=money["own"],
        invested_yuan=(money["own"] * rng.randrange(10, 95) / 100 // WAN) * WAN if started else Decimal(0),
        need_yuan=money["need"],
        needs=_needs(rng, money["need"]),
        term_months=rng.choices((12, 24, 36, 48, 60, 84, 96, 120), weights=(6, 14, 30, 8, 28, 8, 4, 2))[0],
        rate_cap_bp=rng.choice(range(310, 451, 10)),
        repayment=rng.choices(("instalments", "bullet"), weights=(7, 3))[0],
        security=rng.choices(("mortgage", "guarantee", "credit", "pledge", "guarantor"), weights=(42, 20, 14, 9, 15))[0],
        stage="under_construction" if started else "planned",
        start_on=start_on,
        finish_on=max(start_on + timedelta(days=rng.randrange(150, 720)), AS_OF + timedelta(days=rng.randrange(60, 300))),
        intended=(),
        open_to_other_banks=False,
        asks_for_suggestions=False,
        equipment=kit,
        permits=_permits(rng, start_on),
        energy_saved_tce=rng.randrange(20, 2400) if action == "green" else rng.randrange(0, 400),
        co2_saved_t=rng.randrange(40, 5200),
        output_gain_yuan=(money["total"] * rng.randrange(40, 260) / 100 // WAN) * WAN,
        jobs=rng.randrange(0, 90),
        target="draft",
    )


def _filed_again(earlier: FilingRow, key: str) -> FilingRow:
    """The same project in a later batch: the form is taken over, only the passage is new."""
    keep = {name: getattr(earlier, name) for name in FilingRow.__slots__}
    keep.update(key=key, batch="", target="draft", stop_tier="", reason="", submitted_on=None, decided_on=None, listed_on=None)
    return FilingRow(**keep)


def _money(rng: random.Random, firm: FirmRow) -> dict[str, Decimal]:
    """Need lognormal around 8 million yuan, larger for larger firms; own capital at least 20 % and need + own capital within the total."""
    middle = math.log(800) + 0.4 * math.log(firm.staff / 95)
    need_wan = min(50_000, max(100, round(math.exp(rng.gauss(middle, 1.1)))))
    step = 100 if need_wan >= 3000 else 10
    need_wan = max(100, need_wan // step * step)
    total_wan = max(LEAST_INVESTMENT_WAN, math.ceil(need_wan / rng.uniform(0.42, 0.75)))
    own_wan = max(math.ceil(total_wan * 0.2), round((total_wan - need_wan) * rng.uniform(0.7, 1.0)))
    own_wan = min(own_wan, total_wan - need_wan)
    equipment_wan = max(round(total_wan * rng.uniform(0.5, 0.92)), min(total_wan, round(need_wan * 0.8)))
    values = {"need": need_wan, "total": total_wan, "own": own_wan, "equipment": equipment_wan}
    return {name: Decimal(value) * WAN for name, value in values.items()}


def _needs(rng: random.Random, need: Decimal) -> tuple[NeedRow, ...]:
    if rng.random() > 0.15 or need < 300 * WAN:
        return (NeedRow(2026, need),)
    now = (need * rng.randrange(40, 80) / 100 // (10 * WAN)) * (10 * WAN)
    return (NeedRow(2026, now), NeedRow(2027, need - now))


def _zone(rng: random.Random, region: str) -> str:
    zones = [row["code"] for row in table("units") if row["kind"] == "zone" and region in split(row["covers"])]
    return rng.choice(zones) if zones and rng.random() < ZONE_SHARE else ""


def _kit(
    rng: random.Random, firm: FirmRow, action: str, amount: Decimal, suppliers: list[tuple[str, str]], start_on: date
) -> tuple[EquipmentRow, ...]:
    """Two to five rows whose amounts add up to the equipment investment exactly."""
    count = rng.choice((2, 3, 3, 4, 4, 5))
    own = list(words.TRADES[firm.industry].kit)
    names = rng.sample(own, min(count - 1, len(own)))
    names += (
        rng.sample(words.ACTION_KIT[action], count - len(names))
        if count - len(names) <= len(words.ACTION_KIT[action])
        else list(words.ACTION_KIT[action])
    )
    shares = [rng.uniform(0.5, 2.0) for _ in names]
    rows = []
    left = amount
    for line, (name, share) in enumerate(zip(names, shares, strict=True), start=1):
        last = line == len(names)
        quantity = 1 if last else rng.choice((1, 1, 2, 2, 4, 6, 10))
        price = left if last else (amount * Decimal(round(share * 1000)) / Decimal(round(sum(shares) * 1000)) / quantity // 1000) * 1000
        left -= price * quantity
        software = "软件" in name
        supplier = rng.choice([s for s in suppliers if (s[0].endswith("软件有限公司")) == software])
        contract_on = start_on + timedelta(days=rng.randrange(-60, 90))
        contracted = contract_on <= ROUND_ON
        replaces = not software and rng.random() < 0.75
        rows.append(
            EquipmentRow(
                line=line,
                name=name,
                model=f"{rng.choice('ABCDFGHKLMTX')}{rng.choice('ACKTXZ')}-{rng.randrange(100, 9900)}",
                unit_price_yuan=price,
                quantity=quantity,
                amount_yuan=price * quantity,
                supplier_name=supplier[0],
                supplier_uscc=supplier[1],
                country=rng.choices(("CN", "DE", "JP", "IT"), weights=(90, 4, 4, 2))[0],
                contract_no=f"HT{contract_on:%Y%m}-{rng.randrange(1000):03d}" if contracted else "",
                contract_on=contract_on if contracted else None,
                efficiency="" if software else rng.choice(("1级", "1级", "节能水平", "2级")),
                is_software=software,
                replaces=f"旧{name}" if replaces else "",
                replaces_year=rng.randrange(2004, 2017) if replaces else None,
            )
        )
    return tuple(rows)


def _content(line: str, action: str, kit: tuple[EquipmentRow, ...]) -> str:
    bought = "、".join(f"{row.name}{row.quantity}{'套' if row.is_software else '台（套）'}" for row in kit)
    old = sum(row.quantity for row in kit if row.replaces)
    retired = f"，淘汰老旧设备{old}台（套）" if old else ""
    return f"购置{bought}等设备，对{line}实施{words.ACTION_WORDS[action]}{retired}。"


def _permits(rng: random.Random, start_on: date) -> tuple[PermitRow, ...]:
    rows = [PermitRow("filing", f"备{rng.randrange(10**6, 10**7)}", start_on - timedelta(days=rng.randrange(30, 200)))]
    for kind, word in ENERGY_PERMIT_WORDS.items():
        needed = rng.random() < {"environment": 0.7, "energy": 0.35, "safety": 0.3, "land": 0.15}[kind]
        on = start_on - timedelta(days=rng.randrange(10, 160))
        rows.append(PermitRow(kind, f"{word}〔{on.year}〕{rng.randrange(1, 400)}号" if needed else "", on if needed else None))
    return tuple(rows)
