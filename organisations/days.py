"""Days as people and spreadsheets write them: 2026-03-01, 2026年3月1日, ２０２６．３．１, 2025.3 (the first of the month), 20260301, a serial."""

import datetime as dt
import math
import re
import unicodedata
from decimal import Decimal

YEARS = range(2000, 2100)
EXCEL_EPOCH = dt.date(1899, 12, 30)  # serial 60 was a day that never was; nothing of ours is older than that
SERIALS = range((dt.date(YEARS.start, 1, 1) - EXCEL_EPOCH).days, (dt.date(YEARS.stop, 1, 1) - EXCEL_EPOCH).days)
_MIDNIGHT = re.compile(r"[T ]0?0:00(:00)?$")
_SHAPES = (
    re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})[日号]?"),
    re.compile(r"(\d{4})[-./年](\d{1,2})月?份?"),
    re.compile(r"(\d{4})(\d{2})(\d{2})?"),
)


def parse_day(value: object) -> dt.date:
    """The day meant. A ValueError where there is none, or where two could be meant."""
    if isinstance(value, dt.datetime):
        day = value.date()
    elif isinstance(value, dt.date):
        day = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        day = _of_number(value)
    else:
        day = _of_text(str(value))
    if day.year not in YEARS:
        raise ValueError(f"{day} is in no year of ours")
    return day


def _of_number(value: float) -> dt.date:
    """A spreadsheet's serial; or digits that a cell took for a number: 20260301, 2025.3.

    2025.1 may have been 2025.10, whose last zero no number keeps: of the two months neither is taken.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no day")
    if int(value) in SERIALS:
        return EXCEL_EPOCH + dt.timedelta(days=int(value))
    text = format(Decimal(repr(value)), "f").removesuffix(".0")
    if text.endswith(".1"):
        raise ValueError(f"{text} is January or October")
    return _of_text(text)


def _of_text(text: str) -> dt.date:
    plain = _MIDNIGHT.sub("", unicodedata.normalize("NFKC", text).strip()).replace(" ", "")
    for shape in _SHAPES:
        if found := shape.fullmatch(plain):
            year, month, *day = (int(part) for part in found.groups() if part)
            return dt.date(year, month, *(day or [1]))
    raise ValueError(f"{text!r} is no day")
