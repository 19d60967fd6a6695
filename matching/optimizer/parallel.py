"""Two threads for kernels that release the interpreter's lock, and one for BLAS.

How many threads there are never changes what comes out: work is cut at fixed places and put together in a fixed order.
BLAS is held to one thread: its own threads spin against ours and every other process of the machine, and a factorisation of a
thousand rows then takes up to ten times as long.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # threadpoolctl has no types

THREADS = 2

Item = TypeVar("Item")
Result = TypeVar("Result")

_here = threading.local()


@contextmanager
def two_threads() -> Iterator[None]:
    """Inside, `each` runs on two threads. They are made anew each time, since a worker process may have been forked in between."""
    if _executor() is not None:
        yield
        return
    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(THREADS) as threads:
        _here.executor = threads
        try:
            yield
        finally:
            _here.executor = None


def each(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """function(item) for every item, in the order of the items; side by side inside `two_threads`."""
    executor = _executor()
    return [function(item) for item in items] if executor is None else list(executor.map(function, items))


def _executor() -> Executor | None:
    return getattr(_here, "executor", None)


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()
