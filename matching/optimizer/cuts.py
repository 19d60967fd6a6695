"""Priced cuts: the bound goes below what prices of the limits alone can prove, because loans are lumpy.

A cut on one resource row r is Σ α_i y_i ≤ β, where y_i says whether need i uses r. Covers and roundings of the row give the core of α, sequential
lifting the rest; β is the exact maximum of Σ α y under the row, by a dynamic programme, so a poor α makes a weak cut, never a wrong one.
A cut then is one more resource in the bound. The shares of the soft maximum stand in for an LP solution.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import descent, dual, kernels
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import Cut, IntArray, Problem

ROUNDINGS = 10
CUTS_A_ROW = 1
CUTS_A_ROUND = 200
LEAST_VIOLATION = 0.02
SMALL_FOR_ITS_ROW = 60
MOST_ITEMS = 3_000
UNPRICED = 1e-7
WARM, COLD = 1e-3, 4e-4
PRICED = 30.0  # times the barrier: a cut that has less than this is slack
NEWTON_STEPS = 3
LAST_STEPS = 8


@dataclass(frozen=True)
class Effort:
    """How many rounds at most, between which temperatures, and when to stop: after so many rounds in a row of less gain than that."""

    rounds: int
    warm: float = WARM
    cold: float = COLD
    least_gain: float = 3e-5
    most_idle: int = 2


FEW_ROWS = 300
ON_MANY_ROWS, ON_FEW_ROWS = Effort(4), Effort(12)
PATIENT = Effort(40, warm=5e-4, cold=2e-4, least_gain=1e-5, most_idle=4)


def efforts(rows: int, *, is_hurried: bool) -> tuple[Effort, ...]:
    """What pays, each from the start: where rows are many a round is dear, and in a hurry none is worth its time there."""
    if rows <= FEW_ROWS:
        return (ON_FEW_ROWS,) if is_hurried else (ON_FEW_ROWS, PATIENT)
    return () if is_hurried else (ON_MANY_ROWS,)


@dataclass(frozen=True, eq=False)
class Items:
    """The uses of one resource by the options of the dual, and the needs behind them: what a cut of this row is made of."""

    resource: int
    capacity: int
    option: IntArray
    of_item: IntArray
    amount: IntArray


def rows_with_lumps(problem: Problem, tight: Tightened, model: dual.Dual) -> list[Items]:
    """Rows where single needs are large against the capacity; elsewhere no cut bites."""
    option = model.option
    counts = problem.use_start[option + 1] - problem.use_start[option]
    of_option = np.repeat(np.arange(len(option)), counts)
    ends = np.cumsum(counts)
    use = np.repeat(problem.use_start[option] - (ends - counts), counts) + np.arange(len(of_option))
    need = np.repeat(np.arange(len(model.option_start) - 1), np.diff(model.option_start))[of_option]
    row, amount = problem.use_resource[use], problem.use_amount[use]
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(problem.resources + 1))
    largest = np.zeros(problem.resources, dtype=np.int64)
    np.maximum.at(largest, row, amount)
    priced = np.zeros(problem.resources, dtype=np.bool_)
    priced[model.rows.resource] = True
    lumpy = np.flatnonzero(priced & (largest * float(SMALL_FOR_ITS_ROW) > problem.capacity))
    found = []
    for r in lumpy.tolist():
        mine = order[starts[r] : starts[r + 1]]
        needs, of_item = np.unique(need[mine], return_inverse=True)
        if 2 <= len(needs) <= MOST_ITEMS:
            least = np.full(len(needs), np.iinfo(np.int64).max)
            np.minimum.at(least, of_item, amount[mine])
            found.append(Items(r, int(tight.capacity[r]), of_option[mine], of_item, least))
    return found


def separate(rows: list[Items], model: dual.Dual, weights: NDArray[np.float64], worth: NDArray[np.float64]) -> list[Cut]:
    """Violated cuts of rows that have a price; those that promise most (violation times what the row is worth) if there are many."""
    found: list[tuple[float, Cut]] = []
    for items in rows:
        if worth[items.resource] == 0:
            continue
        share = np.bincount(items.of_item, weights=weights[items.option], minlength=len(items.amount)).astype(np.float64)
        alphas = np.empty((CUTS_A_ROW, len(share)), dtype=np.int64)
        rhs, score = np.zeros(CUTS_A_ROW, dtype=np.int64), np.zeros(CUTS_A_ROW)
        count = kernels.cuts_of_row(
            items.amount, share, items.capacity, orders_of_covers(items.amount, share), ROUNDINGS, LEAST_VIOLATION, alphas, rhs, score
        )
        for c in range(count):
            alpha = alphas[c][items.of_item]
            used = alpha > 0
            cut = Cut(items.resource, model.option[items.option[used]], alpha[used], int(rhs[c]), 0)
            found.append((float(score[c]) * worth[items.resource], cut))
    found.sort(key=lambda promise: -promise[0])
    return [cut for _, cut in found[:CUTS_A_ROUND]]


def orders_of_covers(amount: IntArray, share: NDArray[np.float64]) -> IntArray:
    """Orders in which a cover may be taken: by share, by share missing per amount, by amount taken, by amount among those with a share."""
    ranks = (-share, (1.0 - share) / amount, -share * amount, -amount * (share > 0.05))
    return np.array([np.argsort(rank, kind="stable") for rank in ranks], dtype=np.int64)


def improve(
    problem: Problem, tight: Tightened, model: dual.Dual, price: NDArray[np.float64], *, effort: Effort, stop: Callable[[], bool]
) -> tuple[dual.Dual, NDArray[np.float64]]:
    """Add the cuts that the shares violate, price them, drop those without a price, again; then cool once more."""
    rows = rows_with_lumps(problem, tight, model)
    base = model
    before, idle = np.inf, 0
    for _ in range(effort.rounds):
        if stop():
            break
        _, _, weights = model.smoothed(price, effort.warm)
        worth = np.zeros(problem.resources)
        worth[model.rows.resource] = price[: len(model.rows.resource)]
        worth[worth <= UNPRICED * model.sharp(price)] = 0
        new = separate(rows, model, weights, worth)
        if not new:
            break
        model, price = dual.with_cuts(base, tight, model, price, tuple(new), PRICED * descent.barrier_weight(model, price, effort.warm))
        price = descent.newton(model, price, effort.warm, NEWTON_STEPS, stop)
        after = model.sharp(price)
        idle = idle + 1 if before - after < effort.least_gain * abs(after) else 0
        if idle == effort.most_idle:
            break
        before = min(before, after)
    model, price = dual.with_cuts(base, tight, model, price, (), PRICED * descent.barrier_weight(model, price, effort.warm))
    return model, descent.newton(model, price, effort.cold, LAST_STEPS, stop)


def still_true(problem: Problem, tight: Tightened, cuts: tuple[Cut, ...]) -> tuple[Cut, ...]:
    """Cuts of an earlier problem with right-hand sides proved anew for this one; left out are those that cannot be, or have nothing to say."""
    if not cuts:
        return ()
    starts = np.cumsum([0, *(len(cut.options) for cut in cuts)])
    options, alpha = np.concatenate([cut.options for cut in cuts]), np.concatenate([cut.alpha for cut in cuts])
    rhs = np.full(len(cuts), -1, dtype=np.int64)
    kernels.prove_anew(
        np.array([cut.resource for cut in cuts]),
        starts,
        options,
        alpha,
        np.repeat(np.arange(problem.needs), np.diff(problem.option_start)),
        problem.use_start,
        problem.use_resource,
        problem.use_amount,
        tight.kept,
        problem.capacity,
        rhs,
    )
    return tuple(replace(cut, rhs=r) for cut, r in zip(cuts, rhs.tolist(), strict=True) if r >= 0)
