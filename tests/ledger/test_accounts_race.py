"""Many at once for the last units: never over-promised, never lost. `benchmarks` has the large run."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from benchmarks import race
from ledger import accounts
from ledger.accounts import Hold, NoRoom
from ledger.models import Entry, LedgerAccount
from organisations.actors import system
from tests.factories import NOW

BY = system(NOW)
THREADS = 20


def at_once(action):
    """Run `action(n)` in every thread, released together; the answers in order."""
    barrier = Barrier(THREADS)

    def run(number):
        try:
            barrier.wait()
            return action(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.fixture
def branches(transactional_db):
    bank = accounts.open_account(kind="appetite", code="bank", name="bank", province="420000")
    accounts.set_limit(bank.pk, Decimal(700), business_key="limit", by=BY, at=NOW)
    rows = [accounts.open_account(kind="appetite", code=f"b{n}", name=f"b{n}", province="420000", parent=bank) for n in range(2)]
    for row in rows:
        accounts.set_limit(row.pk, Decimal(500), business_key="limit", by=BY, at=NOW)
    return bank, rows


def test_twenty_for_the_last_units_oversell_nothing(branches):
    bank, rows = branches

    def take(number):
        row = rows[number % 2]
        try:
            accounts.hold(Hold(row.pk, Decimal(100), f"h{number}"), by=BY, at=NOW)
        except NoRoom:
            return 0
        return 100

    promised = at_once(take)

    bank.refresh_from_db()
    held = sum(LedgerAccount.objects.filter(parent=bank).values_list("held", flat=True))
    assert sum(promised) == bank.held == held == 700
    assert sorted(Entry.objects.filter(account=bank).values_list("seq", flat=True)) == list(range(1, 9))


def test_the_same_movement_sent_by_twenty_at_once_counts_once(branches):
    bank, rows = branches

    at_once(lambda _number: accounts.hold(Hold(rows[0].pk, Decimal(100), "same"), by=BY, at=NOW))

    bank.refresh_from_db()
    assert (Entry.objects.filter(account=rows[0], business_key="same").count(), bank.held) == (1, 100)


def test_opposite_orders_do_not_deadlock(branches):
    bank, rows = branches

    def both(number):
        order = rows if number % 2 else rows[::-1]
        requests = [Hold(row.pk, Decimal(1), f"{number}:{row.code}") for row in order]
        return accounts.hold_many(requests, by=BY, at=NOW)

    assert at_once(both) == [{}] * THREADS
    bank.refresh_from_db()
    assert bank.held == 40


def test_race_of_the_bench_oversells_and_loses_nothing(transactional_db):
    told = race.raced(runs=4, threads=THREADS, seed=7)

    assert (told["oversold"], told["lost"]) == (0, 0)
    assert (told["granted"] + told["refused"] + told["facts"], told["facts"]) == (4 * THREADS, 1)
    assert told["refused"] > 0


def test_race_of_the_bench_sees_what_is_lost(db):
    scene = race.opened(0)
    accounts.hold(Hold(scene.branches[0], race.UNIT, "t0"), by=BY, at=NOW)
    answers = {0: f"leave {scene.branches[0]}"}

    told = race.told(scene, answers)

    assert told["lost"] == 1  # the budget's promise that the answer speaks of

    LedgerAccount.objects.filter(pk=scene.bank).update(held=0)

    assert race.told(scene, answers)["lost"] == 3  # and the bank is neither as told nor what its entries add up to
