"""Generalised assignment from the literature, both senses, against the best known; the last line is JSON.

python benchmarks/literature.py --seconds 5 --only c05 a05
"""

import argparse
import csv
import json
import statistics
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from matching.optimizer import Budget, Problem, check, solve

DATA = Path(__file__).parent / "data" / "gap"
TIMES_LARGEST = 3


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", nargs="*", default=[""], help="beginnings of instance names")
    asked = parser.parse_args()
    rows = []
    for name, sense, known in best_known():
        if not name.startswith(tuple(asked.only)):
            continue
        problem, lift = read(name, sense)
        began = perf_counter()
        solution = solve(problem, budget=Budget(time_limit_s=asked.seconds), gap=0.0)
        assert check(problem, solution).ok
        placed = int((solution.choice >= 0).sum())
        objective = abs(solution.value - lift * problem.needs) if placed == problem.needs else None
        off = None if objective is None else 100 * abs(objective - known) / known
        rows.append((name, off))
        print(
            name,
            sense,
            "known",
            known,
            "found",
            objective,
            "off %",
            off,
            "placed",
            placed,
            "of",
            problem.needs,
            solution.stopped_by,
            f"{perf_counter() - began:.1f} s",
            flush=True,
        )
    off_by = [off for _, off in rows if off is not None]
    result = {"rows": len(rows), "complete": len(off_by), "at_best_known": sum(off == 0 for off in off_by)}
    print(
        json.dumps(result | {"off_pct_median": statistics.median(off_by) if off_by else None, "off_pct_worst": max(off_by, default=None)})
    )


if __name__ == "__main__":
    main()
