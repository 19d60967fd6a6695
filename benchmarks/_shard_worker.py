"""A Celery worker that holds shards of an instance which lies in a folder as arrays: for the benchmark and for tests without a database.

celery -A benchmarks._shard_worker worker --queues NAME
"""

import os
import sys
from pathlib import Path

import numpy as np
from celery import Celery
from redis import Redis

sys.path.insert(0, str(Path(__file__).parent.parent))

from matching.optimizer import Problem
from matching.sharding.holder import serve
from matching.sharding.messages import Start

ARRAYS = ("option_start", "value", "use_start", "use_resource", "use_amount")

app = Celery("shards", broker=os.environ["CELERY_BROKER_URL"], set_as_current=False)
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="benchmarks.hold_shard")
def hold_shard(*, session: str, index: int, token: str) -> None:
    serve(Redis.from_url(os.environ["CELERY_BROKER_URL"], socket_timeout=10), session=session, index=index, token=token, load=load)


def write(problem: Problem, folder: Path) -> None:
    for name in ARRAYS:
        np.save(folder / f"{name}.npy", getattr(problem, name))


def load(start: Start) -> Problem:
    """The part of a shard; only its own pages of the files are read."""
    given = {name: np.load(Path(start.facts["folder"]) / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
    opening = start.opening
    begin, end = given["option_start"][[opening.first, opening.last]].tolist()
    first, last = given["use_start"][[begin, end]].tolist()
    return opening.part(
        np.array(given["option_start"][opening.first : opening.last + 1]) - begin,
        np.array(given["value"][begin:end]),
        np.array(given["use_start"][begin : end + 1]) - first,
        np.array(given["use_resource"][first:last]),
        np.array(given["use_amount"][first:last]),
    )
