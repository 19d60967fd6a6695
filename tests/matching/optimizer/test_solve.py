from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, milp

from matching.optimizer import Budget, Problem, Start, check, replay, solve
from tests.matching.optimizer.instances import best_by_enumeration, problem_of, random_problem

SOON = Budget(steps=2_000)


def solved(problem: Problem, **given):
    """Solve to the optimum and let `check` and `replay` have their say."""
    solution = solve(problem, **{"budget": SOON, "gap": 0.0, **given})
    report = check(problem, solution, fixed=given.get("fixed"))
    assert report.violations == ()
    assert replay(problem, solution, start=given.get("start"), fixed=given.get("fixed")).tobytes() == solution.choice.tobytes()
    return solution


def test_solve_takes_the_dearer_need_when_one_fits():
    problem = problem_of([[(10, {0: 5})], [(9, {0: 5})]], [5])

    solution = solved(problem)

    assert solution.choice.tolist() == [0, -1]
    assert (solution.value, solution.bound, solution.gap, solution.stopped_by) == (10, 10, 0.0, "gap")


def test_solve_moves_a_need_aside_for_another():
    problem = problem_of([[(10, {0: 5}), (8, {1: 5})], [(9, {0: 5})]], [5, 5])

    solution = solved(problem)

    assert solution.choice.tolist() == [1, 2]
    assert solution.value == 17


def test_solve_proves_by_a_tree_what_prices_cannot():
    problem = problem_of([[(3, {0: 2})], [(3, {0: 2})], [(3, {0: 3})]], [3])

    solution = solved(problem)

    assert solution.value == solution.bound == 3


def test_solve_drops_an_option_that_cannot_fit_alone():
    problem = problem_of([[(100, {0: 6}), (1, {0: 5})]], [5])

    solution = solved(problem)

    assert (solution.value, solution.bound, solution.certificate) == (1, 1, "prices")


def test_solve_rounds_capacity_to_the_gcd():
    problem = problem_of([[(4, {0: 4})], [(4, {0: 4})]], [7])

    solution = solved(problem)

    assert (solution.value, solution.bound, solution.certificate) == (4, 4, "prices")


def test_solve_fills_a_floor_that_is_worth_it():
    worse_but_counted = [[(10, {0: 4}), (9, {1: 4})]]
    problem = problem_of(worse_but_counted, [10, 10], [(1, 4, 1, 2)])

    solution = solved(problem)

    assert solution.choice.tolist() == [1]
    assert solution.value == 9


def test_solve_leaves_a_floor_that_is_not_worth_it():
    problem = problem_of([[(10, {0: 4}), (5, {1: 4})]], [10, 10], [(1, 4, 1, 2)])

    solution = solved(problem)

    assert (solution.choice.tolist(), solution.value) == ([0], 8)


def test_solve_value_may_be_negative_when_a_floor_cannot_be_met():
    problem = problem_of([[(1, {0: 1})]], [1], [(0, 100, 3, 4)])

    solution = solved(problem)

    assert solution.value == solution.bound == -74  # ⌊1 - 99 · 3/4⌋


@pytest.mark.parametrize(
    ("needs", "capacity", "value"),
    [
        ([], [], 0),
        ([], [5], 0),
        ([[]], [5], 0),
        ([[], [(3, {0: 1})], []], [5], 3),
        ([[(3, {0: 1})]], [0], 0),
        ([[(3, {0: 1})]], [5], 3),
        ([[(0, {0: 1})]], [5], 0),
        ([[(7, {})], [(2, {})]], [], 9),
        ([[(7, {})], [(2, {0: 1})]], [0], 7),
    ],
)
def test_solve_edge_instances(needs, capacity, value):
    solution = solved(problem_of(needs, capacity))

    assert solution.value == solution.bound == value


def test_solve_keeps_what_is_fixed():
    problem = problem_of([[(10, {0: 5})], [(9, {0: 5})], [(8, {1: 1})]], [5, 1])

    solution = solved(problem, fixed=np.array([-1, 1, -1]))

    assert solution.choice.tolist() == [-1, 1, -1]
    assert solution.value == solution.bound == 9


def test_solve_bounds_the_free_beside_the_fixed():
    problem = problem_of([[(10, {0: 5})], [(9, {0: 3})], [(8, {0: 2})]], [7])

    solution = solved(problem, fixed=np.array([0, -2, -2]))

    assert (solution.value, solution.bound) == (18, 18)


@pytest.mark.parametrize("fixed", [[0, 1], [1, -2], [0], [-3, -2], [5, -2], [0.0, -2.0]])
def test_solve_refuses_an_infeasible_fixed(fixed):
    problem = problem_of([[(10, {0: 5})], [(9, {0: 5})]], [5])

    with pytest.raises(ValueError, match=r"^fixed: "):
        solve(problem, budget=SOON, fixed=np.array(fixed))


@pytest.mark.parametrize(
    ("field", "start"),
    [
        ("start.prices", Start(np.array([1, 1]), 10)),
        ("start.prices", Start(np.array([-1]), 10)),
        ("start.prices", Start(np.array([0.5]), 10)),
        ("start.price_shift", Start(np.array([1]), 63)),
        ("start.floor_prices", Start(np.array([1]), 10, np.array([1]))),
        ("start.choice", Start(np.array([1]), 10, choice=np.array([0]))),
        ("start.choice", Start(np.array([1]), 10, choice=np.array([1, -1]))),
    ],
)
def test_solve_refuses_a_malformed_start(field, start):
    problem = problem_of([[(10, {0: 5})], [(9, {0: 5})]], [5])

    with pytest.raises(ValueError, match=f"^{field}: "):
        solve(problem, budget=SOON, start=start)


def test_solve_is_exact_at_ten_to_the_thirteen():
    fen = 10**13
    problem = problem_of([[(fen, {0: fen - 1})], [(fen - 7, {0: fen})], [(3, {0: 1})]], [fen])

    solution = solved(problem)

    assert solution.value == solution.bound == fen + 3


def test_solve_refuses_what_no_shift_fits():
    problem = problem_of([[(1 << 54, {0: 1})]], [1])

    with pytest.raises(ValueError, match=r"^value: "):
        solve(problem, budget=SOON)


def test_solve_accepts_the_largest_value_that_fits():
    problem = problem_of([[((1 << 53) - 1, {0: 1})], [(5, {0: 1})]], [1])

    solution = solved(problem)

    assert solution.value == solution.bound == (1 << 53) - 1
    assert solution.price_shift >= 8


def test_solve_totals_beyond_int64_are_exact():
    huge = (1 << 53) - 1
    problem = problem_of([[(huge, {0: 1})] for _ in range(2_000)], [1_500])

    solution = solve(problem, budget=SOON, gap=0.0)

    assert solution.value == 1_500 * huge > 1 << 63
    assert check(problem, solution).ok


def test_solve_repeats_itself_by_seed_and_steps():
    problem = random_problem(1)

    first, second = (solve(problem, budget=SOON, gap=0.0, seed=7) for _ in range(2))

    assert first.choice.tobytes() == second.choice.tobytes()
    assert (first.bound, first.steps_done, first.prices.tobytes()) == (second.bound, second.steps_done, second.prices.tobytes())


def test_solve_is_told_to_stop():
    problem = random_problem(2)
    seen = []

    solution = solve(problem, budget=Budget(steps=10_000_000), gap=0.0, progress=lambda p: seen.append(p) or p.phase != "search")

    assert solution.stopped_by == "cancelled"
    assert solution.steps_done < 10_000_000
    assert check(problem, solution).ok
    assert {"prices", "bound", "search"} <= {p.phase for p in seen}
    assert all(a.seconds <= b.seconds for a, b in pairwise(seen))


def test_solve_told_to_stop_at_once_still_certifies():
    problem = random_problem(3)

    solution = solve(problem, budget=SOON, progress=lambda _: False)

    assert solution.stopped_by == "cancelled"
    assert check(problem, solution).ok


def test_solve_stops_by_time_and_replays():
    problem = random_problem(4, needs=400, resources=40)

    solution = solve(problem, budget=Budget(steps=50_000_000, time_limit_s=0.3), gap=0.0)

    assert solution.stopped_by == "time"
    assert solution.seconds < 5
    assert check(problem, solution).ok
    assert replay(problem, solution).tobytes() == solution.choice.tobytes()


def test_solve_warm_is_no_worse_than_its_start():
    problem = random_problem(5)
    cold = solve(problem, budget=SOON, gap=0.0)
    start = Start(cold.prices, cold.price_shift, cold.floor_prices, cold.cuts, cold.choice)

    warm = solved(problem, budget=Budget(steps=200), start=start)

    assert warm.value >= cold.value
    assert warm.bound <= cold.bound


def test_solve_warm_keeps_an_option_of_its_start_that_is_on_nobodys_short_list():
    many = [(100 - k, {0: 10}) for k in range(19)]
    problem = problem_of([many, [*many, (1, {1: 5})]], [10, 5])
    start = Start(np.array([0, 0]), 8, choice=np.array([0, 38]))

    solution = solve(problem, budget=Budget(steps=0), start=start)

    assert solution.value == 101
    assert replay(problem, solution, start=start).tobytes() == solution.choice.tobytes()


def test_solve_takes_what_fits_of_an_impossible_start_choice():
    problem = problem_of([[(10, {0: 5})], [(9, {0: 5})]], [5])
    start = Start(np.array([0]), 8, choice=np.array([0, 1]))

    solution = solved(problem, start=start)

    assert solution.choice.tolist() == [0, -1]


def test_solve_refused_need_is_replaced_without_moving_the_others():
    problem = random_problem(6)
    base = solve(problem, budget=SOON, gap=0.0)
    refused = int(np.flatnonzero(base.choice >= 0)[0])
    fixed = np.where(base.choice >= 0, base.choice, -2)
    fixed[refused] = -1
    start = Start(base.prices, base.price_shift, base.floor_prices, base.cuts, np.where(fixed >= 0, base.choice, -1))

    child = solved(problem, start=start, fixed=fixed)

    kept = fixed >= 0
    assert np.array_equal(child.choice[kept], base.choice[kept])
    assert child.choice[refused] == -1


def test_solve_more_capacity_never_lowers_the_optimum():
    problem = problem_of([[(7, {0: 4}), (5, {1: 3})], [(6, {0: 3}), (6, {1: 4})], [(4, {0: 2, 1: 1})]], [5, 4])
    values = []

    for extra in range(6):
        wider = Problem(
            problem.option_start, problem.value, problem.use_start, problem.use_resource, problem.use_amount, problem.capacity + extra
        )
        values.append(solved(wider).value)

    assert values == sorted(values)
    assert values[0] == best_by_enumeration(problem)


def test_solve_order_of_needs_does_not_matter():
    needs = [[(7, {0: 4}), (5, {1: 3})], [(6, {0: 3}), (6, {1: 4})], [(4, {0: 2, 1: 1})], [(9, {0: 5, 1: 2})]]
    problem = problem_of(needs, [6, 5])
    turned = problem_of([needs[i][::-1] for i in (2, 0, 3, 1)], [6, 5])

    assert solved(problem).value == solved(turned).value == best_by_enumeration(problem)


def test_bugfix_scipy_24141_a_status_is_not_a_proof():
    """HiGHS in scipy before 1.17.1 called an infeasible point of this system optimal; whoever calls it re-checks every point."""
    system = np.array(
        [
            [0, 1, 1, 0, 1, 0, 0, 0],
            [0, 0, 1, 1, 1, 0, 1, 1],
            [1, 1, 1, 1, 1, 1, 0, 1],
            [0, 1, 0, 1, 1, 1, 0, 0],
            [0, 1, 0, 0, 1, 1, 0, 1],
            [0, 1, 1, 1, 0, 1, 1, 0],
        ]
    )
    target = np.array([42, 252, 277, 41, 222, 48])

    found = milp(np.ones(8), integrality=np.ones(8), constraints=LinearConstraint(system, target, target))

    assert np.array_equal(system @ np.rint(found.x), target)
