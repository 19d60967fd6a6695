"""The same problem for general solvers: HiGHS by scipy always, SCIP and CP-SAT where someone installed them for the benchmark.

    python benchmarks/peers.py --seed 401 --seconds 120              # what SCIP has by then, and how soon our solve has as much
    python benchmarks/peers.py --seed 401 --value 5177576031         # only how soon our solve has so much

SCIP's seconds are those of the processor; ours are given in both, beside the load of the machine. The last line is JSON.
"""

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.loan_instances import generate
from matching.optimizer import Budget, Problem, solve
from matching.optimizer.warm import warm

LIMITS_S = (0.25, 0.5, 0.75, 1.0, 1.5, 3.0, 6.0, 12.0, 24.0)


def matrix_of(problem: Problem) -> tuple[csr_array, np.ndarray]:
    """Rows: one for each need (at most one option), one for each resource."""
    once = csr_array((np.ones(problem.options), np.arange(problem.options), problem.option_start), shape=(problem.needs, problem.options))
    use = csr_array((problem.use_amount.astype(float), problem.use_resource, problem.use_start), shape=(problem.options, problem.resources))
    return csr_array(vstack([once, use.T])), np.concatenate([np.ones(problem.needs), problem.capacity])


def is_feasible(problem: Problem, chosen: np.ndarray) -> bool:
    """Never trust a status: the point itself, in integers."""
    need = np.searchsorted(problem.option_start, chosen, side="right") - 1
    used = np.zeros(problem.resources, dtype=np.int64)
    for o in chosen.tolist():
        uses = slice(problem.use_start[o], problem.use_start[o + 1])
        used[problem.use_resource[uses]] += problem.use_amount[uses]
    return len(np.unique(need)) == len(need) and bool(np.all(used <= problem.capacity))


def report(problem: Problem, chosen: np.ndarray, bound: float, began: float) -> dict[str, object]:
    feasible = is_feasible(problem, chosen)
    value = int(problem.value[chosen].sum()) if feasible else 0
    return {"value": value, "bound": bound, "feasible": feasible, "seconds": round(perf_counter() - began, 1)}


def by_highs(problem: Problem, seconds: float) -> dict[str, object]:
    began = perf_counter()
    matrix, limit = matrix_of(problem)
    found = milp(
        -problem.value.astype(float),
        integrality=np.ones(problem.options),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, -np.inf, limit),
        options={"time_limit": seconds},
    )
    chosen = np.flatnonzero(found.x > 0.5) if found.x is not None else np.empty(0, dtype=np.int64)
    bound = -float(found.mip_dual_bound) if found.mip_dual_bound is not None else float("inf")
    return report(problem, chosen, bound, began)


def by_scip(problem: Problem, seconds: float) -> dict[str, object]:
    from pyscipopt import Model, quicksum  # noqa: PLC0415 -- not a dependency

    began = perf_counter()
    matrix, limit = matrix_of(problem)
    model = Model()
    model.hideOutput()
    model.setParam("timing/clocktype", 1)  # seconds of the processor, since a machine may be shared
    model.setParam("limits/time", seconds)
    x = [model.addVar(vtype="B", obj=float(-v)) for v in problem.value.tolist()]
    for r in range(matrix.shape[0]):
        row = slice(matrix.indptr[r], matrix.indptr[r + 1])
        if row.start < row.stop:
            terms = zip(matrix.data[row].tolist(), matrix.indices[row].tolist(), strict=True)
            model.addCons(quicksum(a * x[o] for a, o in terms) <= float(limit[r]))
    model.optimize()
    best = model.getBestSol() if model.getNSols() else None
    chosen = [o for o in range(problem.options) if best is not None and best[x[o]] > 0.5]
    return report(problem, np.array(chosen, dtype=np.int64), -float(model.getDualbound()), began)


def by_cp_sat(problem: Problem, seconds: float) -> dict[str, object]:
    from ortools.sat.python import cp_model  # noqa: PLC0415 -- not a dependency

    began = perf_counter()
    matrix, _ = matrix_of(problem)
    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in range(problem.options)]
    for i in range(problem.needs):
        model.add_at_most_one(x[problem.option_start[i] : problem.option_start[i + 1]])
    for r in range(problem.resources):
        row = slice(matrix.indptr[problem.needs + r], matrix.indptr[problem.needs + r + 1])
        terms = zip(matrix.data[row].astype(int).tolist(), matrix.indices[row].tolist(), strict=True)
        model.add(sum(a * x[o] for a, o in terms) <= int(problem.capacity[r]))
    model.maximize(sum(v * x[o] for o, v in enumerate(problem.value.tolist())))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    chosen = [o for o in range(problem.options) if found and solver.value(x[o])]
    return report(problem, np.array(chosen, dtype=np.int64), solver.best_objective_bound, began)


def compare(problem: Problem, seconds: float) -> dict[str, object]:
    peers = {"highs": by_highs(problem, seconds)}
    if find_spec("pyscipopt"):
        peers["scip"] = by_scip(problem, seconds)
    if find_spec("ortools"):
        peers["cp-sat"] = by_cp_sat(problem, seconds)
    return dict(peers)


def time_to_value(problem: Problem, value: int) -> dict[str, object]:
    """How long the shortest of our solves takes that finds a choice worth at least so much, from its start to its end."""
    for limit_s in LIMITS_S:
        began, began_cpu = perf_counter(), process_time()
        found = solve(problem, budget=Budget(time_limit_s=limit_s), gap=0.0)
        took, took_cpu = perf_counter() - began, process_time() - began_cpu
        if found.value >= value:
            return {"limit_s": limit_s, "seconds": round(took, 3), "processor_seconds": round(took_cpu, 3), "value": found.value}
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("small", "provincial"), default="provincial")
    parser.add_argument("--seed", type=int, default=401)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--value", type=int, help="do not run SCIP, take this as the value it had")
    asked = parser.parse_args()
    warm()
    problem = Problem(**generate(asked.size, asked.seed))
    result: dict[str, object] = {"size": asked.size, "seed": asked.seed, "load_before": os.getloadavg()}
    scip = by_scip(problem, asked.seconds) if asked.value is None else {"value": asked.value}
    ours = time_to_value(problem, int(str(scip["value"])))
    print(json.dumps(result | {"scip": scip, "ours": ours, "load_after": os.getloadavg()}))


if __name__ == "__main__":
    main()
