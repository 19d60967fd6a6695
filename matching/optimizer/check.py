"""Prove a solution again, from the problem and the published numbers alone.

Shares the data classes of `problem.py` with `solve` and nothing else: its own tightening, its own bound, its own proof of every cut and of
the cover of a tree. Everything is exact: int64 where a first look at the magnitudes shows that nothing can wrap, Python integers elsewhere.
Anyone who doubts a round can read this file without the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.optimizer.problem import CHAINS, Cut, IntArray, Leaf, Problem, Report, Solution, Violation

SAFE = 1 << 62
MOST_CUT_WORK = 400_000_000
STOPS = ("gap", "steps", "time", "cancelled")


@dataclass
class Findings:
    violations: list[Violation] = field(default_factory=list)

    def add(self, kind: str, message: str) -> None:
        self.violations.append(Violation(kind, message))

    def has(self, *kinds: str) -> bool:
        return any(v.kind.startswith(kinds) for v in self.violations)


def check(problem: Problem, solution: Solution, *, fixed: IntArray | None = None) -> Report:
    """Feasibility, value and bound of a solution, recomputed; every violation is listed."""
    found = Findings()
    fixed = np.full(problem.needs, -2, dtype=np.int64) if fixed is None else np.asarray(fixed, dtype=np.int64)
    if fixed.shape != (problem.needs,):
        found.add("fixed.shape", f"fixed has {fixed.shape}, the problem {problem.needs} needs")
        return Report(None, None, tuple(found.violations))
    _check_choice(problem, solution.choice, fixed, "choice", found)
    if solution.given is not None:
        _check_choice(problem, solution.given, fixed, "given", found)
    value = None if found.has("choice.shape", "choice.range") else _value(problem, solution.choice)
    _check_prices(problem, solution, found)
    _check_cuts(problem, solution, found)
    bound = None
    if not found.has("prices", "price_shift", "floor_prices", "cut.resource", "cut.options", "cut.alpha", "cut.price", "cut.rhs"):
        bound = _bound(problem, solution, fixed, found)
    _check_numbers(solution, value, bound, found)
    return Report(value, bound, tuple(found.violations))


# --- the choice ------------------------------------------------------------------------------------------------------------------------


def _check_choice(problem: Problem, choice: IntArray, fixed: IntArray, name: str, found: Findings) -> None:
    choice = np.asarray(choice)
    if choice.shape != (problem.needs,) or choice.dtype != np.int64:
        found.add(f"{name}.shape", f"{name} must be {problem.needs} int64, is {choice.shape} {choice.dtype}")
        return
    if np.any((choice < -1) | (choice >= problem.options)):
        found.add(f"{name}.range", f"need {_first((choice < -1) | (choice >= problem.options))} has no such option")
        return
    foreign = (choice >= 0) & ((choice < problem.option_start[:-1]) | (choice >= problem.option_start[1:]))
    if np.any(foreign):
        found.add(f"{name}.foreign", f"need {_first(foreign)} has an option of another need")
    broken = (fixed != -2) & (choice != fixed)
    if np.any(broken):
        found.add(f"{name}.fixed", f"need {_first(broken)} does not keep what was fixed")
    used = _use(problem, choice[choice >= 0])
    for r, capacity in enumerate(problem.capacity.tolist()):
        if used.get(r, 0) > capacity:
            found.add(f"{name}.capacity", f"resource {r}: used {used[r]}, capacity {capacity}")


def _use(problem: Problem, options: IntArray) -> dict[int, int]:
    """Exact use of each resource by the options."""
    uses = _uses_of(problem, options)
    rows, amounts = problem.use_resource[uses], problem.use_amount[uses]
    order = np.argsort(rows, kind="stable")
    rows, amounts = rows[order], amounts[order]
    edges = np.flatnonzero(np.diff(rows, prepend=-1)).tolist()
    ends = [*edges, len(rows)][1:]
    return {int(rows[edge]): sum(amounts[edge:end].tolist()) for edge, end in zip(edges, ends, strict=False)}


def _uses_of(problem: Problem, options: IntArray) -> IntArray:
    """Positions in use_* of all uses of the options."""
    counts = problem.use_start[options + 1] - problem.use_start[options]
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    positions: IntArray = np.repeat(problem.use_start[options], counts) + within
    return positions


def _value(problem: Problem, choice: IntArray) -> int:
    chosen = choice[choice >= 0]
    total = sum(problem.value[chosen].tolist()) * 256
    used = _use(problem, chosen) if problem.floors else {}
    for r, amount, num, den in _floors(problem):
        total -= num * (256 // den) * max(0, amount - used.get(r, 0))
    return int(total // 256)


def _floors(problem: Problem) -> Iterator[tuple[int, int, int, int]]:
    yield from zip(
        problem.floor_resource.tolist(),
        problem.floor_amount.tolist(),
        problem.floor_penalty_num.tolist(),
        problem.floor_penalty_den.tolist(),
        strict=True,
    )


# --- prices and cuts -------------------------------------------------------------------------------------------------------------------


def _check_prices(problem: Problem, solution: Solution, found: Findings) -> None:
    if not 8 <= solution.price_shift <= 62:
        found.add("price_shift.range", f"price_shift is {solution.price_shift}, must lie in 8..62")
        return
    _check_price_arrays(problem, solution.prices, solution.floor_prices, solution.price_shift, "", found)


def _check_price_arrays(problem: Problem, prices: IntArray, floor_prices: IntArray, shift: int, where: str, found: Findings) -> None:
    for name, given, length in (("prices", prices, problem.resources), ("floor_prices", floor_prices, problem.floors)):
        array = np.asarray(given)
        if array.shape != (length,) or array.dtype != np.int64:
            found.add(f"{where}{name}.shape", f"{where}{name} must be {length} int64, is {array.shape} {array.dtype}")
        elif np.any(array < 0):
            found.add(f"{where}{name}.negative", f"{where}{name}[{_first(array < 0)}] is negative")
        elif name == "floor_prices":
            for f, (price, (_, _, num, den)) in enumerate(zip(array.tolist(), _floors(problem), strict=True)):
                if price * den > num << shift:
                    found.add(f"{where}floor_prices.above", f"{where}floor_prices[{f}] exceeds its penalty {num}/{den}")


def _check_cuts(problem: Problem, solution: Solution, found: Findings) -> None:
    need_of = np.repeat(np.arange(problem.needs), np.diff(problem.option_start))
    for c, cut in enumerate(solution.cuts):
        if _is_well_formed(problem, cut, c, found):
            _prove_cut(problem, cut, c, need_of, found)


def _is_well_formed(problem: Problem, cut: Cut, c: int, found: Findings) -> bool:
    before = len(found.violations)
    options, alpha = np.asarray(cut.options), np.asarray(cut.alpha)
    if not 0 <= cut.resource < problem.resources:
        found.add("cut.resource", f"cut {c} names resource {cut.resource}")
    if options.ndim != 1 or options.dtype.kind != "i" or np.any((options < 0) | (options >= problem.options)):
        found.add("cut.options.range", f"cut {c} names options that do not exist")
    elif len(np.unique(options)) != len(options):
        found.add("cut.options.twice", f"cut {c} names an option twice")
    if alpha.shape != options.shape or alpha.dtype.kind != "i":
        found.add("cut.alpha.shape", f"cut {c} has {alpha.shape} coefficients for {options.shape} options")
    elif np.any(alpha < 0):
        found.add("cut.alpha.negative", f"cut {c} has a negative coefficient")
    if cut.price < 0:
        found.add("cut.price", f"cut {c} has a negative price")
    return len(found.violations) == before


def _prove_cut(problem: Problem, cut: Cut, c: int, need_of: IntArray, found: Findings) -> None:
    """The right-hand side by a dynamic programme: least use of the resource that reaches each Σ alpha, one option a need."""
    capacity = int(problem.capacity[cut.resource])
    needs = _alternatives(problem, cut, need_of)
    if sum(max(alpha for alpha, _ in ways) for ways in needs) <= cut.rhs:
        return
    if cut.rhs < 0:
        found.add("cut.rhs", f"cut {c} claims {cut.rhs}, but choosing nothing reaches 0")
        return
    if (cut.rhs + 2) * sum(map(len, needs)) > MOST_CUT_WORK:
        found.add("cut.rhs.unproved", f"cut {c} is too large to prove")
        return
    if _least_use(needs, cut.rhs + 1, capacity) <= capacity:
        found.add("cut.rhs.small", f"cut {c}: more than its right-hand side {cut.rhs} fits into resource {cut.resource}")


def _alternatives(problem: Problem, cut: Cut, need_of: IntArray) -> list[list[tuple[int, int]]]:
    """(alpha, use of the resource) of the options named, by need; only those that could matter."""
    ways: dict[int, list[tuple[int, int]]] = {}
    for o, alpha in zip(cut.options.tolist(), cut.alpha.tolist(), strict=True):
        uses = slice(int(problem.use_start[o]), int(problem.use_start[o + 1]))
        on_row = problem.use_resource[uses] == cut.resource
        ways.setdefault(int(need_of[o]), []).append((alpha, sum(problem.use_amount[uses][on_row].tolist())))
    return [sorted(set(w)) for w in ways.values()]


def _least_use(needs: list[list[tuple[int, int]]], goal: int, capacity: int) -> int:
    """The least total use with Σ alpha ≥ goal; anything above the capacity counts as capacity + 1."""
    never = capacity + 1
    least = np.full(goal + 1, never, dtype=np.int64 if capacity < SAFE // 2 else object)
    least[0] = 0
    for ways in needs:
        after = least.copy()
        for alpha, use in ways:
            if alpha == 0 or use > capacity:
                continue
            reach = min(alpha, goal)
            moved = np.minimum(least[: goal + 1 - reach] + use, never)
            after[reach:] = np.minimum(after[reach:], moved)
            # beyond the goal all sums count as the goal
            after[goal] = min(int(after[goal]), int(least[goal - reach :].min()) + use, never)
        least = after
    return int(least[goal])


# --- the bound -------------------------------------------------------------------------------------------------------------------------


@dataclass
class Left:
    """What remains beside fixed choices: capacities rounded by the gcd of what can still use them, options that still fit."""

    fixed: IntArray
    kept: NDArray[np.bool_]
    capacity: list[int]


def _tightened(problem: Problem, fixed: IntArray) -> Left | None:
    used = _use(problem, fixed[fixed >= 0])
    capacity: list[int] = problem.capacity.tolist()
    if any(used.get(r, 0) > c for r, c in enumerate(capacity)):
        return None
    room = np.array([c - used.get(r, 0) for r, c in enumerate(capacity)], dtype=np.int64)
    of_use = np.repeat(np.arange(problem.options), np.diff(problem.use_start))
    kept = np.repeat(fixed == -2, np.diff(problem.option_start))
    kept[of_use[problem.use_amount > room[problem.use_resource]]] = False
    divisor = _common_divisors(problem, kept[of_use])
    for r in problem.floor_resource.tolist():
        divisor[r] = 1
    return Left(fixed, kept, [used.get(r, 0) + int(room[r]) // d * d for r, d in enumerate(divisor)])


def _common_divisors(problem: Problem, counted: NDArray[np.bool_]) -> list[int]:
    rows, amounts = problem.use_resource[counted], problem.use_amount[counted]
    divisor = np.zeros(problem.resources, dtype=np.int64)
    np.gcd.at(divisor, rows, amounts)
    return [d or 1 for d in divisor.tolist()]


def _bound(problem: Problem, solution: Solution, fixed: IntArray, found: Findings) -> int | None:
    root = _tightened(problem, fixed)
    if root is None:
        found.add("fixed.capacity", "the fixed choices alone exceed a capacity")
        return None
    eta = np.array([cut.price for cut in solution.cuts], dtype=object)
    of_prices = _proved(problem, solution, root, solution.prices, solution.floor_prices, eta)
    if not solution.leaves:
        return of_prices
    if not all(_is_well_formed_leaf(problem, solution, leaf, n, found) for n, leaf in enumerate(solution.leaves)):
        return None
    if not _cover(problem, root, list(solution.leaves)):
        found.add("leaves.cover", "the leaves leave out a case")
        return None
    worst = None
    for leaf in solution.leaves:
        left = _tightened(problem, leaf.fixed)
        if left is None:
            continue  # no choice agrees with this leaf
        here = _proved(problem, solution, left, leaf.prices, leaf.floor_prices, leaf.cut_prices.astype(object))
        worst = here if worst is None else max(worst, here)
    return of_prices if worst is None else worst


def _proved(problem: Problem, solution: Solution, left: Left, prices: IntArray, floor_prices: IntArray, cut_prices: NDArray[Any]) -> int:
    """⌊bound⌋ at these prices, given what is fixed."""
    reduced = _reduced(problem, solution, prices, floor_prices, cut_prices)
    total = sum(c * p for c, p in zip(left.capacity, prices.tolist(), strict=True))
    total -= sum(a * p for a, p in zip(problem.floor_amount.tolist(), floor_prices.tolist(), strict=True))
    total += sum(cut.rhs * int(p) for cut, p in zip(solution.cuts, cut_prices.tolist(), strict=True))
    total += sum(reduced[left.fixed[left.fixed >= 0]].tolist())
    total += _best_of_free(problem, left, reduced)
    return int(total) >> solution.price_shift


def _best_of_free(problem: Problem, left: Left, reduced: NDArray[Any]) -> int:
    counted = np.where(left.kept & (reduced > 0), reduced, 0)
    filled = problem.option_start[:-1] < problem.option_start[1:]
    if not np.any(filled):
        return 0
    return sum(np.maximum.reduceat(counted, problem.option_start[:-1][filled]).tolist())


def _reduced(problem: Problem, solution: Solution, prices: IntArray, floor_prices: IntArray, cut_prices: NDArray[Any]) -> NDArray[Any]:
    """Reduced values v - aπ + aμ - αη of the options in units of 2^-shift; int64 if nothing can wrap, else Python integers."""
    kind: Any = np.int64 if _stays_small(problem, solution, prices, floor_prices, cut_prices) else object
    net = prices.astype(kind)
    for r, price in zip(problem.floor_resource.tolist(), floor_prices.tolist(), strict=True):
        net[r] -= price
    reduced = problem.value.astype(kind) * (1 << solution.price_shift)
    if len(problem.use_amount):
        cost = problem.use_amount.astype(kind) * net[problem.use_resource]
        using = problem.use_start[:-1] < problem.use_start[1:]
        reduced[using] -= np.add.reduceat(cost, problem.use_start[:-1][using])
    for cut, price in zip(solution.cuts, cut_prices.tolist(), strict=True):
        reduced[cut.options] -= cut.alpha.astype(kind) * price
    return np.asarray(reduced)


def _stays_small(problem: Problem, solution: Solution, prices: IntArray, floor_prices: IntArray, cut_prices: NDArray[Any]) -> bool:
    """No partial sum of any option can leave int64: an upper estimate in floating point, with room to spare."""
    per_unit = prices.astype(np.float64)
    np.add.at(per_unit, problem.floor_resource, floor_prices.astype(np.float64))
    size = problem.value.astype(np.float64) * 2.0**solution.price_shift
    if len(problem.use_amount):
        cost = problem.use_amount * per_unit[problem.use_resource]
        using = problem.use_start[:-1] < problem.use_start[1:]
        size[using] += np.add.reduceat(cost, problem.use_start[:-1][using])
    for cut, price in zip(solution.cuts, cut_prices.tolist(), strict=True):
        size[cut.options] += cut.alpha.astype(np.float64) * float(price)
    return bool(size.max(initial=0.0) < SAFE and per_unit.max(initial=0.0) < SAFE)


# --- the tree --------------------------------------------------------------------------------------------------------------------------


def _is_well_formed_leaf(problem: Problem, solution: Solution, leaf: Leaf, n: int, found: Findings) -> bool:
    before = len(found.violations)
    _check_price_arrays(problem, leaf.prices, leaf.floor_prices, solution.price_shift, "leaf.", found)
    cut_prices = np.asarray(leaf.cut_prices)
    if cut_prices.shape != (len(solution.cuts),) or cut_prices.dtype != np.int64 or np.any(cut_prices < 0):
        found.add("leaf.cut_prices", f"leaf {n} must price {len(solution.cuts)} cuts at 0 or more")
    fixed = np.asarray(leaf.fixed)
    if fixed.shape != (problem.needs,) or fixed.dtype != np.int64:
        found.add("leaf.fixed", f"leaf {n} must fix {problem.needs} needs")
    elif np.any((fixed != -2) & (fixed != -1) & ((fixed < problem.option_start[:-1]) | (fixed >= problem.option_start[1:]))):
        found.add("leaf.fixed", f"leaf {n} fixes a need to an option that is not its own")
    return len(found.violations) == before


def _cover(problem: Problem, root: Left, leaves: list[Leaf]) -> bool:
    """Whether every choice that agrees with the root agrees with a leaf: split by a need that all leaves fix, case by case."""
    open_cases = [(root.fixed, leaves)]
    while open_cases:
        case, below = open_cases.pop()
        if any(np.array_equal(leaf.fixed, case) for leaf in below):
            continue
        fixed_by_all = (case == -2) & np.all([leaf.fixed != -2 for leaf in below], axis=0) if below else np.zeros(len(case), dtype=bool)
        if not np.any(fixed_by_all):
            return False
        need = _first(fixed_by_all)
        left = _tightened(problem, case)
        if left is None:
            continue  # no choice agrees with this case
        for option in [-1, *range(int(problem.option_start[need]), int(problem.option_start[need + 1]))]:
            if option >= 0 and not left.kept[option]:
                continue  # does not fit beside what the case fixes
            split = case.copy()
            split[need] = option
            open_cases.append((split, [leaf for leaf in below if leaf.fixed[need] == option]))
    return True


# --- what the solution says of itself --------------------------------------------------------------------------------------------------


def _check_numbers(solution: Solution, value: int | None, bound: int | None, found: Findings) -> None:
    if value is not None and solution.value != value:
        found.add("value", f"value is {value}, the solution says {solution.value}")
    if bound is not None and solution.bound != bound:
        found.add("bound", f"the certificate proves {bound}, the solution says {solution.bound}")
    if value is not None and bound is not None and value > bound and not found.has("choice"):
        found.add("bound.below", f"value {value} exceeds the bound {bound}: one of them is wrong")
    if solution.gap != (solution.bound - solution.value) / max(abs(solution.bound), 1):
        found.add("gap", "gap is not (bound - value) / max(|bound|, 1)")
    name = "tree" if solution.leaves else "prices+cuts" if solution.cuts else "prices"
    if solution.certificate != name:
        found.add("certificate", f"certificate is {name}, the solution says {solution.certificate}")
    if solution.stopped_by not in STOPS:
        found.add("stopped_by", f"stopped_by is {solution.stopped_by!r}")
    schedule = np.asarray(solution.schedule).tolist()
    if min(schedule, default=0) < 0 or solution.steps_done != CHAINS * sum(schedule):
        found.add("steps_done", f"{solution.steps_done} steps done, but the schedule has {CHAINS} x {sum(schedule)}")


def _first(mask: NDArray[np.bool_]) -> int:
    return int(np.argmax(mask))
