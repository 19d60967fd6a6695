"""The worker of the daily tasks, killed in the middle of them twenty times: the same books as if nobody had."""

import datetime as dt
import os
import random
import signal
import time
import uuid
from decimal import Decimal

import pytest

from deals import tasks
from deals.invariants import breaches
from ledger import accounts
from tests.deals import cases
from tests.deals.claim_cases import JULY
from tests.deals.commands import Books, undone
from tests.factories import NOW
from tests.workers import until, worker

KILLS = 20
LATE = JULY + dt.timedelta(days=1)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_worker_killed_twenty_times_leaves_the_same_books(world, cast, tmp_path):
    lots, caught = random.Random(20), 0
    for code in ("ICBC-WH", "CCB-WH"):
        account = world.appetites[code].account
        for row in (account, account.parent):
            accounts.set_limit(row.pk, Decimal(10**12), business_key="wide", by=cast.system, at=NOW)
    for number in range(KILLS):
        work_for(world, cast, number)
        books = Books()
        with undone():
            all_due()
            expected = books.shown()
        queue, log = f"daily-{uuid.uuid4().hex}", tmp_path / f"{number}.log"

        with worker(queue, log, FULCRUM_FIXED_NOW=LATE.isoformat()) as process:
            for task in (tasks.expire, tasks.accrue):
                task.apply_async(queue=queue)
            until(lambda log=log: "received" in log.read_text(), log)
            time.sleep(lots.uniform(0, 0.4))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)

        caught += books.shown() != expected
        all_due()
        assert books.shown() == expected, number
        assert list(breaches()) == []
    assert caught, "never killed before it was done"


def work_for(world, cast, number):
    """Loans whose subsidy is to be booked, letters whose time is over."""
    for part in range(2):
        deal = cases.signed(world, cast, contract_no=f"HT-{number}-{part}")
        cases.drawn(world, cast, deal, slip_no=f"JJ-{number}-{part}")
        cases.published(world, cast, cases.open_need(world, cast), "ICBC-WH", "CCB-WH", at=NOW)


def all_due():
    tasks.expire_due(at=LATE)
    tasks.accrue_due(until=LATE.date(), at=LATE)
