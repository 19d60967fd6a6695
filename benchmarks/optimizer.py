"""Certified gaps of the optimizer by size, seed and time; the last line is JSON.

    python benchmarks/optimizer.py                                       # small at 2 s, provincial at 1.5 s and 6 s, five seeds each
    python benchmarks/optimizer.py --sizes national --limits 60 --seeds 301
    python benchmarks/optimizer.py --fen                                 # amounts and values times 100
    python benchmarks/optimizer.py --peers                               # beside HiGHS by scipy; SCIP and CP-SAT where installed

Absolute times depend on the machine and its load: the time of a calibration kernel from the same run stands beside them.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.loan_instances import generate
from matching.optimizer import Budget, Problem, Start, check, descent, dual, replay, solve
from matching.optimizer.kernels import sharp_pass
from matching.optimizer.parallel import each, two_threads
from matching.optimizer.presolve import as_fixed, tighten
from matching.optimizer.warm import warm

LIMITS = {"small": (2.0, 10.0), "provincial": (1.5, 6.0), "national": (60.0,), "continental": (180.0,)}


def calibration_seconds() -> float:
    """One pass of the dual over a fixed random instance: what this machine does just now. Median of nine."""
    rng = np.random.default_rng(0)
    needs, options, uses, rows = 2_000, 20, 5, 500
    arrays = (
        0,
        needs,
        np.arange(needs + 1) * options,
        rng.random(needs * options),
        np.arange(needs * options + 1) * uses,
        rng.integers(0, rows, needs * options * uses).astype(np.int32),
        rng.random(needs * options * uses),
        rng.random(rows) * 0.01,
    )
    sharp_pass(*arrays)
    return statistics.median(timed(sharp_pass, *arrays)[1] for _ in range(9))


def timed(function, *given, **named):  # noqa: ANN001, ANN002, ANN003, ANN201 -- hands on whatever it is given
    began = perf_counter()
    result = function(*given, **named)
    return result, perf_counter() - began


def instance(size: str, seed: int, *, fen: bool) -> Problem:
    arrays = generate(size, seed)
    if fen:
        arrays = {name: a * 100 if name in ("value", "use_amount", "capacity") else a for name, a in arrays.items()}
    return Problem(**arrays)


def measure(problem: Problem, limit_s: float) -> dict[str, object]:
    phases: dict[str, float] = {}

    def note(progress) -> bool:  # noqa: ANN001 -- a Progress
        phases[progress.phase] = round(progress.seconds, 2)
        return True

    solution, seconds = timed(solve, problem, budget=Budget(time_limit_s=limit_s), gap=0.0, progress=note)
    report, check_s = timed(check, problem, solution)
    again, replay_s = timed(replay, problem, solution)
    return {
        "gap_pct": round(100 * solution.gap, 4),
        "value": solution.value,
        "bound": solution.bound,
        "seconds": round(seconds, 3),
        "steps": solution.steps_done,
        "cuts": len(solution.cuts),
        "phases_until_s": phases,
        "checked": report.ok,
        "check_s": round(check_s, 2),
        "replayed": bool(np.array_equal(again, solution.choice)),
        "replay_s": round(replay_s, 2),
    }


def pass_rate(problem: Problem) -> dict[str, object]:
    """One smoothed pass of the dual against reading its arrays once: eight bytes a use (row and amount), twelve an option, in two threads."""
    tight = tighten(problem, as_fixed(problem, None))
    model = dual.build(problem, tight)
    price = np.zeros(len(model.rows))
    arrays = [array.view(np.uint8)[: array.nbytes // 16 * 16].view(np.int64) for array in model.uses()]
    halves = [[array[: len(array) // 2] for array in arrays], [array[len(array) // 2 :] for array in arrays]]
    with two_threads():
        price = descent.quasi_newton(model, price, 6e-2, 5)
        passes = [timed(model.smoothed, price, 6e-3)[1] for _ in range(7)]
        reads = [timed(each, lambda half: [int(np.bitwise_xor.reduce(array)) for array in half], halves)[1] for _ in range(7)]
    size = sum(array.nbytes for array in arrays)
    return {
        "bytes": size,
        "pass_ms": round(1e3 * statistics.median(passes), 2),
        "read_ms": round(1e3 * statistics.median(reads), 2),
        "ratio": round(statistics.median(passes) / statistics.median(reads), 1),
        "read_gb_s": round(size / statistics.median(reads) / 1e9, 1),
    }


def slider(problem: Problem, limit_s: float = 0.46) -> dict[str, object]:
    """One weight moved: 15 % more for three needs in ten, solved from the prices and the choice known, beside a cold solve in 1.5 s."""
    base = solve(problem, budget=Budget(time_limit_s=6.0), gap=0.0)
    rng = np.random.default_rng(1)
    dearer = np.repeat(rng.random(problem.needs) < 0.3, np.diff(problem.option_start))
    moved = replace(problem, value=np.where(dearer, problem.value * 115 // 100, problem.value))
    start = Start(base.prices, base.price_shift, base.floor_prices, base.cuts, base.choice)
    warm_one, seconds = timed(solve, moved, budget=Budget(time_limit_s=limit_s), gap=0.0, start=start)
    cold = solve(moved, budget=Budget(time_limit_s=1.5), gap=0.0)
    return {"seconds": round(seconds, 3), "gap_pct": round(100 * warm_one.gap, 4), "cold_1.5s_gap_pct": round(100 * cold.gap, 4)}


def rematch(problem: Problem, events: int = 8) -> dict[str, object]:
    """One refusal at a time: everything published is fixed, the refused need may not come back, the rest fills what is free."""
    base = solve(problem, budget=Budget(time_limit_s=6.0), gap=0.0)
    rng = np.random.default_rng(0)
    seconds, worse, moved = [], [], []
    for need in rng.choice(np.flatnonzero(base.choice >= 0), events, replace=False).tolist():
        fixed = np.where(base.choice >= 0, base.choice, -2)
        fixed[need] = -1
        start = Start(base.prices, base.price_shift, base.floor_prices, base.cuts, np.where(fixed >= 0, fixed, -1))
        child, took = timed(solve, problem, budget=Budget(steps=20_000), gap=0.0, start=start, fixed=fixed)
        assert check(problem, child, fixed=fixed).ok
        seconds.append(took)
        moved.append(int(((base.choice >= 0) & (np.arange(problem.needs) != need) & (child.choice != base.choice)).sum()))
        worse.append(100 * (base.value - child.value) / base.bound)
    return {
        "seconds": round(statistics.median(seconds), 4),
        "others_moved": max(moved),
        "value_lost_pct_of_bound": round(statistics.median(worse), 4),
    }


def cold_start(size: str, seed: int) -> float:
    """Seconds from the start of a fresh process, with a warm compile cache, to the first choice of its first solve."""
    code = f"""
import time; began = time.monotonic()
from benchmarks.optimizer import instance
from matching.optimizer import Budget, solve
loaded = time.monotonic()
problem = instance({size!r}, {seed}, fen=False)
made = time.monotonic()
def first(progress):
    return progress.value is None
solve(problem, budget=Budget(time_limit_s=1.5), gap=0.0, progress=first)
print(loaded - began + time.monotonic() - made)
"""
    starting = timed(subprocess.run, [sys.executable, "-c", "pass"], check=True)[1]
    told = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=True, capture_output=True, text=True)
    return round(starting + float(told.stdout), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=LIMITS, default=["small", "provincial"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[401, 402, 403, 404, 405])
    parser.add_argument("--limits", nargs="*", type=float)
    parser.add_argument("--fen", action="store_true")
    parser.add_argument("--rematch", action="store_true", help="also re-match after single refusals (first seed)")
    parser.add_argument("--slider", action="store_true", help="also one weight moved, solved warm (first seed)")
    parser.add_argument("--cold-start", action="store_true", help="also a fresh process to its first choice (first seed)")
    parser.add_argument("--pass-rate", action="store_true", help="also one pass of the dual against reading its bytes (first seed)")
    parser.add_argument("--peers", type=float, metavar="SECONDS", help="also HiGHS, SCIP, CP-SAT for so long (small and provincial)")
    asked = parser.parse_args()
    print(f"kernels warm in {warm():.1f} s")
    result: dict[str, object] = {"calibration_s": calibration_seconds(), "fen": asked.fen}
    for size in asked.sizes:
        for limit in LIMITS[size] if asked.limits is None else asked.limits:
            rows = []
            for seed in asked.seeds:
                row = measure(instance(size, seed, fen=asked.fen), limit)
                rows.append(row)
                print(size, seed, limit, row, flush=True)
            gaps = [float(str(row["gap_pct"])) for row in rows]
            result[f"{size}@{limit:g}s"] = {
                "gap_pct_median": round(statistics.median(gaps), 4),
                "gap_pct_worst": max(gaps),
                "seconds_median": round(statistics.median(float(str(row["seconds"])) for row in rows), 3),
                "all_checked": all(row["checked"] and row["replayed"] for row in rows),
                "seeds": len(rows),
            }
        if asked.rematch:
            result[f"{size} rematch"] = rematch(instance(size, asked.seeds[0], fen=asked.fen))
        if asked.slider:
            result[f"{size} slider"] = slider(instance(size, asked.seeds[0], fen=asked.fen))
        if asked.cold_start:
            result[f"{size} cold start"] = cold_start(size, asked.seeds[0])
        if asked.pass_rate:
            result[f"{size} pass"] = pass_rate(instance(size, asked.seeds[0], fen=asked.fen))
        if asked.peers and size in ("small", "provincial"):
            from benchmarks.peers import compare  # noqa: PLC0415 -- only on request

            result[f"{size} peers"] = compare(instance(size, asked.seeds[0], fen=asked.fen), asked.peers)
    result["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
