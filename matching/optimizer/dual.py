"""Prices by minimising the bound.

The bound is convex and piecewise linear in the prices. It is smoothed (max becomes a soft maximum of temperature τ times the best
value of the need) and followed from warm to cold: L-BFGS to come near, then interior Newton steps, which see that raising a bank's
price and lowering those of all its branches is the same thing, so that the descent does not stall on it.
Floating point throughout: what comes out is rounded and certified in integers.

References: Nesterov, Smooth minimization of non-smooth functions (2005); Wright, Primal-dual interior-point methods (1997).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]  # scipy has no types
from scipy.optimize import minimize  # type: ignore[import-untyped]  # scipy has no types

from matching.optimizer import kernels
from matching.optimizer.certificate import Prices, floor_price_limits, largest_shift
from matching.optimizer.parallel import each
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import Cut, IndexArray, IntArray, Problem

FloatArray = NDArray[np.float64]

TEMPERATURES = (6e-2, 2e-2, 6e-3, 2e-3, 7e-4)
FIRST_STEPS = 25
MOST_NEWTON_STEPS = 8
SHORT_MARGIN = 0.25
STIFF = 30.0
MOST_ROWS_FOR_NEWTON = 3_000
COARSE_SHARES = (0.02, 0.15, 1.0)
DESCENT_STEPS = 30
LARGEST_PRICE = 2.0**61
TINY = 1e-9  # a range for the price of a floor without a penalty, which rounding closes again
REGULARISATION = 1e-8
BARRIER = 0.1
NEWTON_ACCURACY = 0.3
FEW_OPTIONS, MANY_OPTIONS = 5_000, 40_000
SAMPLE = 4
LEAST_SHARE = 1e-3


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
    option: IntArray
    option_start: IntArray
    value: FloatArray
    use_start: IntArray
    use_row: IndexArray
    use_amount: FloatArray
    best_value: FloatArray

    def smoothed(self, price: FloatArray, tau: float) -> tuple[float, FloatArray, FloatArray]:
        """Value, gradient and option weights at temperature tau."""
        weights = np.zeros(len(self.value))
        temperature = tau * self.best_value

        def of(part: tuple[int, int]) -> tuple[float, FloatArray]:
            usage = np.zeros(len(self.rows))
            return kernels.smoothed_pass(*part, *self.uses(), price, temperature, usage, weights), usage

        (first, usage), *rest = each(of, self.parts)
        total = first + sum(t for t, _ in rest)
        for _, more in rest:
            usage += more
        return total + float(self.rows.room @ price), self.rows.room - usage, weights

    def uses(self) -> tuple[IntArray, FloatArray, IntArray, IndexArray, FloatArray]:
        return self.option_start, self.value, self.use_start, self.use_row, self.use_amount

    @cached_property
    def parts(self) -> list[tuple[int, int]]:
        """The needs in halves of about as many options each; a small dual stays whole."""
        needs = len(self.option_start) - 1
        if len(self.value) < FEW_OPTIONS:
            return [(0, needs)]
        middle = int(np.searchsorted(self.option_start, len(self.value) // 2))
        return [(0, middle), (middle, needs)]

    def sharp(self, price: FloatArray) -> float:
        """The bound itself, without the constant of the fixed needs."""
        parts = each(lambda part: float(kernels.sharp_pass(*part, *self.uses(), price)), self.parts)
        return sum(parts) + float(self.rows.room @ price)


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
    return Dual(rows, option, option_start, value, use_start, use_row, use_amount, best)


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
) -> tuple[Dual, FloatArray]:
    """Prices near the least bound, by falling temperature, from `price`; and the dual on the options that still matter there."""
    if len(dual.rows) == 0:
        return dual, price
    if len(dual.value) == 0:  # nothing to choose: only floors that are still owed have a price, all of it
        return dual, np.where((dual.rows.room < 0) & np.isfinite(dual.rows.ceiling), dual.rows.ceiling, 0.0)
    if len(dual.rows) > MOST_ROWS_FOR_NEWTON:
        return fit_large(dual, price, temperatures, stop)
    best, least = price, dual.sharp(price)
    few = sampled(dual, SAMPLE) if len(dual.value) >= MANY_OPTIONS else dual
    near = quasi_newton(few, price, temperatures[0], FIRST_STEPS)
    near = newton(few, near, temperatures[0], MOST_NEWTON_STEPS, stop)
    if dual.sharp(near) < least:
        best, least = near, dual.sharp(near)
    for tau in temperatures[1:]:
        if stop():
            break
        short = restrict(dual, near, SHORT_MARGIN)
        near = newton(short, near, tau, MOST_NEWTON_STEPS, stop)
        sharp = dual.sharp(near)
        if sharp < least:
            best, least = near, sharp
    return restrict(dual, best, SHORT_MARGIN), best


def fit_large(dual: Dual, price: FloatArray, temperatures: tuple[float, ...], stop: Callable[[], bool]) -> tuple[Dual, FloatArray]:
    """Where the rows are too many to factorise: descents only, first on the rows that most options use, then on all."""
    best, least = price, dual.sharp(price)
    busiest = np.argsort(-np.bincount(dual.use_row, minlength=len(dual.rows)), kind="stable")
    near = price
    for share in COARSE_SHARES:
        if stop():
            return dual, near if dual.sharp(near) < least else best
        near = quasi_newton(dual, near, temperatures[0], DESCENT_STEPS, busiest[: int(np.ceil(share * len(busiest)))])
    dual = restrict(dual, near, SHORT_MARGIN)
    for tau in temperatures[1:]:
        sharp = dual.sharp(near)
        if sharp < least:
            best, least = near, sharp
        if stop():
            return dual, best
        near = quasi_newton(dual, near, tau, DESCENT_STEPS)
    return dual, near if dual.sharp(near) < least else best


def sampled(dual: Dual, every: int) -> Dual:
    """The dual of every so-manieth need, each row with as much room as it has for all, compared with the most that could be asked of it."""
    needs = np.arange(0, len(dual.option_start) - 1, every)
    of_option = np.zeros(len(dual.option_start) - 1, dtype=np.bool_)
    of_option[needs] = True
    kept = np.repeat(of_option, np.diff(dual.option_start))
    asked, asked_of_all = _most_asked(dual, kept), _most_asked(dual, np.ones(len(kept), dtype=np.bool_))
    share = np.divide(asked, asked_of_all, out=np.zeros(len(asked)), where=asked_of_all > 0)
    part = _of_options(dual, kept)
    starts = np.concatenate([part.option_start[needs], part.option_start[-1:]])
    rows = replace(dual.rows, room=dual.rows.room * np.maximum(share, LEAST_SHARE))
    return replace(part, rows=rows, option_start=starts, best_value=dual.best_value[needs])


def _most_asked(dual: Dual, kept: NDArray[np.bool_]) -> FloatArray:
    """Σ over needs of the largest use of each row by one of its kept options."""
    rows = len(dual.rows)
    total = np.zeros(rows)
    kernels.largest_use_by_need(
        dual.option_start, dual.use_start, dual.use_row, dual.use_amount, kept, total, np.zeros(rows), np.zeros(rows, dtype=np.int64)
    )
    return total


def with_cuts(
    base: Dual, tight: Tightened, dual: Dual, price: FloatArray, new: tuple[Cut, ...], unpriced: float
) -> tuple[Dual, FloatArray]:
    """The base dual with the cuts of `dual` that have a price and new ones, and its prices: those known, almost nothing for the new."""
    plain = len(base.rows)
    keep = price[plain:] > unpriced
    cuts = (*(cut for cut, kept in zip(dual.rows.cuts, keep.tolist(), strict=True) if kept), *new)
    room = np.array([_cut_room(cut, tight) for cut in cuts], dtype=np.float64)
    scale = np.maximum(room, 1)
    place = np.full(int(base.option.max()) + 1, -1, dtype=np.int64)
    place[base.option] = np.arange(len(base.option))
    owner = np.concatenate([np.repeat(np.arange(len(base.option)), np.diff(base.use_start)), *(place[cut.options] for cut in cuts)])
    row = np.concatenate([base.use_row, *(np.full(len(cut.options), plain + c, dtype=np.int32) for c, cut in enumerate(cuts))])
    amount = np.concatenate([base.use_amount, *(cut.alpha / scale[c] for c, cut in enumerate(cuts))])
    known = owner >= 0
    order = np.argsort(owner[known], kind="stable")
    use_start = np.zeros(len(base.option) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner[known], minlength=len(base.option)), out=use_start[1:])
    rows = Rows(
        base.rows.resource,
        base.rows.floors,
        cuts,
        np.concatenate([base.rows.scale, scale]),
        np.concatenate([base.rows.room, room / scale]),
        np.concatenate([base.rows.ceiling, np.full(len(cuts), np.inf)]),
    )
    extended = Dual(
        rows,
        base.option,
        base.option_start,
        base.value,
        use_start,
        row[known][order].astype(np.int32),
        amount[known][order],
        base.best_value,
    )
    return extended, np.concatenate([price[:plain], price[plain:][keep], np.full(len(new), unpriced)])


def restrict(dual: Dual, price: FloatArray, margin: float) -> Dual:
    """The dual on the options whose reduced value is within `margin` of the best value of their need from its best (or from none)."""
    kept = np.zeros(len(dual.value), dtype=np.bool_)
    kernels.near_best(
        dual.option_start,
        dual.value,
        dual.use_start,
        dual.use_row,
        dual.use_amount,
        price,
        margin * dual.best_value,
        kept,
        np.empty(len(kept)),
    )
    return _of_options(dual, kept)


def _of_options(dual: Dual, kept: NDArray[np.bool_]) -> Dual:
    """The dual with only some of its options."""
    counts = np.diff(dual.use_start)
    of_use = np.repeat(kept, counts)
    return Dual(
        dual.rows,
        dual.option[kept],
        np.concatenate([[0], np.cumsum(kept)])[dual.option_start],
        dual.value[kept],
        np.concatenate([[0], np.cumsum(counts[kept])]),
        dual.use_row[of_use],
        dual.use_amount[of_use],
        dual.best_value,
    )


def quasi_newton(dual: Dual, price: FloatArray, tau: float, iterations: int, rows: IntArray | None = None) -> FloatArray:
    """L-BFGS on some rows or all, each variable scaled by the curvature of its row."""
    rows = np.arange(len(price)) if rows is None else rows
    _, _, weights = dual.smoothed(price, tau)
    diagonal = np.zeros(len(dual.rows))
    kernels.curvature(dual.option_start, dual.use_start, dual.use_row, dual.use_amount, tau * dual.best_value, weights, diagonal)
    typical = float(np.median(diagonal[diagonal > 0])) if np.any(diagonal > 0) else 1.0
    step = 1.0 / np.sqrt(np.maximum(diagonal, 1e-3 * typical))

    def objective(y: FloatArray) -> tuple[float, FloatArray]:
        trial = price.copy()
        trial[rows] = y * step[rows]
        value, gradient, _ = dual.smoothed(trial, tau)
        return value, (gradient * step)[rows]

    found = minimize(
        objective,
        (price / step)[rows],
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(np.zeros(len(rows)), (dual.rows.ceiling / step)[rows], strict=True)),
        options={"maxiter": iterations, "maxcor": 20, "ftol": 1e-9},
    )
    moved = price.copy()
    moved[rows] = np.clip(found.x * step[rows], 0.0, dual.rows.ceiling[rows])
    return moved


def newton(dual: Dual, price: FloatArray, tau: float, iterations: int, stop: Callable[[], bool] = lambda: False) -> FloatArray:
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


def barrier_weight(dual: Dual, price: FloatArray, tau: float) -> float:
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


def _newton_direction(dual: Dual, tau: float, weights: FloatArray, towards: FloatArray, stiffness: FloatArray) -> FloatArray:
    """Solve (H + stiffness) d = towards; rows so stiff that H hardly matters (their price is almost nothing) are solved by themselves."""
    diagonal = np.zeros(len(towards))
    kernels.curvature(dual.option_start, dual.use_start, dual.use_row, dual.use_amount, tau * dual.best_value, weights, diagonal)
    direction = towards / (diagonal + stiffness)
    together = np.flatnonzero(stiffness < STIFF * diagonal)
    size = len(together)
    if not 0 < size <= MOST_ROWS_FOR_NEWTON:
        return direction
    place = np.full(len(towards), -1, dtype=np.int64)
    place[together] = np.arange(size)
    temperature = tau * dual.best_value

    def of(part: tuple[int, int]) -> FloatArray:
        matrix = np.zeros((size, size))
        kernels.hessian(
            *part,
            dual.option_start,
            dual.use_start,
            dual.use_row,
            dual.use_amount,
            temperature,
            weights,
            place,
            matrix,
            np.zeros(size),
            np.zeros(size, dtype=np.int64),
        )
        return matrix

    matrix, *rest = each(of, dual.parts)
    for more in rest:
        matrix += more
    on_diagonal = np.diagonal(matrix) + stiffness[together]
    lift = REGULARISATION
    for _ in range(6):
        matrix[np.diag_indices(size)] = on_diagonal * (1 + lift)
        try:
            factor = cho_factor(matrix, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            lift *= 100
            continue
        direction[together] = cho_solve(factor, towards[together], check_finite=False)
        return direction
    return direction


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


def refitted(problem: Problem, prices: Prices) -> Prices:
    """Given integer prices at the largest shift that fits this problem, no floor above its penalty."""
    unit = 2.0**-prices.shift
    resource, floor = prices.resource.astype(np.float64) * unit, prices.floor.astype(np.float64) * unit
    shift = largest_shift(problem, resource, floor, [(c.options, c.alpha, c.price * unit) for c in prices.cuts])
    if shift is None:
        return no_prices(problem)
    cuts = tuple(Cut(c.resource, c.options, c.alpha, c.rhs, _shifted(c.price, prices.shift, shift)) for c in prices.cuts)
    return Prices(
        shift,
        np.array([_shifted(p, prices.shift, shift) for p in prices.resource.tolist()], dtype=np.int64),
        np.minimum(
            np.array([_shifted(p, prices.shift, shift) for p in prices.floor.tolist()], dtype=np.int64), floor_price_limits(problem, shift)
        ),
        tuple(cut for cut in cuts if cut.price > 0),
    )


def _shifted(price: int, before: int, after: int) -> int:
    return price << (after - before) if after >= before else price >> (before - after)


def no_prices(problem: Problem) -> Prices:
    shift = largest_shift(problem, np.zeros(problem.resources), np.zeros(problem.floors))
    assert shift is not None, "refuse_unpriceable let a problem through"
    return Prices(shift, np.zeros(problem.resources, dtype=np.int64), np.zeros(problem.floors, dtype=np.int64))


def from_prices(dual: Dual, prices: Prices) -> FloatArray:
    """Integer prices as floating prices of the scaled rows, inside their range."""
    known = np.concatenate([prices.resource[dual.rows.resource], prices.floor, np.array([c.price for c in dual.rows.cuts], dtype=np.int64)])
    return np.clip(known * 2.0**-prices.shift * dual.rows.scale, 0.0, dual.rows.ceiling)
