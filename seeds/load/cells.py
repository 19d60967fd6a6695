"""Cells of the data files as typed values. An empty cell is None where the column may be empty."""

import datetime as dt
from decimal import Decimal

WAN = Decimal(10_000)
YI = Decimal(100_000_000)


def day(cell: str) -> dt.date:
    return dt.date.fromisoformat(cell)


def maybe_day(cell: str) -> dt.date | None:
    return day(cell) if cell else None


def wan(cell: str) -> Decimal:
    """万元 → yuan."""
    return Decimal(cell) * WAN


def maybe_wan(cell: str) -> Decimal | None:
    return wan(cell) if cell else None
