"""How the options stand once the prices are known: what each is worth beyond its price, and which of a need come next after the chosen one."""

from typing import TYPE_CHECKING

import numpy as np

from matching.problem import Built
from matching.shortlist import places_within
from matching.snapshot import NONE, IntArray

if TYPE_CHECKING:
    from matching.optimizer import Problem, Solution


def reduced(p: "Problem", solution: "Solution") -> IntArray:
    """Reduced value v − aπ of every option, in units of 2^-price_shift points."""
    price = solution.prices.copy()
    np.subtract.at(price, p.floor_resource, solution.floor_prices)
    return (p.value << solution.price_shift) - _sums(p.use_start, p.use_amount * price[p.use_resource])


def left(p: "Problem", solution: "Solution") -> IntArray:
    """What the choice leaves of each limit."""
    chosen = np.zeros(p.options, dtype=bool)
    chosen[solution.choice[solution.choice != NONE]] = True
    uses = np.repeat(chosen, np.diff(p.use_start))
    free = p.capacity.copy()
    np.subtract.at(free, p.use_resource[uses], p.use_amount[uses])
    return free


def ranked(built: Built, solution: "Solution", reduced: IntArray, *, standbys: int) -> list[list[int]]:
    """For each need its chosen option, then the best options of other branches by reduced value; none for a need without a choice."""
    p, options, choice = built.problem, built.options, solution.choice
    fits = _sums(p.use_start, (p.use_amount > p.capacity[p.use_resource]).astype(np.int64)) == 0
    lead = np.append(options.branch, NONE)[choice]
    other = np.flatnonzero(fits & (choice[options.need] != NONE) & (options.branch != lead[options.need]))
    other = other[np.lexsort((options.branch[other], -reduced[other], options.need[other]))]
    pair = options.need[other] * built.snapshot.branches + options.branch[other]
    other = other[np.sort(np.unique(pair, return_index=True)[1])]  # of each branch its best option
    other = other[places_within(options.need[other]) < standbys]
    found: list[list[int]] = [[] if option == NONE else [option] for option in choice.tolist()]
    for option, need in zip(other.tolist(), options.need[other].tolist(), strict=True):
        found[need].append(option)
    return found


def _sums(starts: IntArray, values: IntArray) -> IntArray:
    """Σ of each stretch of `values`; 0 for an empty one. The running sum may wrap around: the differences are still exact."""
    before = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return before[starts[1:]] - before[starts[:-1]]
