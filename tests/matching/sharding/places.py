"""Holders of shards in threads of this process, on the broker of the tests; and the instances they hold."""

import threading
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count

import numpy as np
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from matching import optimizer, result, rounds, solving
from matching.optimizer import Problem
from matching.optimizer.shards import CrewHere, part_of
from matching.problem import build
from matching.sharding import holder
from matching.sharding.crew import CrewOfWorkers, Patience

HASTY = Patience(take_s=5.0, open_s=2.0, answer_s=1.0, idle_s=5.0)


def store():
    return Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=10)


def digest_in_one_process(round_, *, shards):
    """What a round would have stored if one process had held that many shards."""
    built = build(rounds.snapshot_of(round_))
    facts = built.snapshot.header["round"]
    budget = optimizer.Budget(steps=facts["steps"], time_limit_s=float(round_.time_limit_s))
    given = {"gap": solving.GAP_WANTED, "seed": facts["seed"], "fixed": built.pins[0]}
    solution = optimizer.solve(built.problem, budget=budget, crew=CrewHere(shards), **given)
    return sha256(result.write(solution, snapshot_sha256=round_.snapshot_sha256, problem_sha256=built.sha256)).hexdigest()


class Gone(Exception):
    """A holder dies."""


@dataclass
class Threads:
    """Begins a thread for each shard sent, as many as there are places; each can be made to die before its n-th answer."""

    problem: Problem
    places: int = 99
    dies_before: dict[int, int] = field(default_factory=dict)  # number of the thread → answers it still gives
    loads: object = None
    threads: list = field(default_factory=list)
    answered: list = field(default_factory=list)
    sent: list = field(default_factory=list)

    def begin(self, session, index, token):
        number = len(self.sent)
        self.sent.append((session, index, token))
        if number < self.places:
            thread = threading.Thread(target=self._run, args=(number, session, index, token), daemon=True)
            self.threads.append(thread)
            thread.start()

    def crew(self, size=2, patience=HASTY, **options):
        return CrewOfWorkers(store(), size, self.begin, {}, patience=patience, **options)

    def join(self):
        for thread in self.threads:
            thread.join(timeout=10)
            assert not thread.is_alive()

    def _run(self, number, session, index, token):
        try:
            load = self.loads or (lambda start: part_of(self.problem, start.opening))
            self.answered.append(
                holder.serve(Mortal(store(), self.dies_before.get(number)), session=session, index=index, token=token, load=load)
            )
        except (Gone, ValueError):
            self.answered.append(None)


class Mortal:
    """A store whose user dies before it can put down another answer."""

    def __init__(self, real, answers):
        self.real, self.left = real, count() if answers is None else iter(range(answers))

    def __getattr__(self, name):
        if name == "pipeline" and next(self.left, None) is None:
            raise Gone
        return getattr(self.real, name)


def store_out_of_reach():
    return Redis(host="127.0.0.1", port=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


def left_behind(session):
    return store().keys(f"shards:{session}*")


def tiny(needs=40):
    """Enough needs for two shards and some rows that are short."""
    rng = np.random.default_rng(needs)
    return Problem(
        option_start=np.arange(needs + 1) * 3,
        value=rng.integers(50, 100, needs * 3),
        use_start=np.arange(needs * 3 + 1),
        use_resource=np.tile(np.arange(3, dtype=np.int32), needs),
        use_amount=rng.integers(5, 20, needs * 3),
        capacity=np.array([80, 90, 100]),
    )
