"""What bounds the value at given prices, smoothed: the function that `descent` minimises.

The bound is convex and piecewise linear in the prices. Max becomes a soft maximum of temperature τ times the best value of the need.
Floating point throughout: what comes out is rounded (`rounding`) and certified in integers.

Reference: Nesterov, Smooth minimization of non-smooth functions (2005).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import kernels
from matching.optimizer.certificate import Prices, charge_cuts
from matching.optimizer.parallel import Result, each
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import Cut, IndexArray, IntArray, Problem, UnsignedArray

FloatArray = NDArray[np.float64]
NarrowArray = NDArray[np.float32]

HALVES = 2
FEW_OPTIONS = 5_000
TINY = 1e-9  # a range for the price of a floor without a penalty, which rounding closes again
LEAST_SHARE = 1e-3

Number = TypeVar("Number", np.float32, np.float64, np.int64)


@dataclass(frozen=True, eq=False)
class Rows:
    """The priced rows in one list: resources that can run out, floors (as -use ≤ -F), cuts. Each scaled so that its room is about 1."""

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
    def hessian(self, weights: FloatArray, tau: float, rows: IntArray) -> NarrowArray: ...
    def busyness(self) -> IntArray: ...
    def restricted(self, price: FloatArray, margin: float) -> Self: ...
    def sampled(self, every: int) -> Self: ...


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

    def uses(self) -> tuple[UnsignedArray, FloatArray, UnsignedArray, UnsignedArray, NarrowArray]:
        """As the kernels take them."""
        option_start, use_start, use_row = (array.view(np.uint32) for array in (self.option_start, self.use_start, self.use_row))
        return option_start, self.value, use_start, use_row, self.use_amount

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
        option_start, uses = self.uses()[0], self.uses()[2:]

        def of(part: tuple[int, int]) -> FloatArray:
            first, last = part
            diagonal = np.zeros(len(self.rows))
            kernels.curvature(option_start[first : last + 1], *uses, temperature[first:last], weights, diagonal)
            return diagonal

        return added(self.by_part(of))

    def hessian(self, weights: FloatArray, tau: float, rows: IntArray) -> NarrowArray:
        """The second derivatives among some rows, as a lower triangle; narrow, since they only say where to go."""
        place = np.full(len(self.rows), -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        option_start, uses = self.uses()[0], self.uses()[2:]
        given = option_start, *uses, tau * self.best_value, weights, place

        def of(part: tuple[int, int]) -> NarrowArray:
            matrix = np.zeros((len(rows), len(rows)), dtype=np.float32)
            kernels.hessian(*part, *given, matrix, np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int32))
            return matrix

        return added(self.by_part(of))

    def busyness(self) -> IntArray:
        """How many options use each row."""
        return np.bincount(self.use_row, minlength=len(self.rows))

    @cached_property
    def most_asked(self) -> FloatArray:
        """Σ over needs of the largest use of each row by one of its options."""
        every = np.ones(self.options, dtype=np.bool_)
        option_start, uses = self.uses()[0], self.uses()[2:]

        def of(part: tuple[int, int]) -> FloatArray:
            first, last = part
            total, latest, seen = np.zeros(len(self.rows)), np.zeros(len(self.rows)), np.zeros(len(self.rows), dtype=np.int64)
            kernels.largest_use_by_need(option_start[first : last + 1], *uses, every, total, latest, seen)
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
        return replace(part, rows=rows_of_sample(self.rows, part.most_asked, self.most_asked))

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


def build(problem: Problem, tight: Tightened, cuts: tuple[Cut, ...] = ()) -> Dual:
    """Only kept options and rows that can run out enter; floors and cuts are further rows. The needs are cut in halves of about as many options."""
    whole = of_rows(problem, tight.kept, rows_of(problem, tight, cuts))
    return whole if whole.options < FEW_OPTIONS else replace(whole, cut=places(problem, HALVES))


def places(problem: Problem, pieces: int) -> tuple[int, ...]:
    """The needs where to cut so that each piece has about as many options."""
    return tuple(np.searchsorted(problem.option_start, [problem.options * piece // pieces for piece in range(1, pieces)]).tolist())


def rows_of(problem: Problem, tight: Tightened, cuts: tuple[Cut, ...] = ()) -> Rows:
    resource = np.flatnonzero(tight.binding)
    return Rows(resource, problem.floors, cuts, *_scaled_rows(problem, tight, resource, cuts))


def of_rows(problem: Problem, kept: NDArray[np.bool_], rows: Rows) -> Dual:
    """The dual of the kept options, in one piece, with rows that are known already."""
    option = np.flatnonzero(kept).astype(np.int32)
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


def charged(problem: Problem, dual: Dual, prices: Prices) -> Dual:
    """The dual of the plain rows with the prices of the cuts held: what an option pays for cuts is taken off its value."""
    charge = np.zeros(problem.options)
    charge_cuts(charge, prices.cuts, prices.eta)
    return replace(dual, value=dual.value - charge[dual.option])


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
