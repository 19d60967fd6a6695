"""Celery worker processes as children of the demonstration: started, watched, replaced when they die, ended with it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

QUEUES = ("rounds", "default")
PATIENCE_S = 10


@dataclass
class Workers:
    """One process a queue. Their output goes to files beside the data of the services."""

    folder: Path
    queues: tuple[str, ...] = QUEUES
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    replaced: int = 0

    def watch(self) -> None:
        """Start whatever is not running."""
        for queue in self.queues:
            worker = self.running.get(queue)
            if worker is not None and worker.poll() is None:
                continue
            self.replaced += worker is not None
            self.running[queue] = self._start(queue)

    def stop(self) -> None:
        for worker in self.running.values():
            worker.terminate()
        for worker in self.running.values():
            try:
                worker.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def log_of(self, queue: str) -> Path:
        return self.folder / f"worker-{queue}.log"

    def _start(self, queue: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-Q", queue, "--pool", "prefork", "-c", "1"]
        command += ["-n", f"demo-{queue}-{os.getpid()}@%h", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        with self.log_of(queue).open("ab") as log:
            return subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=os.environ.copy())


@contextmanager
def workers(queues: tuple[str, ...] = QUEUES) -> Iterator[Workers]:
    folder = Path(settings.BASE_DIR) / ".fulcrum"
    folder.mkdir(mode=0o700, exist_ok=True)
    crew = Workers(folder, queues)
    try:
        yield crew
    finally:
        crew.stop()
