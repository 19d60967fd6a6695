"""Money commands broken off at every statement, sent again, sent twice at once: one effect, that of the undisturbed one."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from django.db import OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError

from common.errors import Conflict, Invalid, NotFound
from deals.invariants import breaches
from tests import factories, people
from tests.deals import commands
from tests.deals.commands import Books, undone

# Django answers a rollback that fails with the second of these, at the next statement.
BROKEN = (OperationalError, TransactionManagementError)
SAMPLE, CAMPAIGN = 3, 60  # times that each command is broken off: now, and in the long run


class Breaking:
    """Counts the statements, and breaks the connection before or after one of them."""

    def __init__(self, at: int = 0, *, is_after: bool = False) -> None:
        self.at, self.is_after, self.count = at, is_after, 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        if self.count == self.at and not self.is_after:
            raise OperationalError("broken off")
        result = execute(sql, params, many, context)
        if self.count == self.at:
            raise OperationalError("broken off")
        return result


def sent(send, breaking=None):
    """Sent in a transaction of its own; the breaking with its count."""
    breaking = breaking or Breaking()
    with transaction.atomic(), connection.execute_wrapper(breaking):
        send()
    return breaking


def sent_again(send):
    """The same request once more: the same answer, or word that it came too late."""
    with suppress(NotFound, Conflict, Invalid):
        sent(send)


@pytest.fixture(params=commands.COMMANDS, ids=lambda command: command.__name__)
def send(request, world, cast):
    return request.param(world, cast)


def break_off(send, times):
    """Broken off once or twice at statements drawn by lot, then through, then again; so many times."""
    books = Books()
    with undone():
        statements = sent(send).count
        expected = books.shown()
    assert expected != books.untouched
    for number in range(times):
        lots = random.Random(number)
        with undone():
            for _ in range(lots.choice((1, 2))):
                breaking = Breaking(lots.randint(1, statements), is_after=lots.random() < 0.5)
                with suppress(*BROKEN):
                    sent(send, breaking)
                    assert breaking.count < breaking.at, "the break was swallowed"
                    break  # what was read before is known now: it came through with fewer statements
                assert books.shown() == books.untouched, vars(breaking)
            else:
                sent(send)
            assert books.shown() == expected, number
            sent_again(send)
            assert books.shown() == expected, number
    assert list(breaches()) == []


def test_command_broken_off_anywhere_and_sent_again_counts_once(send):
    break_off(send, SAMPLE)


@pytest.mark.long
def test_every_command_is_broken_off_a_thousand_times_in_all(send):
    assert CAMPAIGN * len(commands.COMMANDS) >= 1_000

    break_off(send, CAMPAIGN)


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.__name__)
def test_command_sent_twice_at_once_counts_once(command, transactional_db):
    world = factories.province()
    cast = people.cast(world)
    send, barrier = command(world, cast), Barrier(2)
    books = Books()
    with undone():
        sent(send)
        expected = books.shown()

    def at_once(_number):
        try:
            barrier.wait()
            sent_again(send)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(at_once, range(2)))

    assert books.shown() == expected
    assert list(breaches()) == []
