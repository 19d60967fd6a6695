"""Every list at 1,000 and at 100,000 filings: the 95th percentile of each, side by side; the last line is JSON.

    ./dev bench lists                          # 1,000, then 100,000
    ./dev bench lists --most 10000 --times 5   # smaller

The rows of a small province are made by the tests' factories and multiplied by the database itself, each copy with the relations of
its original: a list at 100,000 has all that hangs on them. `p95_ratio` is the time at the larger size by that at the smaller.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import _province
from config.embedded import services

FIRST, MOST, TIMES = 1_000, 100_000, 20
BASE = 500  # filings made one by one; the others are their copies
STEP = 1_000_000  # what a copy's ids are away from those of its original
ADMIN = (
    "projects.filing",
    "projects.project",
    "projects.need",
    "deals.invitation",
    "deals.deal",
    "deals.subsidyclaim",
    "common.auditevent",
)


def main() -> None:
    given = _arguments()
    with services(durable=False) as running, _province.database(running.database_url) as (address, _is_filled):
        os.environ.update(DATABASE_URL=address, CELERY_BROKER_URL=running.broker_url, DJANGO_SETTINGS_MODULE="config.settings")
        os.environ.update(FULCRUM_FIXED_NOW=_province_now(), LOG_FORMAT="")
        os.environ.setdefault("SECRET_KEY", "none")
        print(json.dumps(_measure(given), ensure_ascii=False))


def _province_now() -> str:
    return "2026-03-02T09:30:00+08:00"  # the moment of the tests' factories


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--only", default="", help="lists whose name contains this")
    return parser.parse_args()


def _measure(given: argparse.Namespace) -> dict[str, Any]:
    import django  # noqa: PLC0415 -- the address must be known before settings are read

    logging.disable()
    django.setup()
    from benchmarks import _lists  # noqa: PLC0415 -- as above

    lists = {name: path for name, path in _lists.addresses().items() if given.only in name}
    world = _lists.fill(BASE)
    told: dict[str, dict[str, float]] = {}
    for size in (given.first, given.most):
        began = perf_counter()
        _lists.grow(BASE, to=size)
        _lists.settle()
        print(f"{size:,} filings in {perf_counter() - began:.1f} s", flush=True)
        for name, seconds in _timed(_lists, world, lists, given.times):
            told.setdefault(name, {})[str(size)] = seconds
    ratios = {name: round(row[str(given.most)] / row[str(given.first)], 2) for name, row in told.items()}
    for name in sorted(ratios, key=ratios.__getitem__, reverse=True):
        print(f"{name:60} {told[name][str(given.first)] * 1000:8.1f} ms {told[name][str(given.most)] * 1000:8.1f} ms  {ratios[name]:5.2f}")
    return {
        "bench": "lists",
        "filings": [given.first, given.most],
        "times": given.times,
        "p95_ratio": ratios,
        "worst": max(ratios.values()),
    }


def _timed(lists: Any, world: Any, addresses: dict[str, str], times: int) -> Iterator[tuple[str, float]]:
    for name, path in addresses.items():
        client = lists.signed_in(world, name.partition(" ")[0])
        taken = []
        for _turn in range(times + 2):
            began = perf_counter()
            answer = client.get(path)
            taken.append(perf_counter() - began)
            if answer.status_code != 200:
                raise RuntimeError(f"{name}: {answer.status_code}")
        yield name, sorted(taken[2:])[int(0.95 * (times - 1))]  # the first two warm what is loaded once


if __name__ == "__main__":
    main()
