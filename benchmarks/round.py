"""A whole round of a province, from the rows of a database to published recommendations with their holds; the last line is JSON.

    ./dev bench round                                  # 5,000 needs, 400 branches, about 126,000 options
    ./dev bench round --needs 500 --limit 2            # smaller, and 2 s for the solve
    ./dev bench round --kept bench_rows                # keep the filled database on the server of DATABASE_URL for the next run
    ./dev bench round --profile solving.land           # where the time of one phase goes

`solve_s` is the optimizer's; `overhead_s` all the rest up to published recommendations with their holds: commitments, snapshot, problem,
check, stored rows, holds. The letters to firms and banks that go out in the same transaction stand beside it, as `letters_s`.
Absolute times depend on the machine and its load: the time of a calibration kernel from the same run stands beside them, and so do
processor seconds, which others on the machine hardly change: `cpu_s` of this process and `database_cpu_s` of the server process it talks to.
"""

import argparse
import cProfile
import datetime as dt
import importlib
import json
import os
import pstats
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import _province
from config.embedded import services

ROUND_AT = dt.datetime(2026, 10, 12, 9, tzinfo=dt.timezone(dt.timedelta(hours=8)))
# Functions timed as phases, as their callers find them. A phase inside another counts only in itself.
PHASES = (
    "deals.commitments:compute",
    "matching.collect:snapshot_of",
    "matching.solving:build",
    "matching.optimizer:solve",
    "matching.optimizer:check",
    "matching.solving:land",
    "matching.solving:tell",
    "matching.rounds:_take_holds",
    "matching.rounds:take_drafts",
    "deals.invitations:_invite_leads",
)


@dataclass
class Seconds:
    """Time on the clock and of the processor: of this process, and of the server process that answers it."""

    wall: float = 0.0
    cpu: float = 0.0
    database_cpu: float = 0.0

    def __add__(self, other: "Seconds") -> "Seconds":
        return Seconds(self.wall + other.wall, self.cpu + other.cpu, self.database_cpu + other.database_cpu)

    def __sub__(self, other: "Seconds") -> "Seconds":
        return Seconds(self.wall - other.wall, self.cpu - other.cpu, self.database_cpu - other.database_cpu)

    def plain(self) -> dict[str, float]:
        return {"s": round(self.wall, 3), "cpu_s": round(self.cpu, 3), "database_cpu_s": round(self.database_cpu, 3)}


class Phases:
    """Seconds of each phase, without those of the phases inside it. `server` is the process id of the database's end of the connection."""

    def __init__(self, profiled: str, server: int) -> None:
        self.seconds: dict[str, Seconds] = {}
        self._inner: list[Seconds] = []
        self._profiled = profiled
        self._ticks = Path(f"/proc/{server}/stat")

    def watch(self, place: str) -> None:
        module, _colon, path = place.partition(":")
        holder: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            holder = getattr(holder, part)
        setattr(holder, name, self.timed(f"{module.split('.')[-1]}.{path}", getattr(holder, name)))

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def run(*given: Any, **named: Any) -> Any:
            self._inner.append(Seconds())
            began = self.now()
            profile = cProfile.Profile() if name in self._profiled.split(",") else None
            try:
                return profile.runcall(function, *given, **named) if profile else function(*given, **named)
            finally:
                whole = self.now() - began
                self.seconds[name] = self.seconds.get(name, Seconds()) + whole - self._inner.pop()
                if self._inner:
                    self._inner[-1] += whole
                if profile:
                    pstats.Stats(profile).sort_stats("cumulative").print_stats(32)

        return run

    def now(self) -> Seconds:
        return Seconds(perf_counter(), process_time(), self._server_seconds())

    def _server_seconds(self) -> float:
        """User and system time of the server process, as Linux counts them; 0 where it runs elsewhere."""
        if not self._ticks.exists():
            return 0.0
        user, system = self._ticks.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    asked = arguments()
    with services(durable=False) as running:
        os.environ.update(DATABASE_URL=running.database_url, CELERY_BROKER_URL=running.broker_url, DJANGO_SETTINGS_MODULE="config.settings")
        os.environ.setdefault("SECRET_KEY", "none")
        with _province.database(running.database_url, kept=asked.kept) as (address, is_filled):
            os.environ["DATABASE_URL"] = address
            print(json.dumps(measured(asked, address, is_filled=is_filled)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--needs", type=int, default=5000)
    parser.add_argument("--branches", type=int, default=400)
    parser.add_argument("--lenders", type=int, default=16, help="at most so many lenders a need")
    parser.add_argument("--seed", type=int, default=401)
    parser.add_argument("--steps", type=int, help="of the search; as a round is planned if not given")
    parser.add_argument("--kept", default="", help="name of a filled database to keep and clone")
    parser.add_argument("--profile", default="", help="phases, as named in the answer, separated by commas")
    return parser.parse_args()


def measured(asked: argparse.Namespace, address: str, *, is_filled: bool) -> dict[str, Any]:
    import django  # noqa: PLC0415 -- the address of the database had to be known

    django.setup()
    from django.db import connection  # noqa: PLC0415 -- as above

    if not is_filled:
        began = perf_counter()
        _province.fill(needs=asked.needs, branches=asked.branches, lenders_per_need=asked.lenders, seed=asked.seed, at=ROUND_AT)
        print(f"a province of {asked.needs} needs in {perf_counter() - began:.1f} s", flush=True)
        if asked.kept:
            connection.close()
            _province.keep(address, asked.kept)

    from benchmarks.optimizer import calibration_seconds  # noqa: PLC0415 -- as above
    from matching.optimizer.warm import warm  # noqa: PLC0415 -- as above

    print(f"kernels warm in {warm():.1f} s", flush=True)
    with connection.cursor() as cursor:
        (server,) = cursor.execute("SELECT pg_backend_pid()").fetchone()
    phases = Phases(asked.profile, server)
    for place in PHASES:
        phases.watch(place)
    began = phases.now()
    round_, published = phases.timed("all", course)(asked)
    whole = phases.now() - began
    solve, letters = (phases.seconds.pop(name) for name in ("optimizer.solve", "invitations._invite_leads"))
    overhead = whole - solve - letters
    return {
        "needs": round_.needs,
        "options": round_.options,
        "solve_s": round(solve.wall, 3),
        "overhead_s": round(overhead.wall, 3),
        "gap": round(round_.gap, 6),
        "matched": round_.matched,
        "published": len(published.leads),
        "overhead": overhead.plain(),
        "overhead_by_phase": {name: seconds.plain() for name, seconds in sorted(phases.seconds.items())},
        "letters_s": round(letters.wall, 3),
        "letters": letters.plain(),
        "slider": slider(round_),
        "cpu_s": round(whole.cpu, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "calibration_s": round(calibration_seconds(), 5),
    }


def slider(round_: Any) -> dict[str, float]:
    """One weight moved by a tenth, solved warm from the round within half a second: the scenario a person waits for."""
    from matching import overrides, scenarios  # noqa: PLC0415 -- as above

    snapshot, base = scenarios.based_on(round_)
    moved = overrides.apply(snapshot, {"weights": {"cost": snapshot.weights["cost"] * 11 // 10}})
    began = perf_counter()
    solution = scenarios.warm(moved, base, time_limit_s=0.5, seed=0).solved.solution
    return {"all_s": round(perf_counter() - began, 3), "solve_s": round(solution.seconds, 3), "gap": round(solution.gap, 6)}


def course(asked: argparse.Namespace) -> tuple[Any, Any]:
    """The steps people and workers take, through the functions that pages and tasks call."""
    from deals import commitments, invitations  # noqa: PLC0415 -- as above
    from matching import rounds, solving  # noqa: PLC0415 -- as above
    from organisations.models import Programme  # noqa: PLC0415 -- as above

    first, second = _province.signers(ROUND_AT)
    programme = Programme.objects.get()
    planned = rounds.plan(
        programme, province=_province.PROVINCE, planned_for=ROUND_AT.date(), by=first, at=ROUND_AT, seed=asked.seed, steps=asked.steps
    )
    commitments.freeze(planned, by=first, at=ROUND_AT, seen=planned.version)
    solving.solve(planned, at=ROUND_AT)
    if planned.failure:
        raise SystemExit(planned.failure)
    rounds.propose(planned, by=first, at=ROUND_AT, seen=planned.version)
    return planned, invitations.publish_round(planned, by=second, at=ROUND_AT, seen=planned.version)


if __name__ == "__main__":
    main()
