"""Review units with the organisations they are, where they receive cases, and the chains a case climbs."""

from collections.abc import Sequence
from typing import Any

from organisations.models import Organisation, Region, ReviewChain, Unit, UnitCovers
from seeds.load.cells import day, maybe_day
from seeds.load.merge import merge
from seeds.load.places import regions
from seeds.reference import Row, split, table

COUNTY_LEVEL = ("county", "zone")


def load_units() -> None:
    places, rows = regions(), table("units")
    homes = organisations_of(Unit, rows, kind="unit", regions=[places[row["region"]] for row in rows])
    units = [
        Unit(
            organisation=homes[row["code"]],
            code=row["code"],
            kind=row["kind"],
            line=row["line"],
            region=places[row["region"]],
            province=places[row["region"]].province,
        )
        for row in rows
    ]
    known = merge(Unit, units, key=("code",))
    _load_covers(known, places)


def _load_covers(known: dict[tuple[object, ...], Unit], places: dict[str, Region]) -> None:
    """A county-level office receives where its row says; the offices above receive nothing directly."""
    covers = [
        UnitCovers(unit=known[(row["code"],)], region=places[code], province=places[code].province)
        for row in table("units")
        if row["kind"] in COUNTY_LEVEL
        for code in split(row["covers"])
    ]
    merge(UnitCovers, covers, key=("unit_id", "region_id"))


def load_chains() -> None:
    units = {unit.code: unit for unit in Unit.objects.order_by("pk")}
    links = [
        ReviewChain(
            process=row["process"],
            unit=units[row["unit"]],
            next_unit=units[row["next_unit"]] if row["next_unit"] else None,
            stages=split(row["stages"]),
            working_days=int(row["days"]),
            valid_from=day(row["valid_from"]),
            valid_to=maybe_day(row["valid_to"]),
            province=units[row["unit"]].province,
        )
        for row in table("review_chains")
    ]
    merge(ReviewChain, links, key=("process", "unit_id", "valid_from"))


def organisations_of(
    model: type[Any], rows: Sequence[Row], *, kind: str, regions: Sequence[Region | None], province: str = ""
) -> dict[str, Organisation]:
    """The organisation behind each coded row (unit, bank, branch), made or renamed as the file says, by that code."""
    known = {row.code: row.organisation for row in model.objects.select_related("organisation").order_by("pk")}
    fresh: dict[str, Organisation] = {}
    renamed = []
    for row, region in zip(rows, regions, strict=True):
        told = {
            "name": row["name"],
            "name_en": row.get("name_en", ""),
            "uscc": row.get("uscc", ""),
            "region_id": region.pk if region else None,
        }
        home = known.get(row["code"])
        if home is None:
            fresh[row["code"]] = Organisation(kind=kind, province=region.province if region else province, **told)
        elif any(getattr(home, name) != value for name, value in told.items()):
            for name, value in told.items():
                setattr(home, name, value)
            renamed.append(home)
    Organisation.objects.bulk_create(fresh.values(), batch_size=1000)
    Organisation.objects.bulk_update(renamed, ["name", "name_en", "uscc", "region"], batch_size=500)
    return known | fresh
