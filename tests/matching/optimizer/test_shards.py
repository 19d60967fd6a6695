"""The needs in shards: the same prices, bound and choice as in one piece; and messages that say what they said after a journey as bytes."""

import numpy as np
import pytest

from benchmarks.loan_instances import generate
from matching.optimizer import Budget, Problem, check, descent, dual, shards, solve
from matching.optimizer.certificate import Prices, bound_of, floor_price_limits
from matching.optimizer.presolve import as_fixed, tighten
from matching.optimizer.shards import Answer, CrewHere, Kind, Question
from tests.matching.optimizer.instances import random_problem

SOON = Budget(steps=5_000)


class CrewOfBytes(CrewHere):
    """Shards here, but every question and answer goes through bytes; it counts them."""

    def __init__(self, size):
        super().__init__(size)
        self.asked = []

    def ask(self, question):
        self.asked.append(question.kind)
        return [Answer.unpack(answer.pack()) for answer in super().ask(Question.unpack(question.pack()))]


@pytest.fixture(scope="module")
def small():
    return Problem(**generate("small", 7))


def told(solution):
    """All of a solution but how long it took."""
    return (
        solution.value,
        solution.bound,
        solution.choice.tobytes(),
        solution.prices.tobytes(),
        solution.price_shift,
        [(cut.resource, cut.options.tobytes(), cut.alpha.tobytes(), cut.rhs, cut.price) for cut in solution.cuts],
        solution.steps_done,
    )


def test_two_shards_solve_as_one_process_does_bit_for_bit(small):
    crew = CrewOfBytes(2)

    spread = solve(small, budget=SOON, crew=crew)

    assert told(spread) == told(solve(small, budget=SOON))
    assert {Kind.SMOOTHED, Kind.HESSIAN, Kind.RESTRICT, Kind.NEAR, Kind.EXACT} <= set(crew.asked)
    assert crew.shards == []


def test_two_shards_descend_on_samples_as_one_process_does_bit_for_bit(small, monkeypatch):
    monkeypatch.setattr(descent, "MOST_ROWS_FOR_NEWTON", 100)
    crew = CrewOfBytes(2)

    spread = solve(small, budget=SOON, crew=crew)

    assert told(spread) == told(solve(small, budget=SOON))
    assert {Kind.SAMPLE, Kind.BUSYNESS, Kind.CURVATURE} <= set(crew.asked)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_any_number_of_shards_ends_in_a_certified_bound(small, size):
    solution = solve(small, budget=SOON, crew=CrewHere(size))

    assert check(small, solution).violations == ()


def test_more_shards_than_needs_leave_some_empty():
    problem = random_problem(3, needs=3)

    solution = solve(problem, budget=SOON, gap=0.0, crew=CrewOfBytes(5))

    assert (solution.value, solution.bound) == (solve(problem, budget=SOON, gap=0.0).value,) * 2


def test_bound_of_the_shards_is_exactly_that_of_the_whole():
    problem = random_problem(11, needs=60, floors=2)
    fixed = np.full(60, -2)
    fixed[:3], fixed[40] = -1, problem.option_start[40]
    tight = tighten(problem, as_fixed(problem, fixed))
    spread = shards.spread(problem, tight, CrewOfBytes(4))
    rng = np.random.default_rng(5)

    for shift in (8, 20, 40):
        floor = floor_price_limits(problem, shift) // 2
        prices = Prices(shift, rng.integers(0, 2 << shift, problem.resources), floor)
        assert spread.exact(problem, tight, prices) == bound_of(problem, tight, prices)


def test_exact_sums_beyond_64_bits_come_through():
    rich = Problem(
        option_start=np.arange(9),
        value=np.full(8, 1 << 53),
        use_start=np.arange(9),
        use_resource=np.zeros(8, dtype=np.int32),
        use_amount=np.ones(8, dtype=np.int64),
        capacity=np.array([7]),
    )
    tight = tighten(rich, as_fixed(rich, None))
    prices = Prices(8, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))

    spread = shards.spread(rich, tight, CrewOfBytes(2))

    assert spread.exact(rich, tight, prices) == 8 << 53
    assert spread.exact(rich, tight, prices) << 8 > np.iinfo(np.int64).max // 8


def test_solve_refuses_shards_of_another_problem(small):
    class Elsewhere(CrewHere):
        def take(self, problem, openings):
            super().take(Problem(**generate("small", 7) | {"value": problem.value + 1}), openings)

    with pytest.raises(ValueError, match="not shards of it"):
        solve(small, budget=SOON, crew=Elsewhere(2))


def test_gathered_dual_is_the_restricted_one(small):
    tight = tighten(small, as_fixed(small, None))
    whole, spread = dual.build(small, tight), shards.spread(small, tight, CrewOfBytes(2))
    price = np.full(len(whole.rows), 1e5)

    near, gathered = whole.restricted(price, 0.25), spread.restricted(price, 0.25).gathered(small, tight)

    assert near.options == gathered.options < whole.options
    for name in ("option", "option_start", "value", "use_start", "use_row", "use_amount", "best_value", "cut"):
        assert np.array_equal(getattr(near, name), getattr(gathered, name)), name


def test_shard_forgets_weights_that_another_question_overwrote(small):
    tight = tighten(small, as_fixed(small, None))
    spread = shards.spread(small, tight, CrewHere(2))
    price = np.full(len(spread.rows), 1e5)
    spread.smoothed(price, 0.01)
    before = spread.curvature(price, 0.01)

    spread.restricted(price, 0.25)
    spread.smoothed(price * 2, 0.01)

    assert np.array_equal(spread.curvature(price, 0.01), before)


@pytest.mark.parametrize(
    "message",
    [
        Question(Kind.SMOOTHED, 3, 0.06, (np.array([0.0, -1.5, np.inf]),)),
        Question(Kind.HESSIAN, 0, 1e-3, (np.array([2.0]), np.array([1, 2, 1 << 62]))),
        Question(Kind.SAMPLE, 0, 16.0, (), 65_535),
        Answer(-0.0, (np.array([255, 0], dtype=np.uint8), np.zeros(0))),
    ],
)
def test_message_says_the_same_after_its_journey(message):
    again = type(message).unpack(message.pack())

    assert again.pack() == message.pack()
    assert [(array.dtype, array.tolist()) for array in again.arrays] == [(array.dtype, array.tolist()) for array in message.arrays]
    assert all(array.flags.aligned and array.flags.writeable for array in again.arrays)


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"", lambda b: b"\xff" + b[1:], lambda b: b[:16]])
def test_bytes_that_are_no_message_are_refused(spoil):
    data = Question(Kind.SHARP, 0, 0.0, (np.array([1.0, 2.0]),)).pack()

    with pytest.raises(ValueError, match=r"\w"):
        Question.unpack(spoil(data))


def test_array_of_objects_is_no_message():
    data = bytearray(Question(Kind.SHARP, 0, 0.0, (np.array([1.0]),)).pack())
    data[data.index(b"d")] = ord("O")

    with pytest.raises(ValueError, match="not the bytes"):
        Question.unpack(bytes(data))
