"""`solve` at gap 0 against trying every choice, on thousands of problems by chance: floors, fixed choices, amounts up to 10^13 fen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.optimizer import Budget, Problem, check, replay, solve
from tests.matching.optimizer.instances import best_by_enumeration, problem_of

MOST_FEN = 10**13
SHORT = Budget(steps=400)


@st.composite
def needs_and_limits(draw, scale: int = 1):
    """Up to 8 needs with up to 3 options on up to 5 resources, and up to 2 floors; amounts and limits in multiples of `scale`."""
    resources = draw(st.integers(1, 5))
    option = st.tuples(
        st.integers(0, 40).map(lambda v: v * scale),
        st.dictionaries(st.integers(0, resources - 1), st.integers(1, 12).map(lambda a: a * scale - scale // 3), max_size=3),
    )
    needs = draw(st.lists(st.lists(option, max_size=3), max_size=8))
    limit = st.integers(0, 30).map(lambda c: c * scale)
    capacity = draw(st.lists(limit, min_size=resources, max_size=resources))
    den = st.sampled_from([1, 2, 4, 256])
    floor = den.flatmap(lambda d: st.tuples(st.integers(0, resources - 1), limit, st.integers(0, d - 1), st.just(d)))
    return needs, capacity, draw(st.lists(floor, max_size=2))


@st.composite
def partly_fixed(draw):
    """A problem and, for some of its needs, a choice that fits."""
    problem = problem_of(*draw(needs_and_limits()))
    fixed = np.full(problem.needs, -2, dtype=np.int64)
    room = problem.capacity.copy()
    for i in range(problem.needs):
        wish = draw(st.integers(-2, int(problem.option_start[i + 1] - problem.option_start[i]) - 1))
        if wish < 0:
            fixed[i] = wish
            continue
        o = int(problem.option_start[i]) + wish
        uses = slice(int(problem.use_start[o]), int(problem.use_start[o + 1]))
        if np.all(problem.use_amount[uses] <= room[problem.use_resource[uses]]):
            room[problem.use_resource[uses]] -= problem.use_amount[uses]
            fixed[i] = o
    return problem, fixed


def optimum(problem: Problem, fixed: np.ndarray | None = None) -> int:
    """The value of `solve` at gap 0, proved by its own bound, by `check`, and repeated by `replay`."""
    solution = solve(problem, budget=SHORT, gap=0.0, fixed=fixed)
    assert check(problem, solution, fixed=fixed).violations == ()
    assert replay(problem, solution, fixed=fixed).tobytes() == solution.choice.tobytes()
    assert (solution.bound, solution.stopped_by) == (solution.value, "gap")
    return solution.value


def agrees_with_enumeration(problem: Problem, fixed: np.ndarray | None = None) -> None:
    assert optimum(problem, fixed) == best_by_enumeration(problem, fixed)


def never_falls_with_capacity(drawn, extra: int) -> None:
    needs, capacity, floors = drawn

    assert optimum(problem_of(needs, [c + extra for c in capacity], floors)) >= optimum(problem_of(needs, capacity, floors))


def is_the_same_in_any_order(drawn, seed: int) -> None:
    needs, capacity, floors = drawn
    rng = np.random.default_rng(seed)
    turned = [[needs[i][o] for o in rng.permutation(len(needs[i]))] for i in rng.permutation(len(needs))]
    place = rng.permutation(len(capacity)).tolist()
    renamed = [[(value, {place[r]: a for r, a in use.items()}) for value, use in need] for need in turned]
    moved = problem_of(
        renamed,
        [capacity[place.index(r)] for r in range(len(capacity))],
        [(place[r], amount, num, den) for r, amount, num, den in floors],
    )

    assert optimum(moved) == optimum(problem_of(needs, capacity, floors))


def bounds_what_it_finds(drawn, steps: int) -> None:
    problem = problem_of(*drawn)

    solution = solve(problem, budget=Budget(steps=steps), gap=1e9)

    assert solution.bound >= best_by_enumeration(problem) >= solution.value
    assert check(problem, solution).ok


@settings(max_examples=90, deadline=None, derandomize=True)
@given(needs_and_limits())
def test_solve_agrees_with_enumeration(drawn):
    agrees_with_enumeration(problem_of(*drawn))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(partly_fixed())
def test_solve_beside_fixed_choices_agrees_with_enumeration(drawn):
    agrees_with_enumeration(*drawn)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(needs_and_limits(scale=MOST_FEN // 30))
def test_solve_up_to_ten_to_the_thirteen_fen_is_exact(drawn):
    agrees_with_enumeration(problem_of(*drawn))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(needs_and_limits(), st.integers(1, 10))
def test_solve_with_more_capacity_is_worth_no_less(drawn, extra):
    never_falls_with_capacity(drawn, extra)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(needs_and_limits(), st.integers(0, 1000))
def test_solve_in_another_order_is_worth_the_same(drawn, seed):
    is_the_same_in_any_order(drawn, seed)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(needs_and_limits(), st.integers(0, 50))
def test_solve_stopped_early_bounds_the_best(drawn, steps):
    bounds_what_it_finds(drawn, steps)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(needs_and_limits())
def test_solve_agrees_with_enumeration_on_thousands(drawn):
    agrees_with_enumeration(problem_of(*drawn))


@pytest.mark.long
@settings(max_examples=1_000, deadline=None)
@given(partly_fixed())
def test_solve_beside_fixed_choices_agrees_with_enumeration_on_a_thousand(drawn):
    agrees_with_enumeration(*drawn)


@pytest.mark.long
@settings(max_examples=500, deadline=None)
@given(needs_and_limits(scale=MOST_FEN // 30))
def test_solve_up_to_ten_to_the_thirteen_fen_is_exact_on_hundreds(drawn):
    agrees_with_enumeration(problem_of(*drawn))


@pytest.mark.long
@settings(max_examples=500, deadline=None)
@given(needs_and_limits(), st.integers(1, 10))
def test_solve_with_more_capacity_is_worth_no_less_on_hundreds(drawn, extra):
    never_falls_with_capacity(drawn, extra)


@pytest.mark.long
@settings(max_examples=500, deadline=None)
@given(needs_and_limits(), st.integers(0, 1000))
def test_solve_in_another_order_is_worth_the_same_on_hundreds(drawn, seed):
    is_the_same_in_any_order(drawn, seed)


@pytest.mark.long
@settings(max_examples=500, deadline=None)
@given(needs_and_limits(), st.integers(0, 50))
def test_solve_stopped_early_bounds_the_best_on_hundreds(drawn, steps):
    bounds_what_it_finds(drawn, steps)
