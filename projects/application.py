"""What a firm typed, read into typed values, or every reason why it cannot be."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q

from common.errors import Invalid, Problem
from lenders.models import Branch
from organisations import policy
from organisations.models import FirmBar, Industry, Organisation, Region, Unit, UnitCovers
from projects.eligibility import Circumstances, broken_rules
from projects.form_fields import FORM_FIELDS, FormField
from projects.reading import Known, read_fields

POLICY_KEYS = ["min_investment", "min_term_months", "max_intended_banks", "min_own_capital_share_bp"]


@dataclass(frozen=True)
class EquipmentRow:
    name: str
    model: str
    unit_price: Decimal
    quantity: int
    amount: Decimal
    supplier: str
    supplier_uscc: str
    replaces: str
    is_software: bool


@dataclass(frozen=True)
class Application:
    """A form that satisfies every rule: amounts in yuan, the rate in basis points, places and banks as rows."""

    name: str
    project_code: str
    region: Region
    zone: Unit | None
    industry: Industry
    action: str
    content: str
    loan_purpose: str
    starts_on: dt.date
    completes_on: dt.date
    total_investment: Decimal
    equipment_investment: Decimal
    own_capital: Decimal
    invested: Decimal
    needs: tuple[tuple[int, Decimal], ...]  # year, amount
    term_months: int
    rate_cap_bp: int | None
    securities: tuple[str, ...]
    branch_ids: tuple[int, ...]
    open_to_other_banks: bool
    asks_for_suggestions: bool
    equipment: tuple[EquipmentRow, ...]
    benefits: Mapping[str, Any]


def parse(form: Mapping[str, Any], *, firm: Organisation, on: dt.date, known: Known, filed_on: dt.date | None = None) -> Application:
    """Read the form. Raises Invalid with every problem: field path, code, sentence with the value, remedy."""
    values, problems = examine(form, firm=firm, on=on, known=known, filed_on=filed_on)
    if problems:
        raise Invalid(problems)
    return _application(values)


def examine(
    form: Mapping[str, Any],
    *,
    firm: Organisation,
    on: dt.date,
    known: Known,
    fields: tuple[FormField, ...] = FORM_FIELDS,
    filed_on: dt.date | None = None,
) -> tuple[dict[str, Any], list[Problem]]:
    """The values that could be read, and every problem: of a field, or of a rule whose fields could be read."""
    values, problems = read_fields(fields, form, known)
    bars = known.bars.get(firm.pk, ())
    circumstances = Circumstances(firm=firm, on=on, policy=known.policy, bars=bars, zone_regions=known.zone_regions, filed_on=filed_on)
    return values, problems + broken_rules(values, circumstances)


def load_known(firms: Iterable[Organisation], *, province: str, on: dt.date) -> Known:
    """Everything forms of these firms are read against: a handful of queries for any number of forms."""
    in_force = Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gte=on))
    zones = Unit.objects.filter(kind=Unit.Kind.ZONE, province=province, organisation__is_active=True).select_related("organisation")
    zone_regions: dict[int, set[int]] = defaultdict(set)
    for unit_id, region_id in UnitCovers.objects.filter(unit__kind=Unit.Kind.ZONE, province=province).values_list("unit", "region"):
        zone_regions[unit_id].add(region_id)
    bars: dict[int, list[FirmBar]] = defaultdict(list)
    for bar in FirmBar.objects.filter(in_force, firm__in={firm.pk for firm in firms}).order_by("id"):
        bars[bar.firm_id].append(bar)
    return Known(
        regions={row.code: row for row in Region.objects.filter(in_force, province=province).order_by("valid_from")},
        zones={row.code: row for row in zones},
        zone_regions={unit_id: frozenset(regions) for unit_id, regions in zone_regions.items()},
        industries={row.code: row for row in Industry.objects.order_by("edition")},
        branches={row.code: row for row in Branch.objects.filter(organisation__is_active=True).select_related("organisation")},
        policy=policy.values(POLICY_KEYS, province=province, on=on),
        bars={firm_id: tuple(rows) for firm_id, rows in bars.items()},
    )


def _application(values: Mapping[str, Any]) -> Application:
    first = (values["year"], values["amount"])
    taken_over = {
        name: values[name]
        for name in (
            "name", "project_code", "region", "zone", "industry", "action", "content", "loan_purpose", "starts_on", "completes_on",
            "total_investment", "equipment_investment", "own_capital", "term_months", "open_to_other_banks", "asks_for_suggestions",
            "benefits",
        )
    }  # fmt: skip
    return Application(
        **taken_over,
        invested=values["invested"] or Decimal(0),
        needs=(first, *((row["year"], row["amount"]) for row in values["later_needs"])),
        rate_cap_bp=values["rate_cap"],
        securities=tuple(values["securities"]),
        branch_ids=tuple(branch.pk for branch in values["intended_banks"]),
        equipment=tuple(EquipmentRow(**row) for row in values["equipment"]),
    )
