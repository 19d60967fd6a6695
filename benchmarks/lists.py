"""Every list at 1,000 and at 100,000 filings: the 95th percentile of each, side by side; the last line is JSON.

    ./dev bench lists                          # 1,000 and 100,000
    ./dev bench lists --most 10000 --times 5   # smaller
    ./dev bench lists --kept bench_lists       # keep both filled databases on the server of DATABASE_URL for the next run

The rows of a small province are made by the tests' factories and multiplied by the database itself, each copy with the relations of
its original: a list at 100,000 has all that hangs on them. Each list is asked in turns of both databases, so that whatever else the
machine does slows both. `p95_ratio` is the time at the larger size by that at the smaller.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

sys.path.insert(0, str(Path(__file__).parent.parent))

from config.embedded import services

FIRST, MOST, TIMES = 1_000, 100_000, 20
BASE = 500  # filings made one by one; the others are their copies
WARM = 2  # answers before those that count: what is loaded once
NOW = "2026-03-02T09:30:00+08:00"  # the moment of the tests' factories


def main() -> None:
    given = _arguments()
    with services(durable=False) as running:
        os.environ.update(DATABASE_URL=running.database_url, CELERY_BROKER_URL=running.broker_url)
        os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", FULCRUM_FIXED_NOW=NOW, LOG_FORMAT="")
        os.environ.setdefault("SECRET_KEY", "none")
        print(json.dumps(_measured(given, running.database_url), ensure_ascii=False))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--only", default="", help="lists whose name contains this")
    parser.add_argument("--kept", default="", help="what the names of filled databases to keep begin with")
    return parser.parse_args()


def _measured(given: argparse.Namespace, address: str) -> dict[str, Any]:
    import django  # noqa: PLC0415 -- the address must be known before settings are read

    logging.disable()
    django.setup()
    from benchmarks import _lists  # noqa: PLC0415 -- as above
    from config.wsgi import settle  # noqa: PLC0415 -- as above

    began = perf_counter()
    with ExitStack() as until_told:
        both = [_lists.connection_to(until_told.enter_context(_database(given, address, size))) for size in (given.first, given.most)]
        print(f"{given.first:,} and {given.most:,} filings in {perf_counter() - began:.1f} s", flush=True)
        told = {}
        with _lists.using(both[0]):
            names = [name for name in _lists.growing() if given.only in name]
        settle()  # as a web worker does
        for name in names:
            told[name] = _timed(_lists, name, both, given.times)
            _tell(name, told[name])
        for connection in both:
            connection.close()
    ratios = {name: round(most / first, 2) for name, (first, most) in told.items()}
    print("Worst first:")
    for name in sorted(ratios, key=ratios.__getitem__, reverse=True):
        _tell(name, told[name])
    return {
        "bench": "lists",
        "filings": [given.first, given.most],
        "times": given.times,
        "seconds": round(perf_counter() - began, 1),
        "p95_ms": {name: [round(seconds * 1000, 1) for seconds in pair] for name, pair in told.items()},
        "p95_ratio": ratios,
        "worst": max(ratios.values()),
    }


def _tell(name: str, pair: tuple[float, float]) -> None:
    first, most = pair
    print(f"{name:60} {first * 1000:8.1f} ms {most * 1000:8.1f} ms  {most / first:5.2f}", flush=True)


def _timed(lists: Any, name: str, both: list[Any], times: int) -> tuple[float, float]:
    """The 95th percentile at either size, in seconds."""
    who, _space, path = name.partition(" ")
    clients: list[Any] = []
    taken: list[list[float]] = [[], []]
    for turn in range(times + WARM):
        for connection, seconds in zip(both, taken, strict=True):
            with lists.using(connection):
                if turn == 0:
                    clients.append(lists.signed_in(who))
                client = clients[both.index(connection)]
                began = perf_counter()
                answer = client.get(path)
                seconds.append(perf_counter() - began)
            if answer.status_code != 200:
                raise RuntimeError(f"{name}: {answer.status_code}")
    first, most = (sorted(seconds[WARM:])[int(0.95 * (times - 1))] for seconds in taken)
    return first, most


@contextmanager
def _database(given: argparse.Namespace, address: str, size: int) -> Iterator[str]:
    """The address of a database with that many filings: the one kept, else made from the smaller one, which is made from nothing."""
    from benchmarks import _lists  # noqa: PLC0415 -- as in _measured

    name = f"{given.kept or f'bench_lists_{os.getpid()}'}_{size}"
    target = urlsplit(address)._replace(path=f"/{name}").geturl()
    with psycopg.connect(address, autocommit=True) as server:
        is_kept = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not is_kept:
            smaller = name.replace(f"_{size}", f"_{given.first}") if size != given.first else ""
            template = sql.SQL("TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(smaller)) if smaller else sql.SQL("")
            server.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), template))
        try:
            _lists.fill(target, base=BASE, to=size)
            yield target
        finally:
            if not given.kept:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


if __name__ == "__main__":
    main()
