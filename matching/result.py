"""What a solve found, as stored with the round: all that `check` and `replay` need, in canonical bytes. How long it took is not part of it."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from matching import canonical

if TYPE_CHECKING:
    from matching.optimizer import Solution

_PLAIN = ("value", "bound", "price_shift", "certificate", "stopped_by", "seed", "steps_done")
_ARRAYS = ("choice", "prices", "floor_prices", "schedule")
_CUT_ARRAYS, _CUT_PLAIN = ("options", "alpha"), ("resource", "rhs", "price")
_LEAF = ("fixed", "prices", "floor_prices", "cut_prices")


def write(solution: "Solution", *, snapshot_sha256: str, problem_sha256: str) -> bytes:
    header = {name: getattr(solution, name) for name in _PLAIN} | {
        "schema": 1,
        "snapshot_sha256": snapshot_sha256,
        "problem_sha256": problem_sha256,
        "cuts": [{name: int(getattr(cut, name)) for name in _CUT_PLAIN} for cut in solution.cuts],
        "leaves": len(solution.leaves),
        "has_given": solution.given is not None,
    }
    arrays = {name: getattr(solution, name) for name in _ARRAYS}
    arrays |= {f"cut_{i}_{name}": getattr(cut, name) for i, cut in enumerate(solution.cuts) for name in _CUT_ARRAYS}
    arrays |= {f"leaf_{i}_{name}": getattr(leaf, name) for i, leaf in enumerate(solution.leaves) for name in _LEAF}
    if solution.given is not None:
        arrays["given"] = solution.given
    return canonical.join(*canonical.pack(header, {name: np.asarray(array, dtype=np.int64) for name, array in arrays.items()}))


def read(stored: bytes) -> "tuple[Solution, dict[str, Any]]":
    """The solution, and the digests it was written for."""
    from matching.optimizer import Cut, Leaf, Solution  # noqa: PLC0415 -- as in matching.problem.build
    from matching.optimizer.problem import gap_between  # noqa: PLC0415 -- likewise

    header, arrays = canonical.unpack(*canonical.split(stored))
    solution = Solution(
        **{name: header[name] for name in _PLAIN},
        **cast("dict[str, Any]", {name: arrays[name] for name in _ARRAYS}),
        cuts=tuple(
            Cut(**plain, **cast("dict[str, Any]", {name: arrays[f"cut_{i}_{name}"] for name in _CUT_ARRAYS}))
            for i, plain in enumerate(header["cuts"])
        ),
        leaves=tuple(Leaf(**{name: arrays[f"leaf_{i}_{name}"] for name in _LEAF}) for i in range(header["leaves"])),
        gap=gap_between(header["value"], header["bound"]),
        solver_bound=None,
        seconds=0.0,
        given=arrays.get("given"),
    )
    return solution, {name: header[name] for name in ("snapshot_sha256", "problem_sha256")}
