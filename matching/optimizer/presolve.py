"""Exact tightenings: what no feasible choice can use is taken away before anything is priced.

Given the needs already fixed, an option that does not fit beside them is dropped, and the room left in a row is rounded
down to a multiple of the gcd of the amounts that can still use it (a row that carries a floor is left as it is).
Both keep every feasible choice; `check` makes them for itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import kernels
from matching.optimizer.problem import FREE, IntArray, Problem


@dataclass(frozen=True, eq=False)
class Tightened:
    """What is left to decide: the free needs, the options kept, and the room beside the fixed choices.

    divisor: a number that divides all amounts and the room of a row, for smaller integers in the search; 1 for rows with a floor.
    binding: rows that can run out: some choice of the free needs, one option each, would use more than there is room.
    """

    fixed: IntArray
    free: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    used: IntArray
    room: IntArray
    divisor: IntArray
    binding: NDArray[np.bool_]

    @property
    def capacity(self) -> IntArray:
        return self.used + self.room


def as_fixed(problem: Problem, fixed: IntArray | None) -> IntArray:
    """`fixed` as a validated array; nothing fixed if None."""
    if fixed is None:
        return np.full(problem.needs, FREE, dtype=np.int64)
    fixed = np.asarray(fixed)
    if fixed.shape != (problem.needs,) or (fixed.dtype.kind not in "iu" and fixed.size):
        raise ValueError(f"fixed: must be {problem.needs} integers")
    fixed = fixed.astype(np.int64)
    chosen = fixed >= 0
    if np.any(fixed < FREE):
        raise ValueError("fixed: must be an option, -1 (unmatched) or -2 (free)")
    foreign = chosen & ((fixed < problem.option_start[:-1]) | (fixed >= problem.option_start[1:]))
    if np.any(foreign):
        raise ValueError(f"fixed: need {int(np.argmax(foreign))} is fixed to an option that is not its own")
    return fixed


def use_of(problem: Problem, chosen: IntArray) -> list[int]:
    """What the chosen options use of each resource, in Python integers."""
    option = chosen[chosen >= 0]
    begin, counts = problem.use_start[option], problem.use_start[option + 1] - problem.use_start[option]
    use = np.repeat(begin - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
    resource, amount = problem.use_resource[use], problem.use_amount[use]
    high, low = np.zeros(problem.resources, dtype=np.int64), np.zeros(problem.resources, dtype=np.int64)
    np.add.at(high, resource, amount >> 32)  # halves, so that no sum can wrap
    np.add.at(low, resource, amount & 0xFFFFFFFF)
    return [(h << 32) + rest for h, rest in zip(high.tolist(), low.tolist(), strict=True)]


def tighten(problem: Problem, fixed: IntArray) -> Tightened | None:
    """The tightened problem, or None if the fixed choices alone exceed a capacity."""
    used_exactly = use_of(problem, fixed)
    if any(u > c for u, c in zip(used_exactly, problem.capacity.tolist(), strict=True)):
        return None
    used = np.array(used_exactly, dtype=np.int64)
    room = problem.capacity - used
    free = fixed == FREE
    kept = np.repeat(free, np.diff(problem.option_start))
    kernels.mark_fitting(problem.use_start, problem.use_resource, problem.use_amount, room, kept)
    gcd = np.zeros(problem.resources, dtype=np.int64)
    kernels.row_gcds(problem.use_start, problem.use_resource, problem.use_amount, kept, gcd)
    gcd[problem.floor_resource] = 0
    divisor = np.maximum(gcd, 1)
    room = room // divisor * divisor
    return Tightened(fixed, free, kept, used, room, divisor, most_used(problem, kept) > room)


def most_used(problem: Problem, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the needs could use of each row at most, one kept option each; rounded up."""
    total = np.zeros(problem.resources)
    latest = np.zeros(problem.resources, dtype=np.int64)
    seen = np.zeros(problem.resources, dtype=np.int64)
    kernels.largest_use_by_need(
        problem.option_start, problem.use_start, problem.use_resource, problem.use_amount, kept, total, latest, seen
    )
    return total * (1 + 1e-9)
