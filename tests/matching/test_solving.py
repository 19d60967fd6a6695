"""Attempts at a round: leases, fencing, cancelling, failing; and that any attempt lands the same bytes."""

import datetime as dt

import pytest
from django.utils import timezone

from common.errors import Invalid
from matching import optimizer, rounds, solving, tasks
from matching.models import NonMatch, Recommendation, Round, RoundData
from matching.optimizer import Progress, Report, Violation
from tests.factories import NOW
from tests.matching import provinces

pytestmark = pytest.mark.django_db

SECOND = dt.timedelta(seconds=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = timezone.now()

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def frozen(world, cast):
    provinces.needs(world, 3)
    return provinces.frozen(world, cast, steps=2000)


def nothing_landed(round_):
    return not Recommendation.objects.filter(round=round_).exists() and RoundData.objects.get(round=round_).result is None


def land(attempt, clock, **options):
    built, solution = solving.compute(attempt)
    return solving.land(attempt, built, solution, seconds=1.0, at=NOW, **options)


def test_start_counts_the_attempt_and_takes_the_lease(frozen, clock):
    attempt = solving.start(frozen, at=NOW, clock=clock)

    stored = Round.objects.get(pk=frozen.pk)
    assert (stored.state, stored.attempt, attempt.number) == ("solving", 1, 1)
    assert stored.lease_until == clock.now + solving.lease()


def test_second_worker_waits_for_the_lease_to_expire(frozen, clock):
    solving.start(frozen, at=NOW, clock=clock)
    other = Round.objects.get(pk=frozen.pk)

    with pytest.raises(Invalid, match="另一进程"):
        solving.start(other, at=NOW, clock=clock)
    clock.now += solving.lease() + SECOND
    assert solving.start(other, at=NOW, clock=clock).number == 2


def test_result_of_a_superseded_attempt_does_not_land(frozen, clock):
    first = solving.start(frozen, at=NOW, clock=clock)
    built, solution = solving.compute(first)
    clock.now += solving.lease() + SECOND
    second = solving.start(Round.objects.get(pk=frozen.pk), at=NOW, clock=clock)

    with pytest.raises(Exception, match=r"已|更新"):
        solving.land(first, built, solution, seconds=1.0, at=NOW)
    assert nothing_landed(frozen)
    assert land(second, clock).state == "solved"
    assert Recommendation.objects.filter(round=frozen).count() == 9


def test_result_after_the_lease_expired_does_not_land(frozen, clock):
    attempt = solving.start(frozen, at=NOW, clock=clock)
    built, solution = solving.compute(attempt)
    clock.now += solving.lease()

    with pytest.raises(Invalid, match="租约已过期"):
        solving.land(attempt, built, solution, seconds=1.0, at=NOW)
    assert nothing_landed(frozen)


def test_heartbeat_renews_the_lease_and_tells_progress_without_a_new_version(frozen, clock):
    attempt = solving.start(frozen, at=NOW, clock=clock)
    version = Round.objects.get(pk=frozen.pk).version
    clock.now += 30 * SECOND

    assert attempt.heartbeat(Progress("search", 90, 100, 0.1, 7, 1.25))

    stored = Round.objects.get(pk=frozen.pk)
    assert stored.progress == {"phase": "search", "value": 90, "bound": 100, "gap": 0.1, "steps": 7, "seconds": 1.2}
    assert (stored.lease_until, stored.version) == (clock.now + solving.lease(), version)


def test_heartbeat_stops_a_cancelled_or_superseded_attempt(frozen, cast, clock):
    attempt = solving.start(frozen, at=NOW, clock=clock)
    current = Round.objects.get(pk=frozen.pk)
    rounds.cancel(current, by=cast.zhao, at=NOW, seen=current.version, note="改期")

    assert attempt.heartbeat(Progress("search", None, None, None, 0, 0.0)) is False
    with pytest.raises(solving.Superseded):
        solving.compute(attempt)
    assert Round.objects.get(pk=frozen.pk).state == "void"


def test_cancelled_round_is_left_alone(frozen, cast, monkeypatch):
    def cancel_meanwhile(*args, progress, **options):
        current = Round.objects.get(pk=frozen.pk)
        rounds.cancel(current, by=cast.zhao, at=NOW, seen=current.version, note="改期")
        monkeypatch.undo()
        return optimizer.solve(*args, progress=lambda told: progress(told) and False, **options)

    monkeypatch.setattr(optimizer, "solve", cancel_meanwhile)

    round_ = solving.solve(frozen, at=NOW)

    assert (round_.state, round_.failure) == ("void", "")
    assert nothing_landed(frozen)


def test_round_fails_with_the_reason_when_the_check_finds_anything(frozen, monkeypatch):
    monkeypatch.setattr(optimizer, "check", lambda *a, **k: Report(0, 0, (Violation("capacity", "resource 3 is exceeded by 7"),)))

    round_ = solving.solve(frozen, at=NOW)

    assert (round_.state, round_.failure) == ("failed", "ValueError: resource 3 is exceeded by 7")
    assert nothing_landed(frozen)


def test_round_fails_with_the_reason_when_its_snapshot_cannot_be_read(world, cast, monkeypatch):
    provinces.needs(world)
    round_ = provinces.frozen(world, cast)
    monkeypatch.setattr("matching.snapshot.SCHEMA", 3)

    assert "snapshot of schema 2" in solving.solve(round_, at=NOW).failure


def test_another_attempt_lands_the_same_digests(world, cast, clock):
    """Whichever worker finishes, the round is the same: a first one dies after all its work, a second repeats it."""
    provinces.needs(world, 4)
    provinces.limit("ICBC-WH", 5000)
    round_ = provinces.frozen(world, cast, steps=5000)
    first = solving.start(round_, at=NOW, clock=clock)
    dead, lost = solving.compute(first)
    clock.now += solving.lease() + SECOND

    landed = solving.solve(Round.objects.get(pk=round_.pk), at=NOW, clock=clock)

    assert (landed.state, landed.attempt) == ("solved", 2)
    assert landed.problem_sha256 == dead.sha256
    stored = bytes(RoundData.objects.get(round=round_).result)
    assert stored == solving.result.write(lost, snapshot_sha256=round_.snapshot_sha256, problem_sha256=dead.sha256)


def test_waiting_finds_frozen_rounds_and_expired_leases(frozen, clock):
    assert solving.waiting(clock=clock) == [frozen.pk]
    solving.start(frozen, at=NOW, clock=clock)
    assert solving.waiting(clock=clock) == []
    clock.now += solving.lease()
    assert solving.waiting(clock=clock) == [frozen.pk]


def test_task_solves_once_however_often_it_is_delivered(frozen):
    tasks.solve_round(frozen.pk)
    first = Round.objects.get(pk=frozen.pk)
    tasks.solve_round(frozen.pk)

    again = Round.objects.get(pk=frozen.pk)
    assert (again.state, again.attempt, again.version) == ("solved", 1, first.version)
    assert Recommendation.objects.filter(round=frozen).count() == 9


def test_task_leaves_a_round_under_lease_alone(frozen, clock):
    solving.start(frozen, at=NOW, clock=clock)

    tasks.solve_round(frozen.pk)

    assert (Round.objects.get(pk=frozen.pk).attempt, nothing_landed(frozen)) == (1, True)


def test_watch_sends_what_waits(frozen, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.solve_round, "delay", sent.append)

    assert tasks.redispatch_expired_leases() == 1
    assert sent == [frozen.pk]


def test_dispatch_sends_only_after_the_commit(frozen, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(tasks.solve_round, "delay", sent.append)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.dispatch(frozen)
        assert sent == []
    assert sent == [frozen.pk]


def test_solved_round_tells_what_it_found(frozen):
    round_ = solving.solve(frozen, at=NOW)

    assert (round_.needs, round_.options, round_.matched) == (3, 18, 3)
    assert round_.value == round_.bound
    assert round_.gap == 0
    assert len(round_.problem_sha256) == len(round_.result_sha256) == 64
    assert round_.progress["phase"] == "solved"
    assert not NonMatch.objects.filter(round=round_).exists()
