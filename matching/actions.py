"""Verb → step function, for pages, admin and API. Freezing and publishing a round start above, in deals, which knows the commitments."""

from collections.abc import Callable
from typing import Any

from matching import rounds, scenarios, weights

ROUND_ACTIONS: dict[str, Callable[..., Any]] = {
    "freeze": rounds.freeze,  # asks for commitments=
    "cancel": rounds.cancel,
    "propose": rounds.propose,
    "publish": rounds.publish,
    "void": rounds.void,
}
WEIGHTS_ACTIONS: dict[str, Callable[..., Any]] = {"approve": weights.approve, "replace": weights.replace}
SCENARIO_ACTIONS: dict[str, Callable[..., Any]] = {"cancel": scenarios.cancel}
