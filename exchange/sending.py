"""Sending what is due: at least once, by nobody else at the same time, later and later after each failure, and given up in the open."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from exchange.models import Outgoing

LEASE = dt.timedelta(minutes=5)  # longer than any attempt: by then whoever was sending is taken for dead
WAITS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
ERROR_MAX = 300
AT_ONCE = 500

Send = Callable[[Sequence[Any]], None]


class Undelivered(Exception):
    """It did not arrive, and why. `for_good`: trying again is no use."""

    def __init__(self, why: object, *, for_good: bool = False) -> None:
        super().__init__(str(why))
        self.for_good = for_good


def send_due(messages: Iterable[Sequence[Any]], send: Send, *, at: dt.datetime) -> int:
    """Send each message, which is one row or several told together; how many rows arrived."""
    return sum(_send(rows, send, at=at) for rows in messages)


def try_again(row: Outgoing, *, at: dt.datetime) -> bool:
    """Take up by hand what was given up, from the beginning; whether it had been."""
    again = {"state": Outgoing.State.WAITING, "attempts": 0, "next_attempt_at": at}
    return type(row).objects.filter(pk=row.pk, state=Outgoing.State.FAILED).update(**again) == 1


def _send(rows: Sequence[Any], send: Send, *, at: dt.datetime) -> int:
    ours = [row for row in rows if _claim(row, at=at)]
    if not ours:
        return 0
    try:
        send(ours)
    except Undelivered as error:
        for row in ours:
            _put_off(row, error, at=at)
        return 0
    return _of(ours).update(state=Outgoing.State.SENT, sent_at=at, error="")


def _claim(row: Any, *, at: dt.datetime) -> bool:
    """Ours for a while, unless another worker has taken it since it was read."""
    row.attempts += 1
    untouched = type(row).objects.filter(pk=row.pk, state=Outgoing.State.WAITING, attempts=row.attempts - 1)
    return untouched.update(attempts=row.attempts, next_attempt_at=at + LEASE) == 1


def _put_off(row: Any, error: Undelivered, *, at: dt.datetime) -> None:
    over = error.for_good or row.attempts > len(WAITS)
    state = Outgoing.State.FAILED if over else Outgoing.State.WAITING
    due = at if over else at + WAITS[row.attempts - 1]
    _of([row]).update(state=state, next_attempt_at=due, error=str(error)[:ERROR_MAX])


def _of(rows: Sequence[Any]) -> Any:
    return type(rows[0]).objects.filter(pk__in=[row.pk for row in rows])
