"""The smoothed dual with its needs in shards, in this process or in others: one bound, whoever adds up its parts.

A shard is a range of needs. Their options stay where they are; down goes a question (prices), up comes an answer (a total and the use of
every row). The answers are added up in the order of the shards, as `Dual` adds up its parts, so that a dual cut at the same needs gives the
same floats; the bound at integer prices is a sum of exact integers and the same wherever it is cut.
Who carries questions and answers is a `Crew`. What needs the options themselves (cuts, search) is done where the whole problem is.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import count, pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import descent, dual, kernels, rounding
from matching.optimizer.certificate import Prices, bound_of, exact_dot, exact_sum, reduced
from matching.optimizer.dual import Dual, FloatArray, NarrowArray, Rows
from matching.optimizer.parallel import each
from matching.optimizer.presolve import Tightened
from matching.optimizer.problem import FREE, IndexArray, IntArray, Problem

WHOLE = 0  # the number of a shard's first dual


class Kind(IntEnum):
    """What a shard can be asked. `number` and `arrays` of the question, then of the answer."""

    SMOOTHED = 1  # tau; price → total; expected use of every row
    SHARP = 2  # price → total
    CURVATURE = 3  # tau; price → diagonal
    HESSIAN = 4  # tau; price, rows → lower triangle among these rows, row by row
    BUSYNESS = 5  # → options on each row
    RESTRICT = 6  # margin; price → options left; makes a dual
    SAMPLE = 7  # every; → options left; most asked of each row by the sample, by all; makes a dual
    NEAR = 8  # → one bit for each option of the shard: whether it is in this dual
    EXACT = 9  # shift; integer prices of resources, of floors → high and low half of the exact sum


MAKES = (Kind.RESTRICT, Kind.SAMPLE)


@dataclass(frozen=True, eq=False)
class Question:
    """To dual number `model` of every shard; a dual that it makes is kept as number `makes`."""

    kind: Kind
    model: int
    number: float = 0.0
    arrays: tuple[NDArray[Any], ...] = ()
    makes: int = WHOLE

    def pack(self) -> bytes:
        return _QUESTION.pack(self.kind, self.model, self.makes) + _packed(self.number, self.arrays)

    @classmethod
    def unpack(cls, data: bytes) -> "Question":
        """Raises ValueError for bytes that `pack` would not have written."""
        if len(data) < _QUESTION.size:
            raise ValueError("a question ends within its head")
        kind, model, makes = _QUESTION.unpack_from(data)
        return cls(Kind(kind), model, *_unpacked(data, _QUESTION.size), makes)


@dataclass(frozen=True, eq=False)
class Answer:
    number: float
    arrays: tuple[NDArray[Any], ...] = ()

    def pack(self) -> bytes:
        return _packed(self.number, self.arrays)

    @classmethod
    def unpack(cls, data: bytes) -> "Answer":
        """Raises ValueError for bytes that `pack` would not have written."""
        return cls(*_unpacked(data, 0))


_QUESTION = struct.Struct("<BHH")
_NUMBER = struct.Struct("<dB")
_LENGTH = struct.Struct("<cQ")
_TYPES: dict[bytes, np.dtype[Any]] = {b"d": np.dtype("<f8"), b"f": np.dtype("<f4"), b"q": np.dtype("<i8"), b"B": np.dtype("u1")}


def _packed(number: float, arrays: tuple[NDArray[Any], ...]) -> bytes:
    pieces = [_NUMBER.pack(number, len(arrays))]
    for array in arrays:
        kind = array.dtype.char.encode().replace(b"l", b"q")
        pieces += [_LENGTH.pack(kind, len(array)), np.ascontiguousarray(array, dtype=_TYPES[kind]).tobytes()]
    return b"".join(pieces)


def _unpacked(data: bytes, offset: int) -> tuple[float, tuple[NDArray[Any], ...]]:
    """Copies: what the kernels take must be aligned and in native order."""
    arrays = []
    try:
        number, listed = _NUMBER.unpack_from(data, offset)
        offset += _NUMBER.size
        for _ in range(listed):
            kind, length = _LENGTH.unpack_from(data, offset)
            offset += _LENGTH.size
            array = np.frombuffer(data, _TYPES[kind], length, offset)
            arrays.append(array.astype(array.dtype.newbyteorder("=")))
            offset += array.nbytes
    except (struct.error, KeyError) as error:
        raise ValueError(f"not the bytes of a message: {error}") from error
    if offset != len(data):
        raise ValueError(f"a message of {len(data)} bytes ends at byte {offset}")
    return number, tuple(arrays)


@dataclass(frozen=True, eq=False)
class Opening:
    """What a shard is told before its first question, besides the options of its needs `first` to `last`."""

    first: int
    last: int
    fixed: IntArray  # of its needs; an option is counted from the shard's first
    room: IntArray  # of every resource, beside the fixed choices
    resource: IntArray  # those priced
    floor_resource: IndexArray
    scale: FloatArray  # of every row

    def part(self, option_start: IntArray, value: IntArray, use_start: IntArray, use_resource: IndexArray, use_amount: IntArray) -> Problem:
        """The shard's part of the problem. Of the floors it is known which there are, not how much each asks for."""
        floors = len(self.floor_resource)
        nothing, one = np.zeros(floors, dtype=np.int64), np.ones(floors, dtype=np.int64)
        return Problem(
            option_start, value, use_start, use_resource, use_amount, self.room, self.floor_resource, nothing, nothing.copy(), one
        )


def part_of(problem: Problem, opening: Opening) -> Problem:
    """The part as one who has the whole problem cuts it out."""
    begin, end = problem.option_start[[opening.first, opening.last]].tolist()
    first_use, last_use = problem.use_start[[begin, end]].tolist()
    return opening.part(
        problem.option_start[opening.first : opening.last + 1] - begin,
        problem.value[begin:end],
        problem.use_start[begin : end + 1] - first_use,
        problem.use_resource[first_use:last_use],
        problem.use_amount[first_use:last_use],
    )


class Shard:
    """One range of needs, resident, with the duals made of it so far."""

    def __init__(self, part: Problem, opening: Opening) -> None:
        self.part, self.opening = part, opening
        free = opening.fixed == FREE
        kept = np.repeat(free, np.diff(part.option_start))
        kernels.mark_fitting(part.use_start, part.use_resource, part.use_amount, opening.room, kept)
        self.kept = kept
        blank = np.zeros(len(opening.scale))
        rows = Rows(opening.resource, len(opening.floor_resource), (), opening.scale, blank, blank)
        self.models = {WHOLE: dual.of_rows(part, kept, rows)}
        self._weights_at: tuple[int, float, bytes] | None = None

    def answer(self, question: Question) -> Answer:  # noqa: PLR0911 -- one for each kind of question
        model, number, arrays = self.models[question.model], question.number, question.arrays
        match question.kind:
            case Kind.SMOOTHED:
                total, unused, _ = self._pass(question)
                return Answer(total, (-unused,))
            case Kind.SHARP:
                return Answer(model.sharp(arrays[0]))
            case Kind.CURVATURE:
                return Answer(0.0, (model.curvature(self._weights(question), number),))
            case Kind.HESSIAN:
                matrix = model.hessian(self._weights(question), number, arrays[1])
                return Answer(0.0, (matrix[np.tril_indices(len(matrix))],))
            case Kind.BUSYNESS:
                return Answer(0.0, (model.busyness(),))
            case Kind.RESTRICT:
                made = self.models[question.makes] = model.restricted(arrays[0], number)
                self._weights_at = None  # restricting writes where the weights stood
                return Answer(float(made.options))
            case Kind.SAMPLE:
                every = int(number)
                made = self.models[question.makes] = model.every_need(every, -self.opening.first % every)
                return Answer(float(made.options), (made.most_asked, model.most_asked))
            case Kind.NEAR:
                near = np.zeros(self.part.options, dtype=np.bool_)
                near[model.option] = True
                return Answer(0.0, (np.packbits(near),))
            case Kind.EXACT:
                total = self.exact(Prices(int(number), arrays[0], arrays[1]))
                return Answer(0.0, (np.array([total >> 62, total & ((1 << 62) - 1)], dtype=np.int64),))

    def exact(self, prices: Prices) -> int:
        """What the needs of this shard add to the bound, in units of 2^-shift."""
        values = reduced(self.part, prices)
        best = np.empty(self.part.needs, dtype=np.int64)
        kernels.best_reduced(self.part.option_start, values, self.kept, best)
        return exact_sum(best) + exact_sum(values[self.opening.fixed[self.opening.fixed >= 0]])

    def _pass(self, question: Question) -> tuple[float, FloatArray, FloatArray]:
        price = question.arrays[0]
        self._weights_at = (question.model, question.number, price.tobytes())
        return self.models[question.model].smoothed(price, question.number)

    def _weights(self, question: Question) -> FloatArray:
        """Those of the latest pass if it was at these prices, as it nearly always was."""
        if self._weights_at == (question.model, question.number, question.arrays[0].tobytes()):
            return self.models[question.model].scratch
        return self._pass(question)[2]


class Crew(Protocol):
    """Whoever holds the shards, here or elsewhere. `ask` puts one question to all; the answers come in the order of the shards."""

    @property
    def size(self) -> int: ...
    def take(self, problem: Problem, openings: list[Opening]) -> None: ...
    def ask(self, question: Question) -> list[Answer]: ...
    def dismiss(self) -> None: ...


class CrewHere:
    """All shards in this process."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.shards: list[Shard] = []

    def take(self, problem: Problem, openings: list[Opening]) -> None:
        self.shards = [Shard(part_of(problem, opening), opening) for opening in openings]

    def ask(self, question: Question) -> list[Answer]:
        return each(lambda shard: shard.answer(question), self.shards)

    def dismiss(self) -> None:
        self.shards = []


@dataclass(frozen=True, eq=False)
class Spread:
    """A dual (`dual.Model`) whose needs are with a crew. Where `Dual` hands out the options' weights, this hands out their price."""

    crew: Crew
    rows: Rows
    options: int
    cut: tuple[int, ...]
    number: int = WHOLE
    numbers: Iterator[int] = field(default_factory=lambda: count(WHOLE + 1))

    def smoothed(self, price: FloatArray, tau: float) -> tuple[float, FloatArray, FloatArray]:
        answers = self._ask(Kind.SMOOTHED, tau, price)
        usage = dual.added([answer.arrays[0] for answer in answers])
        return sum(answer.number for answer in answers) + float(self.rows.room @ price), self.rows.room - usage, price

    def sharp(self, price: FloatArray) -> float:
        return sum(answer.number for answer in self._ask(Kind.SHARP, 0.0, price)) + float(self.rows.room @ price)

    def curvature(self, weights: FloatArray, tau: float) -> FloatArray:
        return dual.added([answer.arrays[0] for answer in self._ask(Kind.CURVATURE, tau, weights)])

    def hessian(self, weights: FloatArray, tau: float, rows: IntArray) -> NarrowArray:
        matrix = np.zeros((len(rows), len(rows)), dtype=np.float32)
        answers = self._ask(Kind.HESSIAN, tau, weights, rows)
        matrix[np.tril_indices(len(rows))] = dual.added([answer.arrays[0] for answer in answers])
        return matrix

    def busyness(self) -> IntArray:
        return dual.added([answer.arrays[0] for answer in self._ask(Kind.BUSYNESS)])

    def restricted(self, price: FloatArray, margin: float) -> "Spread":
        made = next(self.numbers)
        answers = self._ask(Kind.RESTRICT, margin, price, makes=made)
        return replace(self, number=made, options=_options(answers))

    def sampled(self, every: int) -> "Spread":
        made = next(self.numbers)
        answers = self._ask(Kind.SAMPLE, float(every), makes=made)
        asked, asked_of_all = (dual.added([answer.arrays[k] for answer in answers]) for k in (0, 1))
        return replace(self, number=made, options=_options(answers), rows=dual.rows_of_sample(self.rows, asked, asked_of_all))

    def exact(self, problem: Problem, tight: Tightened, prices: Prices) -> int:
        """`certificate.bound_of` prices without cuts, added up over the shards."""
        halves = [answer.arrays[0].tolist() for answer in self._ask(Kind.EXACT, float(prices.shift), prices.resource, prices.floor)]
        total = sum((int(high) << 62) + int(low) for high, low in halves)
        return (total + exact_dot(tight.capacity, prices.resource) - exact_dot(problem.floor_amount, prices.floor)) >> prices.shift

    def gathered(self, problem: Problem, tight: Tightened) -> Dual:
        """The same dual in this process: worth it once few options are left."""
        sizes = np.diff(problem.option_start[[0, *self.cut, problem.needs]]).tolist()
        bits = [np.unpackbits(answer.arrays[0], count=size) for answer, size in zip(self._ask(Kind.NEAR), sizes, strict=True)]
        near = np.concatenate(bits).astype(np.bool_)
        return replace(dual.of_rows(problem, near, self.rows), best_value=_best_values(problem, tight), cut=self.cut)

    def _ask(self, kind: Kind, number: float = 0.0, *arrays: NDArray[Any], makes: int = WHOLE) -> list[Answer]:
        return self.crew.ask(Question(kind, self.number, number, arrays, makes))


def _best_values(problem: Problem, tight: Tightened) -> FloatArray:
    best = np.empty(problem.needs, dtype=np.int64)
    kernels.best_reduced(problem.option_start, np.where(tight.kept, problem.value, 0), tight.kept, best)
    return np.maximum(best, 1).astype(np.float64)


def _options(answers: list[Answer]) -> int:
    return int(sum(answer.number for answer in answers))


def spread(problem: Problem, tight: Tightened, crew: Crew) -> Spread:
    """Cut the needs into as many shards as the crew takes and hand them out."""
    rows = dual.rows_of(problem, tight)
    cut = dual.places(problem, crew.size)
    room = problem.capacity - tight.used
    openings = []
    for first, last in pairwise((0, *cut, problem.needs)):
        fixed = tight.fixed[first:last]
        fixed = np.where(fixed >= 0, fixed - problem.option_start[first], fixed)
        openings.append(Opening(first, last, fixed, room, rows.resource, problem.floor_resource, rows.scale))
    crew.take(problem, openings)
    return Spread(crew, rows, int(np.count_nonzero(tight.kept)), cut)


def fit(
    problem: Problem,
    tight: Tightened,
    crew: Crew,
    *,
    temperatures: tuple[float, ...] = descent.TEMPERATURES,
    stop: Callable[[], bool],
) -> tuple[Dual, FloatArray]:
    """`descent.fit` with a crew, which is then dismissed; the dual on the options that still matter is back in this process."""
    model = spread(problem, tight, crew)
    short, price = descent.fit(model, np.zeros(len(model.rows)), temperatures=temperatures, stop=stop)
    prices = rounding.to_prices(problem, model, price)
    here, there = bound_of(problem, tight, prices), model.exact(problem, tight, prices)
    if here != there:
        raise ValueError(f"the shards prove {there} where the whole problem proves {here}: they are not shards of it")
    gathered = short.gathered(problem, tight)
    crew.dismiss()
    return gathered, price
