"""A solved round as the start of another problem over the same needs: what it knows, found again by what it means, not by position."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from matching.problem import Built
from matching.snapshot import NONE, IntArray

if TYPE_CHECKING:
    from matching.optimizer import Solution, Start


@dataclass(frozen=True, eq=False)
class Solved:
    """A problem with its solution."""

    built: Built
    solution: "Solution"


def start_from(base: Solved, built: Built) -> "Start":
    """Prices by limit, cuts and choice by need, lender and stack; what the new problem does not have drops out."""
    from matching.optimizer import Start  # noqa: PLC0415 -- as in matching.problem.build

    s = base.solution
    option = options_in(base.built, built)
    place_of = {resource: place for place, resource in enumerate(built.resources)}
    resource = np.array([place_of.get(resource, NONE) for resource in base.built.resources], dtype=np.int64)
    prices = np.zeros(built.problem.resources, dtype=np.int64)
    prices[resource[resource != NONE]] = s.prices[resource != NONE]
    floor_of = {int(place): floor for floor, place in enumerate(built.problem.floor_resource.tolist())}
    floor_prices = np.zeros(built.problem.floors, dtype=np.int64)
    for floor, place in enumerate(base.built.problem.floor_resource.tolist()):
        if int(resource[place]) in floor_of:
            floor_prices[floor_of[int(resource[place])]] = s.floor_prices[floor]
    cuts = []
    for cut in s.cuts:
        known = option[cut.options] != NONE
        if resource[cut.resource] != NONE and known.any():
            cuts.append(replace(cut, resource=int(resource[cut.resource]), options=option[cut.options[known]], alpha=cut.alpha[known]))
    return Start(prices, s.price_shift, floor_prices, tuple(cuts), np.append(option, NONE)[s.choice])


def options_in(old: Built, new: Built) -> IntArray:
    """For each option of `old` its position in `new`, NONE where there is none. Both stand in order of (need, branch, bare)."""
    keys, wanted = _keys(new), _keys(old)
    if not len(keys):
        return np.full(len(wanted), NONE, dtype=np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, found, NONE)


def _keys(built: Built) -> IntArray:
    o = built.options
    return (o.need * built.snapshot.branches + o.branch) * 2 + o.is_bare
