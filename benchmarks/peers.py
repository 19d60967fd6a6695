"""The same problem for general solvers: HiGHS by scipy always, SCIP and CP-SAT where someone installed them for the benchmark."""

from importlib.util import find_spec
from time import perf_counter

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from matching.optimizer import Problem


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
