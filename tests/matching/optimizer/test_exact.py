import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import literature
from matching.optimizer import Budget, Problem, check, exact, replay, solve
from matching.optimizer.presolve import as_fixed, tighten
from tests.matching.optimizer.instances import best_by_enumeration, problem_of


def packed(problem: Problem, fixed: np.ndarray | None = None):
    tight = tighten(problem, as_fixed(problem, fixed))
    return tight, exact.packings(problem, tight)


@pytest.fixture(autouse=True)
def _small_problems_count(monkeypatch):
    monkeypatch.setattr(exact, "FEWEST_OPTIONS", 1)


def test_packings_sort_options_by_resource_and_divide_by_the_gcd():
    problem = problem_of([[(5, {1: 4}), (6, {0: 6})], [(7, {0: 3}), (9, {0: 9}), (4, {1: 2})], [(6, {0: 9})]], [12, 5])

    _, rows = packed(problem)

    assert rows.option.tolist() == [1, 2, 3, 5, 0, 4]
    assert rows.group_need.tolist() == [0, 1, 2, 0, 1]
    assert rows.amount.tolist() == [2, 1, 3, 3, 2, 1]
    assert rows.room.tolist() == [4, 2]


@pytest.mark.parametrize(
    ("needs", "capacity", "floors"),
    [
        ([[(5, {0: 4, 1: 1})], [(5, {0: 4})], [(5, {1: 4})]], [5, 4], []),
        ([[(5, {0: 4})], [(5, {0: 4})]], [5], [(0, 4, 1, 2)]),
        ([[(5, {})], [(5, {0: 4})], [(5, {0: 4})]], [5], []),
        ([[(5, {0: 6})]], [5], []),
    ],
)
def test_packings_are_for_one_resource_an_option_without_floors(needs, capacity, floors):
    _, rows = packed(problem_of(needs, capacity, floors))

    assert rows is None


@st.composite
def one_resource_an_option(draw):
    resources = draw(st.integers(1, 3))
    option = st.tuples(st.integers(0, 40), st.dictionaries(st.integers(0, resources - 1), st.integers(1, 12), min_size=1, max_size=1))
    needs = draw(st.lists(st.lists(option, max_size=3), min_size=2, max_size=6))
    return problem_of(needs, draw(st.lists(st.integers(1, 20), min_size=resources, max_size=resources)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(one_resource_an_option(), st.integers(0, 20))
def test_packing_losses_bound_every_choice_that_takes_the_option(problem, price):
    tight, rows = packed(problem)
    if rows is None:
        return

    lost = exact.losses(problem, rows, np.full(problem.needs, float(price)), target=0)

    assert lost.total >> exact.SHIFT >= best_by_enumeration(problem)
    for i, start in enumerate(problem.option_start[:-1].tolist()):
        for o in range(start, int(problem.option_start[i + 1])):
            if tight.kept[o]:
                fixed = np.full(problem.needs, -2)
                fixed[i] = o
                assert (lost.total - int(lost.option[o])) >> exact.SHIFT >= best_by_enumeration(problem, fixed)


@pytest.mark.parametrize(("name", "sense", "known"), [("c0515_1", "Min", 261), ("c0515_1", "Max", 336), ("c0824_2", "Min", 389)])
def test_solve_finds_the_best_known_of_the_literature(name, sense, known):
    problem, lift = literature.read(name, sense)

    solution = solve(problem, budget=Budget(steps=60_000), gap=0.0)

    assert abs(solution.value - lift * problem.needs) == known
    assert check(problem, solution).ok
    assert solution.solver_bound is None or solution.solver_bound >= solution.value
    assert replay(problem, solution).tobytes() == solution.choice.tobytes()
