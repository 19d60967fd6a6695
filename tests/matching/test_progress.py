"""Every phase of a round says where it is, and stops when the round is cancelled: collecting, building, solving, checking, writing."""

import pytest

from matching import candidates, optimizer, rounds, solving, telling
from matching.models import NonMatch, Recommendation, Round, RoundData
from matching.optimizer import Progress
from tests.factories import NOW
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen(world, cast):
    provinces.needs(world, 4)
    return provinces.frozen(world, cast, steps=2000)


@pytest.fixture(autouse=True)
def _every_beat(monkeypatch):
    """Tell at every opportunity, and screen, tell and write in small pieces."""
    monkeypatch.setattr(solving, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(solving, "ROWS_BETWEEN_LOOKS", 1)
    monkeypatch.setattr(candidates, "BLOCK", 2)
    monkeypatch.setattr(telling, "ROWS_AT_ONCE", 2)


def cancel(round_, cast):
    current = Round.objects.get(pk=round_.pk)
    rounds.cancel(current, by=cast.zhao, at=NOW, seen=current.version, note="改期")


def once(do):
    """`do` the first time, nothing after."""
    done = []

    def first_time(*_args, **_named):
        if not done:
            done.append(True)
            do()

    return first_time


def test_collecting_leaves_its_mark(frozen):
    assert Round.objects.get(pk=frozen.pk).progress == {"phase": "collected", "needs": 4}


def test_every_phase_of_a_round_is_told(frozen, monkeypatch):
    told = []
    renew = solving.Attempt.renew

    def noted(self, **progress):
        if progress:
            told.append(progress)
        renew(self, **progress)

    monkeypatch.setattr(solving.Attempt, "renew", noted)

    round_ = solving.solve(frozen, at=NOW)

    assert round_.state == "solved"
    phases = [row["phase"] for row in told]
    assert phases[0] == "problem"
    assert list(dict.fromkeys(phases))[-3:] == ["check", "landing", "telling"]
    assert [row["screened"] for row in told if "screened" in row] == [2, 4]
    assert {"prices", "search"} & set(phases)
    assert [row["told"] for row in told if row["phase"] == "telling"] == list(range(12))


@pytest.mark.parametrize("phase", ["build", "solve", "check", "tell", "write"])
def test_cancelled_round_stops_in_any_phase_and_leaves_nothing(frozen, cast, monkeypatch, phase):
    stop = once(lambda: cancel(frozen, cast))

    def before(module, name):
        real = getattr(module, name)

        def run(*args, **named):
            stop()
            return real(*args, **named)

        monkeypatch.setattr(module, name, run)

    if phase == "build":
        before(candidates, "screen")
    elif phase == "solve":
        real = optimizer.solve

        def heard(*args, progress, **named):
            stop()
            assert progress(Progress("search", 1, 2, 0.5, 3, 0.1)) is False
            return real(*args, progress=progress, **named)

        monkeypatch.setattr(optimizer, "solve", heard)
    elif phase == "check":
        before(optimizer, "check")
    elif phase == "tell":
        before(solving, "Outcome")
    else:
        before(telling, "_copy")

    round_ = solving.solve(frozen, at=NOW)

    # Here the cancelling shares the connection of the writing, and so goes back with it: in life it is another's, and stays.
    assert (round_.state, round_.failure) == ("solving" if phase == "write" else "void", "")
    assert RoundData.objects.get(round=frozen).result is None
    assert not Recommendation.objects.filter(round=frozen).exists()
    assert not NonMatch.objects.filter(round=frozen).exists()
