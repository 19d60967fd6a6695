"""Codes with their names, as they stand in cells and validation lists: "420111 洪山区". The readers of fields take the code before the blank."""

from collections.abc import Mapping
from dataclasses import dataclass

from lenders.models import Branch
from organisations.models import Industry, Region, Unit


@dataclass(frozen=True)
class Words:
    """Code → code and name, in the order lists offer them."""

    regions: Mapping[str, str]
    zones: Mapping[str, str]
    industries: Mapping[str, str]
    branches: Mapping[str, str]

    @classmethod
    def load(cls) -> "Words":
        counties = Region.objects.filter(level__in=[Region.Level.COUNTY, Region.Level.COUNTY_DIRECT], valid_to=None)
        zones = Unit.objects.filter(kind=Unit.Kind.ZONE, organisation__is_active=True)
        branches = Branch.objects.filter(organisation__is_active=True)
        return cls(
            regions=_named(counties.order_by("code").values_list("code", "name")),
            zones=_named(zones.order_by("code").values_list("code", "organisation__name")),
            industries=_named(Industry.objects.order_by("code").values_list("code", "name")),
            branches=_named(branches.order_by("bank__code", "code").values_list("code", "organisation__name")),
        )


def _named(rows: object) -> dict[str, str]:
    return {code: f"{code} {name}" for code, name in rows}  # type: ignore[attr-defined]  # rows of a query
