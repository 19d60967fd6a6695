"""Prices in integers and what they prove.

    bound(π, μ, η) = Σ C π - Σ F μ + Σ rhs η + Σ_fixed (reduced value) + Σ_free max(0, largest reduced value of a kept option)

with reduced value v - aπ + aμ - αη, everything in units of 2^-shift. Per-option sums stay below 2^62 by the choice of
the shift; totals are Python integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import kernels
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import FREE, Cut, IntArray, Problem

LARGEST_SHIFT = 40
SMALLEST_SHIFT = 8  # floor penalties are multiples of 2^-8, so μ ≤ p is exact
ROOM_FOR_SUMS = 1 << 62

Number = TypeVar("Number", np.int64, np.float64)


@dataclass(frozen=True, eq=False)
class Prices:
    """Integer prices of resources, floors and cuts, in points times 2^shift."""

    shift: int
    resource: IntArray
    floor: IntArray
    cuts: tuple[Cut, ...] = ()

    @property
    def eta(self) -> list[float]:
        """Prices of the cuts, in points."""
        return [cut.price * 2.0**-self.shift for cut in self.cuts]


@dataclass(frozen=True, eq=False)
class Proof:
    """Prices, the reduced value of every option at them, and the bound they prove."""

    prices: Prices
    values: IntArray
    bound: int


def exact_sum(array: IntArray) -> int:
    """Σ of int64 values as a Python integer, whatever their size."""
    return (int(np.sum(array >> 32)) << 32) + int(np.sum(array & 0xFFFFFFFF))


def exact_dot(a: IntArray, b: IntArray) -> int:
    where = (a != 0) & (b != 0)
    return sum(x * y for x, y in zip(a[where].tolist(), b[where].tolist(), strict=True))


def floor_price_limits(problem: Problem, shift: int) -> IntArray:
    """The penalties p in units of 2^-shift: exact, because its denominator divides 2^8."""
    return (problem.floor_penalty_num << shift) // problem.floor_penalty_den


def charge_cuts(charge: NDArray[Number], cuts: Sequence[Cut], prices: Sequence[Number | int | float]) -> None:
    """Add to each option what the cuts that name it cost at these prices."""
    if cuts:
        each = np.repeat(np.array(prices, dtype=charge.dtype), [len(cut.options) for cut in cuts])
        np.add.at(charge, np.concatenate([cut.options for cut in cuts]), np.concatenate([cut.alpha for cut in cuts]) * each)


def _weights(
    problem: Problem, resource: NDArray[np.float64], floor: NDArray[np.float64], cuts: Sequence[Cut], eta: Sequence[float]
) -> float:
    """The largest Σ of magnitudes in any option, in points."""
    per_unit = np.array(resource, dtype=np.float64)
    np.add.at(per_unit, problem.floor_resource, floor)
    weight = np.zeros(problem.options)
    kernels.option_weights(problem.value, problem.use_start, problem.use_resource, problem.use_amount, per_unit, weight)
    charge_cuts(weight, cuts, eta)
    return float(weight.max(initial=0.0))


def largest_shift(
    problem: Problem, resource: NDArray[np.float64], floor: NDArray[np.float64], cuts: Sequence[Cut] = (), eta: Sequence[float] = ()
) -> int | None:
    """The largest shift (up to 40) that keeps every per-option sum below 2^62, at these prices of resources, floors and cuts, in points.

    None if that is below 8.
    """
    weight = max([_weights(problem, resource, floor, cuts, eta), 1.0, *resource.tolist(), *floor.tolist(), *eta]) * (1 + 1e-9)
    one_unit_each = _weights(problem, np.ones(problem.resources), np.ones(problem.floors), cuts, [1.0] * len(cuts))
    for shift in range(LARGEST_SHIFT, SMALLEST_SHIFT - 1, -1):
        if weight * 2.0**shift + one_unit_each < ROOM_FOR_SUMS:
            return shift
    return None


def refuse_unpriceable(problem: Problem) -> None:
    """A Problem whose values, or floors at full penalty, exceed 2^62 at the smallest shift is refused at the door."""
    penalties = problem.floor_penalty_num / np.maximum(problem.floor_penalty_den, 1)
    if largest_shift(problem, np.zeros(problem.resources), penalties) is None:
        raise ValueError("value: an option is worth too much for exact 64-bit sums at any price_shift of 8 or more")


def reduced(problem: Problem, prices: Prices) -> IntArray:
    """Reduced value of every option, in units of 2^-shift."""
    net = prices.resource.copy()
    np.subtract.at(net, problem.floor_resource, prices.floor)
    values = np.empty(problem.options, dtype=np.int64)
    kernels.reduced_values(problem.value, problem.use_start, problem.use_resource, problem.use_amount, net, prices.shift, values)
    charge_cuts(values, prices.cuts, [-cut.price for cut in prices.cuts])
    return values


def proof(problem: Problem, tight: Tightened, prices: Prices) -> Proof:
    """What the prices prove about every choice that agrees with `tight.fixed`, rounded down to whole points."""
    values = reduced(problem, prices)
    best = np.empty(problem.needs, dtype=np.int64)
    kernels.best_reduced(problem.option_start, values, tight.kept, best)
    total = exact_sum(best)
    total += exact_sum(values[tight.fixed[tight.fixed >= 0]])
    total += exact_dot(tight.capacity, prices.resource)
    total -= exact_dot(problem.floor_amount, prices.floor)
    total += sum(cut.rhs * cut.price for cut in prices.cuts)
    return Proof(prices, values, total >> prices.shift)


def bound_of(problem: Problem, tight: Tightened, prices: Prices) -> int:
    """The bound of `proof`."""
    return proof(problem, tight, prices).bound


def bound_without_prices(problem: Problem, tight: Tightened) -> int:
    """What is proved where nothing has a price: every need has its best."""
    best = np.empty(problem.needs, dtype=np.int64)
    kernels.best_reduced(problem.option_start, problem.value, tight.kept, best)
    return exact_sum(best) + exact_sum(problem.value[tight.fixed[tight.fixed >= 0]])


def bound_in_python(problem: Problem, tight: Tightened, prices: Prices) -> int:
    """`bound_of` in Python integers: for the leaves of a tree, whose shift was chosen for other prices."""
    net = prices.resource.tolist()
    for r, price in zip(problem.floor_resource.tolist(), prices.floor.tolist(), strict=True):
        net[r] -= price
    resource, amount, start = problem.use_resource.tolist(), problem.use_amount.tolist(), problem.use_start.tolist()
    values = [
        (v << prices.shift) - sum(amount[u] * net[resource[u]] for u in range(start[o], start[o + 1]))
        for o, v in enumerate(problem.value.tolist())
    ]
    for cut in prices.cuts:
        for o, alpha in zip(cut.options.tolist(), cut.alpha.tolist(), strict=True):
            values[o] -= alpha * cut.price
    total = exact_dot(tight.capacity, prices.resource) - exact_dot(problem.floor_amount, prices.floor)
    total += sum(cut.rhs * cut.price for cut in prices.cuts)
    kept, begin = tight.kept.tolist(), problem.option_start.tolist()
    for i, f in enumerate(tight.fixed.tolist()):
        if f >= 0:
            total += values[f]
        elif f == FREE:
            total += max([0, *(values[o] for o in range(begin[i], begin[i + 1]) if kept[o])])
    return total >> prices.shift


def value_of(problem: Problem, choice: IntArray) -> int:
    """⌊Σ v x - Σ p s⌋."""
    chosen = choice[choice >= 0]
    total = exact_sum(problem.value[chosen]) * 256
    if problem.floors:
        total -= shortfall_256(problem, chosen)
    return total // 256


def shortfall_256(problem: Problem, chosen: IntArray) -> int:
    """Σ p s in 1/256 points."""
    starts, ends = problem.use_start[chosen], problem.use_start[chosen + 1]
    used = dict.fromkeys(problem.floor_resource.tolist(), 0)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        for u in range(start, end):
            r = int(problem.use_resource[u])
            if r in used:
                used[r] += int(problem.use_amount[u])
    return sum(
        num * (256 // den) * max(0, amount - used[r])
        for r, amount, num, den in zip(
            problem.floor_resource.tolist(),
            problem.floor_amount.tolist(),
            problem.floor_penalty_num.tolist(),
            problem.floor_penalty_den.tolist(),
            strict=True,
        )
    )
