"""Generalised assignment from the literature, both senses, against the best known; the last line is JSON.

    python benchmarks/literature.py                            # every instance up to 20 x 400
    python benchmarks/literature.py --seconds 5 --only c05 a05

`at_best_known` of `closed_rows` counts the classes a, b and gap1-12 (files cMMNN_k), whose optima are proved; `excess_pct` is the worst
distance from the best known by class and sense. A solution that leaves out a job counts as incomplete.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from matching.optimizer import Budget, Problem, check, solve

DATA = Path(__file__).parent / "data" / "gap"
TIMES_LARGEST = 3  # placing a job always pays: leaving one out would have to save three of the dearest
TOO_LARGE = ("c15900", "c30900", "c40400")


def best_known() -> list[tuple[str, str, int]]:
    with (DATA / "bounds.tsv").open() as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return [(row["instance"], row["sense"], int(row["best_upper" if row["sense"] == "Min" else "best_lower"])) for row in rows]


def read(name: str, sense: str) -> tuple[Problem, int]:
    """The instance as a Problem, and the M by which each job placed was lifted."""
    numbers = np.array((DATA / name).read_text().split(), dtype=np.int64)
    agents, jobs = numbers[:2].tolist()
    cost, weight = numbers[2 : 2 + 2 * agents * jobs].reshape(2, agents, jobs)
    capacity = numbers[2 + 2 * agents * jobs :][:agents]
    lift = TIMES_LARGEST * int(cost.max())
    value = lift - cost.T if sense == "Min" else lift + cost.T
    return Problem(
        option_start=np.arange(jobs + 1) * agents,
        value=value.ravel(),
        use_start=np.arange(agents * jobs + 1),
        use_resource=np.tile(np.arange(agents), jobs).astype(np.int32),
        use_amount=np.maximum(weight.T.ravel(), 1),
        capacity=capacity,
    ), lift


def class_of(name: str) -> str:
    return "gap1-12" if "_" in name else name[0]


def measured(name: str, sense: str, known: int, seconds: float) -> float | None:
    """Percent off the best known; None if a job is left out."""
    problem, lift = read(name, sense)
    began, began_cpu = perf_counter(), process_time()
    solution = solve(problem, budget=Budget(time_limit_s=seconds), gap=0.0)
    took, took_cpu = perf_counter() - began, process_time() - began_cpu
    assert check(problem, solution).ok
    objective = abs(solution.value - lift * problem.needs)
    proved = abs(solution.bound - lift * problem.needs)
    claimed = None if solution.solver_bound is None else abs(int(solution.solver_bound) - lift * problem.needs)
    left_out = int((solution.choice < 0).sum())
    off = None if left_out else 100 * abs(objective - known) / known
    print(
        f"{name:9} {sense} known {known:6} found {objective:6} off {off if off is None else round(off, 4)} % proved {proved} "
        f"packings {claimed} left out {left_out} {solution.certificate} {solution.stopped_by} {took:.1f} s, {took_cpu:.1f} s of processor",
        flush=True,
    )
    return off


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", nargs="*", help="beginnings of instance names; without it all but the three largest")
    parser.add_argument("--senses", nargs="+", choices=("Min", "Max"), default=("Min", "Max"))
    asked = parser.parse_args()
    off_by: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for name, sense, known in best_known():
        is_asked = name.startswith(tuple(asked.only)) if asked.only else name not in TOO_LARGE
        if is_asked and sense in asked.senses:
            off_by[class_of(name), sense].append(measured(name, sense, known, asked.seconds))
    closed = [off for (kind, _), rows in off_by.items() for off in rows if kind in ("a", "b", "gap1-12")]
    result = {
        "rows": sum(map(len, off_by.values())),
        "incomplete": sum(off is None for rows in off_by.values() for off in rows),
        "closed_rows": len(closed),
        "at_best_known": sum(off == 0 for off in closed),
        "excess_pct": {
            f"{kind} {sense}": round(max((off for off in rows if off is not None), default=float("nan")), 4)
            for (kind, sense), rows in sorted(off_by.items())
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
