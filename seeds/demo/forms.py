"""An invented application as its firm would type it."""

from decimal import Decimal
from typing import Any

from seeds.rows import EquipmentRow, FilingRow

WAN = Decimal(10_000)


def form_of(row: FilingRow) -> dict[str, Any]:
    now, *later = row.needs
    return {
        "name": row.name,
        "project_code": row.project_code,
        "region": row.region,
        "zone": row.zone,
        "industry": row.industry,
        "action": row.action,
        "content": row.content,
        "loan_purpose": "购置" + "、".join(item.name for item in row.equipment),
        "starts_on": row.start_on.isoformat(),
        "completes_on": row.finish_on.isoformat(),
        "total_investment": _wan(row.total_investment_yuan),
        "equipment_investment": _wan(row.equipment_investment_yuan),
        "own_capital": _wan(row.own_capital_yuan),
        "invested": _wan(row.invested_yuan),
        "amount": _wan(now.amount_yuan),
        "year": str(now.year),
        "later_needs": [{"year": str(need.year), "amount": _wan(need.amount_yuan)} for need in later],
        "term_months": str(row.term_months),
        "rate_cap": f"{Decimal(row.rate_cap_bp) / 100:.2f}",
        "securities": [row.security],
        "intended_banks": list(row.intended),
        "open_to_other_banks": row.open_to_other_banks,
        "asks_for_suggestions": row.asks_for_suggestions,
        "equipment": [_equipment(item) for item in row.equipment],
        "benefits": {
            "energy_saved_tce": str(row.energy_saved_tce),
            "co2_saved_t": str(row.co2_saved_t),
            "output_gain": _wan(row.output_gain_yuan),
            "jobs": str(row.jobs),
        },
    }


def _equipment(item: EquipmentRow) -> dict[str, Any]:
    return {
        "replaces": item.replaces,
        "name": item.name,
        "model": item.model,
        "unit_price": _wan(item.unit_price_yuan),
        "quantity": str(item.quantity),
        "amount": _wan(item.amount_yuan),
        "supplier": item.supplier_name,
        "supplier_uscc": item.supplier_uscc,
        "is_software": item.is_software,
    }


def _wan(yuan: Decimal) -> str:
    """Yuan as an official types it: 万元, no more digits than needed."""
    return f"{(yuan / WAN).normalize():f}"
