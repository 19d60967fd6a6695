"""A real worker, killed in the middle of a round and started again: the same published round, once, digest for digest."""

import os
import signal
import uuid
from hashlib import sha256

import pytest
from django.utils import timezone

from common.models import AuditEvent
from ledger.models import Entry
from lenders.models import Appetite
from matching import optimizer, result, rounds, solving, tasks, verify
from matching.models import Recommendation, Round
from tests.factories import NOW
from tests.matching import provinces
from tests.workers import until, worker

LEASE_S = 3
STEPS = 4_000_000


@pytest.mark.first
@pytest.mark.django_db(transaction=True)
def test_killed_worker_changes_nothing_but_the_number_of_attempts(world, cast, tmp_path):
    queue = f"rounds-{uuid.uuid4().hex}"

    with worker(queue, tmp_path / "first.log", ROUND_LEASE_S=str(LEASE_S)) as first:
        round_ = long_round(world, cast)  # while the worker starts
        tasks.solve_round.apply_async([round_.pk], queue=queue)
        until(lambda: Round.objects.get(pk=round_.pk).progress["phase"] not in ("collected", "started"), tmp_path / "first.log")
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(timeout=10)
    dead = Round.objects.get(pk=round_.pk)
    assert (dead.state, dead.attempt, Recommendation.objects.count()) == ("solving", 1, 0)

    with worker(queue, tmp_path / "second.log", ROUND_LEASE_S=str(LEASE_S)):
        until(lambda: solving.waiting(clock=timezone.now) == [round_.pk], tmp_path / "first.log")
        tasks.solve_round.apply_async([round_.pk], queue=queue)
        tasks.solve_round.apply_async([round_.pk], queue=queue)  # sent twice by mistake
        until(lambda: Round.objects.get(pk=round_.pk).state == "solved", tmp_path / "second.log")

    landed = Round.objects.get(pk=round_.pk)
    assert (landed.attempt, landed.failure) == (2, "")
    assert landed.result_sha256 == undisturbed_digest(landed)
    assert verify.verify(landed).breaches == []
    rounds.propose(landed, by=cast.zhao, at=NOW, seen=landed.version)
    published = rounds.publish(landed, by=cast.sun, at=NOW, seen=landed.version)
    again = rounds.publish(landed, by=cast.sun, at=NOW, seen=landed.version)
    assert [row.pk for row in again.leads] == [row.pk for row in published.leads]
    assert len(published.leads) == landed.matched == Recommendation.objects.filter(round=landed, rank=0).count()
    assert Entry.objects.filter(kind="hold", account__appetite__branch__isnull=False).count() == landed.matched
    verbs = AuditEvent.objects.filter(subject="matching.round", subject_id=landed.pk).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["plan", "freeze", "start", "start", "solve", "propose", "publish"]


def long_round(world, cast):
    """Needs of many sizes for half as much appetite, and enough steps to be caught at it."""
    for wan in range(1100, 2400, 100):
        provinces.needs(world, 40, wan=wan + 37, branches=("ICBC-WH", "CCB-WH"), open_to_other_banks=False)
    Appetite.objects.update(case_load=None)
    for code, wan in (("ICBC", 900_000), ("CCB", 900_000), ("ICBC-WH", 219_777), ("CCB-WH", 177_333)):
        provinces.limit(code, wan)
    return provinces.frozen(world, cast, steps=STEPS)


def undisturbed_digest(round_):
    """What a worker that nobody kills would have stored."""
    built = solving.build(rounds.snapshot_of(round_))
    facts = built.snapshot.header["round"]
    solution = optimizer.solve(
        built.problem,
        budget=optimizer.Budget(steps=facts["steps"], time_limit_s=float(round_.time_limit_s)),
        gap=solving.GAP_WANTED,
        seed=facts["seed"],
        fixed=built.pins[0],
    )
    stored = result.write(solution, snapshot_sha256=round_.snapshot_sha256, problem_sha256=built.sha256)
    return sha256(stored).hexdigest()
