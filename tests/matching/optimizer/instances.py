"""Small problems written down by hand or by chance, and the plain enumeration that says what their best choice is worth."""

from itertools import product

import numpy as np

from matching.optimizer import Problem

Option = tuple[int, dict[int, int]]


def problem_of(needs: list[list[Option]], capacity: list[int], floors: list[tuple[int, int, int, int]] | None = None) -> Problem:
    """Needs as lists of (value, {resource: amount}); floors as (resource, amount, penalty num, penalty den)."""
    options = [option for need in needs for option in need]
    floors = floors or []
    return Problem(
        option_start=np.cumsum([0, *map(len, needs)]),
        value=np.array([value for value, _ in options], dtype=np.int64),
        use_start=np.cumsum([0, *(len(use) for _, use in options)]),
        use_resource=np.array([r for _, use in options for r in use], dtype=np.int32),
        use_amount=np.array([a for _, use in options for a in use.values()], dtype=np.int64),
        capacity=np.array(capacity, dtype=np.int64),
        floor_resource=np.array([f[0] for f in floors], dtype=np.int32),
        floor_amount=np.array([f[1] for f in floors], dtype=np.int64),
        floor_penalty_num=np.array([f[2] for f in floors], dtype=np.int64),
        floor_penalty_den=np.array([f[3] for f in floors], dtype=np.int64),
    )


def best_by_enumeration(problem: Problem, fixed: np.ndarray | None = None) -> int:
    """The best value of all choices, tried one by one: ⌊Σ v x - Σ p s⌋."""
    uses = [
        dict(zip(problem.use_resource[s:e].tolist(), problem.use_amount[s:e].tolist(), strict=True))
        for s, e in zip(problem.use_start[:-1].tolist(), problem.use_start[1:].tolist(), strict=True)
    ]
    ways = []
    for i in range(problem.needs):
        own = [-1, *range(int(problem.option_start[i]), int(problem.option_start[i + 1]))]
        ways.append(own if fixed is None or fixed[i] == -2 else [int(fixed[i])])
    best = None
    for choice in product(*ways):
        room = problem.capacity.tolist()
        total = 0
        for o in choice:
            if o >= 0:
                total += 256 * int(problem.value[o])
                for r, a in uses[o].items():
                    room[r] -= a
        if min(room, default=0) < 0:
            continue
        for f, r in enumerate(problem.floor_resource.tolist()):
            short = max(0, int(problem.floor_amount[f]) - (int(problem.capacity[r]) - room[r]))
            total -= short * int(problem.floor_penalty_num[f]) * (256 // int(problem.floor_penalty_den[f]))
        best = total if best is None else max(best, total)
    return best // 256


def random_problem(seed: int, needs: int = 30, resources: int = 8, floors: int = 0) -> Problem:
    """A middling instance: enough to have a gap, small enough to solve in a moment."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(needs):
        size = int(rng.integers(5, 60))
        places = rng.choice(resources, int(rng.integers(1, 5)), replace=False).tolist()
        rows.append([(int(size * rng.uniform(5, 10)), {r: size, resources: size}) for r in places])
    capacity = [int(c) for c in rng.integers(100, 200, resources)] + [1000]
    return problem_of(rows, capacity, [(r, 150, 1, 4) for r in range(floors)])
