"""Real Celery workers of the tests, to be killed in the middle of their work."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parents[1]
WAIT_S = 40


@contextmanager
def worker(queue, log, **environment):
    """A Celery worker of its own process group on that queue and the test database; whatever is left of it is ended."""
    database = connection.settings_dict
    url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    env = os.environ | {
        "DATABASE_URL": url,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        **environment,
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config.celery",
        "worker",
        "-Q",
        queue,
        "-c",
        "1",
        "-n",
        f"{queue}@%h",
        "--without-gossip",
        "--without-mingle",
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=10)


def until(holds, log):
    """Wait for something to become true; else fail with what the worker wrote."""
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, log.read_text(errors="replace")[-4000:]
        time.sleep(0.05)
