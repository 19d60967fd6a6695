from itertools import product

import numpy as np

from matching.optimizer import Budget, Start, check, kernels, replay, solve
from matching.optimizer.cuts import orders_of_covers, still_true
from matching.optimizer.presolve import as_fixed, tighten
from tests.matching.optimizer.instances import problem_of, random_problem


def best_of_knapsack(amount, alpha, capacity):
    ways = product([0, 1], repeat=len(amount))
    return max(int(np.dot(taken, alpha)) for taken in ways if np.dot(taken, amount) <= capacity)


def test_cuts_lower_the_bound_and_are_proved():
    problem = random_problem(11, needs=60, resources=20)

    solution = solve(problem, budget=Budget(steps=2_000), gap=0.0, progress=lambda p: p.phase != "tree")

    assert solution.cuts
    assert solution.certificate == "prices+cuts"
    assert check(problem, solution).ok
    assert replay(problem, solution).tobytes() == solution.choice.tobytes()


def test_exact_rhs_agrees_with_enumeration():
    rng = np.random.default_rng(0)
    for _ in range(50):
        amount, alpha = rng.integers(1, 20, 8), rng.integers(0, 5, 8)
        capacity = int(rng.integers(0, 60))

        assert kernels.exact_rhs(amount, alpha, capacity) == best_of_knapsack(amount, alpha, capacity)


def test_cuts_of_row_are_true_of_every_feasible_choice():
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(200):
        amount, share = rng.integers(1, 30, 9), np.round(rng.random(9), 1)
        capacity = int(rng.integers(30, 80))
        alphas = np.empty((4, 9), dtype=np.int64)
        rhs, score = np.zeros(4, dtype=np.int64), np.zeros(4)

        count = kernels.cuts_of_row(amount, share, capacity, orders_of_covers(amount, share), 10, 0.01, alphas, rhs, score)

        found += count
        for c in range(count):
            assert rhs[c] == best_of_knapsack(amount, alphas[c], capacity)
            assert alphas[c] @ share > rhs[c]
    assert found > 100


def test_still_true_proves_the_right_hand_side_for_a_larger_capacity():
    narrow = problem_of([[(9, {0: 4})], [(8, {0: 3})], [(7, {0: 3})]], [7])
    wide = problem_of([[(9, {0: 4})], [(8, {0: 3})], [(7, {0: 3})]], [10])
    cut = still_true(narrow, tighten(narrow, as_fixed(narrow, None)), solve(narrow, budget=Budget(steps=0), gap=0.0).cuts)

    again = still_true(wide, tighten(wide, as_fixed(wide, None)), cut)

    assert all(new.rhs >= old.rhs for old, new in zip(cut, again, strict=True))
    for new in again:
        solution = solve(wide, budget=Budget(steps=0), start=Start(np.array([0]), 8, cuts=(new,)))
        assert check(wide, solution).ok


def test_cuts_of_a_start_keep_the_bound():
    problem = random_problem(12, needs=60, resources=20)
    cold = solve(problem, budget=Budget(steps=400), gap=0.0, progress=lambda p: p.phase != "tree")

    warm = solve(
        problem,
        budget=Budget(steps=400),
        gap=0.0,
        start=Start(cold.prices, cold.price_shift, cold.floor_prices, cold.cuts, cold.choice),
        progress=lambda p: p.phase != "tree",
    )

    assert warm.bound <= cold.bound
    assert warm.value >= cold.value
    assert check(problem, warm).ok
