"""The clock of the edge: pages, API and admin read it once per request and hand it down; nothing below reads a clock."""

import datetime as dt

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime


def now() -> dt.datetime:
    """The present moment, or the fixed one of a demonstration province (`FULCRUM_FIXED_NOW`, read as Shanghai time if it names no zone)."""
    if not settings.FIXED_NOW:
        return timezone.now()
    moment = parse_datetime(settings.FIXED_NOW)
    if moment is None:
        raise ValueError(f"FULCRUM_FIXED_NOW is no date and time: {settings.FIXED_NOW}")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
