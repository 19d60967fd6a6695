import dataclasses

import numpy as np
import pytest

from matching.optimizer import Budget, Problem
from tests.matching.optimizer.instances import problem_of

GOOD = {
    "option_start": [0, 2, 3],
    "value": [5, 4, 3],
    "use_start": [0, 1, 2, 4],
    "use_resource": [0, 1, 0, 1],
    "use_amount": [2, 2, 1, 1],
    "capacity": [3, 3],
    "floor_resource": [0],
    "floor_amount": [2],
    "floor_penalty_num": [1],
    "floor_penalty_den": [4],
}


def test_problem_freezes_exact_dtypes():
    problem = Problem(**GOOD)

    assert (problem.needs, problem.options, problem.resources, problem.floors) == (2, 3, 2, 1)
    assert problem.use_resource.dtype == np.int32
    assert problem.value.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        problem.value[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.value = problem.value


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("option_start", []),
        ("option_start", [1, 2, 3]),
        ("option_start", [0, 3, 2]),
        ("option_start", [0, 2, 4]),
        ("option_start", [[0, 2, 3]]),
        ("value", [5.0, 4.0, 3.0]),
        ("value", [5, 4, -1]),
        ("value", [5, 4, 2**63]),
        ("use_start", [0, 1, 4]),
        ("use_start", [0, 2, 1, 4]),
        ("use_resource", [0, 1, 0, 2]),
        ("use_resource", [0, 1, 0, -1]),
        ("use_resource", [0, 1, 1, 1]),
        ("use_resource", [0, 1, 0, 2**31]),
        ("use_amount", [2, 2, 1]),
        ("use_amount", [2, 2, 1, 0]),
        ("use_amount", [2, 2, 1, -1]),
        ("capacity", [3, -1]),
        ("capacity", [3.5, 1]),
        ("floor_resource", [2]),
        ("floor_amount", [2, 2]),
        ("floor_amount", [-1]),
        ("floor_penalty_num", [4]),
        ("floor_penalty_num", [-1]),
        ("floor_penalty_num", []),
        ("floor_penalty_den", [3]),
        ("floor_penalty_den", [512]),
        ("floor_penalty_den", [0]),
    ],
)
def test_problem_malformed_names_the_field(field, bad):
    with pytest.raises(ValueError, match=f"^{field}: "):
        Problem(**GOOD | {field: bad})


def test_problem_may_be_empty():
    problem = problem_of([], [])

    assert (problem.needs, problem.options, problem.resources) == (0, 0, 0)


@pytest.mark.parametrize(("field", "bad"), [("steps", -1), ("time_limit_s", -0.1), ("time_limit_s", float("nan"))])
def test_budget_malformed_names_the_field(field, bad):
    with pytest.raises(ValueError, match=field):
        Budget(**{field: bad})
