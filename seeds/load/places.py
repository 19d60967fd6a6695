"""Regions and their tags. Parents and municipal units are what each row states, never what a code's digits suggest."""

from organisations.models import Region, RegionTag
from seeds.load.cells import day, maybe_day
from seeds.load.merge import merge
from seeds.reference import flag, table

LEVELS = ("province", "prefecture", "county", "county_direct")


def load_regions() -> None:
    """Level by level, so that a parent exists before its children; then the links between rows of any level."""
    for level in LEVELS:
        known = _by_code()
        rows = [row for row in table("regions") if row["level"] == level]
        merge(Region, [_region(row, known) for row in rows], key=("code", "valid_from"), keep=("municipal_id", "successor_id"))
    known = _by_code()
    linked = []
    for row in table("regions"):
        region = known[row["code"]]
        links = (
            known[row["municipal_code"]].pk if row["municipal_code"] else None,
            known[row["successor"]].pk if row["successor"] else None,
        )
        if (region.municipal_id, region.successor_id) != links:
            region.municipal_id, region.successor_id = links
            linked.append(region)
    Region.objects.bulk_update(linked, ["municipal", "successor"], batch_size=500)


def load_region_tags() -> None:
    known = _by_code()
    tags = [
        RegionTag(
            region=known[row["region"]],
            kind=row["kind"],
            value=row["value"],
            source=row["source"],
            is_fictional=flag(row["fictional"]),
            valid_from=day(row["valid_from"]),
            valid_to=maybe_day(row["valid_to"]),
            province=known[row["region"]].province,
        )
        for row in table("region_tags")
    ]
    merge(RegionTag, tags, key=("region_id", "kind", "value", "valid_from"))


def regions() -> dict[str, Region]:
    """Today's regions by code."""
    return _by_code()


def _by_code() -> dict[str, Region]:
    return {region.code: region for region in Region.objects.order_by("valid_from")}


def _region(row: dict[str, str], known: dict[str, Region]) -> Region:
    parent = known.get(row["parent"])
    return Region(
        code=row["code"],
        name=row["name"],
        pinyin=row["pinyin"],
        initials=row["initials"],
        level=row["level"],
        parent_id=parent.pk if parent else None,
        valid_from=day(row["valid_from"]),
        valid_to=maybe_day(row["valid_to"]),
        province=parent.province if parent else row["code"],
    )
