"""Which rounds are priced in shards, and how a worker finds its part of one: in the stored snapshot, known by its digest."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
from celery import current_app
from django.conf import settings
from redis import Redis

from matching import canonical
from matching.models import Round, RoundData
from matching.optimizer import Problem
from matching.problem import APPETITE, BUDGET, CASE_LOAD, FLOOR, TICKET, Built, Resource, build
from matching.sharding.crew import CrewOfWorkers, Patience
from matching.sharding.holder import serve
from matching.sharding.messages import Arrays, Start
from matching.snapshot import NONE, read

KINDS = (APPETITE, CASE_LOAD, TICKET, BUDGET, FLOOR)
SILENCE_S = 10  # after so long without a byte the store counts as out of reach


@contextmanager
def crew_for(round_: Round, built: Built, *, keep_alive: Callable[[], object]) -> Iterator[CrewOfWorkers | None]:
    """Workers to hold the needs of a round that is larger than one machine should price; else None."""
    if settings.SHARDS < 1 or built.problem.options <= settings.SHARD_ABOVE_OPTIONS:
        yield None
        return
    facts = {"round": round_.pk, "snapshot_sha256": round_.snapshot_sha256}
    patience = Patience(answer_s=settings.SHARD_ANSWER_S)
    limits = listed(built.resources)
    with (
        closing(store()) as redis,
        CrewOfWorkers(redis, settings.SHARDS, begin, facts, limits, patience=patience, keep_alive=keep_alive) as crew,
    ):
        yield crew


def begin(session: str, index: int, token: str) -> None:
    current_app.send_task("matching.tasks.hold_shard", kwargs={"session": session, "index": index, "token": token})


def hold(*, session: str, index: int, token: str) -> int:
    with closing(store()) as redis:
        return serve(redis, session=session, index=index, token=token, load=load)


def store() -> Redis:
    return Redis.from_url(settings.SHARD_REDIS_URL, socket_timeout=SILENCE_S, socket_connect_timeout=SILENCE_S)


def listed(resources: tuple[Resource, ...]) -> Arrays:
    """The limits in the order in which the whole problem numbers them."""
    at = np.full((len(resources), 2), NONE, dtype=np.int64)
    for place, resource in enumerate(resources):
        at[place, : len(resource.at)] = resource.at
    return {"resource_kind": np.array([KINDS.index(resource.kind) for resource in resources], dtype=np.int8), "resource_at": at.ravel()}


def load(start: Start) -> Problem:
    """The options of a shard's needs from the stored snapshot, their limits numbered as in the whole problem."""
    data = RoundData.objects.get(round=start.facts["round"])
    header, blob = bytes(data.header), bytes(data.arrays)
    if canonical.digest(header, blob) != start.facts["snapshot_sha256"]:
        raise ValueError("the snapshot is not the one that is solved")
    opening = start.opening
    built = build(read(header, blob), needs=np.arange(opening.first, opening.last))
    own = built.problem
    number = numbers(built.resources, start.arrays)
    use_resource = number[own.use_resource]
    option_of = np.repeat(np.arange(own.options), np.diff(own.use_start))
    order = np.lexsort((use_resource, option_of))
    return opening.part(
        own.option_start[opening.first : opening.last + 1],
        own.value,
        own.use_start,
        use_resource[order],
        own.use_amount[order],
    )


def numbers(resources: tuple[Resource, ...], known: Arrays) -> "np.ndarray[Any, np.dtype[np.int32]]":
    """The number of each of these limits in the whole problem."""
    table = zip(known["resource_kind"].tolist(), known["resource_at"].reshape(-1, 2).tolist(), strict=True)
    place = {(KINDS[kind], tuple(part for part in at if part != NONE)): number for number, (kind, at) in enumerate(table)}
    return np.array([place[resource.kind, resource.at] for resource in resources], dtype=np.int32)
