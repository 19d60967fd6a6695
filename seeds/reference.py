"""Reads the reference data of `seeds/data`: every value is text; the caller turns it into what it needs."""

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"

Row = dict[str, str]


@cache
def table(name: str) -> tuple[Row, ...]:
    """All rows of `<name>.csv`, in file order. The rows are shared: do not change them."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def indexed(name: str, key: str = "code") -> dict[str, Row]:
    return {row[key]: row for row in table(name)}


def split(value: str) -> list[str]:
    """A list cell: items joined by `;`."""
    return [item for item in value.split(";") if item]


def flag(value: str) -> bool:
    return {"true": True, "false": False}[value]


@cache
def county_codes() -> tuple[str, ...]:
    return tuple(row["code"] for row in table("regions") if row["level"] in ("county", "county_direct"))


@cache
def branches_serving(region: str) -> tuple[Row, ...]:
    """The branches that lend in a county-level region, in file order."""
    return tuple(row for row in table("branches") if row["serves"] == "*" or region in split(row["serves"]))
