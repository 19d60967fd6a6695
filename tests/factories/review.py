"""The province without its banks: regions, units and their chains, industries, batches, policy numbers."""

import datetime as dt
from collections.abc import Mapping

from common.models import NATION
from common.workdays import SHANGHAI
from organisations.models import (
    Batch,
    Industry,
    PolicyParameter,
    Programme,
    Region,
    ReviewChain,
    Unit,
    UnitCovers,
)
from projects.models import ChangeRule, CheckKind
from tests.factories.world import HUBEI, SINCE, World, organisations

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
    "docking_meeting_days": (10, "working_days"),
    "attachment_max_mb": (1, "count"),
    "attachments_max": (3, "count"),
    "consultation_days": (5, "working_days"),
    "appeal_days": (10, "working_days"),
    "appeal_decision_days": (10, "working_days"),
    "change_decision_days": (5, "working_days"),
    "recovery_explain_days": (10, "working_days"),
    "recovery_bar_days": (1095, "days"),
    "notice_days": (5, "working_days"),
    "related_share_bp": (2500, "bp"),
    "round_trip_days": (3, "days"),
    "round_trip_share_bp": (8000, "bp"),
    "assessment_days": (5, "days"),
    "outstanding_days": (90, "days"),
    "cover_days_max": (92, "days"),
    "shown_from": (3, "count"),
    "invoice_recheck_days": (365, "days"),
    "invoice_tolerance": (10_000, "yuan"),
}
CHANGE_TIERS = {
    "amount": "city",
    "intended_banks": "firm",
    "equipment": "city",
    "dates": "county",
    "name": "province",
    "legal_representative": "county",
    "cancellation": "firm",
}
CHECK_KINDS = (("credit_list", "严重失信主体名单"), ("safety_accident", "生产安全事故"))
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


def reviewers() -> World:
    """The province without its banks: what a review needs."""
    policy()
    _rules_of_the_case()
    regions = _regions()
    units = _units(regions)
    programme = Programme.objects.create(code="EQUIP-LOAN", name="设备更新贷款对接", name_en="Equipment-renewal loans")
    return World(programme=programme, regions=regions, units=units, industries=_industries(), batches=_batches(programme))


def policy(**changed: int) -> None:
    PolicyParameter.objects.bulk_create(
        PolicyParameter(province=NATION, key=key, value=changed.get(key, value), unit=unit, valid_from=SINCE, source="测试")
        for key, (value, unit) in POLICY.items()
    )


def _rules_of_the_case() -> None:
    ChangeRule.objects.bulk_create(
        ChangeRule(field=field, tier=tier, valid_from=SINCE, source="测试") for field, tier in CHANGE_TIERS.items()
    )
    CheckKind.objects.bulk_create(CheckKind(code=code, name=name, name_en=code) for code, name in CHECK_KINDS)


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
