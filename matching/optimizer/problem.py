"""The data that go into the optimizer and come out of it. Frozen, integer, validated at the door."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from matching.optimizer import kernels

IntArray = NDArray[np.int64]
IndexArray = NDArray[np.int32]
UnsignedArray = NDArray[np.uint32]

UNMATCHED = -1
FREE = -2
CHAINS = 2  # runs of the search side by side
LARGEST_DENOMINATOR = 256

Certificate = Literal["prices", "prices+cuts", "tree"]
StoppedBy = Literal["gap", "steps", "time", "cancelled"]


def _no_int64() -> IntArray:
    return np.empty(0, dtype=np.int64)


def _no_int32() -> IndexArray:
    return np.empty(0, dtype=np.int32)


def read_only(name: str, given: Any, dtype: Any) -> NDArray[Any]:
    """A one-dimensional read-only array of exactly `dtype`; a ValueError names the field if that would lose anything."""
    array = np.asarray(given)
    if array.ndim != 1:
        raise ValueError(f"{name}: must have one dimension, has {array.ndim}")
    if array.size == 0:
        array = array.astype(dtype)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name}: must be integers, are {array.dtype}")
    if array.dtype != dtype:
        limits = np.iinfo(dtype)
        if array.size and (int(array.min()) < limits.min or int(array.max()) > limits.max):
            raise ValueError(f"{name}: a value does not fit {np.dtype(dtype)}")
    frozen = np.ascontiguousarray(array, dtype=dtype).view()
    frozen.flags.writeable = False
    return frozen


@dataclass(frozen=True, eq=False)
class Problem:
    """Need i owns the options option_start[i]:option_start[i+1]; option o uses use_amount of use_resource in use_start[o]:use_start[o+1].

    A floor asks that the use of a resource row reach floor_amount; each missing unit costs floor_penalty_num / floor_penalty_den points.
    """

    option_start: IntArray
    value: IntArray
    use_start: IntArray
    use_resource: IndexArray
    use_amount: IntArray
    capacity: IntArray
    floor_resource: IndexArray = field(default_factory=_no_int32)
    floor_amount: IntArray = field(default_factory=_no_int64)
    floor_penalty_num: IntArray = field(default_factory=_no_int64)
    floor_penalty_den: IntArray = field(default_factory=_no_int64)

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            dtype = np.int32 if name in ("use_resource", "floor_resource") else np.int64
            object.__setattr__(self, name, read_only(name, getattr(self, name), dtype))
        self._validate_starts("option_start", self.option_start, "value", len(self.value))
        self._validate_starts("use_start", self.use_start, "use_resource", len(self.use_resource))
        self._validate_options()
        self._validate_floors()

    @property
    def needs(self) -> int:
        return len(self.option_start) - 1

    @property
    def options(self) -> int:
        return len(self.value)

    @property
    def resources(self) -> int:
        return len(self.capacity)

    @property
    def floors(self) -> int:
        return len(self.floor_resource)

    @staticmethod
    def _validate_starts(name: str, starts: IntArray, of: str, length: int) -> None:
        if len(starts) == 0 or starts[0] != 0:
            raise ValueError(f"{name}: must begin with 0")
        if np.any(starts[1:] < starts[:-1]):
            raise ValueError(f"{name}: must not fall")
        if starts[-1] != length:
            raise ValueError(f"{name}: ends at {starts[-1]}, but {of} has {length} entries")

    def _validate_options(self) -> None:
        if len(self.use_start) != self.options + 1:
            raise ValueError(f"use_start: has {len(self.use_start)} entries, needs one more than the {self.options} options")
        if len(self.use_amount) != len(self.use_resource):
            raise ValueError(f"use_amount: has {len(self.use_amount)} entries, use_resource has {len(self.use_resource)}")
        if self.options and self.value.min() < 0:
            raise ValueError("value: must not be negative")
        if len(self.use_amount) and self.use_amount.min() <= 0:
            raise ValueError("use_amount: must be positive")
        if self.resources and self.capacity.min() < 0:
            raise ValueError("capacity: must not be negative")
        if len(self.use_resource) and not 0 <= self.use_resource.min() <= self.use_resource.max() < self.resources:
            raise ValueError(f"use_resource: must lie in 0..{self.resources - 1}")
        twice = kernels.first_repeated_use(self.use_start, self.use_resource)
        if twice >= 0:
            raise ValueError(f"use_resource: option {twice} names a resource twice")

    def _validate_floors(self) -> None:
        for name in ("floor_amount", "floor_penalty_num", "floor_penalty_den"):
            if len(getattr(self, name)) != self.floors:
                raise ValueError(f"{name}: has {len(getattr(self, name))} entries, floor_resource has {self.floors}")
        if self.floors == 0:
            return
        if not 0 <= self.floor_resource.min() <= self.floor_resource.max() < self.resources:
            raise ValueError(f"floor_resource: must lie in 0..{self.resources - 1}")
        if self.floor_amount.min() < 0:
            raise ValueError("floor_amount: must not be negative")
        den = self.floor_penalty_den
        if np.any(den < 1) or np.any(den > LARGEST_DENOMINATOR) or np.any(den & (den - 1)):
            raise ValueError(f"floor_penalty_den: must be a power of two up to {LARGEST_DENOMINATOR}")
        if np.any(self.floor_penalty_num < 0) or np.any(self.floor_penalty_num >= den):
            raise ValueError("floor_penalty_num: must lie in 0..floor_penalty_den - 1")


@dataclass(frozen=True)
class Budget:
    """How long to search. Published rounds run by steps; the time limit is a safety stop. Both None: steps by the size of the problem."""

    steps: int | None = None
    time_limit_s: float | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 0:
            raise ValueError("steps: must not be negative")
        if self.time_limit_s is not None and not self.time_limit_s >= 0:
            raise ValueError("time_limit_s: must not be negative")


@dataclass(frozen=True, eq=False)
class Cut:
    """Σ alpha y ≤ rhs over the options named, true of every choice that keeps to the capacity of the resource."""

    resource: int
    options: IntArray
    alpha: IntArray
    rhs: int
    price: int


@dataclass(frozen=True, eq=False)
class Leaf:
    """One end of a branch tree: what is fixed there, and prices that bound the best value reachable from it."""

    fixed: IntArray
    prices: IntArray
    floor_prices: IntArray
    cut_prices: IntArray


@dataclass(frozen=True, eq=False)
class Start:
    """What is known before: prices of an earlier solution (per unit, in 2^-price_shift points), its cuts, its choice."""

    prices: IntArray
    price_shift: int
    floor_prices: IntArray = field(default_factory=_no_int64)
    cuts: tuple[Cut, ...] = ()
    choice: IntArray | None = None


@dataclass(frozen=True)
class Progress:
    """Where a running `solve` stands."""

    phase: str
    value: int | None
    bound: int | None
    gap: float | None
    steps_done: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Solution:
    """A choice, a bound nobody can exceed, and all that proves the bound and repeats the search.

    `schedule` is how many steps each chain of the search took in each block, `steps_done` all of them; `given` is a choice that the
    tree, not the search, found, recorded because floating point had a part in it (decision 0010).
    """

    choice: IntArray
    value: int
    prices: IntArray
    price_shift: int
    floor_prices: IntArray
    cuts: tuple[Cut, ...]
    leaves: tuple[Leaf, ...]
    bound: int
    gap: float
    certificate: Certificate
    solver_bound: float | None
    steps_done: int
    stopped_by: StoppedBy
    seconds: float
    seed: int
    schedule: IntArray
    given: IntArray | None = None


@dataclass(frozen=True)
class Violation:
    """One thing `check` found wrong: its kind, for programs, and a sentence, for people."""

    kind: str
    message: str


@dataclass(frozen=True)
class Report:
    """What `check` proves by itself: value and bound (None where the data do not allow one), and every violation."""

    value: int | None
    bound: int | None
    violations: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        return not self.violations


def gap_between(value: int, bound: int) -> float:
    return (bound - value) / max(abs(bound), 1)
