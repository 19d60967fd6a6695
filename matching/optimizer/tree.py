"""A branch tree on what is small: the children of a node fix one need to each option that still fits, and to none.

Each open end becomes a leaf with its own integer prices; the worst leaf is the bound. Prices come from an LP solver, whose word is never
taken: they are rounded and certified like any others.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog  # type: ignore[import-untyped]  # scipy has no types
from scipy.sparse import block_array, csr_array  # type: ignore[import-untyped]  # scipy has no types

from matching.optimizer import descent, dual, rounding
from matching.optimizer.certificate import Prices, bound_in_python, value_of
from matching.optimizer.presolve import Tightened, tighten
from matching.optimizer.problem import UNMATCHED, Cut, IntArray, Leaf, Problem

LARGEST_TREE_OPTIONS = 2_000
FEW_OPTIONS = 300
A_HANDFUL = 30
MOST_NODES = 5_000
MOST_WORK = 50_000


@dataclass(frozen=True, eq=False)
class Node:
    """What is fixed, the prices that bound it, and how much of each option an LP would take."""

    tight: Tightened
    prices: Prices
    bound: int
    wanted: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tree:
    """The open ends, the bound that the worst of them gives, and the best choice met on the way."""

    leaves: tuple[Leaf, ...]
    bound: int
    choice: IntArray
    value: int


def fits_a_tree(tight: Tightened, *, is_repair: bool) -> bool:
    """Whether so little is left that splitting it pays; a repair, which must be done at once, only splits a handful."""
    return 0 < int(tight.kept.sum()) <= (A_HANDFUL if is_repair else LARGEST_TREE_OPTIONS)


def splits_soon(tight: Tightened) -> bool:
    """Whether so little is left that a tree does in moments what a search could only circle around."""
    return 0 < int(tight.kept.sum()) <= FEW_OPTIONS


def branch(
    problem: Problem,
    fixed: IntArray,
    root_prices: Prices,
    incumbent: IntArray,
    *,
    is_closed: Callable[[int, int], bool],
    keep_going: Callable[[int, int], bool],
) -> Tree:
    """Split the worst node until the bound meets the best choice, the node limit is reached, or `keep_going(value, bound)` says stop."""
    best, best_value = incumbent, value_of(problem, incumbent)
    shift, cuts = root_prices.shift, root_prices.cuts
    root = _solve(problem, fixed, cuts, shift)
    nodes_left = min(MOST_NODES, MOST_WORK // max(int(root.tight.kept.sum()), 1))
    ends = [(-root.bound, 0, root)]
    created = 1
    while nodes_left > 0:
        bound = -ends[0][0]
        choice = _round(problem, ends[0][2])
        value = value_of(problem, choice)
        if value > best_value:
            best, best_value = choice, value
        if is_closed(best_value, bound) or not keep_going(best_value, bound):
            break
        need = _most_divided(problem, ends[0][2])
        if need < 0:
            break
        parent = heapq.heappop(ends)[2]
        for option in _ways(problem, parent.tight, need):
            child = parent.tight.fixed.copy()
            child[need] = option
            node = _solve(problem, child, cuts, shift)
            heapq.heappush(ends, (-min(node.bound, parent.bound), created, node))
            created += 1
            nodes_left -= 1
    leaves = tuple(Leaf(n.tight.fixed, n.prices.resource, n.prices.floor, _cut_prices(n.prices)) for _, _, n in ends)
    return Tree(leaves, max(n.bound for _, _, n in ends), best, best_value)


def _ways(problem: Problem, tight: Tightened, need: int) -> list[int]:
    own = np.arange(problem.option_start[need], problem.option_start[need + 1])
    return [*own[tight.kept[own]].tolist(), UNMATCHED]


def _most_divided(problem: Problem, node: Node) -> int:
    """The free need whose LP share is spread the most; -1 if no free need has an option left."""
    needs = np.flatnonzero(node.tight.free)
    best, least = -1, 2.0
    for i in needs.tolist():
        own = slice(problem.option_start[i], problem.option_start[i + 1])
        if not node.tight.kept[own].any():
            continue
        shares = node.wanted[own]
        largest = max(float(shares.max()), 1.0 - float(shares.sum()))
        if largest < least - 1e-9:
            best, least = i, largest
    return best


def _round(problem: Problem, node: Node) -> IntArray:
    """The node's fixed choices and, in falling order of LP share then value, the options that still fit."""
    choice = np.where(node.tight.free, UNMATCHED, node.tight.fixed)
    room = node.tight.room.copy()
    need_of = np.repeat(np.arange(problem.needs), np.diff(problem.option_start))
    kept = np.flatnonzero(node.tight.kept)
    for o in kept[np.lexsort((-problem.value[kept], -np.round(node.wanted[kept], 6)))].tolist():
        uses = slice(problem.use_start[o], problem.use_start[o + 1])
        rows, amounts = problem.use_resource[uses], problem.use_amount[uses]
        if choice[need_of[o]] == UNMATCHED and bool(np.all(amounts <= room[rows])):
            choice[need_of[o]] = o
            room[rows] -= amounts
    return choice


def _solve(problem: Problem, fixed: IntArray, cuts: tuple[Cut, ...], shift: int) -> Node:
    tight = tighten(problem, fixed)
    assert tight is not None, "only options that fit beside the fixed ones become children"
    model = dual.build(problem, tight, cuts)
    wanted = np.zeros(problem.options)
    price, shares = _linear_program(model)
    wanted[tight.kept] = shares
    prices = rounding.rounded(problem, model, price, shift)
    return Node(tight, prices, bound_in_python(problem, tight, prices), wanted)


def _linear_program(model: dual.Dual) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Prices and option shares by HiGHS; if it has nothing to say, those of the smoothed dual."""
    options, rows, floors = len(model.value), len(model.rows), model.rows.floors
    ceiling = model.rows.ceiling
    penalised = np.arange(len(model.rows.resource), len(model.rows.resource) + floors)
    # a floor f is -Σ a x - s ≤ -F, each unit of s costing its penalty
    shortfall = csr_array((-np.ones(floors), (penalised, np.arange(floors))), shape=(rows, floors))
    use = csr_array((model.use_amount, model.use_row, model.use_start), shape=(options, rows)).T
    once = csr_array((np.ones(options), np.arange(options), model.option_start), shape=(len(model.option_start) - 1, options))
    matrix = _stack(use, shortfall, once)
    limit = np.concatenate([model.rows.room, np.ones(len(model.option_start) - 1)])
    worth = np.concatenate([-model.value, np.where(np.isfinite(ceiling[penalised]), ceiling[penalised], 0.0)])
    if options + floors == 0:
        return np.zeros(rows), np.zeros(0)
    found = linprog(worth, A_ub=matrix, b_ub=limit, bounds=(0, None), method="highs")
    if found.x is None or found.ineqlin is None or not np.all(np.isfinite(found.ineqlin.marginals)):
        return descent.fit(model, np.zeros(rows))[1], np.zeros(options)
    return np.clip(-found.ineqlin.marginals[:rows], 0.0, ceiling), found.x[:options]


def _stack(use: csr_array, shortfall: csr_array, once: csr_array) -> csr_array:
    return csr_array(block_array([[use, shortfall], [once, None]]))


def _cut_prices(prices: Prices) -> IntArray:
    return np.array([cut.price for cut in prices.cuts], dtype=np.int64)
