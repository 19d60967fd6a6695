"""Prices by minimising the bound, from warm to cold.

L-BFGS to come near, then interior Newton steps, which see that raising a bank's price and lowering those of all its branches is the
same thing, so that the descent does not stall on it; descents alone where the rows are too many to factorise.

Reference: Wright, Primal-dual interior-point methods (1997).
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]  # scipy has no types
from scipy.optimize import minimize  # type: ignore[import-untyped]  # scipy has no types

from matching.optimizer.dual import FloatArray, Model
from matching.optimizer.problem import IntArray

TEMPERATURES = (8e-2, 2.5e-2, 8e-3, 2.5e-3, 8e-4)
HURRIED = TEMPERATURES[:-1]  # the last takes a fifth of the time, and a thirtieth of a percent off the bound
FIRST_STEPS = 25
NEWTON_STEPS_WARM, NEWTON_STEPS = 6, 8
SHORT_MARGIN, LEAST_MARGIN = 0.25, 0.05
STIFF = 10.0
MOST_ROWS_FOR_NEWTON = 3_000
COARSE_SHARES = (0.02, 0.15, 1.0)
DESCENT_STEPS, LAST_DESCENT_STEPS = 30, 50
REGULARISATION = 1e-6  # of narrow second derivatives
BARRIER = 0.1
NEWTON_ACCURACY = 0.3
MANY_OPTIONS = 40_000
ROWS_SEEN_HOT, ROWS_SEEN_WARM, ROWS_SEEN_COOL = 50, 200, 400  # options a row
WARM_ENOUGH, COLD_ENOUGH = 1e-2, 2.5e-3

AnyModel = TypeVar("AnyModel", bound=Model)


def fit(
    dual: AnyModel, price: FloatArray, *, temperatures: tuple[float, ...] = TEMPERATURES, stop: Callable[[], bool] = lambda: False
) -> tuple[AnyModel, FloatArray]:
    """Prices near the least bound, by falling temperature, from `price`; and the dual on the options that still matter there."""
    if len(dual.rows) == 0:
        return dual, price
    if dual.options == 0:  # nothing to choose: only floors that are still owed have a price, all of it
        return dual, np.where((dual.rows.room < 0) & np.isfinite(dual.rows.ceiling), dual.rows.ceiling, 0.0)
    if len(dual.rows) > MOST_ROWS_FOR_NEWTON:
        return fit_large(dual, price, temperatures, stop)
    best, least = price, dual.sharp(price)
    few = _sample_by_rows(dual, ROWS_SEEN_HOT) if dual.options >= MANY_OPTIONS else dual
    near = quasi_newton(few, price, temperatures[0], FIRST_STEPS)
    for tau in temperatures:
        # on all options: where far ones are left out, a step may go where they would be best, and the next ones cannot see the way back
        near = newton(few, near, tau, NEWTON_STEPS_WARM, stop) if tau > WARM_ENOUGH else newton(dual, near, tau, NEWTON_STEPS, stop)
        sharp = dual.sharp(near)
        if sharp < least:
            best, least = near, sharp
        if stop():
            break
    return dual.restricted(best, SHORT_MARGIN), best


def fit_large(dual: AnyModel, price: FloatArray, temperatures: tuple[float, ...], stop: Callable[[], bool]) -> tuple[AnyModel, FloatArray]:
    """Where the rows are too many to factorise: descents, hot ones on samples of the needs, first on the rows that most options use."""
    best, least = price, dual.sharp(price)
    near = price
    part = _sample_by_rows(dual, ROWS_SEEN_HOT)
    busiest = np.argsort(-part.busyness(), kind="stable")
    for share in COARSE_SHARES:
        near = quasi_newton(part, near, temperatures[0], DESCENT_STEPS, busiest[: int(np.ceil(share * len(busiest)))], stop)
    part = _sample_by_rows(dual, ROWS_SEEN_WARM)
    near = quasi_newton(part, near, temperatures[0], DESCENT_STEPS, stop=stop)
    for tau in temperatures[1:]:
        if tau < WARM_ENOUGH:
            part = _sample_by_rows(dual, ROWS_SEEN_COOL) if tau > COLD_ENOUGH else dual
        steps = DESCENT_STEPS if tau > COLD_ENOUGH else LAST_DESCENT_STEPS
        near = quasi_newton(part.restricted(near, margin_at(tau)), near, tau, steps, stop=stop)
        sharp = dual.sharp(near)
        if sharp < least:
            best, least = near, sharp
        if stop():
            return dual, best
    return dual.restricted(best, SHORT_MARGIN), best


def _sample_by_rows(dual: AnyModel, options_of_row: int) -> AnyModel:
    """So many needs that each row is asked by so many options on average: fewer tell too little about it."""
    return dual.sampled(max(dual.options // (options_of_row * len(dual.rows)), 1))


def margin_at(tau: float) -> float:
    """How far below the best an option may lie to be looked at: far beyond what has weight, and room for the prices to move."""
    return min(SHORT_MARGIN, 10 * tau + LEAST_MARGIN)


def quasi_newton(
    dual: Model,
    price: FloatArray,
    tau: float,
    iterations: int,
    rows: IntArray | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> FloatArray:
    """L-BFGS on some rows or all, each variable scaled by the curvature of its row."""
    if stop():
        return price
    rows = np.arange(len(price)) if rows is None else rows
    _, _, weights = dual.smoothed(price, tau)
    diagonal = dual.curvature(weights, tau)
    typical = float(np.median(diagonal[diagonal > 0])) if np.any(diagonal > 0) else 1.0
    step = 1.0 / np.sqrt(np.maximum(diagonal, 1e-3 * typical))

    def objective(y: FloatArray) -> tuple[float, FloatArray]:
        trial = price.copy()
        trial[rows] = y * step[rows]
        value, gradient, _ = dual.smoothed(trial, tau)
        return value, (gradient * step)[rows]

    def watch(intermediate_result: object) -> None:  # noqa: ARG001 -- the name asks scipy for this form of the callback
        if stop():
            raise StopIteration

    found = minimize(
        objective,
        (price / step)[rows],
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(np.zeros(len(rows)), (dual.rows.ceiling / step)[rows], strict=True)),
        options={"maxiter": iterations, "maxcor": 20, "ftol": 1e-9},
        callback=watch,
    )
    moved = price.copy()
    moved[rows] = np.clip(found.x * step[rows], 0.0, dual.rows.ceiling[rows])
    return moved


def newton(dual: Model, price: FloatArray, tau: float, iterations: int, stop: Callable[[], bool] = lambda: False) -> FloatArray:
    """Primal-dual interior Newton steps on the smoothed dual with a barrier at both ends of each price's range.

    The barrier is as fine as the smoothing: its weight κ falls with τ. Each step solves (H + S/Λ) d = -g + κ/Λ.
    """
    ceiling, rows = dual.rows.ceiling, len(dual.rows)
    barrier = barrier_weight(dual, price, tau)
    price = np.clip(price, np.minimum(1e-2 * barrier, 0.01 * ceiling), 0.99 * ceiling)
    value, gradient, weights = dual.smoothed(price, tau)
    slack = np.maximum(gradient, barrier / price)
    for _ in range(iterations):
        if stop():
            break
        pull = barrier / price - _upper(barrier, ceiling, price)
        stiffness = slack / price + _upper(barrier, ceiling, price) / np.maximum(ceiling - price, 1e-300)
        direction = _newton_direction(dual, tau, weights, pull - gradient, stiffness)
        step = min(1.0, _to_boundary(price, direction), _to_boundary(ceiling - price, -direction))
        slope = float((gradient - pull) @ direction)
        merit = value - _barrier(barrier, price, ceiling)
        moved = False
        for _ in range(10):
            trial = price + step * direction
            trial_value, trial_gradient, trial_weights = dual.smoothed(trial, tau)
            if trial_value - _barrier(barrier, trial, ceiling) <= merit + 1e-4 * step * slope:
                moved = True
                break
            step *= 0.4
        if not moved:
            break
        slack_direction = barrier / price - slack - slack / price * direction
        slack = slack + min(1.0, _to_boundary(slack, slack_direction)) * slack_direction
        price, value, gradient, weights = trial, trial_value, trial_gradient, trial_weights
        if -slope < 0.3 * barrier * rows * NEWTON_ACCURACY:
            break
    return price


def barrier_weight(dual: Model, price: FloatArray, tau: float) -> float:
    """κ: what each row's barrier may cost, so that all together cost about as much as the smoothing."""
    return BARRIER * tau * max(dual.sharp(price), 1.0) / len(dual.rows)


def _upper(barrier: float, ceiling: FloatArray, price: FloatArray) -> FloatArray:
    return np.where(np.isfinite(ceiling), barrier / np.maximum(ceiling - price, 1e-300), 0.0)


def _barrier(weight: float, price: FloatArray, ceiling: FloatArray) -> float:
    bounded = np.isfinite(ceiling)
    return weight * float(np.log(price).sum() + np.log(ceiling[bounded] - price[bounded]).sum())


def _to_boundary(distance: FloatArray, direction: FloatArray) -> float:
    """The step that goes 95 % of the way to zero."""
    falling = direction < 0
    return 0.95 * float(np.min(-distance[falling] / direction[falling], initial=np.inf))


def _newton_direction(dual: Model, tau: float, weights: FloatArray, towards: FloatArray, stiffness: FloatArray) -> FloatArray:
    """Solve (H + stiffness) d = towards; rows so stiff that H hardly matters (their price is almost nothing) are solved by themselves."""
    diagonal = dual.curvature(weights, tau)
    direction = towards / (diagonal + stiffness)
    together = np.flatnonzero(stiffness < STIFF * diagonal)
    size = len(together)
    if not 0 < size <= MOST_ROWS_FOR_NEWTON:
        return direction
    matrix = dual.hessian(weights, tau, together)
    on_diagonal = np.diagonal(matrix) + stiffness[together]
    lift = REGULARISATION
    for _ in range(6):
        matrix[np.diag_indices(size)] = on_diagonal * (1 + lift)
        try:
            factor = cho_factor(matrix, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            lift *= 100
            continue
        direction[together] = cho_solve(factor, towards[together].astype(np.float32), check_finite=False)
        return direction
    return direction
