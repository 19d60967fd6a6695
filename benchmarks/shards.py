"""Prices found by one process against shards in Celery workers on this machine; the last line is JSON.

    ./dev bench shards                                  # provincial, 2 workers; also the whole search for prices both ways
    ./dev bench shards --size national --passes 20 --no-fit
    ./dev bench shards --workers 4

`bytes_down` and `bytes_up` are those of one question to one worker: prices, and the use of every row. `ms_in_process` (two threads) and
`ms_sharded` are one pass of the smoothed dual; `ms_round_trip` is the same question to shards with next to nothing to compute. Medians;
`ms_least` are the least of the three.
The workers share this machine's cores with the one who asks: what is shown is the cost of the way, not a gain.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from redis import Redis

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.optimizer import calibration_seconds, instance, timed
from config.embedded import services
from matching.optimizer import Problem, descent, dual, rounding, shards
from matching.optimizer.certificate import bound_of
from matching.optimizer.parallel import two_threads
from matching.optimizer.presolve import as_fixed, tighten
from matching.optimizer.warm import warm
from matching.sharding.crew import CrewOfWorkers, Patience

ROOT = Path(__file__).parent.parent
TAU = 6e-3


class Workers:
    """Celery workers of one process each on a queue of their own, and crews whose shards they hold."""

    def __init__(self, folder: Path, count: int) -> None:
        from benchmarks import _shard_worker  # noqa: PLC0415 -- it reads the broker's address, which had to be known

        self.folder, self.queue, self.module = folder, f"shards-{uuid.uuid4().hex}", _shard_worker
        self.processes = [self._started(number) for number in range(count)]

    def crew(self, problem: Problem, size: int, patience: Patience | None = None) -> CrewOfWorkers:
        self.module.write(problem, self.folder)
        store = Redis.from_url(os.environ["CELERY_BROKER_URL"], socket_timeout=10)
        return CrewOfWorkers(store, size, self.begin, {"folder": str(self.folder)}, patience=patience or Patience())

    def begin(self, session: str, index: int, token: str) -> None:
        self.module.hold_shard.apply_async(kwargs={"session": session, "index": index, "token": token}, queue=self.queue)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=10)

    def _started(self, number: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "benchmarks._shard_worker", "worker", "--queues", self.queue]
        command += [
            "--loglevel",
            "INFO",
            "--concurrency",
            "1",
            "--hostname",
            f"{number}-{self.queue}@%h",
            "--without-gossip",
            "--without-mingle",
        ]
        with (self.folder / f"worker-{number}.log").open("wb") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """They end with the block, however it ends."""
    with tempfile.TemporaryDirectory() as folder:
        started = Workers(Path(folder), count)
        try:
            yield started
        finally:
            started.end()


def in_turn(models: list[dual.Model], price: np.ndarray, number: int) -> list[list[float]]:
    """Seconds of each pass of each model, taking turns, so that whatever else runs here disturbs all alike."""
    rounds = [[timed(model.smoothed, price, TAU)[1] for model in models] for _ in range(number)]
    return [list(seconds) for seconds in zip(*rounds, strict=True)]


def milliseconds(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds), 3)


def measured(problem: Problem, crew: CrewOfWorkers, asked: argparse.Namespace) -> dict[str, Any]:
    tight = tighten(problem, as_fixed(problem, None))
    rng = np.random.default_rng(1)
    with two_threads():
        whole = dual.build(problem, tight)
        typical = whole.best_value.mean() / len(whole.rows)
        price = rng.random(len(whole.rows)) * typical
        spread, opened_s = timed(shards.spread, problem, tight, crew)
        (there_value, *_), first_s = timed(spread.smoothed, price, TAU)
        here_value, *_ = whole.smoothed(price, TAU)
        bytes_down, bytes_up = crew.bytes_down // crew.size, crew.bytes_up // crew.size
        next_to_nothing = spread.sampled(problem.needs)
        here_s, there_s, way_s = in_turn([whole, spread, next_to_nothing], price, asked.passes)
    crew.dismiss()
    return {
        "needs": problem.needs,
        "options": problem.options,
        "rows": len(whole.rows),
        "workers": crew.size,
        "bytes_down": bytes_down,
        "bytes_up": bytes_up,
        "ms_in_process": milliseconds(here_s),
        "ms_sharded": milliseconds(there_s),
        "ms_round_trip": milliseconds(way_s),
        "ms_least": [round(1000 * min(seconds), 3) for seconds in (here_s, there_s, way_s)],
        "opened_s": round(opened_s + first_s, 2),
        "same_value": here_value == there_value,
    }


def fitted(problem: Problem, crew: CrewOfWorkers) -> dict[str, Any]:
    """Prices by both ways from nothing, and what they prove."""
    tight = tighten(problem, as_fixed(problem, None))
    with two_threads():
        began = perf_counter()
        whole = dual.build(problem, tight)
        _, here = descent.fit(whole, np.zeros(len(whole.rows)))
        here_s = perf_counter() - began
        (_, there), there_s = timed(shards.fit, problem, tight, crew, stop=lambda: False)
    bound, bound_sharded = (bound_of(problem, tight, rounding.to_prices(problem, whole, price)) for price in (here, there))
    return {
        "bound": bound,
        "bound_sharded": bound_sharded,
        "same_prices": bool(np.array_equal(here, there)),
        "fit_s_in_process": round(here_s, 2),
        "fit_s_sharded": round(there_s, 2),
        "fit_questions": crew.asked,
        "fit_mib_down_per_worker": round(crew.bytes_down / crew.size / 2**20, 2),
        "fit_mib_up_per_worker": round(crew.bytes_up / crew.size / 2**20, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("small", "provincial", "national", "continental"), default="provincial")
    parser.add_argument("--seed", type=int, default=401)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--passes", type=int, default=50)
    parser.add_argument("--no-fit", action="store_true", help="only single passes, not the whole search for prices")
    asked = parser.parse_args()
    problem = instance(asked.size, asked.seed, fen=False)
    with services(durable=False) as running:
        os.environ["CELERY_BROKER_URL"] = running.broker_url
        print(f"kernels warm in {warm():.1f} s", flush=True)
        with workers(asked.workers) as started:
            result = measured(problem, started.crew(problem, asked.workers), asked)
            if not asked.no_fit:
                result |= fitted(problem, started.crew(problem, asked.workers))
    print(json.dumps({"size": asked.size, **result, "calibration_s": round(calibration_seconds(), 5)}))


if __name__ == "__main__":
    main()
