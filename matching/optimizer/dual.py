"""Prices by minimising the bound.

The bound is convex and piecewise linear in the prices. It is smoothed (max becomes a soft maximum of temperature τ times the best
value of the need) and followed from warm to cold: L-BFGS to come near, then interior Newton steps, which see that raising a bank's
price and lowering those of all its branches is the same thing, so that the descent does not stall on it.
Floating point throughout: what comes out is rounded and certified in integers.

References: Nesterov, Smooth minimization of non-smooth functions (2005); Wright, Primal-dual interior-point methods (1997).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]  # scipy has no types
from scipy.optimize import minimize  # type: ignore[import-untyped]  # scipy has no types

from matching.optimizer import kernels
from matching.optimizer.certificate import Prices, floor_price_limits, largest_shift
from matching.optimizer.parallel import Result, each
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import Cut, IndexArray, IntArray, Problem

FloatArray = NDArray[np.float64]
NarrowArray = NDArray[np.float32]

TEMPERATURES = (6e-2, 2e-2, 6e-3, 2e-3, 7e-4)
FIRST_STEPS = 25
MOST_NEWTON_STEPS = 8
WIDE_MARGIN, SHORT_MARGIN, LEAST_MARGIN = 0.5, 0.25, 0.05
HALVES = 2
STIFF = 30.0
MOST_ROWS_FOR_NEWTON = 3_000
COARSE_SHARES = (0.02, 0.15, 1.0)
DESCENT_STEPS, LAST_DESCENT_STEPS = 30, 50
LARGEST_PRICE = 2.0**61
TINY = 1e-9  # a range for the price of a floor without a penalty, which rounding closes again
REGULARISATION = 1e-8
BARRIER = 0.1
NEWTON_ACCURACY = 0.3
FEW_OPTIONS, MANY_OPTIONS = 5_000, 40_000
ROWS_SEEN_HOT, ROWS_SEEN_WARM, ROWS_SEEN_COOL = 50, 200, 400  # options a row
WARM_ENOUGH, COLD_ENOUGH = 1e-2, 2.5e-3
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


class Model(Protocol):
    """What the descents ask of a smoothed dual, wherever its needs are: in this process (`Dual`) or in others (`shards.Spread`)."""

    @property
    def rows(self) -> Rows: ...
    @property
    def options(self) -> int: ...
    def smoothed(self, price: FloatArray, tau: float) -> tuple[float, FloatArray, FloatArray]: ...
    def sharp(self, price: FloatArray) -> float: ...
    def curvature(self, weights: FloatArray, tau: float) -> FloatArray: ...
    def hessian(self, weights: FloatArray, tau: float, rows: IntArray) -> FloatArray: ...
    def busyness(self) -> IntArray: ...
    def restricted(self, price: FloatArray, margin: float) -> Self: ...
    def sampled(self, every: int) -> Self: ...


Number = TypeVar("Number", np.float64, np.int64)
AnyModel = TypeVar("AnyModel", bound=Model)


@dataclass(frozen=True, eq=False)
class Dual:
    """The smoothed dual of what is left to decide, in floating point. `cut`: the needs where its sums are divided."""

    rows: Rows
    option: IndexArray
    option_start: IndexArray
    value: FloatArray
    use_start: IndexArray
    use_row: IndexArray
    use_amount: NarrowArray
    best_value: FloatArray
    cut: tuple[int, ...] = ()

    @property
    def options(self) -> int:
        return len(self.value)

    def smoothed(self, price: FloatArray, tau: float) -> tuple[float, FloatArray, FloatArray]:
        """Value, gradient and option weights at temperature tau; the weights stand in one place, where the next pass writes."""
        weights = self.scratch
        temperature = tau * self.best_value

        def of(part: tuple[int, int]) -> tuple[float, FloatArray]:
            usage = np.zeros(len(self.rows))
            return kernels.smoothed_pass(*part, *self.uses(), price, temperature, usage, weights), usage

        totals, usages = zip(*self.by_part(of), strict=True)
        return sum(totals) + float(self.rows.room @ price), self.rows.room - added(usages), weights

    @cached_property
    def scratch(self) -> FloatArray:
        return np.empty(len(self.value))

    def uses(self) -> tuple[IndexArray, FloatArray, IndexArray, IndexArray, NarrowArray]:
        return self.option_start, self.value, self.use_start, self.use_row, self.use_amount

    def by_part(self, of: Callable[[tuple[int, int]], Result]) -> list[Result]:
        """of(first need, last need) of each part. Every sum goes by the same parts in the same order, so that parts may be elsewhere."""
        parts = list(pairwise((0, *self.cut, len(self.option_start) - 1)))
        return [of(part) for part in parts] if self.options < FEW_OPTIONS else each(of, parts)

    def sharp(self, price: FloatArray) -> float:
        """The bound itself, without the constant of the fixed needs."""
        return sum(self.by_part(lambda part: float(kernels.sharp_pass(*part, *self.uses(), price)))) + float(self.rows.room @ price)

    def curvature(self, weights: FloatArray, tau: float) -> FloatArray:
        """An upper estimate of the diagonal of the second derivatives where the options have these weights."""
        temperature = tau * self.best_value

        def of(part: tuple[int, int]) -> FloatArray:
            first, last = part
            diagonal = np.zeros(len(self.rows))
            kernels.curvature(self.option_start[first : last + 1], *self.uses()[2:], temperature[first:last], weights, diagonal)
            return diagonal

        return added(self.by_part(of))

    def hessian(self, weights: FloatArray, tau: float, rows: IntArray) -> FloatArray:
        """The second derivatives among some rows, as a lower triangle."""
        place = np.full(len(self.rows), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        given = self.option_start, *self.uses()[2:], tau * self.best_value, weights, place

        def of(part: tuple[int, int]) -> FloatArray:
            matrix = np.zeros((len(rows), len(rows)))
            kernels.hessian(*part, *given, matrix, np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64))
            return matrix

        return added(self.by_part(of))

    def busyness(self) -> IntArray:
        """How many options use each row."""
        return np.bincount(self.use_row, minlength=len(self.rows))

    def most_asked(self) -> FloatArray:
        """Σ over needs of the largest use of each row by one of its options."""

        def of(part: tuple[int, int]) -> FloatArray:
            first, last = part
            total, latest, seen = np.zeros(len(self.rows)), np.zeros(len(self.rows)), np.zeros(len(self.rows), dtype=np.int64)
            kernels.most_asked(self.option_start[first : last + 1], *self.uses()[2:], total, latest, seen)
            return total

        return added(self.by_part(of))

    def restricted(self, price: FloatArray, margin: float) -> "Dual":
        """On the options whose reduced value is within `margin` of the best value of their need from its best (or from none)."""
        kept = np.zeros(len(self.value), dtype=np.bool_)
        kernels.near_best(*self.uses(), price, margin * self.best_value, kept, self.scratch)
        return _of_options(self, kept)

    def sampled(self, every: int) -> "Dual":
        """Every so-manieth need, each row with as much room as it has for all, compared with the most that could be asked of it."""
        if every == 1:
            return self
        part = self.every_need(every, 0)
        return replace(part, rows=rows_of_sample(self.rows, part.most_asked(), self.most_asked()))

    def every_need(self, every: int, first: int) -> "Dual":
        """Every so-manieth need from `first` on, with the rows of all."""
        needs = np.arange(first, len(self.option_start) - 1, every)
        of_need = np.zeros(len(self.option_start) - 1, dtype=np.bool_)
        of_need[needs] = True
        part = _of_options(self, np.repeat(of_need, np.diff(self.option_start)))
        starts = np.concatenate([part.option_start[needs], part.option_start[-1:]])
        cut = tuple(int(np.searchsorted(needs, place)) for place in self.cut)
        return replace(part, option_start=starts, best_value=self.best_value[needs], cut=cut)


def added(parts: Sequence[NDArray[Number]]) -> NDArray[Number]:
    """Their sum in the order given, in the place of the first."""
    total = parts[0]
    for more in parts[1:]:
        total += more
    return total


def rows_of_sample(rows: Rows, asked: FloatArray, asked_of_all: FloatArray) -> Rows:
    """The rows with room for a sample of the needs: as much as they ask for of what all ask for."""
    share = np.divide(asked, asked_of_all, out=np.zeros(len(asked)), where=asked_of_all > 0)
    return replace(rows, room=rows.room * np.maximum(share, LEAST_SHARE))


def build(problem: Problem, tight: Tightened, active: NDArray[np.bool_], cuts: tuple[Cut, ...] = ()) -> Dual:
    """Only kept options and active rows enter; floors and cuts are further rows. The needs are cut in halves of about as many options."""
    whole = of_rows(problem, tight, rows_of(problem, tight, active, cuts))
    return whole if whole.options < FEW_OPTIONS else replace(whole, cut=places(problem, HALVES))


def places(problem: Problem, pieces: int) -> tuple[int, ...]:
    """The needs where to cut so that each piece has about as many options."""
    return tuple(np.searchsorted(problem.option_start, [problem.options * piece // pieces for piece in range(1, pieces)]).tolist())


def rows_of(problem: Problem, tight: Tightened, active: NDArray[np.bool_], cuts: tuple[Cut, ...] = ()) -> Rows:
    resource = np.flatnonzero(active)
    return Rows(resource, problem.floors, cuts, *_scaled_rows(problem, tight, resource, cuts))


def of_rows(problem: Problem, tight: Tightened, rows: Rows) -> Dual:
    """The dual of the kept options, in one piece, with rows that are known already."""
    option = np.flatnonzero(tight.kept).astype(np.int32)
    use_start, use_row, use_amount = _scaled_uses(problem, rows.resource, option, rows.cuts, rows.scale)
    option_start = np.searchsorted(option, problem.option_start).astype(np.int32)
    value = problem.value[option].astype(np.float64)
    filled = option_start[1:] > option_start[:-1]
    best = np.ones(problem.needs)
    if len(option):
        best[filled] = np.maximum(np.maximum.reduceat(value, option_start[:-1][filled]), 1.0)
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
    problem: Problem, resource: IntArray, option: IndexArray, cuts: tuple[Cut, ...], scale: FloatArray
) -> tuple[IndexArray, IndexArray, NarrowArray]:
    """Uses of the kept options on all rows, grouped by option."""
    row_of = np.full(problem.resources, -1, dtype=np.int32)
    row_of[resource] = np.arange(len(resource), dtype=np.int32)
    use_start = np.empty(len(option) + 1, dtype=np.int32)
    given = (option, problem.use_start, problem.use_resource, problem.use_amount, row_of, scale)
    kernels.count_uses(option, problem.use_start, problem.use_resource, row_of, use_start)
    use_row, use_amount = np.empty(use_start[-1], dtype=np.int32), np.empty(use_start[-1], dtype=np.float32)
    kernels.scaled_uses(*given, use_row, use_amount)
    if not problem.floors and not cuts:
        return use_start, use_row, use_amount
    place = np.full(problem.options, -1, dtype=np.int64)
    place[option] = np.arange(len(option))
    of_use = np.repeat(place, np.diff(problem.use_start))
    owner, row, amount = [], [], []
    for f, r in enumerate(problem.floor_resource.tolist()):
        on = (problem.use_resource == r) & (of_use >= 0)
        owner.append(of_use[on])
        row.append(np.full(int(on.sum()), len(resource) + f, dtype=np.int32))
        amount.append(-problem.use_amount[on].astype(np.float64) / scale[len(resource) + f])
    for c, cut in enumerate(cuts):
        known = place[cut.options] >= 0
        r = len(resource) + problem.floors + c
        owner.append(place[cut.options[known]])
        row.append(np.full(int(known.sum()), r, dtype=np.int32))
        amount.append(cut.alpha[known] / scale[r])
    return _with_more_uses(use_start, use_row, use_amount, np.concatenate(owner), np.concatenate(row), np.concatenate(amount))


def _with_more_uses(
    use_start: IndexArray, use_row: IndexArray, use_amount: NarrowArray, owner: IntArray, row: IndexArray, amount: FloatArray
) -> tuple[IndexArray, IndexArray, NarrowArray]:
    """The uses with more of them, each after those that its option has already."""
    counts = np.diff(use_start)
    owners = np.concatenate([np.repeat(np.arange(len(counts)), counts), owner])
    order = np.argsort(owners, kind="stable")
    starts = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts + np.bincount(owner, minlength=len(counts)), out=starts[1:])
    return starts, np.concatenate([use_row, row])[order], np.concatenate([use_amount, amount.astype(np.float32)])[order]


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
    near = newton(few, near, temperatures[0], MOST_NEWTON_STEPS, stop)
    if dual.sharp(near) < least:
        best, least = near, dual.sharp(near)
    for tau in temperatures[1:]:
        if stop():
            break
        short = dual.restricted(near, WIDE_MARGIN if tau > WARM_ENOUGH else SHORT_MARGIN)
        near = newton(short, near, tau, MOST_NEWTON_STEPS, stop)
        sharp = dual.sharp(near)
        if sharp < least:
            best, least = near, sharp
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
    owner = np.concatenate([np.zeros(0, dtype=np.int64), *(place[cut.options] for cut in cuts)])
    row = np.concatenate(
        [np.zeros(0, dtype=np.int32), *(np.full(len(cut.options), plain + c, dtype=np.int32) for c, cut in enumerate(cuts))]
    )
    amount = np.concatenate([np.zeros(0), *(cut.alpha / scale[c] for c, cut in enumerate(cuts))])
    known = owner >= 0
    use_start, use_row, use_amount = _with_more_uses(base.use_start, base.use_row, base.use_amount, owner[known], row[known], amount[known])
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
        use_row,
        use_amount,
        base.best_value,
        base.cut,
    )
    return extended, np.concatenate([price[:plain], price[plain:][keep], np.full(len(new), unpriced)])


def restrict(dual: Dual, price: FloatArray, margin: float) -> Dual:
    return dual.restricted(price, margin)


def _of_options(dual: Dual, kept: NDArray[np.bool_]) -> Dual:
    """The dual with only some of its options."""
    chosen = np.flatnonzero(kept).astype(np.int32)
    use_start = np.zeros(len(chosen) + 1, dtype=np.int32)
    np.cumsum(dual.use_start[chosen + 1] - dual.use_start[chosen], out=use_start[1:])
    use_row, use_amount = np.empty(use_start[-1], dtype=np.int32), np.empty(use_start[-1], dtype=np.float32)
    kernels.copy_ordered(chosen, dual.use_start, dual.use_row, dual.use_amount, use_start, use_row, use_amount)
    return Dual(
        dual.rows,
        dual.option[chosen],
        np.searchsorted(chosen, dual.option_start).astype(np.int32),
        dual.value[chosen],
        use_start,
        use_row,
        use_amount,
        dual.best_value,
        dual.cut,
    )


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
        direction[together] = cho_solve(factor, towards[together], check_finite=False)
        return direction
    return direction


def charged(dual: Dual, prices: Prices) -> Dual:
    """The dual of the plain rows with the prices of the cuts held: what an option pays for cuts is taken off its value."""
    value = dual.value.copy()
    for cut in prices.cuts:
        at = np.searchsorted(dual.option, cut.options)
        known = (at < len(dual.option)) & (dual.option[np.minimum(at, len(dual.option) - 1)] == cut.options)
        value[at[known]] -= cut.alpha[known] * (cut.price * 2.0**-prices.shift)
    return replace(dual, value=value)


def to_prices(problem: Problem, dual: Model, price: FloatArray, held: Prices | None = None) -> Prices:
    """Floating prices of the scaled rows as integers per original unit, at the largest shift that fits; cuts without a price go.

    `held` are prices whose cuts were charged and keep their price.
    """
    resource, floor, eta = per_unit(problem, dual, price)
    priced = [(c.options, c.alpha, float(e)) for c, e in zip(dual.rows.cuts, eta, strict=True)]
    if held is not None:
        priced += [(c.options, c.alpha, c.price * 2.0**-held.shift) for c in held.cuts]
    shift = largest_shift(problem, resource, floor, priced)
    if shift is None:
        return no_prices(problem)
    prices = rounded(problem, dual, price, shift)
    kept = () if held is None else tuple(replace(c, price=_shifted(c.price, held.shift, shift)) for c in held.cuts)
    return Prices(shift, prices.resource, prices.floor, (*(cut for cut in (*prices.cuts, *kept) if cut.price > 0),))


def per_unit(problem: Problem, dual: Model, price: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Prices of resources, floors and cuts per original unit, in points."""
    unit = price / dual.rows.scale
    resource = np.zeros(problem.resources)
    resource[dual.rows.resource] = unit[: len(dual.rows.resource)]
    return resource, unit[len(dual.rows.resource) :][: problem.floors], unit[len(dual.rows.resource) + problem.floors :]


def rounded(problem: Problem, dual: Model, price: FloatArray, shift: int) -> Prices:
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


def from_prices(dual: Model, prices: Prices) -> FloatArray:
    """Integer prices as floating prices of the scaled rows, inside their range."""
    known = np.concatenate([prices.resource[dual.rows.resource], prices.floor, np.array([c.price for c in dual.rows.cuts], dtype=np.int64)])
    return np.clip(known * 2.0**-prices.shift * dual.rows.scale, 0.0, dual.rows.ceiling)
