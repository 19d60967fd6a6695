"""`python -m matching.optimizer.warm` compiles the kernels into numba's cache, so that no round waits for it."""

from time import monotonic

import numpy as np

from matching.optimizer import Budget, Cut, Problem, Start, check, dual, replay, solve
from matching.optimizer.presolve import as_fixed, tighten


def tiny(amount: int, *, floor: bool) -> Problem:
    """Two needs that compete for one resource; `amount` above 2^31 takes the wide kernels."""
    return Problem(
        option_start=np.array([0, 2, 3]),
        value=np.array([5, 4, 3]),
        use_start=np.array([0, 1, 2, 3]),
        use_resource=np.array([0, 1, 0], dtype=np.int32),
        use_amount=np.array([amount, amount, amount - 1]),
        capacity=np.array([amount, amount]),
        floor_resource=np.array([1] if floor else [], dtype=np.int32),
        floor_amount=np.array([amount] if floor else []),
        floor_penalty_num=np.array([1] if floor else []),
        floor_penalty_den=np.array([256] if floor else []),
    )


def assignment(jobs: int = 12, agents: int = 6) -> Problem:
    """Jobs to agents, each option drawing on one agent alone: what the packings are for."""
    numbers = np.arange(jobs * agents)
    return Problem(
        option_start=np.arange(jobs + 1) * agents,
        value=50 + numbers * 7 % 23,
        use_start=np.arange(jobs * agents + 1),
        use_resource=(numbers % agents).astype(np.int32),
        use_amount=5 + numbers * 5 % 11,
        capacity=np.full(agents, 17),
    )


def look_at_a_sample(problem: Problem) -> None:
    """What the dual does only where needs are many."""
    tight = tighten(problem, as_fixed(problem, None))
    assert tight is not None
    dual.build(problem, tight).sampled(2)


def warm() -> float:
    """Run every kernel once for every type it will meet; returns the seconds it took."""
    began = monotonic()
    for amount in (3, 1 << 40):
        for floor in (False, True):
            problem = tiny(amount, floor=floor)
            solution = solve(problem, budget=Budget(steps=400), gap=-1.0)
            either = Cut(0, np.array([0, 2]), np.array([1, 1]), 1, 1)
            again = Start(solution.prices, solution.price_shift, solution.floor_prices, (either,), solution.choice)
            solve(problem, budget=Budget(steps=400), start=again)
            replay(problem, solution)
            report = check(problem, solution)
            assert report.ok, report.violations
    look_at_a_sample(problem)
    solve(assignment(), budget=Budget(steps=60_000), gap=-1.0)
    return monotonic() - began


if __name__ == "__main__":
    print(f"optimizer kernels ready in {warm():.1f} s")  # noqa: T201 -- a command's answer
