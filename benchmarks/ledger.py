"""The ledger at 10,000 and at 1,000,000 entries side by side, and a promise with its booking beside two bare rows; the last line is JSON.

    ./dev bench ledger
    ./dev bench ledger --most 100000 --times 100      # smaller

`ratio_1m_to_10k`: the slower of a balance at a past moment and of a month's statement, at the larger size by that at the smaller, both
through the functions that pages use. Each account has as many entries a month at either size; one account, that of a large bank, has a
fifth of all. `ratio_to_bare_insert`: a hold and its post, each in a transaction of its own on an account with a parent, by two bare rows
of the same table, each in a transaction of its own. The server writes to disk as a real one does (`fsync`).
"""

import argparse
import datetime as dt
import json
import os
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from time import perf_counter
from typing import Any

from benchmarks import _province
from config.embedded import services

FIRST, MOST, TIMES = 10_000, 1_000_000, 200
OF_ACCOUNT = 1_000  # entries of an account, over two years
SINCE = dt.datetime(2025, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=8)))
MONTH = (dt.datetime(2026, 3, 1, tzinfo=SINCE.tzinfo), dt.datetime(2026, 4, 1, tzinfo=SINCE.tzinfo))
WARM = 20

# Accounts 1..n of a thousand promises each, spread over two years; account 0 has a fifth of all entries in the same time.
FILL = """
INSERT INTO ledger_ledgeraccount (id, kind, code, name, province, "limit", held, posted, last_seq)
SELECT a, 'appetite', 'bench:' || a, 'bench', '420000', 1e12, 100 * n, 0, n
FROM (SELECT 1 AS a, %(large)s AS n UNION ALL SELECT a, %(each)s FROM generate_series(2, %(accounts)s + 1) a) shape;

INSERT INTO ledger_entry (account_id, seq, kind, amount, limit_after, held_after, posted_after, business_key, from_hold, flag, at, by_label,
                          note, province)
SELECT account.id, s, 'hold', 100, 1e12, 100 * s, 0, 'h' || s, 0, '', %(since)s + interval '730 days' * s / account.last_seq, 'bench', '', '420000'
FROM ledger_ledgeraccount account, generate_series(1, account.last_seq) s;
"""


def main() -> None:
    given = arguments()
    with services(durable=True) as running, ExitStack() as until_told:
        os.environ.update(DATABASE_URL=running.database_url, CELERY_BROKER_URL=running.broker_url, DJANGO_SETTINGS_MODULE="config.settings")
        os.environ.setdefault("SECRET_KEY", "none")
        sizes = (given.first, given.most)
        addresses = [until_told.enter_context(_province.database(running.database_url, of=f"ledger_{size}"))[0] for size in sizes]
        print(json.dumps(measured(given, addresses)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--times", type=int, default=TIMES)
    return parser.parse_args()


def measured(given: argparse.Namespace, addresses: list[str]) -> dict[str, Any]:
    import django  # noqa: PLC0415 -- the address of a database had to be known

    django.setup()
    from benchmarks import _lists  # noqa: PLC0415 -- as above

    both = [_lists.connection_to(address) for address in addresses]
    for connection, size in zip(both, (given.first, given.most), strict=True):
        began = perf_counter()
        with _lists.using(connection):
            fill(size)
        print(f"{size:,} entries in {perf_counter() - began:.0f} s", flush=True)
    reads: dict[str, list[float]] = {}
    for name, read in (("balance", balance), ("balance of the large", balance_of_large), ("statement", statement)):
        reads[name] = side_by_side(_lists.using, both, read, given.times)
        print(f"{name}: {1e3 * reads[name][0]:.2f} ms, {1e3 * reads[name][1]:.2f} ms", flush=True)
    with _lists.using(both[1]):
        pair, bare = pairs(given.times)
    print(f"hold and post {1e3 * pair:.2f} ms, two bare rows {1e3 * bare:.2f} ms", flush=True)
    for connection in both:
        connection.close()
    return {
        "bench": "ledger",
        "entries": [given.first, given.most],
        "read_ms": {name: [round(1e3 * seconds, 3) for seconds in two] for name, two in reads.items()},
        "ratio_1m_to_10k": round(max(most / first for first, most in reads.values()), 2),
        "pair_ms": round(1e3 * pair, 3),
        "bare_ms": round(1e3 * bare, 3),
        "ratio_to_bare_insert": round(pair / bare, 2),
    }


def fill(size: int) -> None:
    from django.core.management import call_command  # noqa: PLC0415 -- as in measured
    from django.db import connection  # noqa: PLC0415 -- as in measured

    call_command("migrate", verbosity=0)
    large = size // 5
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"large": large, "each": OF_ACCOUNT, "accounts": (size - large) // OF_ACCOUNT, "since": SINCE})
        cursor.execute("SELECT setval(pg_get_serial_sequence('ledger_ledgeraccount', 'id'), (SELECT max(id) FROM ledger_ledgeraccount))")
        cursor.execute("VACUUM ANALYZE")


def balance(turn: int) -> None:
    from ledger import accounts  # noqa: PLC0415 -- as in measured

    accounts.balance_at(2 + turn % 8, MONTH[0] + dt.timedelta(hours=turn))


def balance_of_large(turn: int) -> None:
    from ledger import accounts  # noqa: PLC0415 -- as in measured

    accounts.balance_at(1, MONTH[0] + dt.timedelta(hours=turn))


def statement(turn: int) -> None:
    from ledger import accounts  # noqa: PLC0415 -- as in measured

    rows = accounts.statement(2 + turn % 8, since=MONTH[0], until=MONTH[1])
    assert 40 < len(rows) < 45, len(rows)


def side_by_side(using: Any, both: list[Any], read: Callable[[int], None], times: int) -> list[float]:
    """The median of each, one after the other in turns."""
    taken: list[list[float]] = [[], []]
    for turn in range(times + WARM):
        for connection, seconds in zip(both, taken, strict=True):
            with using(connection):
                seconds.append(timed(read, turn))
    return [statistics.median(seconds[WARM:]) for seconds in taken]


def pairs(times: int) -> tuple[float, float]:
    """Medians of a hold with its post, and of two bare rows, in turns."""
    from django.db import transaction  # noqa: PLC0415 -- as in measured

    from ledger import accounts  # noqa: PLC0415 -- as in measured
    from ledger.accounts import Hold  # noqa: PLC0415 -- as in measured
    from ledger.models import Entry, LedgerAccount  # noqa: PLC0415 -- as in measured
    from organisations.actors import system  # noqa: PLC0415 -- as in measured

    by = system(MONTH[1])
    bank = accounts.open_account(kind="appetite", code="pair:bank", name="bank", province="420000")
    branch = accounts.open_account(kind="appetite", code="pair:branch", name="branch", province="420000", parent=bank)
    beside = LedgerAccount.objects.create(kind="appetite", code="bare", name="bare", province="420000")
    for row in (bank, branch):
        accounts.set_limit(row.pk, Decimal(10**12), business_key="limit", by=by, at=MONTH[1])

    def hold_and_post(turn: int) -> None:
        accounts.hold(Hold(branch.pk, Decimal(100), f"pair{turn}"), by=by, at=MONTH[1])
        accounts.post(branch.pk, Decimal(100), business_key=f"pair{turn}:post", hold_key=f"pair{turn}", by=by, at=MONTH[1])

    def two_rows(turn: int) -> None:
        for number, kind in ((2 * turn + 1, "hold"), (2 * turn + 2, "post")):
            with transaction.atomic():
                Entry.objects.create(
                    account=beside, seq=number, kind=kind, amount=100, limit_after=None, held_after=0, posted_after=0,
                    business_key=f"{kind}{turn}", at=MONTH[1], by_label=by.label, province="420000",
                )  # fmt: skip

    taken: list[list[float]] = [[], []]
    for turn in range(times + WARM):
        for action, seconds in zip((hold_and_post, two_rows), taken, strict=True):
            seconds.append(timed(action, turn))
    pair, bare = (statistics.median(seconds[WARM:]) for seconds in taken)
    return pair, bare


def timed(action: Callable[[int], None], turn: int) -> float:
    began = perf_counter()
    action(turn)
    return perf_counter() - began


if __name__ == "__main__":
    main()
