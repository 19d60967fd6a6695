"""The side that answers: one task holds one shard in its process until the prices are found.

It ends when it is told to, when its token is no longer the one that counts, or when there is no sign of life from who asked. A task that comes
late or twice finds its opening gone and does nothing.
"""

import logging
from collections.abc import Callable
from typing import Any

from redis import Redis

from matching.optimizer import Problem
from matching.optimizer.shards import Question, Shard
from matching.sharding.messages import Frame, Keys, Start, Status, digest

log = logging.getLogger(__name__)

LOOK_UP_S = 1.0  # how often one who waits for a question asks whether it is still wanted
ANSWERS_KEPT_S = 60


def serve(store: Redis, *, session: str, index: int, token: str, load: Callable[[Start], Problem]) -> int:
    """Hold shard `index` of a session; how many questions were answered."""
    taken: Any = store.getdel(Keys.opening(token))
    if taken is None:
        return 0
    start = Start.unpack(taken)
    holding = Holding(store, Keys(session), index, token, start.question)
    try:
        shard = Shard(_loaded(start, load), start.opening)
        for made in start.made:
            shard.answer(Question.unpack(made))
    except Exception as error:
        holding.reply(Status.REFUSED, f"{type(error).__name__}: {error}".encode())
        raise
    log.info("shard %s of %s: needs %s to %s", index, session, start.opening.first, start.opening.last)
    while (asked := holding.wait()) is not None:
        if not holding.reply(Status.ANSWER, shard.answer(Question.unpack(asked)).pack()):
            break
        holding.question += 1
    return holding.question - start.question


def _loaded(start: Start, load: Callable[[Start], Problem]) -> Problem:
    part = load(start)
    if digest(part) != start.sha256:
        raise ValueError(f"needs {start.opening.first} to {start.opening.last} have other options here than where the round is solved")
    return part


class Holding:
    """A place in a session: the next question, and whether anybody still wants an answer from here."""

    def __init__(self, store: Redis, keys: Keys, index: int, token: str, question: int) -> None:
        self.store, self.keys, self.index, self.token, self.question = store, keys, index, token, question

    def wait(self) -> bytes | None:
        """The next question; None when there will be none for us."""
        while True:
            found: Any = self.store.xread({self.keys.questions: f"{self.question - 1}-0"}, count=1, block=int(LOOK_UP_S * 1000))
            if found:
                number, fields = found[0][1][0]
                return fields[b"q"] if number == f"{self.question}-0".encode() else None  # one was missed: we were given up
            current: Any = self.store.hget(self.keys.tokens, str(self.index))
            if not self._is_current(current):
                return None

    def reply(self, status: Status, body: bytes) -> bool:
        """Answer the question; False when nobody wants to hear more from here."""
        with self.store.pipeline(transaction=False) as at_once:
            at_once.rpush(self.keys.answers, Frame(self.token, self.question, status, body).pack())
            at_once.expire(self.keys.answers, ANSWERS_KEPT_S)
            at_once.hget(self.keys.tokens, str(self.index))
            *_, current = at_once.execute()
        return self._is_current(current)

    def _is_current(self, token: bytes | None) -> bool:
        return token is not None and token.decode() == self.token
