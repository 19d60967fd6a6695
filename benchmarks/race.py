"""Many at once for the last units of appetite and budget, again and again; the last line is JSON.

    ./dev bench race                                   # 1,000 runs of 20 threads
    ./dev bench race --runs 100 --threads 40

Each run opens a bank with two branches and the budget of a scheme, each with a few units less than are asked for. Every thread, on a
connection of its own, promises a unit of a branch and one of the budget in one transaction, sends the same again, and then, as its lot
falls, books it whole, books part of it and gives back the rest, gives all back, or leaves it open; a fact that nobody promised is
booked in between. `oversold`: units promised or booked beyond a limit that no fact had raised. `lost`: units refused though they
were free, movements answered but not written or written twice, and accounts whose balance is not what their entries add up to.
"""

import argparse
import datetime as dt
import json
import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from threading import Barrier
from time import perf_counter
from typing import Any

from benchmarks import _province
from config.embedded import services

AT = dt.datetime(2026, 10, 12, 9, tzinfo=dt.timezone(dt.timedelta(hours=8)))
UNIT, PART = Decimal("100.00"), Decimal("33.33")
OF_BANK, OF_BRANCH, OF_BUDGET = 11, 8, 9  # units; with 20 who ask, all run short, now one and now another
COURSES = ("book", "book part", "give back", "leave")


@dataclass(frozen=True)
class Scene:
    """The accounts of one run."""

    number: int
    bank: int
    branches: tuple[int, int]
    budget: int


def main() -> None:
    asked = arguments()
    with services(durable=False) as running:
        os.environ.update(DATABASE_URL=running.database_url, CELERY_BROKER_URL=running.broker_url, DJANGO_SETTINGS_MODULE="config.settings")
        os.environ.setdefault("SECRET_KEY", "none")
        with _province.database(running.database_url) as (address, _is_filled):
            os.environ["DATABASE_URL"] = address
            print(json.dumps(measured(asked)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    import django  # noqa: PLC0415 -- the address of the database had to be known

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 -- as above

    call_command("migrate", verbosity=0)
    return raced(runs=asked.runs, threads=asked.threads, seed=asked.seed)


def raced(*, runs: int, threads: int, seed: int) -> dict[str, Any]:
    """The runs one after the other, each of so many threads released together."""
    found, began = Counter[str](), perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for number in range(runs):
            scene, barrier = opened(number), Barrier(threads)
            tasks = [pool.submit(_raced, scene, thread, barrier, seed) for thread in range(threads)]
            found.update(told(scene, dict(enumerate(task.result() for task in tasks))))
            if number % 100 == 99:
                print(f"{number + 1} runs in {perf_counter() - began:.0f} s: {dict(found)}", flush=True)
        last = Barrier(threads)
        list(pool.map(lambda _thread: _goodbye(last), range(threads)))
    return {
        "runs": runs,
        "threads": threads,
        "oversold": found["oversold"],
        "lost": found["lost"],
        "granted": found["granted"],
        "refused": found["refused"],
        "facts": found["facts"],
        "seconds": round(perf_counter() - began, 1),
    }


def opened(number: int) -> Scene:
    from ledger import accounts  # noqa: PLC0415 -- as in measured

    def account(kind: str, name: str, units: int, parent: Any = None) -> Any:
        row = accounts.open_account(kind=kind, code=f"race:{number}:{name}", name=name, province="420000", parent=parent)
        accounts.set_limit(row.pk, units * UNIT, business_key="limit", by=_by(), at=AT)
        return row

    bank = account("appetite", "bank", OF_BANK)
    branches = [account("appetite", f"branch-{n}", OF_BRANCH, bank) for n in range(2)]
    return Scene(number, bank.pk, (branches[0].pk, branches[1].pk), account("budget", "budget", OF_BUDGET).pk)


def _by() -> Any:
    from organisations.actors import system  # noqa: PLC0415 -- as in measured

    return system(AT)


def _raced(scene: Scene, thread: int, barrier: Barrier, seed: int) -> str:
    """What became of this thread's unit: its course, or "refused"; "fact" for the one that books what nobody promised."""
    from django.db import transaction  # noqa: PLC0415 -- as in measured

    from ledger import accounts  # noqa: PLC0415 -- as in measured
    from ledger.accounts import Hold, NoRoom, Post  # noqa: PLC0415 -- as in measured

    lot = random.Random(f"{seed}:{scene.number}:{thread}")
    branch, course, key = scene.branches[lot.randrange(2)], lot.choice(COURSES), f"t{thread}"
    how = {"by": _by(), "at": AT}
    barrier.wait()
    if thread == 0 and scene.number % 4 == 0:
        accounts.post_many([Post(branch, UNIT, key)], fact=True, **how)
        return f"fact {branch}"
    wanted = [Hold(branch, UNIT, key), Hold(scene.budget, UNIT, key)]
    for _twice in range(2):
        try:
            with transaction.atomic():
                for refusal in accounts.hold_many(wanted, **how).values():
                    raise refusal
        except NoRoom:
            return f"refused {branch}"
    places = (branch, scene.budget)
    for _twice in range(2):
        if course in ("book", "book part"):
            amount = UNIT if course == "book" else PART
            accounts.post_many([Post(place, amount, f"{key}:post", key) for place in places], **how)
        if course in ("book part", "give back"):
            accounts.release_many([(place, key, f"{key}:release") for place in places], **how)
    return f"{course} {branch}"


def _goodbye(barrier: Barrier) -> None:
    """Close the connection of each thread: none leaves before all have come."""
    from django.db import connection  # noqa: PLC0415 -- as in measured

    barrier.wait()
    connection.close()


def told(scene: Scene, answers: dict[int, str]) -> Counter[str]:
    """What the answers and the rows say together."""
    from ledger.models import Entry, LedgerAccount  # noqa: PLC0415 -- as in measured

    found = Counter[str]()
    courses = {thread: answer.rpartition(" ") for thread, answer in answers.items()}
    of_account = {scene.bank: set(scene.branches), scene.budget: set(scene.branches), **{b: {b} for b in scene.branches}}
    for account in LedgerAccount.objects.filter(pk__in=of_account).order_by("pk"):
        mine = [course for course, _space, branch in courses.values() if int(branch) in of_account[account.pk]]
        is_budget = account.pk == scene.budget
        held, posted = UNIT * mine.count("leave"), UNIT * mine.count("book") + PART * mine.count("book part")
        if not is_budget:
            posted += UNIT * mine.count("fact")
        entries = list(Entry.objects.filter(account=account).order_by("seq"))
        raised = sum((e.amount for e in entries if e.flag), Decimal(0))
        peak = max(e.held_after + e.posted_after - e.limit_after for e in entries if e.limit_after is not None)
        found["oversold"] += int(max(peak, Decimal(0)) / UNIT) + (raised > UNIT * (0 if is_budget else mine.count("fact")))
        is_as_told = (account.held, account.posted) == (held, posted)
        is_sum = (account.held, account.posted, account.limit) == _added(entries) and [e.seq for e in entries] == [
            *range(1, account.last_seq + 1)
        ]
        found["lost"] += (not is_as_told) + (not is_sum)
    found["lost"] += _refused_for_nothing(scene, courses)
    found["granted"] += sum(course in COURSES for course, _space, _branch in courses.values())
    found["refused"] += sum(course == "refused" for course, _space, _branch in courses.values())
    found["facts"] += sum(course == "fact" for course, _space, _branch in courses.values())
    return found


def _added(entries: list[Any]) -> tuple[Decimal, Decimal, Decimal]:
    """(held, posted, limit) by plain addition of the entries."""
    sums = Counter[str]()
    for entry in entries:
        sums[entry.kind] += entry.amount
        sums["from_hold"] += entry.from_hold if entry.kind == "post" else 0
    return (
        Decimal(sums["hold"] - sums["from_hold"] - sums["release"]),
        Decimal(sums["post"] - sums["reverse"]),
        Decimal(sums["limit"]),
    )


def _refused_for_nothing(scene: Scene, courses: dict[int, tuple[str, str, str]]) -> int:
    """Refusals where no account was ever full: most promised at once on bank, branch and budget, against what each could take."""
    from ledger.models import Entry  # noqa: PLC0415 -- as in measured

    def was_full(account: int) -> bool:
        rows = Entry.objects.filter(account=account).exclude(limit_after=None)
        return any(row.limit_after - row.held_after - row.posted_after < UNIT for row in rows)

    full = {account: was_full(account) for account in (scene.bank, scene.budget, *scene.branches)}
    refused = [int(branch) for course, _space, branch in courses.values() if course == "refused"]
    return sum(not (full[scene.bank] or full[scene.budget] or full[branch]) for branch in refused)


if __name__ == "__main__":
    main()
