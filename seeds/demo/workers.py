"""Celery worker processes as children of the demonstration: started, watched, replaced when they die, ended with it."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from seeds.demo import leash
from seeds.demo.leash import Leashed

QUEUES = ("rounds", "default")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # the optimizer's matrices are small: threads over them only wait for each other


@dataclass
class Workers:
    """One process a queue. Their output goes to files beside the data of the services."""

    folder: Path
    queues: tuple[str, ...] = QUEUES
    running: dict[str, Leashed] = field(default_factory=dict)
    replaced: int = 0
    clock: dt.datetime | None = None  # where their clock stands; None: where this process's stands

    def watch(self) -> None:
        """Start whatever is not running."""
        for queue in self.queues:
            worker = self.running.get(queue)
            if worker is not None and worker.status is None:
                continue
            self.replaced += worker is not None
            self.running[queue] = self._start(queue)

    def stand_at(self, at: dt.datetime) -> None:
        """Workers whose clock stands at `at`, so that what they did is dated between what people did before and after."""
        if self.clock != at:
            self.stop()
            self.running.clear()
            self.clock = at
        self.watch()

    def stop(self) -> None:
        leash.end(self.running.values())

    def log_of(self, queue: str) -> Path:
        return self.folder / f"worker-{queue}.log"

    def _start(self, queue: str) -> Leashed:
        command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-Q", queue, "--pool", "prefork", "-c", "1"]
        command += ["-n", f"demo-{queue}-{os.getpid()}@%h", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        clock = {"FULCRUM_FIXED_NOW": self.clock.isoformat()} if self.clock else {}
        with self.log_of(queue).open("ab") as log:
            quiet = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL}
            return leash.start(
                command, folder=children_of(self.folder), cwd=settings.BASE_DIR, env=os.environ | ONE_THREAD | clock, **quiet
            )


def data_folder() -> Path:
    folder = Path(settings.BASE_DIR) / ".fulcrum"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def children_of(folder: Path) -> Path:
    """Where it is noted which child processes run."""
    return folder / "children"


@contextmanager
def workers(queues: tuple[str, ...] = QUEUES) -> Iterator[Workers]:
    """What an earlier run left running is ended first: it would take this one's tasks."""
    folder = data_folder()
    leash.sweep(children_of(folder))
    crew = Workers(folder, queues)
    try:
        yield crew
    finally:
        crew.stop()
