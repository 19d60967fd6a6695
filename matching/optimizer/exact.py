"""Where each option draws on one resource alone: the resources as knapsacks, and a solver for what they leave open.

    bound(u) = Σ_i u_i + Σ_r max { Σ_o (v_o - u_i(o)) x_o : Σ a x ≤ C_r, x binary, at most one option of a need }    for any u ≥ 0

is the best that the linear programme over whole packings of the resources can prove, which prices of units cannot. An option whose
packing must lose more than bound - value is in no better choice. HiGHS looks through those that are left, first with what the packings
agree on held fixed. Nobody's word is taken: a point is checked in integers and recorded as `given`; the bound is shown as `solver_bound`,
since `check` does not redo it.

Reference: Fisher, Jaikumar, Van Wassenhove, A multiplier adjustment method for the generalized assignment problem (1986).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]  # scipy has no types
from scipy.sparse import block_array, csr_array  # type: ignore[import-untyped]  # scipy has no types

from matching.optimizer import kernels, primal
from matching.optimizer.certificate import value_of
from matching.optimizer.parallel import each
from matching.optimizer.presolve import Tightened, use_of
from matching.optimizer.problem import UNMATCHED, IntArray, Problem

MOST_CELLS = 20_000_000  # of the table of one knapsack
MOST_OPTIONS = 20_000
FEWEST_OPTIONS = 60
ITERATIONS = 1_500
SHIFT = 16
SHARE_OF_SPREAD = 1.5
SPREAD_OVER = 4
FREE_SHARES = ((0.2, 0.4), (0.6, 1.0))  # side by side
OPTIONS_A_FREE_NEED = 4
NODES = 200


@dataclass(frozen=True, eq=False)
class Packings:
    """The kept options sorted by resource, those of a need together, amounts and room divided by what divides them."""

    option: IntArray
    need: IntArray
    group_start: IntArray
    group_need: IntArray
    row_start: IntArray
    amount: IntArray
    room: IntArray
    layer: tuple[int, int]


def packings(problem: Problem, tight: Tightened) -> Packings | None:
    """The problem as knapsacks side by side; None where an option draws on several resources, or a table would be too large."""
    option = np.flatnonzero(tight.kept)
    if problem.floors or not FEWEST_OPTIONS <= len(option) <= MOST_OPTIONS:
        return None
    counts = np.bincount(
        np.repeat(np.arange(problem.options), np.diff(problem.use_start)),
        weights=tight.binding[problem.use_resource],
        minlength=problem.options,
    )
    if np.any(counts[option] != 1) or np.any(np.diff(problem.use_start)[option] != 1):
        return None
    row = problem.use_resource[problem.use_start[option]].astype(np.int64)
    need = np.repeat(np.arange(problem.needs), np.diff(problem.option_start))[option]
    order = np.lexsort((need, row))
    option, row, need = option[order], row[order], need[order]
    first = np.concatenate([[True], (row[1:] != row[:-1]) | (need[1:] != need[:-1])])
    row_start = np.searchsorted(row[first], np.arange(problem.resources + 1))
    room = np.where(np.diff(row_start) > 0, tight.room // tight.divisor, 0)
    layer = (int(np.diff(row_start).max()) + 1, int(room.max()) + 1)
    if layer[0] * layer[1] > MOST_CELLS or int(problem.value[option].max()) * problem.needs >= 1 << (62 - SHIFT):
        return None
    starts = np.concatenate([np.flatnonzero(first), [len(option)]])
    amount = problem.use_amount[problem.use_start[option]] // tight.divisor[row]
    return Packings(option, need, starts, need[first], row_start, amount, room, layer)


def prices_of_needs(problem: Problem, tight: Tightened, values: IntArray, shift: int) -> NDArray[np.float64]:
    """The best reduced value of each need: with these the packings prove at least what the prices prove."""
    best = np.empty(problem.needs, dtype=np.int64)
    kernels.best_reduced(problem.option_start, values, tight.kept, best)
    price: NDArray[np.float64] = best.astype(np.float64) * 2.0**-shift
    return price


@dataclass(frozen=True, eq=False)
class Losses:
    """bound(u) in units of 2^-SHIFT, what each option costs against it, and how often the packings took it."""

    total: int
    option: IntArray
    often: NDArray[np.float64]

    def slack(self, value: int) -> int:
        """What a choice worth more than `value` may lose in all."""
        return self.total - ((value + 1) << SHIFT)


def losses(problem: Problem, packed: Packings, need_price: NDArray[np.float64], target: int) -> Losses:
    """Losses at prices of needs that begin at the best reduced values, where the bound of unit prices is already met."""
    price, often = need_price.copy(), np.zeros(len(packed.option))
    rows = (packed.row_start, packed.group_start, packed.group_need, packed.amount)
    kernels.price_needs(
        *rows,
        problem.value[packed.option].astype(np.float64),
        packed.room,
        price,
        float(target),
        ITERATIONS,
        1.0,
        np.zeros(packed.layer),
        often,
    )
    whole = np.rint(price * (1 << SHIFT)).astype(np.int64)
    profit = (problem.value[packed.option] << SHIFT) - whole[packed.need]
    loss = np.zeros(len(packed.option), dtype=np.int64)
    table = np.zeros(packed.layer, dtype=np.int64)
    total = kernels.packing_losses(
        packed.row_start, packed.group_start, packed.amount, profit, packed.room, table, np.zeros(packed.layer[1], dtype=np.int64), loss
    )
    of_option, of_often = np.full(problem.options, kernels.NEVER, dtype=np.int64), np.zeros(problem.options)
    of_option[packed.option], of_often[packed.option] = loss, often
    return Losses(int(total) + int(whole.sum()), of_option, of_often)


@dataclass(frozen=True, eq=False)
class Found:
    """The best choice known afterwards, and the bound of the packings."""

    choice: IntArray
    value: int
    bound: int


def improve(
    core: primal.Core,
    packed: Packings,
    need_price: NDArray[np.float64],
    choice: IntArray,
    *,
    seed: int,
    steps: int,
    seconds_left: Callable[[], float] | None,
    keep_going: Callable[[int], bool],
) -> Found:
    """Price the packings, search again at temperatures of this kind of problem, let HiGHS look through what is left open."""
    problem, tight = core.problem, core.tight
    base = sum(problem.value[tight.fixed[tight.fixed >= 0]].tolist())
    best, value = choice, value_of(problem, choice)
    lost = losses(problem, packed, need_price, value - base)
    bound = (lost.total >> SHIFT) + base

    def may_gain(now: int) -> bool:
        return now < bound and keep_going(now)

    if may_gain(value):
        best, value = _searched(core, choice, seed, steps, seconds_left, may_gain)
    for n, shares in enumerate(FREE_SHARES):
        if not may_gain(value):
            break
        slack = lost.slack(value - base)
        limit = _limit(seconds_left, len(FREE_SHARES) - n)
        narrowed = [_narrowed(problem, tight, lost, slack, share) for share in shares]
        for found in each(partial(_by_highs, problem, tight, limit), narrowed):
            if found is not None and value_of(problem, found) > value:
                best, value = found, value_of(problem, found)
    return Found(best, value, bound)


def _limit(seconds_left: Callable[[], float] | None, rounds_left: int) -> dict[str, float]:
    """An equal part of the time left; so many nodes where there is no clock."""
    return {"node_limit": NODES} if seconds_left is None else {"time_limit": max(seconds_left() / rounds_left, 0.01)}


def _searched(
    core: primal.Core,
    choice: IntArray,
    seed: int,
    steps: int,
    seconds_left: Callable[[], float] | None,
    may_gain: Callable[[int], bool],
) -> tuple[IntArray, int]:
    """The search once more, its temperatures by how far the options of a need lie apart, not by what they are worth."""
    first, last = core.option_start[:-1][core.needs], core.option_start[1:][core.needs] - 1
    apart = core.reduced[first] - core.reduced[np.minimum(first + SPREAD_OVER, last)]
    search = primal.Search(
        replace(core, median=max(int(np.median(apart) * SHARE_OF_SPREAD), 1)), seed=seed, start=None, phases=primal.PACKING_START
    )

    def go_on(now: primal.Search) -> bool:
        return may_gain(now.best_value)

    if seconds_left is None:
        primal.run(search, steps=steps, keep_going=go_on)
    else:
        until = seconds_left() * 0.7
        primal.run_for(search, seconds_left=lambda: seconds_left() - until, keep_going=go_on)
    value = value_of(core.problem, choice)
    return (search.best, search.best_value) if search.best_value > value else (choice, value)


def _narrowed(problem: Problem, tight: Tightened, lost: Losses, slack: int, share: float) -> NDArray[np.bool_]:
    """Open options: one for each need the packings agree on, a few of least loss for that share of the needs on which they agree least."""
    looked_at = lost.option <= slack
    if share == 1.0:
        return looked_at
    starts = problem.option_start[:-1]
    agreed = np.array([lost.often[s:e].max(initial=0.0) for s, e in zip(starts, problem.option_start[1:], strict=True)])
    held = np.argsort(-agreed, kind="stable")[: problem.needs - int(share * problem.needs)]
    room = tight.room.copy()
    is_held = np.zeros(problem.needs, dtype=np.bool_)
    kept = []
    for i in held.tolist():
        if agreed[i] == 0.0:
            break
        o = int(starts[i]) + int(lost.often[starts[i] : problem.option_start[i + 1]].argmax())
        row, amount = problem.use_resource[problem.use_start[o]], problem.use_amount[problem.use_start[o]]
        if amount <= room[row]:
            room[row] -= amount
            is_held[i] = True
            kept.append(o)
    looked_at &= ~np.repeat(is_held, np.diff(problem.option_start))
    most = OPTIONS_A_FREE_NEED * int((~is_held).sum())
    if int(looked_at.sum()) > most:
        looked_at &= lost.option <= np.partition(lost.option[looked_at], most)[most]
    looked_at[kept] = True
    return looked_at


def _by_highs(problem: Problem, tight: Tightened, limit: dict[str, float], looked_at: NDArray[np.bool_]) -> IntArray | None:
    """The best choice HiGHS finds among these options, if it holds."""
    option = np.flatnonzero(looked_at)
    if not len(option):
        return None
    need = np.repeat(np.arange(problem.needs), np.diff(problem.option_start))[option]
    row = problem.use_resource[problem.use_start[option]]
    amount = problem.use_amount[problem.use_start[option]] // tight.divisor[row]
    here = np.arange(len(option))
    once = csr_array((np.ones(len(option)), (need, here)), (problem.needs, len(option)))
    use = csr_array((amount.astype(np.float64), (row, here)), (problem.resources, len(option)))
    # what its best option is worth is paid to each need beforehand: the solver sees only differences
    top = np.zeros(problem.needs)
    np.maximum.at(top, need, problem.value[option].astype(np.float64))
    asked = np.flatnonzero(np.bincount(need, minlength=problem.needs))
    nobody = csr_array((np.ones(len(asked)), (asked, np.arange(len(asked)))), (problem.needs, len(asked)))
    cost = np.concatenate([top[need] - problem.value[option], top[asked]])
    once_each = (np.bincount(need, minlength=problem.needs) > 0).astype(np.float64)
    found = milp(
        cost,
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(
            csr_array(block_array([[once, nobody], [use, None]])),
            np.concatenate([once_each, np.full(problem.resources, -np.inf)]),
            np.concatenate([once_each, (tight.room // tight.divisor).astype(np.float64)]),
        ),
        options={"mip_rel_gap": 0.0, **limit},
    )
    if found.x is None:
        return None
    choice = np.where(tight.free, UNMATCHED, tight.fixed)
    taken = found.x[: len(option)] > 0.5
    choice[need[taken]] = option[taken]
    used = use_of(problem, choice)
    holds = len(np.unique(need[taken])) == int(taken.sum()) and all(u <= c for u, c in zip(used, problem.capacity.tolist(), strict=True))
    return choice if holds else None
