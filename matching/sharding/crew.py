"""The side that asks: a crew (`optimizer.shards.Crew`) whose shards are tasks in Celery workers.

Each question is put once into a stream that all shards read; answers come back in one list. A shard that stays silent is started again in
another worker, told all it needs to go on, and its old token counts no more. What no worker takes, and everything once the store is out of
reach, is held in this process: slower, with the same floats.
"""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Self

from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from matching.optimizer import Problem
from matching.optimizer.shards import MAKES, Answer, Opening, Question, Shard, part_of
from matching.sharding.messages import Arrays, Frame, Keys, Start, Status, digest

log = logging.getLogger(__name__)

MOST_STARTS = 3
QUESTIONS_KEPT = 4
WAIT_S = 0.2
UNREACHABLE = (RedisError, OperationalError)


@dataclass(frozen=True)
class Patience:
    """How long to wait: until a worker takes a shard, has built it, answers a question; and how long a shard waits for the next one."""

    take_s: float = 20.0
    open_s: float = 300.0
    answer_s: float = 30.0
    idle_s: float = 60.0


@dataclass
class Post:
    """Where a shard is just now: with the holder of a token, or here."""

    opening: Opening
    token: str = ""
    starts: int = 0
    is_taken: bool = False
    has_answered: bool = False
    deadline_s: float = 0.0
    here: Shard | None = None


@dataclass
class CrewOfWorkers:
    """Shards of one problem in workers. `begin(session, shard, token)` sends a task; `facts` and `arrays` tell it where its part is."""

    store: Redis
    size: int
    begin: Callable[[str, int, str], object]
    facts: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)
    patience: Patience = Patience()
    keep_alive: Callable[[], object] = lambda: None
    session: str = field(default_factory=lambda: uuid.uuid4().hex)
    bytes_down: int = 0  # of all questions to all shards elsewhere
    bytes_up: int = 0
    asked: int = 0
    starts: int = 0  # of shards, again ones included

    def __post_init__(self) -> None:
        self.keys = Keys(self.session)
        self.posts: list[Post] = []
        self._made: list[bytes] = []
        self._problem: Problem | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.dismiss()

    def take(self, problem: Problem, openings: list[Opening]) -> None:
        self._problem, self.posts = problem, [Post(opening) for opening in openings]
        try:
            for index in range(len(self.posts)):
                self._start(index)
        except UNREACHABLE as error:
            self._hold_all(error)

    def ask(self, question: Question) -> list[Answer]:
        self.asked += 1
        self.keep_alive()
        answers: dict[int, Answer] = {}
        if any(post.here is None for post in self.posts):
            try:
                self._put(question)
                self._answer_here(question, answers)
                self._collect(question, answers)
            except UNREACHABLE as error:
                self._hold_all(error)
        self._answer_here(question, answers)
        if question.kind in MAKES:
            self._made.append(question.pack())
        return [answers[index] for index in range(len(self.posts))]

    def dismiss(self) -> None:
        """Let every shard go. Whoever does not hear it ends by itself."""
        openings = [Keys.opening(post.token) for post in self.posts if post.token]
        self.posts, self._made, self._problem = [], [], None
        try:
            self.store.delete(self.keys.tokens, self.keys.questions, self.keys.answers, *openings)
        except RedisError as error:
            log.warning("shards of %s could not be told to end: %s", self.session, error)

    def _put(self, question: Question) -> None:
        data, idle_s = question.pack(), int(self.patience.idle_s)
        with self.store.pipeline(transaction=False) as at_once:
            at_once.xadd(self.keys.questions, {b"q": data}, id=f"{self.asked}-0", maxlen=QUESTIONS_KEPT, approximate=False)
            at_once.expire(self.keys.questions, idle_s)
            at_once.expire(self.keys.tokens, idle_s)
            at_once.execute()
        self.bytes_down += len(data) * sum(post.here is None for post in self.posts)
        for post in self.posts:
            if post.has_answered:
                post.deadline_s = monotonic() + self.patience.answer_s

    def _collect(self, question: Question, answers: dict[int, Answer]) -> None:
        """Until every shard has answered, is held here, or the store is out of reach."""
        while missing := [k for k, post in enumerate(self.posts) if post.here is None and k not in answers]:
            found: Any = self.store.blmpop(WAIT_S, 1, self.keys.answers, direction="LEFT", count=len(self.posts))
            for data in found[1] if found else ():
                self._note(Frame.unpack(data), answers)
            if found:
                continue
            self.keep_alive()
            self.store.expire(self.keys.tokens, int(self.patience.idle_s))
            self.store.expire(self.keys.questions, int(self.patience.idle_s))
            for index in missing:
                self._look_after(index)
            self._answer_here(question, answers)

    def _note(self, frame: Frame, answers: dict[int, Answer]) -> None:
        """Take down an answer, if it is one to this question by who may give it."""
        index = next((k for k, post in enumerate(self.posts) if post.here is None and post.token == frame.token), None)
        if index is None or frame.question != self.asked:
            return
        if frame.status == Status.REFUSED:
            log.error("shard %s of %s was refused: %s", index, self.session, frame.body.decode(errors="replace"))
            self._hold(index)
            return
        self.bytes_up += len(frame.body)
        self.posts[index].is_taken = self.posts[index].has_answered = True
        answers[index] = Answer.unpack(frame.body)

    def _look_after(self, index: int) -> None:
        """A silent shard is being built, or was never taken, or is lost."""
        post = self.posts[index]
        if not post.is_taken and not self.store.exists(Keys.opening(post.token)):
            post.is_taken, post.deadline_s = True, monotonic() + self.patience.open_s
        if monotonic() < post.deadline_s:
            return
        if post.is_taken and post.starts < MOST_STARTS:
            log.warning("shard %s of %s is silent and is started again", index, self.session)
            self._start(index)
        elif post.is_taken or self.store.delete(Keys.opening(post.token)):
            log.warning("shard %s of %s finds no worker and is held here", index, self.session)
            self._hold(index)

    def _start(self, index: int) -> None:
        post = self.posts[index]
        post.token, post.starts = uuid.uuid4().hex, post.starts + 1
        self.starts += 1
        post.is_taken = post.has_answered = False
        post.deadline_s = monotonic() + self.patience.take_s
        sha256 = digest(part_of(self._problem, post.opening))
        start = Start(self.facts, self.arrays, post.opening, sha256, max(self.asked, 1), self._made)
        with self.store.pipeline() as at_once:
            at_once.set(Keys.opening(post.token), start.pack(), ex=int(self.patience.open_s))
            at_once.hset(self.keys.tokens, str(index), post.token)
            at_once.expire(self.keys.tokens, int(self.patience.idle_s))
            at_once.execute()
        self.begin(self.session, index, post.token)

    def _hold(self, index: int) -> None:
        post = self.posts[index]
        post.here = Shard(part_of(self._problem, post.opening), post.opening)
        for made in self._made:
            post.here.answer(Question.unpack(made))

    def _hold_all(self, error: Exception) -> None:
        log.warning("shards of %s: the store is out of reach, all are held here: %s", self.session, error)
        for index, post in enumerate(self.posts):
            if post.here is None:
                self._hold(index)

    def _answer_here(self, question: Question, answers: dict[int, Answer]) -> None:
        for index, post in enumerate(self.posts):
            if post.here is not None and index not in answers:
                answers[index] = post.here.answer(question)
