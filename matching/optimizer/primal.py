"""The search for a good choice: construct by reduced values, then anneal, in integers from the recorded prices.

Everything here follows from the problem, the prices, the start choice, the seed and the number of steps, so that `replay`
gives the same bytes on any machine. The key of an option is κ (v - aπ + aμ - αη) + (1 - κ) v: guided by prices, a loan that
is good for its own need but dear for the others loses; at the end κ falls to 0 and v alone decides.
"""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import kernels
from matching.optimizer.certificate import Prices, reduced, value_of
from matching.optimizer.presolve import Tightened, binding_rows, row_divisors
from matching.optimizer.problem import UNMATCHED, IndexArray, IntArray, Problem

SHORT_LIST = 16
CHAINS = 2
MANY_STEPS = 5_000  # a need
KEY_BITS = 29
FULL_SHARE = 1024

# -ln of a uniform variate in 1/65536, by 4096 equal steps: an integer table, so that acceptance is the same on every machine.
EXPONENTIAL = np.array([round(-math.log((j + 0.5) / 4096) * 65536) for j in range(4096)], dtype=np.int64)


@dataclass(frozen=True)
class Phase:
    """Some of the blocks of a run: share of the reduced value in the key (of 1024), temperatures as shares of the median value.

    A phase may begin with all chains at the best choice that any of them has found.
    """

    blocks: int
    share: int
    hot: float
    cold: float
    from_best: bool = False

    def heats(self) -> list[int]:
        """Falling temperatures in units of 2^-24 of the median value."""
        ratio = self.cold / self.hot
        return [round(self.hot * ratio ** (b / max(self.blocks - 1, 1)) * 2**24) for b in range(self.blocks)]


COLD_START = (Phase(76, 1003, 0.2, 0.003), Phase(20, 512, 0.02, 0.001), Phase(4, 0, 0.0005, 0.0001))
# With many steps a need: nine shorter descents, each but the first from the best choice of all chains, half warm again.
CYCLES = (
    Phase(20, 1000, 0.2, 0.003),
    Phase(5, 717, 0.02, 0.001),
    *(phase for _ in range(8) for phase in (Phase(12, 1000, 0.03, 0.003, from_best=True), Phase(4, 717, 0.01, 0.001))),
    Phase(4, 0, 0.0005, 0.0001),
)
WARM_START = (Phase(15, 1003, 0.006, 0.001), Phase(4, 307, 0.003, 0.0005), Phase(1, 0, 0.0003, 0.0003))


@dataclass(frozen=True, eq=False)
class Core:
    """The short list of options in the compact form that the kernels walk through."""

    problem: Problem
    tight: Tightened
    needs: IntArray
    option_start: IntArray
    picked: IntArray
    use_start: IntArray
    use_row: IndexArray
    use_amount: NDArray[np.integer]
    room: NDArray[np.integer]
    member_start: IntArray
    slots: int
    reduced: IntArray
    plain: IntArray
    floors: tuple[IntArray, IntArray, IntArray]
    floor_shift: int
    median: int


def build_core(problem: Problem, tight: Tightened, prices: Prices, values: IntArray | None = None) -> Core:
    """Short lists by reduced value; rows that can run out, or that carry a floor; amounts divided by what divides them all."""
    values = reduced(problem, prices) if values is None else values
    picked, option_start = _short_lists(problem, tight, values)
    active = binding_rows(problem, tight)
    active[problem.floor_resource] = True
    row_of = np.where(active, np.cumsum(active) - 1, -1)
    divisor = row_divisors(problem, tight)
    room = tight.room[active] // divisor[active]
    narrow = bool(room.max(initial=0) < 2**31)
    use_start = np.zeros(len(picked) + 1, dtype=np.int64)
    total = int((problem.use_start[picked + 1] - problem.use_start[picked]).sum())
    use_row = np.empty(total, dtype=np.int32)
    use_amount: NDArray[np.integer] = np.empty(total, dtype=np.int32 if narrow else np.int64)
    used = kernels.copy_uses(
        picked, problem.use_start, problem.use_resource, problem.use_amount, row_of, divisor, use_start, use_row, use_amount
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
        np.flatnonzero(option_start[1:] > option_start[:-1]),
        option_start,
        picked,
        use_start,
        use_row,
        use_amount,
        room.astype(use_amount.dtype),
        np.cumsum(count),
        int(np.diff(use_start).max(initial=1)) or 1,
        np.maximum(values[picked] >> key_shift, -(1 << KEY_BITS)),
        plain,
        floors,
        prices.shift - 8 - key_shift,
        int(np.sort(tops)[len(tops) // 2]) if len(tops) else 1,
    )


def _short_lists(problem: Problem, tight: Tightened, values: IntArray) -> tuple[IntArray, IntArray]:
    picked = np.empty(int(np.minimum(np.diff(problem.option_start), SHORT_LIST).sum()), dtype=np.int64)
    count = np.zeros(problem.needs + 1, dtype=np.int64)
    total = kernels.short_list(problem.option_start, tight.kept, values, tight.free, SHORT_LIST, picked, count[1:])
    return picked[:total], np.cumsum(count)


def _floors_by_row(problem: Problem, tight: Tightened, row_of: IntArray, rows: int) -> tuple[IntArray, IntArray, IntArray]:
    """Floors grouped by row: the room at which the floor is just met, and the penalty in 1/256 points a unit."""
    order = np.argsort(row_of[problem.floor_resource], kind="stable")
    on = problem.floor_resource[order]
    start = np.searchsorted(row_of[on], np.arange(rows + 1)).astype(np.int64)
    level = tight.capacity[on] - problem.floor_amount[order]
    return start, level, (problem.floor_penalty_num * (256 // np.maximum(problem.floor_penalty_den, 1)))[order]


def _key_shift(problem: Problem, prices: Prices, values: IntArray, picked: IntArray) -> int:
    """How far values in 2^-shift points go down to keys below 2^29; the gain an option can bring at a floor counts too."""
    largest = max(int(np.abs(values[picked]).max(initial=0)) if len(picked) else 0, 0)
    if len(picked):
        largest = max(int(values[picked].max()), int(problem.value[picked].max()) << prices.shift)
    if problem.floors:
        largest = max(
            largest, int(problem.use_amount[np.isin(problem.use_resource, problem.floor_resource)].max(initial=0)) << prices.shift
        )
    return max(0, largest.bit_length() - KEY_BITS)


class Chain:
    """One annealing run: a choice on the core that moves block by block."""

    def __init__(self, core: Core, random_state: int) -> None:
        self.core = core
        self.state = np.array([random_state], dtype=np.uint64)
        self.choice = np.full(core.problem.needs, UNMATCHED, dtype=np.int64)
        self.room = core.room.copy()
        self.member = np.zeros(int(core.member_start[-1]), dtype=np.int64)
        self.member_count = np.zeros(len(core.room), dtype=np.int64)
        self.position = np.zeros(core.problem.needs * core.slots, dtype=np.int64)
        self.key = np.empty(len(core.picked), dtype=np.int32)
        self.order = np.arange(len(core.picked))
        self.share = -1
        self.follow(FULL_SHARE)
        self.best = self.original_choice()
        self.best_value = value_of(core.problem, self.best)

    def follow(self, share: int) -> None:
        """Set the key to share/1024 reduced value, the rest plain value."""
        if share == self.share:
            return
        self.share = share
        mixed = (self.core.reduced * share + self.core.plain * (FULL_SHARE - share)) >> 10
        self.key[:] = np.maximum(mixed, -(1 << KEY_BITS))
        kernels.order_by_key(self.core.option_start, self.key, self.order)

    def fill(self, needs: IntArray) -> None:
        kernels.fill(needs, *self._key_and_uses(), *self._where())

    def anneal(self, steps: int, heat: int) -> None:
        if len(self.core.needs):
            kernels.anneal(
                steps,
                heat,
                EXPONENTIAL,
                FULL_SHARE - self.share,
                self.core.floor_shift,
                self.state,
                self.core.needs,
                *self._key_and_uses(),
                *self._where(),
            )

    def start_from(self, choice: IntArray) -> None:
        """Take over what of a given choice is on the core and fits."""
        core = self.core
        place = np.full(core.problem.options + 1, -1, dtype=np.int64)  # the last place answers for "unmatched"
        place[core.picked] = np.arange(len(core.picked))
        wanted = place[choice]
        for i in core.needs[wanted[core.needs] >= 0].tolist():
            o = wanted[i]
            if self.choice[i] < 0 and kernels.fitting(o, core.use_start, core.use_row, core.use_amount, self.room):
                kernels.put(i, o, core.use_start, core.use_row, core.use_amount, *self._where())

    def restart_from(self, choice: IntArray) -> None:
        """Give up the present choice for another."""
        self.room[:] = self.core.room
        self.choice[:] = UNMATCHED
        self.member_count[:] = 0
        self.start_from(choice)

    def remember(self) -> None:
        """Keep the present choice if it is the best by value."""
        choice = self.original_choice()
        value = value_of(self.core.problem, choice)
        if value > self.best_value:
            self.best, self.best_value = choice, value

    def original_choice(self) -> IntArray:
        """The choice in the options of the problem, fixed needs included."""
        choice = np.where(self.core.tight.free, UNMATCHED, self.core.tight.fixed)
        chosen = self.choice >= 0
        choice[chosen] = self.core.picked[self.choice[chosen]]
        return choice

    def _key_and_uses(self) -> tuple[NDArray[np.integer], ...]:
        core = self.core
        return core.option_start, self.order, self.key, core.use_start, core.use_row, core.use_amount

    def _where(self) -> tuple[object, ...]:
        core = self.core
        return (
            self.room,
            self.choice,
            self.member,
            core.member_start,
            self.member_count,
            self.position,
            core.slots,
            core.floors,
        )


def construct(chain: Chain) -> None:
    """Fill greedily in two orders, by margin over the second best and by reduced value per point, and keep the better."""
    core = chain.core
    first = core.option_start[:-1][core.needs]
    best = core.reduced[first]
    has_second = np.diff(core.option_start)[core.needs] > 1
    second = np.where(has_second, core.reduced[np.minimum(first + 1, len(core.reduced) - 1)], 0)
    margin = (best - np.maximum(second, 0)) / np.maximum(core.plain[first], 1)
    density = best / np.maximum(core.plain[first], 1)
    for order in (density, margin):
        trial = Chain(core, 1)
        trial.fill(core.needs[np.argsort(-order, kind="stable")])
        trial.follow(0)
        trial.fill(core.needs)
        trial.remember()
        if trial.best_value > chain.best_value or order is density:
            chain.room, chain.choice, chain.member = trial.room, trial.choice, trial.member
            chain.member_count, chain.position = trial.member_count, trial.position
        chain.remember()


def seeds(seed: int) -> Iterator[int]:
    """Well-mixed non-zero 64-bit states from a seed (splitmix64)."""
    mask = (1 << 64) - 1
    state = seed & mask
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield (z ^ (z >> 31)) | 1


@dataclass
class Search:
    """The chains of one search, and how far they have gone."""

    chains: list[Chain]
    phases: tuple[Phase, ...]
    steps_planned: int
    block_steps: int
    blocks_done: int = 0

    @property
    def steps_done(self) -> int:
        return self.blocks_done * self.block_steps * len(self.chains)

    @property
    def best(self) -> IntArray:
        return max(self.chains, key=lambda chain: chain.best_value).best

    @property
    def best_value(self) -> int:
        return max(chain.best_value for chain in self.chains)


def prepare(core: Core, *, seed: int, steps_planned: int, start: IntArray | None) -> Search:
    """Chains at their start; the cooling schedule is set by the steps planned and by whether there is a start choice."""
    states = seeds(seed)
    chains: list[Chain] = []
    for _ in range(CHAINS):
        chain = Chain(core, next(states))
        if start is None:
            if chains:
                chain.start_from(chains[0].best)
                chain.remember()
            else:
                construct(chain)
        else:
            chain.start_from(start)
            chain.fill(core.needs)
            chain.remember()
            chain.follow(0)
            chain.fill(core.needs)
            chain.remember()
        chains.append(chain)
    return scheduled(Search(chains, (), 0, 0), core, steps_planned, is_warm=start is not None)


def scheduled(search: Search, core: Core, steps_planned: int, *, is_warm: bool) -> Search:
    """The search with the schedule for so many steps."""
    phases = WARM_START if is_warm else CYCLES if steps_planned >= MANY_STEPS * max(len(core.needs), 1) else COLD_START
    blocks = sum(phase.blocks for phase in phases)
    return replace(search, phases=phases, steps_planned=steps_planned, block_steps=steps_planned // (CHAINS * blocks))


def trial_speed(core: Core, search: Search, steps: int) -> float:
    """Steps a second of all chains together, measured on chains that are thrown away."""
    chains = [Chain(core, n + 1) for n in range(CHAINS)]
    for chain in chains:
        chain.start_from(search.best)
        chain.follow(COLD_START[0].share)
    with two_threads() as threads:
        began = monotonic()
        list(threads.map(lambda chain: chain.anneal(steps, (COLD_START[0].heats()[0] * core.median) >> 24), chains))
    return CHAINS * steps / max(monotonic() - began, 1e-6)


def run(search: Search, *, keep_going: Callable[[Search], bool], most_steps: int | None = None) -> bool:
    """Anneal block by block until the schedule ends (True) or `keep_going` says stop (False). Chains meet after each block."""
    schedule = [(phase, n, heat) for phase in search.phases for n, heat in enumerate(phase.heats())]
    with two_threads() as threads:
        for phase, n, heat in schedule[search.blocks_done :]:
            if search.block_steps == 0 or (most_steps is not None and search.steps_done >= most_steps):
                return True
            if not keep_going(search):
                return False
            if phase.from_best and n == 0:
                best = search.best
                for chain in search.chains:
                    chain.restart_from(best)
            list(threads.map(lambda chain, s=phase.share, h=heat: _block(chain, search.block_steps, s, h), search.chains))
            search.blocks_done += 1
    return True


def _block(chain: Chain, steps: int, share: int, heat: int) -> None:
    chain.follow(share)
    chain.anneal(steps, (heat * chain.core.median) >> 24)
    chain.remember()


@contextmanager
def two_threads() -> Iterator[Executor]:
    """The kernels release the interpreter's lock; how many threads there are never changes what comes out."""
    with ThreadPoolExecutor(CHAINS) as threads:
        yield threads
