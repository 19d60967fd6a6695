"""Which option for which need: the formulation, and the order in which it is solved.

    maximise    Σ_o v_o x_o - Σ_f p_f s_f
    subject to  Σ_{o of i} x_o ≤ 1                        for each need i
                Σ_o a_ro x_o ≤ C_r                        for each resource r
                Σ_o a_{r(f)o} x_o + s_f ≥ F_f,  s_f ≥ 0   for each floor f
                x_o ∈ {0, 1}

For prices π ≥ 0 of the resources, 0 ≤ μ ≤ p of the floors and η ≥ 0 of cuts Σ α x ≤ β that every feasible choice satisfies,

    bound(π, μ, η) = Σ C π - Σ F μ + Σ β η + Σ_i max(0, max_{o of i} (v - aπ + aμ - αη))  ≥  the best possible value.

The steps, in the order of the code: tighten what no choice can use (`presolve`), find prices (`dual`, `descent`), round them
(`rounding`) and state the bound they prove (`certificate`), search for a choice guided by them (`primal`), and where little is left,
let a solver look (`exact`) and split the rest (`tree`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from matching.optimizer import cuts, descent, dual, exact, primal, rounding, shards, tree
from matching.optimizer.certificate import Prices, Proof, bound_without_prices, proof, refuse_unpriceable
from matching.optimizer.parallel import two_threads
from matching.optimizer.presolve import Tightened, as_fixed, tighten
from matching.optimizer.problem import (
    Budget,
    Certificate,
    Cut,
    IntArray,
    Leaf,
    Problem,
    Progress,
    Solution,
    Start,
    StoppedBy,
    gap_between,
    read_only,
)
from matching.optimizer.shards import Crew

DEFAULT_STEPS_PER_NEED = 200
FEWEST_STEPS, MOST_STEPS = 20_000, 20_000_000
SHARE_OF_TIME, SHARE_OF_TIME_BEFORE_TREE, SHARE_OF_TIME_BEFORE_EXACT = 0.98, 0.7, 0.15
SHARE_OF_TIME_FOR_PRICES, SHARE_OF_TIME_FOR_CUTS = 0.6, 0.5
REPAIR_STEPS = 50_000
AGAIN, STEPS_AGAIN = (2e-3, 5e-4), 2  # temperatures of prices known from before: few steps, half of the time of a moved weight
UNHURRIED_S = 3.0


def solve(
    problem: Problem,
    *,
    budget: Budget,
    gap: float = 1e-4,
    seed: int = 0,
    start: Start | None = None,
    fixed: IntArray | None = None,
    progress: Callable[[Progress], bool] | None = None,
    crew: Crew | None = None,
) -> Solution:
    """A good choice and a bound on the best; see `check` for what both are worth. `progress` returning False ends it early.

    A crew holds the needs in shards while the first prices are found (`shards`); a start with prices needs none.
    """
    refuse_unpriceable(problem)
    tight = tighten(problem, as_fixed(problem, fixed))
    if tight is None:
        raise ValueError("fixed: the fixed choices exceed a capacity")
    start = None if start is None else validated(problem, start)
    watch = Watch(budget.time_limit_s, progress)
    with two_threads():
        return _solved(problem, tight, budget, gap, seed, start, watch, crew)


def _solved(
    problem: Problem, tight: Tightened, budget: Budget, gap: float, seed: int, start: Start | None, watch: "Watch", crew: Crew | None
) -> Solution:
    best = find_prices(problem, tight, start, budget, watch, crew)
    prices, values, bound = best.prices, best.values, best.bound
    watch.report("bound", bound=bound)

    core = primal.build_core(problem, tight, prices, values, None if start is None else start.choice)
    packed = None if is_repair(budget) else exact.packings(problem, tight)
    share = SHARE_OF_TIME
    if packed is not None:
        share = SHARE_OF_TIME_BEFORE_EXACT
    elif tree.fits_a_tree(tight, is_repair=False):
        share = SHARE_OF_TIME_BEFORE_TREE
    search, stopped_by = find_choice(core, bound, budget, gap, seed, start, watch, share)
    choice, value = search.best, search.best_value

    leaves: tuple[Leaf, ...] = ()
    given, solver_bound = None, None
    if packed is not None and stopped_by in ("steps", "time") and watch.may_go_on() and gap_between(value, bound) > gap:
        found = exact.improve(
            core,
            packed,
            exact.prices_of_needs(problem, tight, values, prices.shift),
            choice,
            seed=seed,
            steps=planned_steps(core, budget),
            seconds_left=watch.seconds_left(SHARE_OF_TIME),
            keep_going=lambda v: watch.report("exact", value=v, bound=bound, steps=search.steps_done),
        )
        solver_bound = float(found.bound)
        if found.value > value:
            choice, value, given = found.choice, found.value, found.choice
        stopped_by = watch.reason or ("gap" if gap_between(value, bound) <= gap else stopped_by)
    if (
        stopped_by in ("steps", "time")
        and watch.may_go_on()
        and gap_between(value, bound) > gap
        and tree.fits_a_tree(tight, is_repair=is_repair(budget))
    ):
        split = tree.branch(
            problem,
            tight.fixed,
            prices,
            choice,
            is_closed=lambda v, b: gap_between(v, b) <= gap,
            keep_going=lambda v, b: watch.report("tree", value=v, bound=b, steps=search.steps_done),
        )
        if split.value > value:
            choice, value, given = split.choice, split.value, split.choice
        if split.bound < bound:
            bound, leaves = split.bound, split.leaves
        stopped_by = watch.reason or ("gap" if gap_between(value, bound) <= gap else stopped_by)
    return Solution(
        choice=choice,
        value=value,
        prices=prices.resource,
        price_shift=prices.shift,
        floor_prices=prices.floor,
        cuts=prices.cuts,
        leaves=leaves,
        bound=bound,
        gap=gap_between(value, bound),
        certificate=certificate_name(prices, leaves),
        solver_bound=solver_bound,
        steps_done=search.steps_done,
        stopped_by=stopped_by,
        seconds=watch.seconds,
        seed=seed,
        schedule=np.array(search.schedule, dtype=np.int64),
        given=given,
    )


def find_prices(problem: Problem, tight: Tightened, start: Start | None, budget: Budget, watch: "Watch", crew: Crew | None = None) -> Proof:
    """Prices and cuts from the dual, and what they prove: never less than those of the start do, nor than none."""
    found: list[Prices] = []
    if start is not None:
        found = refit(problem, tight, dual.build(problem, tight), start, budget, watch)
    elif watch.report("prices"):
        watch.give_up_at(SHARE_OF_TIME_FOR_PRICES)
        is_hurried = budget.time_limit_s is not None and budget.time_limit_s < UNHURRIED_S
        temperatures = descent.HURRIED if is_hurried else descent.TEMPERATURES
        model, price = _fitted(problem, tight, crew, temperatures, lambda: not watch.report("prices"))
        found.append(rounding.to_prices(problem, model, price))
        watch.give_up_at(SHARE_OF_TIME_FOR_CUTS)
        if len(model.value) and 0 < len(model.rows) <= descent.MOST_ROWS_FOR_NEWTON:
            for effort in cuts.efforts(len(model.rows), is_hurried=is_hurried):
                if watch.report("cuts"):
                    with_cuts = cuts.improve(problem, tight, model, price, effort=effort, stop=lambda: not watch.report("cuts"))
                    found.append(rounding.to_prices(problem, *with_cuts))
        watch.give_up_at(1.0)
    best = min((proof(problem, tight, prices) for prices in found), key=lambda known: known.bound, default=None)
    if best is None or best.bound > bound_without_prices(problem, tight):
        return proof(problem, tight, rounding.no_prices(problem))
    return best


def _fitted(
    problem: Problem,
    tight: Tightened,
    crew: Crew | None,
    temperatures: tuple[float, ...],
    stop: Callable[[], bool],
) -> tuple[dual.Dual, dual.FloatArray]:
    if crew is not None:
        return shards.fit(problem, tight, crew, temperatures=temperatures, stop=stop)
    whole = dual.build(problem, tight)
    return descent.fit(whole, np.zeros(len(whole.rows)), temperatures=temperatures, stop=stop)


def refit(problem: Problem, tight: Tightened, model: dual.Dual, start: Start, budget: Budget, watch: "Watch") -> list[Prices]:
    """The prices of the start; and if the budget is more than that of a repair after a few cold steps, and if there is time, the cuts' too."""
    known = cuts.still_true(problem, tight, start.cuts)
    earlier = Prices(start.price_shift, start.prices, start.floor_prices, known)
    found = [rounding.refitted(problem, earlier)]
    can_factorise = len(model.value) and 0 < len(model.rows) <= descent.MOST_ROWS_FOR_NEWTON
    if can_factorise and not is_repair(budget):
        price = rounding.from_prices(model, replace(earlier, cuts=()))
        charged = dual.charged(problem, model, found[0])
        near = charged.restricted(price, descent.SHORT_MARGIN)
        for tau in AGAIN:
            price = descent.newton(near, price, tau, STEPS_AGAIN, lambda: not watch.report("prices"))
        found.append(rounding.to_prices(problem, near, price, held=found[0]))
        if known and (budget.time_limit_s is None or budget.time_limit_s >= UNHURRIED_S):
            short = model.restricted(price, descent.SHORT_MARGIN)
            short, price = dual.with_cuts(short, tight, short, price, known, 0.0)
            price = rounding.from_prices(short, earlier)
            for tau in (cuts.WARM, cuts.COLD):
                price = descent.newton(short, price, tau, cuts.LAST_STEPS, lambda: not watch.report("prices"))
            found.append(rounding.to_prices(problem, short, price))
    return found


def find_choice(
    core: primal.Core, bound: int, budget: Budget, gap: float, seed: int, start: Start | None, watch: "Watch", share: float
) -> tuple[primal.Search, StoppedBy]:
    """The search, planned by steps or by the time left, until it is done, close enough, out of time or told to stop."""
    search = primal.Search(core, seed=seed, start=None if start is None else start.choice)

    def keep_going(now: primal.Search) -> bool:
        return gap_between(now.best_value, bound) > gap and watch.report("search", value=now.best_value, bound=bound, steps=now.steps_done)

    if budget.steps is None and budget.time_limit_s is not None and not tree.splits_soon(core.tight):
        limit_s = budget.time_limit_s * share
        finished = primal.run_for(search, seconds_left=lambda: limit_s - watch.seconds, keep_going=keep_going)
    else:
        finished = primal.run(search, steps=planned_steps(core, budget), keep_going=keep_going)
    if gap_between(search.best_value, bound) <= gap:
        return search, "gap"
    if finished:
        return search, "steps" if budget.steps is not None or budget.time_limit_s is None else "time"
    return search, watch.reason or "time"


def planned_steps(core: primal.Core, budget: Budget) -> int:
    """As told, or by the size of the problem."""
    if budget.steps is not None:
        return budget.steps
    return min(max(core.problem.needs * DEFAULT_STEPS_PER_NEED, FEWEST_STEPS), MOST_STEPS)


def is_repair(budget: Budget) -> bool:
    """A budget so short that only what was known before is used again."""
    return budget.steps is not None and budget.steps <= REPAIR_STEPS


def certificate_name(prices: Prices, leaves: tuple[Leaf, ...]) -> Certificate:
    if leaves:
        return "tree"
    return "prices+cuts" if prices.cuts else "prices"


def validated(problem: Problem, start: Start) -> Start:
    """The start with arrays of the right shape; a ValueError names the field."""
    prices = read_only("start.prices", start.prices, np.int64)
    floor_prices = read_only("start.floor_prices", start.floor_prices, np.int64)
    if len(prices) != problem.resources or np.any(prices < 0):
        raise ValueError(f"start.prices: must be {problem.resources} prices of at least 0")
    if len(floor_prices) == 0:
        floor_prices = np.zeros(problem.floors, dtype=np.int64)
    if len(floor_prices) != problem.floors or np.any(floor_prices < 0):
        raise ValueError(f"start.floor_prices: must be {problem.floors} prices of at least 0")
    if not 0 <= start.price_shift <= 62:
        raise ValueError("start.price_shift: must lie in 0..62")
    choice = None
    if start.choice is not None:
        choice = read_only("start.choice", start.choice, np.int64)
        if len(choice) != problem.needs:
            raise ValueError(f"start.choice: must be {problem.needs} options")
        own = (choice >= problem.option_start[:-1]) & (choice < problem.option_start[1:])
        if np.any((choice != -1) & ~own):
            raise ValueError("start.choice: must be -1 or an option of the need")
    if start.cuts and not _name_things(problem, start.cuts):
        raise ValueError("start.cuts: a cut names a resource or an option that does not exist")
    return replace(start, prices=prices, floor_prices=floor_prices, choice=choice)


def _name_things(problem: Problem, cuts: tuple[Cut, ...]) -> bool:
    if not all(
        0 <= cut.resource < problem.resources and np.shape(cut.options) == np.shape(cut.alpha) != (0,) and cut.price >= 0 for cut in cuts
    ):
        return False
    options, alpha = np.concatenate([cut.options for cut in cuts]), np.concatenate([cut.alpha for cut in cuts])
    return bool(options.min() >= 0 and options.max() < problem.options and alpha.min() >= 0)


@dataclass
class Watch:
    """The clock, which may only stop the solve, and the caller's wish to stop."""

    limit_s: float | None
    progress: Callable[[Progress], bool] | None
    reason: StoppedBy | None = None

    def __post_init__(self) -> None:
        self._began = monotonic()
        self._share = 1.0

    @property
    def seconds(self) -> float:
        return monotonic() - self._began

    def give_up_at(self, share: float) -> None:
        """Let the phase that follows run only until this share of the time limit is gone."""
        self._share = share

    def seconds_left(self, share: float) -> Callable[[], float] | None:
        """A clock that runs down to 0 at this share of the time limit; None where there is no limit."""
        limit_s = self.limit_s
        return None if limit_s is None else lambda: limit_s * share - self.seconds

    def may_go_on(self) -> bool:
        if self.limit_s is not None and self.reason is None:
            if self.seconds > self.limit_s:
                self.reason = "time"
            elif self.seconds > self.limit_s * self._share:
                return False
        return self.reason is None

    def report(self, phase: str, *, value: int | None = None, bound: int | None = None, steps: int = 0) -> bool:
        """Tell the caller where we are; False if the solve must end."""
        if self.progress is not None and self.reason is None:
            gap = None if value is None or bound is None else gap_between(value, bound)
            if self.progress(Progress(phase, value, bound, gap, steps, self.seconds)) is False:
                self.reason = "cancelled"
        return self.may_go_on()
