"""Prices by minimising the bound.

The bound is convex and piecewise linear in the prices. It is smoothed (max becomes a soft maximum of temperature τ times the best
value of the need) and followed from warm to cold: L-BFGS to come near, then interior Newton steps, which see that raising a bank's
price and lowering those of all its branches is the same thing, so that the descent does not stall on it.
Floating point throughout: what comes out is rounded and certified in integers.

References: Nesterov, Smooth minimization of non-smooth functions (2005); Wright, Primal-dual interior-point methods (1997).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]  # scipy has no types
from scipy.optimize import minimize  # type: ignore[import-untyped]  # scipy has no types

from matching.optimizer import kernels
from matching.optimizer.certificate import Prices, floor_price_limits, largest_shift
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import Cut, IndexArray, IntArray, Problem

FloatArray = NDArray[np.float64]

TEMPERATURES = (6e-2, 3e-2, 1.5e-2, 8e-3, 4e-3, 2e-3, 1e-3)
MOST_ROWS_FOR_NEWTON = 3_000
LARGEST_PRICE = 2.0**61
TINY = 1e-9  # a range for the price of a floor without a penalty, which rounding closes again
REGULARISATION = 1e-10
BARRIER = 0.05
NEWTON_ACCURACY = 0.1


@dataclass(frozen=True, eq=False)
class Rows:
    """The priced rows in one list: active resources, floors (as -use ≤ -F), cuts. Each scaled so that its room is about 1."""

    resource: IntArray
    floors: int
    cuts: tuple[Cut, ...]
    scale: FloatArray
    room: FloatArray
    ceiling: FloatArray

    def __len__(self) -> int:
        return len(self.room)


@dataclass(frozen=True, eq=False)
class Dual:
    """The smoothed dual of what is left to decide, in floating point."""

    rows: Rows
    option_start: IntArray
    value: FloatArray
    use_start: IntArray
    use_row: IndexArray
    use_amount: FloatArray
    best_value: FloatArray

    def smoothed(self, price: FloatArray, tau: float) -> tuple[float, FloatArray, FloatArray]:
        """Value, gradient and option weights at temperature tau."""
        usage = np.zeros(len(self.rows))
        weights = np.zeros(len(self.value))
        needs = len(self.option_start) - 1
        total = kernels.smoothed_pass(
            0,
            needs,
            self.option_start,
            self.value,
            self.use_start,
            self.use_row,
            self.use_amount,
            price,
            tau * self.best_value,
            usage,
            weights,
        )
        return total + float(self.rows.room @ price), self.rows.room - usage, weights

    def sharp(self, price: FloatArray) -> float:
        """The bound itself, without the constant of the fixed needs."""
        return float(
            kernels.sharp_pass(self.option_start, self.value, self.use_start, self.use_row, self.use_amount, price) + self.rows.room @ price
        )


def build(problem: Problem, tight: Tightened, active: NDArray[np.bool_], cuts: tuple[Cut, ...] = ()) -> Dual:
    """Only kept options and active rows enter; floors and cuts are further rows."""
    resource = np.flatnonzero(active)
    scale, room, ceiling = _scaled_rows(problem, tight, resource, cuts)
    option = np.flatnonzero(tight.kept)
    need_of = np.repeat(np.arange(problem.needs), np.diff(problem.option_start))[option]
    use_start, use_row, use_amount = _scaled_uses(problem, resource, option, cuts, scale)
    option_start = np.searchsorted(need_of, np.arange(problem.needs + 1)).astype(np.int64)
    value = problem.value[option].astype(np.float64)
    filled = option_start[1:] > option_start[:-1]
    best = np.ones(problem.needs)
    if len(option):
        best[filled] = np.maximum(np.maximum.reduceat(value, option_start[:-1][filled]), 1.0)
    rows = Rows(resource, problem.floors, cuts, scale, room, ceiling)
    return Dual(rows, option_start, value, use_start, use_row, use_amount, best)


def _scaled_rows(
    problem: Problem, tight: Tightened, resource: IntArray, cuts: tuple[Cut, ...]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    owed = problem.floor_amount - tight.used[problem.floor_resource]
    floor_scale = np.maximum(np.abs(owed), 1).astype(np.float64)
    penalty = problem.floor_penalty_num / np.maximum(problem.floor_penalty_den, 1)
    cut_room = np.array([_cut_room(cut, tight) for cut in cuts], dtype=np.float64)
    scale = np.concatenate([np.maximum(tight.room[resource], 1).astype(np.float64), floor_scale, np.maximum(cut_room, 1)])
    room = np.concatenate([tight.room[resource].astype(np.float64), -owed.astype(np.float64), cut_room]) / scale
    ceiling = np.concatenate([np.full(len(resource), np.inf), np.maximum(penalty * floor_scale, TINY), np.full(len(cuts), np.inf)])
    return scale, room, ceiling


def _cut_room(cut: Cut, tight: Tightened) -> int:
    taken = np.isin(cut.options, tight.fixed[tight.fixed >= 0])
    return cut.rhs - int(cut.alpha[taken].sum())


def _scaled_uses(
    problem: Problem, resource: IntArray, option: IntArray, cuts: tuple[Cut, ...], scale: FloatArray
) -> tuple[IntArray, IndexArray, FloatArray]:
    """Uses of the kept options on all rows, grouped by option."""
    place = np.full(problem.options, -1, dtype=np.int64)
    place[option] = np.arange(len(option))
    of_use = np.repeat(place, np.diff(problem.use_start))
    row_of = np.full(problem.resources, -1, dtype=np.int64)
    row_of[resource] = np.arange(len(resource))
    owner, row, amount = [of_use], [row_of[problem.use_resource]], [problem.use_amount.astype(np.float64)]
    for f, r in enumerate(problem.floor_resource.tolist()):
        on = problem.use_resource == r
        owner.append(of_use[on])
        row.append(np.full(int(on.sum()), len(resource) + f))
        amount.append(-problem.use_amount[on].astype(np.float64))
    for c, cut in enumerate(cuts):
        owner.append(place[cut.options])
        row.append(np.full(len(cut.options), len(resource) + problem.floors + c))
        amount.append(cut.alpha.astype(np.float64))
    owners, rows, amounts = np.concatenate(owner), np.concatenate(row), np.concatenate(amount)
    counted = (owners >= 0) & (rows >= 0)
    owners, rows, amounts = owners[counted], rows[counted], amounts[counted]
    if problem.floors or cuts:
        order = np.argsort(owners, kind="stable")
        owners, rows, amounts = owners[order], rows[order], amounts[order]
    use_start = np.zeros(len(option) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owners, minlength=len(option)), out=use_start[1:])
    return use_start, rows.astype(np.int32), amounts / scale[rows]


def fit(
    dual: Dual, price: FloatArray, *, temperatures: tuple[float, ...] = TEMPERATURES, stop: Callable[[], bool] = lambda: False
) -> FloatArray:
    """Prices near the least bound, by falling temperature, from `price`."""
    if len(dual.rows) == 0:
        return price
    if len(dual.value) == 0:  # nothing to choose: only floors that are still owed have a price, all of it
        return np.where((dual.rows.room < 0) & np.isfinite(dual.rows.ceiling), dual.rows.ceiling, 0.0)
    best, least = price, dual.sharp(price)
    for n, tau in enumerate(temperatures):
        if stop():
            break
        if n == 0 or len(dual.rows) > MOST_ROWS_FOR_NEWTON:
            price = quasi_newton(dual, price, tau, 40)
        if len(dual.rows) <= MOST_ROWS_FOR_NEWTON:
            price = newton(dual, price, tau, 8, stop)
        sharp = dual.sharp(price)
        if sharp < least:
            best, least = price, sharp
    return best


def quasi_newton(dual: Dual, price: FloatArray, tau: float, iterations: int) -> FloatArray:
    """L-BFGS with each variable scaled by the curvature of its row."""
    _, _, weights = dual.smoothed(price, tau)
    diagonal = np.zeros(len(dual.rows))
    kernels.curvature(dual.option_start, dual.use_start, dual.use_row, dual.use_amount, tau * dual.best_value, weights, diagonal)
    typical = float(np.median(diagonal[diagonal > 0])) if np.any(diagonal > 0) else 1.0
    step = 1.0 / np.sqrt(np.maximum(diagonal, 1e-3 * typical))

    def objective(y: FloatArray) -> tuple[float, FloatArray]:
        value, gradient, _ = dual.smoothed(y * step, tau)
        return value, gradient * step

    found = minimize(
        objective,
        price / step,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(np.zeros(len(price)), dual.rows.ceiling / step, strict=True)),
        options={"maxiter": iterations, "maxcor": 20, "ftol": 1e-9},
    )
    price = np.clip(found.x * step, 0.0, dual.rows.ceiling)
    return price


def newton(dual: Dual, price: FloatArray, tau: float, iterations: int, stop: Callable[[], bool] = lambda: False) -> FloatArray:
    """Primal-dual interior Newton steps on the smoothed dual with a barrier at both ends of each price's range.

    The barrier is as fine as the smoothing: its weight κ falls with τ. Each step solves (H + S/Λ) d = -g + κ/Λ.
    """
    ceiling, rows = dual.rows.ceiling, len(dual.rows)
    barrier = BARRIER * tau * max(dual.sharp(price), 1.0) / rows
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


def _upper(barrier: float, ceiling: FloatArray, price: FloatArray) -> FloatArray:
    return np.where(np.isfinite(ceiling), barrier / np.maximum(ceiling - price, 1e-300), 0.0)


def _barrier(weight: float, price: FloatArray, ceiling: FloatArray) -> float:
    bounded = np.isfinite(ceiling)
    return weight * float(np.log(price).sum() + np.log(ceiling[bounded] - price[bounded]).sum())


def _to_boundary(distance: FloatArray, direction: FloatArray) -> float:
    """The step that goes 95 % of the way to zero."""
    falling = direction < 0
    return 0.95 * float(np.min(-distance[falling] / direction[falling], initial=np.inf))


def _newton_direction(dual: Dual, tau: float, weights: FloatArray, towards: FloatArray, stiffness: FloatArray) -> FloatArray:
    size = len(towards)
    matrix = np.zeros((size, size))
    kernels.hessian(
        dual.option_start,
        dual.use_start,
        dual.use_row,
        dual.use_amount,
        tau * dual.best_value,
        weights,
        matrix,
        np.zeros(size),
        np.zeros(size, dtype=np.int64),
    )
    diagonal = np.diagonal(matrix) + stiffness
    lift = REGULARISATION
    for _ in range(8):
        matrix[np.diag_indices(size)] = diagonal * (1 + lift)
        try:
            factor = cho_factor(matrix, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            lift *= 100
            continue
        found: FloatArray = cho_solve(factor, towards, check_finite=False)
        return found
    return towards / diagonal


def to_prices(problem: Problem, dual: Dual, price: FloatArray) -> Prices:
    """Floating prices of the scaled rows as integers per original unit, at the largest shift that fits; cuts without a price go."""
    resource, floor, eta = per_unit(problem, dual, price)
    shift = largest_shift(problem, resource, floor, [(c.options, c.alpha, float(e)) for c, e in zip(dual.rows.cuts, eta, strict=True)])
    if shift is None:
        return no_prices(problem)
    prices = rounded(problem, dual, price, shift)
    return Prices(shift, prices.resource, prices.floor, tuple(cut for cut in prices.cuts if cut.price > 0))


def per_unit(problem: Problem, dual: Dual, price: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Prices of resources, floors and cuts per original unit, in points."""
    unit = price / dual.rows.scale
    resource = np.zeros(problem.resources)
    resource[dual.rows.resource] = unit[: len(dual.rows.resource)]
    return resource, unit[len(dual.rows.resource) :][: problem.floors], unit[len(dual.rows.resource) + problem.floors :]


def rounded(problem: Problem, dual: Dual, price: FloatArray, shift: int) -> Prices:
    """Integer prices at a given shift, every cut kept."""
    resource, floor, eta = (np.rint(np.minimum(p * 2.0**shift, LARGEST_PRICE)).astype(np.int64) for p in per_unit(problem, dual, price))
    cuts = tuple(Cut(c.resource, c.options, c.alpha, c.rhs, int(e)) for c, e in zip(dual.rows.cuts, eta, strict=True))
    return Prices(shift, resource, np.minimum(floor, floor_price_limits(problem, shift)), cuts)


def no_prices(problem: Problem) -> Prices:
    shift = largest_shift(problem, np.zeros(problem.resources), np.zeros(problem.floors))
    assert shift is not None, "refuse_unpriceable let a problem through"
    return Prices(shift, np.zeros(problem.resources, dtype=np.int64), np.zeros(problem.floors, dtype=np.int64))


def from_prices(dual: Dual, prices: Prices) -> FloatArray:
    """Integer prices as floating prices of the scaled rows, inside their range."""
    known = np.concatenate([prices.resource[dual.rows.resource], prices.floor, np.array([c.price for c in dual.rows.cuts], dtype=np.int64)])
    return np.clip(known * 2.0**-prices.shift * dual.rows.scale, 0.0, dual.rows.ceiling)
