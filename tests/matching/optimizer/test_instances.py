"""Whole solves on the loan instances of the benchmark: what a round may rely on."""

import numpy as np
import pytest

from benchmarks.loan_instances import generate
from matching.optimizer import Budget, Problem, Start, check, descent, primal, replay, solve


@pytest.fixture(scope="module")
def small():
    problem = Problem(**generate("small", 7))
    return problem, solve(problem, budget=Budget(steps=400_000))


def test_small_instance_is_certified_within_three_per_cent(small):
    problem, solution = small

    assert check(problem, solution).ok
    assert solution.gap <= 0.03
    assert solution.certificate == "prices+cuts"


def test_small_instance_replays_to_the_byte(small):
    problem, solution = small

    assert replay(problem, solution).tobytes() == solution.choice.tobytes()


def test_small_instance_in_fen_is_as_good(small):
    yuan = generate("small", 7)
    problem = Problem(**{name: a * 100 if name in ("value", "use_amount", "capacity") else a for name, a in yuan.items()})

    solution = solve(problem, budget=Budget(steps=400_000))

    assert check(problem, solution).ok
    assert solution.gap <= 0.03


def test_rematch_after_a_refusal_moves_nobody_and_fills_what_is_free(small):
    problem, base = small
    refused = int(np.flatnonzero(base.choice >= 0)[3])
    fixed = np.where(base.choice >= 0, base.choice, -2)
    fixed[refused] = -1
    start = Start(base.prices, base.price_shift, base.floor_prices, base.cuts, np.where(fixed >= 0, fixed, -1))

    child = solve(problem, budget=Budget(steps=20_000), start=start, fixed=fixed)

    assert check(problem, child, fixed=fixed).ok
    kept = fixed >= 0
    assert np.array_equal(child.choice[kept], base.choice[kept])
    assert child.value >= int(problem.value[fixed[kept]].sum())
    assert replay(problem, child, start=start, fixed=fixed).tobytes() == child.choice.tobytes()


def test_floors_bind_and_are_certified():
    arrays = generate("small", 8)
    capacity = arrays["capacity"]
    used = np.bincount(arrays["use_resource"], weights=arrays["use_amount"], minlength=len(capacity))
    rows = np.argsort(-used[:50])[:5].astype(np.int32)
    problem = Problem(
        **arrays, floor_resource=rows, floor_amount=capacity[rows], floor_penalty_num=np.full(5, 63), floor_penalty_den=np.full(5, 256)
    )

    solution = solve(problem, budget=Budget(steps=400_000))

    assert check(problem, solution).ok
    assert solution.gap <= 0.05
    assert solution.floor_prices.max() > 0


def test_what_is_done_for_a_nation_holds_in_small(small, monkeypatch):
    """Descents in place of factorisation, samples, halves that change, windows, short lists: as for many rows and needs."""
    problem, _ = small
    monkeypatch.setattr(descent, "MOST_ROWS_FOR_NEWTON", 10)
    monkeypatch.setattr(descent, "ROWS_SEEN_HOT", 10)
    monkeypatch.setattr(primal, "FEW_NEEDS", 10)
    monkeypatch.setattr(primal, "MANY_NEEDS", 100)
    monkeypatch.setattr(primal, "WINDOW", 60)

    solution = solve(problem, budget=Budget(steps=400_000))

    assert check(problem, solution).ok
    assert solution.certificate == "prices"
    assert solution.gap <= 0.03
    assert replay(problem, solution).tobytes() == solution.choice.tobytes()


def test_solve_keeps_to_its_time_and_replays_what_the_clock_decided(small):
    problem, _ = small

    solution = solve(problem, budget=Budget(time_limit_s=0.5))

    assert solution.seconds < 2.0
    assert len(set(solution.schedule.tolist())) > 1
    assert check(problem, solution).ok
    assert replay(problem, solution).tobytes() == solution.choice.tobytes()
