"""The search for a good choice: construct by reduced values, then anneal, in integers from the recorded prices.

Everything here follows from the problem, the prices, the start choice, the seed and the number of steps, so that `replay`
gives the same bytes on any machine. The key of an option is κ (v - aπ + aμ - αη) + (1 - κ) v: guided by prices, a loan that
is good for its own need but dear for the others loses; at the end κ falls to 0 and v alone decides.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import kernels
from matching.optimizer.certificate import Prices, reduced, value_of
from matching.optimizer.parallel import each
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import CHAINS, UNMATCHED, IndexArray, IntArray, Problem, UnsignedArray

SHORT_LIST = 16
SHORT_LIST_OF_MANY = 8
MANY_NEEDS, VAST_NEEDS = 50_000, 300_000
WINDOW = 3_000
KEY_BITS = 29
FULL_SHARE = 1024
FIRST_STEPS = 2_000
MOST_GROWTH = 4
FEWEST_OF_BLOCK = 100
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: the steps of splitmix64

# -ln of a uniform variate in 1/65536, by 4096 equal steps: an integer table, so that acceptance is the same on every machine.
EXPONENTIAL = np.array([round(-math.log((j + 0.5) / 4096) * 65536) for j in range(4096)], dtype=np.int64)


@dataclass(frozen=True)
class Phase:
    """Some of the blocks of a run: share of the reduced value in the key (of 1024), temperatures as shares of the median value.

    In halves, each chain has half of the needs, others in each block; otherwise each has all.
    """

    blocks: int
    share: int
    hot: float
    cold: float
    in_halves: bool = False

    def heats(self) -> list[int]:
        """Falling temperatures in units of 2^-24 of the median value."""
        ratio = self.cold / self.hot
        return [round(self.hot * ratio ** (b / max(self.blocks - 1, 1)) * 2**24) for b in range(self.blocks)]


COLD_START = (Phase(76, 1014, 0.1, 0.003), Phase(20, 820, 0.01, 0.002), Phase(4, 0, 0.0005, 0.0001))
FEW_NEEDS_START = (Phase(70, 973, 0.2, 0.003), Phase(26, 717, 0.02, 0.001), Phase(4, 0, 0.0005, 0.0001))
FEW_NEEDS = 2_000
# Where each option draws on one resource alone: prices of units say little of what packs well together.
PACKING_START = (Phase(70, 940, 0.2, 0.003), Phase(26, 717, 0.02, 0.001), Phase(4, 0, 0.0005, 0.0001))
MANY_NEEDS_START = (
    Phase(12, 1003, 0.1, 0.03, in_halves=True),
    Phase(18, 1003, 0.03, 0.003),
    Phase(8, 820, 0.01, 0.002),
    Phase(2, 0, 0.0005, 0.0001),
)
# With few moves for each need, guided less by price: what reduced value alone leaves free would not be filled again in time.
VAST_START = (
    Phase(10, 942, 0.02, 0.008, in_halves=True),
    Phase(8, 900, 0.008, 0.003),
    Phase(5, 768, 0.005, 0.001),
    Phase(1, 0, 0.0005, 0.0001),
)
WARM_START = (Phase(12, 1014, 0.015, 0.003), Phase(7, 820, 0.006, 0.001), Phase(1, 0, 0.0003, 0.0001))


@dataclass(frozen=True, eq=False)
class Core:
    """The short list of options in the compact form that the kernels walk through."""

    problem: Problem
    tight: Tightened
    needs: UnsignedArray
    option_start: IndexArray
    picked: IntArray
    use_start: IndexArray
    use_row: IndexArray
    use_amount: NDArray[np.integer]
    room: NDArray[np.integer]
    member_start: IndexArray
    slot_bits: int
    reduced: IntArray
    plain: IntArray
    floors: tuple[IntArray, IntArray, IntArray]
    floor_shift: int
    median: int


def build_core(problem: Problem, tight: Tightened, prices: Prices, values: IntArray | None = None, start: IntArray | None = None) -> Core:
    """Short lists by reduced value, the option of the start choice among them; rows that can run out, or that carry a floor."""
    if values is None or (problem.needs < FEW_NEEDS and prices.cuts):
        values = reduced(problem, guide(problem, prices))
    width = SHORT_LIST if problem.needs < MANY_NEEDS else SHORT_LIST_OF_MANY
    picked, option_start = _short_lists(problem, tight, values, width)
    if start is not None:
        _list_too(picked, option_start, tight, start)
    active = tight.binding.copy()
    active[problem.floor_resource] = True
    row_of = np.where(active, np.cumsum(active) - 1, -1)
    room = tight.room[active] // tight.divisor[active]
    narrow = bool(room.max(initial=0) < 2**31)
    use_start = np.zeros(len(picked) + 1, dtype=np.int32)
    total = int((problem.use_start[picked + 1] - problem.use_start[picked]).sum())
    use_row = np.empty(total, dtype=np.int32)
    use_amount: NDArray[np.integer] = np.empty(total, dtype=np.int32 if narrow else np.int64)
    used = kernels.copy_uses(
        picked, problem.use_start, problem.use_resource, problem.use_amount, row_of, tight.divisor, use_start, use_row, use_amount
    )
    use_row, use_amount = use_row[:used], use_amount[:used]
    count = np.zeros(len(room) + 1, dtype=np.int64)
    kernels.members_by_row(option_start, use_start, use_row, np.zeros(len(room), dtype=np.int64), count[1:])
    floors = _floors_by_row(problem, tight, row_of, len(room))
    key_shift = _key_shift(problem, prices, values, picked)
    plain = (problem.value[picked] << prices.shift) >> key_shift
    tops = plain[option_start[:-1][option_start[1:] > option_start[:-1]]]
    return Core(
        problem,
        tight,
        np.flatnonzero(option_start[1:] > option_start[:-1]).astype(np.uint32),
        option_start,
        picked,
        use_start,
        use_row,
        use_amount,
        room.astype(use_amount.dtype),
        np.cumsum(count).astype(np.int32),
        (int(np.diff(use_start).max(initial=1)) - 1).bit_length(),
        np.maximum(values[picked] >> key_shift, -(1 << KEY_BITS)),
        plain,
        floors,
        prices.shift - 8 - key_shift,
        int(np.sort(tops)[len(tops) // 2]) if len(tops) else 1,
    )


def guide(problem: Problem, prices: Prices) -> Prices:
    """The prices that guide the search: where needs are few, without those of the cuts.

    A cut charges a loan for standing in its row whatever its amount. That is true of what all needs lose together, but with few needs it
    keeps the search from filling what is left: over 20 million moves it ended 0.1 to 0.2 % lower on five instances in six.
    """
    return replace(prices, cuts=()) if problem.needs < FEW_NEEDS else prices


def _short_lists(problem: Problem, tight: Tightened, values: IntArray, width: int) -> tuple[IntArray, IndexArray]:
    picked = np.empty(int(np.minimum(np.diff(problem.option_start), width).sum()), dtype=np.int64)
    count = np.zeros(problem.needs + 1, dtype=np.int64)
    total = kernels.short_list(problem.option_start, tight.kept, values, tight.free, width, picked, count[1:])
    return picked[:total], np.cumsum(count).astype(np.int32)


def _list_too(picked: IntArray, option_start: IndexArray, tight: Tightened, start: IntArray) -> None:
    """Put the options of the start that are not on their need's list in its last place: what was known is never lost."""
    is_listed = np.zeros(len(tight.kept), dtype=np.bool_)
    is_listed[picked] = True
    missing = np.flatnonzero((start >= 0) & tight.free)
    missing = missing[tight.kept[start[missing]] & ~is_listed[start[missing]]]
    picked[option_start[missing + 1] - 1] = start[missing]


def _floors_by_row(problem: Problem, tight: Tightened, row_of: IntArray, rows: int) -> tuple[IntArray, IntArray, IntArray]:
    """Floors grouped by row: the room at which the floor is just met, and the penalty in 1/256 points a unit."""
    order = np.argsort(row_of[problem.floor_resource], kind="stable")
    on = problem.floor_resource[order]
    start = np.searchsorted(row_of[on], np.arange(rows + 1)).astype(np.int64)
    level = tight.capacity[on] - problem.floor_amount[order]
    return start, level, (problem.floor_penalty_num * (256 // np.maximum(problem.floor_penalty_den, 1)))[order]


def _key_shift(problem: Problem, prices: Prices, values: IntArray, picked: IntArray) -> int:
    """How far values in 2^-shift points go down to keys below 2^29; the gain an option can bring at a floor counts too."""
    largest = 0
    if len(picked):
        largest = max(int(values[picked].max()), int(problem.value[picked].max()) << prices.shift)
    if problem.floors:
        largest = max(
            largest, int(problem.use_amount[np.isin(problem.use_resource, problem.floor_resource)].max(initial=0)) << prices.shift
        )
    return max(0, largest.bit_length() - KEY_BITS)


@dataclass(frozen=True, eq=False)
class Ordered:
    """The core's options by falling key within each need: `board` for the kernels, `picked` for the way back to the problem."""

    board: kernels.Board
    picked: IntArray
    order: IntArray
    share: int


def ordered(core: Core, share: int) -> Ordered:
    """The board where share/1024 of the key is reduced value, the rest plain value."""
    mixed = (core.reduced * share + core.plain * (FULL_SHARE - share)) >> 10
    key = np.maximum(mixed, -(1 << KEY_BITS)).astype(np.int32)
    order = np.arange(len(key))
    kernels.order_by_key(core.option_start, key, order)
    use_start, use_row, use_amount = (np.empty_like(a) for a in (core.use_start, core.use_row, core.use_amount))
    kernels.copy_ordered(order, core.use_start, core.use_row, core.use_amount, use_start, use_row, use_amount)
    starts = (core.option_start.view(np.uint32), use_start.view(np.uint32), use_row.view(np.uint32), core.member_start.view(np.uint32))
    option_start, use_start, use_row, member_start = starts
    board = kernels.Board(option_start, key[order], use_start, use_row, use_amount, member_start, core.slot_bits, *core.floors)
    return Ordered(board, core.picked[order], order, share)


class Chain:
    """One annealing run: where some needs stand on a board, and the room they may use."""

    def __init__(self, core: Core, random_state: int) -> None:
        self.core = core
        self.needs = core.needs
        self.place = kernels.Place(
            core.room.copy(),
            np.full(core.problem.needs, UNMATCHED, dtype=np.int32),
            np.zeros(int(core.member_start[-1]), dtype=np.uint32),
            np.zeros(len(core.room), dtype=np.uint32),
            np.zeros(core.problem.needs << core.slot_bits, dtype=np.uint32),
            np.array([random_state], dtype=np.uint64),
        )

    def anneal(self, on: Ordered, steps: int, heat: int) -> None:
        """`steps` moves; where needs are many, window by window, so that what is looked at stays near."""
        if not len(self.needs):
            return
        windows = max(len(self.needs) // WINDOW, 1) if len(self.core.needs) >= MANY_NEEDS else 1
        for window in np.array_split(self.needs, windows):
            kernels.anneal(on.board, self.place, window, steps // windows, heat, EXPONENTIAL, FULL_SHARE - on.share, self.core.floor_shift)

    def fill(self, on: Ordered, needs: UnsignedArray) -> None:
        kernels.fill(on.board, self.place, needs)

    def start_from(self, on: Ordered, choice: IntArray) -> None:
        """Take over what of a choice of the problem is on the board and fits."""
        where = np.full(self.core.problem.options + 1, UNMATCHED, dtype=np.int32)  # the last place answers for "unmatched"
        where[on.picked] = np.arange(len(on.picked), dtype=np.int32)
        kernels.seat(on.board, self.place, self.needs, where[choice], True)

    def stand(self, on: Ordered, needs: UnsignedArray, together: IndexArray) -> None:
        """Answer for these needs, which stand as told; what room there is, is not said."""
        self.needs = needs
        self.place.choice[:] = UNMATCHED
        self.place.member_count[:] = 0
        kernels.seat(on.board, self.place, needs, together, False)

    def original_choice(self, on: Ordered) -> IntArray:
        """The choice in the options of the problem, fixed needs included."""
        return as_original(self.core, on, self.place.choice)


def as_original(core: Core, on: Ordered, standing: IndexArray) -> IntArray:
    choice = np.where(core.tight.free, UNMATCHED, core.tight.fixed)
    chosen = standing >= 0
    choice[chosen] = on.picked[standing[chosen]]
    return choice


def constructed(core: Core) -> IntArray:
    """Fill greedily in two orders, by reduced value per point and by margin over the second best; the better of the two."""
    first = core.option_start[:-1][core.needs]
    by_price, by_value = ordered(core, FULL_SHARE), ordered(core, 0)
    best = core.reduced[first]
    has_second = np.diff(core.option_start)[core.needs] > 1
    second = np.where(has_second, core.reduced[np.minimum(first + 1, len(core.reduced) - 1)], 0)
    margin = (best - np.maximum(second, 0)) / np.maximum(core.plain[first], 1)
    density = best / np.maximum(core.plain[first], 1)

    def of(order: NDArray[np.float64]) -> IntArray:
        chain = Chain(core, 1)
        chain.fill(by_price, core.needs[np.argsort(-order, kind="stable")])
        return filled(core, by_value, chain.original_choice(by_price))

    return max(each(of, (density, margin)), key=lambda choice: value_of(core.problem, choice))


def filled(core: Core, on: Ordered, choice: IntArray) -> IntArray:
    """The choice with every need that is free at its best option that fits."""
    chain = Chain(core, 1)
    chain.start_from(on, choice)
    chain.fill(on, core.needs)
    return chain.original_choice(on)


def seeds(count: int, seed: int) -> list[int]:
    """Well-mixed non-zero 64-bit states from a seed."""
    states = np.uint64(seed & 0xFFFFFFFFFFFFFFFF) + np.arange(1, count + 1, dtype=np.uint64) * GOLDEN
    return [int(state) | 1 for state in mixed(states)]


def lots(count: int, seed: int) -> NDArray[np.uint64]:
    """A well-mixed 64-bit number for each of so many."""
    return mixed((np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed % (1 << 63))) * GOLDEN)


def mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finish of splitmix64: Steele, Lea, Flood, Fast splittable pseudorandom number generators (2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class Search:
    """Two chains over the same needs, the better of which counts; where needs are many, at first over halves that change with every block.

    `schedule` tells how many steps each chain took in each block so far.
    """

    def __init__(self, core: Core, *, seed: int, start: IntArray | None, phases: tuple[Phase, ...] = ()) -> None:
        self.core = core
        *states, self._lots = seeds(CHAINS + 1, seed)
        self.blocks = [(phase, heat) for phase in phases or plan(core, is_warm=start is not None) for heat in phase.heats()]
        self.schedule: list[int] = []
        self.best = constructed(core) if start is None else self._warmed(start)
        self.best_value = value_of(core.problem, self.best)
        self.on = ordered(core, self.blocks[0][0].share)
        self.chains = [Chain(core, state) for state in states]
        self._is_halved = False
        for chain in self.chains:
            chain.start_from(self.on, self.best)

    def _warmed(self, start: IntArray) -> IntArray:
        """The start completed twice, by reduced value and by value; never given up for less."""
        by_price = filled(self.core, ordered(self.core, FULL_SHARE), start)
        return filled(self.core, ordered(self.core, 0), by_price)

    @property
    def steps_done(self) -> int:
        return sum(self.schedule) * CHAINS

    @property
    def is_over(self) -> bool:
        return len(self.schedule) == len(self.blocks)

    def block(self, steps: int) -> None:
        """The next block of the schedule, `steps` moves of each chain; what is best is remembered."""
        phase, heat = self.blocks[len(self.schedule)]
        self._follow(phase.share)
        if phase.in_halves:
            self._halve(len(self.schedule))
        elif self._is_halved:
            self._rejoin()
        each(lambda chain: chain.anneal(self.on, steps, (heat * self.core.median) >> 24), self.chains)
        self.schedule.append(steps)
        for choice in [self._together()] if self._is_halved else [chain.place.choice for chain in self.chains]:
            self._remember(as_original(self.core, self.on, choice))

    def _remember(self, choice: IntArray) -> None:
        value = value_of(self.core.problem, choice)
        if value > self.best_value:
            self.best, self.best_value = choice, value

    def _follow(self, share: int) -> None:
        """Change the key; the chains stay where they are, under the new numbers of their options."""
        if share == self.on.share:
            return
        before, self.on = self.on.order, ordered(self.core, share)
        new_number = np.empty(len(before), dtype=np.int32)
        new_number[self.on.order] = np.arange(len(before), dtype=np.int32)
        for chain in self.chains:
            chosen = chain.place.choice >= 0
            chain.place.choice[chosen] = new_number[before[chain.place.choice[chosen]]]

    def _together(self) -> IndexArray:
        """Where all needs stand: in halves each is chosen in one at most."""
        first, second = (chain.place.choice for chain in self.chains)
        together: IndexArray = np.maximum(first, second) if self._is_halved else first.copy()
        return together

    def _free(self) -> NDArray[np.integer]:
        first, second = (chain.place.room for chain in self.chains)
        free: NDArray[np.integer] = first + second if self._is_halved else first.copy()
        return free

    def _halve(self, block: int) -> None:
        """New halves, side by side on the circle of needs.

        What is free in a row goes to one of them, by lot in proportion to their members there: half of it would often serve nobody.
        """
        together, free, needs = self._together(), self._free(), self.core.needs
        turned = np.roll(needs, -int((self._lots >> 16) * (block + 1) % len(needs)))
        for chain, mine in zip(self.chains, np.array_split(turned, CHAINS), strict=True):
            chain.stand(self.on, np.sort(mine), together)
        first, second = (chain.place.member_count.astype(np.uint64) for chain in self.chains)
        is_first = lots(len(free), self._lots + block) % np.maximum(first + second, 1) < first
        self.chains[0].place.room[:] = np.where(is_first, free, 0)
        self.chains[1].place.room[:] = np.where(is_first, 0, free)
        self._is_halved = True

    def _rejoin(self) -> None:
        """Both chains at the same place, with all needs and all that is free."""
        together, free = self._together(), self._free()
        for chain in self.chains:
            chain.stand(self.on, self.core.needs, together)
            chain.place.room[:] = free
        self._is_halved = False


def plan(core: Core, *, is_warm: bool) -> tuple[Phase, ...]:
    """How to cool. A floor counts all needs, so that halves would not see it."""
    if is_warm:
        return WARM_START
    if len(core.needs) < FEW_NEEDS:
        return FEW_NEEDS_START
    if len(core.needs) < MANY_NEEDS or len(core.floors[1]):
        return COLD_START
    return MANY_NEEDS_START if len(core.needs) < VAST_NEEDS else VAST_START


def run(search: Search, *, steps: int, keep_going: Callable[[Search], bool]) -> bool:
    """The whole schedule in blocks of equal length, `steps` in all; False if `keep_going` ended it early."""
    of_block = steps // (CHAINS * len(search.blocks))
    while of_block and not search.is_over:
        if not keep_going(search):
            return False
        search.block(of_block)
    return True


def run_for(search: Search, *, seconds_left: Callable[[], float], keep_going: Callable[[Search], bool]) -> bool:
    """The whole schedule in blocks of about equal time that end when the time does; False if `keep_going` ended it early."""
    steps = FIRST_STEPS
    while not search.is_over:
        if not keep_going(search):
            return False
        began, before = monotonic(), seconds_left()
        search.block(steps)
        took = max(monotonic() - began, 1e-6)
        wanted = max(before - took, 0.0) / max(len(search.blocks) - len(search.schedule), 1)
        steps = max(min(round(steps * wanted / took), MOST_GROWTH * steps), FEWEST_OF_BLOCK)
    return True


def repeat(search: Search, schedule: IntArray) -> None:
    """The same blocks again."""
    for steps in schedule.tolist():
        search.block(steps)
