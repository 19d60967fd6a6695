"""Verb → step function of recoveries, for pages, admin and API."""

from collections.abc import Callable, Mapping
from typing import Any

from deals.recovery import receipts, steps

RECOVERY_ACTIONS: Mapping[str, Callable[..., Any]] = {
    "explain": steps.explain,
    "state": steps.state,
    "find": steps.find,
    "clear": steps.clear,
    "decide": steps.decide,
    "receive": receipts.receive,
    "refer": steps.refer,
}
