"""States of the database that many tests begin from, made once and kept while the next test wants them too.

A province and its cast are a hundred statements; a test that only wants to begin there should not pay for them. So a kept state
is made inside a transaction that stays open, one savepoint upon the other, and each test's own transaction is one more savepoint,
rolled back as ever. A test receives the rows as a copy of its own: what it changes in memory ends with it too.

A fixture whose name begins with `kept_` makes such a state: `return states.add(factories.province)`, or, upon another,
`return states.add(people.cast, kept_world)`. `state()` of what it returned is then the test's copy.
"""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

PREFIX = "kept_"
COMMITTING = {"transactional_db", "live_server", "django_db_reset_sequences"}


@dataclass
class Layer:
    make: Callable[..., Any]
    block: transaction.Atomic
    session: Any  # the connection underneath; another one has not got the rows
    copied: bytes  # what the makers up to here returned, together, so that what they share stays shared


@dataclass(frozen=True)
class State:
    """What one maker returned; call it for this test's copy."""

    states: "States"
    depth: int

    def __call__(self) -> Any:
        return self.states.copies()[self.depth]


class States:
    """The states that stand at the moment, one upon the other."""

    def __init__(self, blocker: DjangoDbBlocker) -> None:
        self._blocker = blocker  # pytest-django's: outside of a test's own transaction nobody else is let through
        self._layers: list[Layer] = []
        self._made: list[Any] = []
        self._depth = 0
        self._commits = False

    def begin(self, *, commits: bool) -> None:
        """Another test: from nothing, which is also all that a test with transactions of its own may find standing."""
        self._depth, self._made, self._commits = 0, [], commits
        if commits:
            self.end()

    def add(self, make: Callable[..., Any], *on: State) -> State:
        """The next state of this test: the one that stands there already, or a new one in its place."""
        depth = self._depth
        with self._blocker.unblock():
            if self._commits:
                self._made.append(make(*[state() for state in on]))
            elif not (depth < len(self._layers) and self._layers[depth].make is make and self._stands(depth)):
                self._leave(depth)
                self._layers.append(self._build(make, on))
        self._depth += 1
        return State(self, depth)

    def settle(self) -> None:
        """All of this test's states are there: take away what others had put upon them."""
        self._leave(self._depth)

    def copies(self) -> Sequence[Any]:
        """What the makers returned, for this test alone."""
        if not self._made and self._depth:
            self._made = pickle.loads(self._layers[self._depth - 1].copied)  # noqa: S301 -- our own, of a moment ago
        return self._made

    def end(self) -> None:
        self._leave(0)

    def _build(self, make: Callable[..., Any], on: Sequence[State]) -> Layer:
        block = transaction.atomic()
        block.__enter__()
        try:
            below = pickle.loads(self._layers[-1].copied) if self._layers else []  # noqa: S301 -- as above
            made = [*below, make(*[below[state.depth] for state in on])]
            connection.check_constraints()
            return Layer(make, block, connection.connection, pickle.dumps(made))
        except BaseException:
            _roll_back(block)
            raise

    def _stands(self, depth: int) -> bool:
        return self._layers[depth].session is connection.connection and not connection.needs_rollback

    def _leave(self, depth: int) -> None:
        with self._blocker.unblock():
            while len(self._layers) > depth:
                _roll_back(self._layers.pop().block)


def _roll_back(block: transaction.Atomic) -> None:
    if connection.connection is not None and not connection.closed_in_transaction:
        transaction.set_rollback(True)
    block.__exit__(None, None, None)


def uses_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or not {"db", *COMMITTING}.isdisjoint(_fixtures(item))


def commits(item: pytest.Item) -> bool:
    """Whether the test's own transactions are real ones."""
    marker = item.get_closest_marker("django_db")
    return bool(marker and (marker.args or marker.kwargs)) or not COMMITTING.isdisjoint(_fixtures(item))


def wanted(item: pytest.Item) -> list[str]:
    """The kept states that this test begins from, by name."""
    return sorted(name for name in _fixtures(item) if name.startswith(PREFIX))


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())
