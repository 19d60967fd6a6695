"""Loads `seeds/data` into the database: any number of times, each kind in one transaction, a few statements per table."""

from collections.abc import Callable

from django.db import transaction

from organisations import roles
from seeds.load import lenders, offices, places, points, subsidies, words

LOADERS: dict[str, Callable[[], None]] = {  # in the order of what each needs
    "calendar": words.load_calendar,
    "regions": places.load_regions,
    "region_tags": places.load_region_tags,
    "units": offices.load_units,
    "review_chains": offices.load_chains,
    "programmes": words.load_programmes,
    "industries": words.load_industries,
    "industry_tags": words.load_industry_tags,
    "reasons": words.load_reasons,
    "policy_parameters": words.load_policy,
    "check_kinds": words.load_check_kinds,
    "change_rules": words.load_change_rules,
    "batches": words.load_batches,
    "banks": lenders.load_banks,
    "branches": lenders.load_branches,
    "products": lenders.load_products,
    "appetites": lenders.load_appetites,
    "schemes": subsidies.load_schemes,
    "scheme_versions": subsidies.load_versions,
    "stacking": subsidies.load_stacking,
    "grant_stacking": subsidies.load_grant_stacking,
    "budgets": subsidies.load_budgets,
    "relending_facility": subsidies.load_facility,
    "weights": points.load_weights,
    "desks": roles.sync,
}


def load_all(told: Callable[[str], None] = lambda _name: None) -> None:
    """Everything, in order; `told` hears the name of each kind as it is done."""
    for name, load in LOADERS.items():
        with transaction.atomic():
            load()
        told(name)
