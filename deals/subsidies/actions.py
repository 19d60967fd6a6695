"""Verb → step function of claims, for pages, admin and API."""

from collections.abc import Callable, Mapping
from typing import Any

from deals.subsidies import claims

CLAIM_ACTIONS: Mapping[str, Callable[..., Any]] = {
    "file": claims.file,
    "evidence": claims.evidence,
    "review": claims.review,
    "cross_check": claims.cross_check,
    "approve": claims.approve,
    "record": claims.record,
    "settle": claims.settle,
    "refuse": claims.refuse,
}
