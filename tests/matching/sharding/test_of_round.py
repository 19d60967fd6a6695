"""What a worker builds from the stored snapshot is what the one who solves the round cuts out of the whole problem."""

from functools import partial
from itertools import pairwise

import pytest

from matching import rounds, solving
from matching.models import Floor
from matching.optimizer import shards
from matching.optimizer.presolve import tighten
from matching.optimizer.shards import CrewHere, part_of
from matching.problem import build
from matching.sharding import of_round
from matching.sharding.crew import Patience
from matching.sharding.messages import Start, digest
from organisations.models import Region
from tests.factories import HUBEI, NOW
from tests.matching import provinces
from tests.matching.sharding import places

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_(world, cast):
    """Needs of several firms, one with two of them, a floor, short appetites and a short budget."""
    provinces.needs(world, 4)
    provinces.needs(world, 3, wan=1300, branches=("CCB-WH",))
    floor = Floor.objects.create(
        province=HUBEI,
        programme=world.programme,
        name="地区",
        amount=10_000,
        penalty_num=1,
        penalty_den=256,
        document_no="1",
        valid_from=NOW,
    )
    floor.regions.set(Region.objects.filter(code="420100"))
    provinces.limit("ICBC-WH", 5000)
    return provinces.frozen(world, cast, steps=2000)


def starts(round_, built, size):
    """What each worker is told."""
    tight = tighten(built.problem, built.pins[0])
    told = CrewHere(size)
    shards.spread(built.problem, tight, told)
    facts = {"round": round_.pk, "snapshot_sha256": round_.snapshot_sha256}
    arrays = of_round.listed(built.resources)
    return [Start(facts, arrays, shard.opening, "", 1, ()) for shard in told.shards]


@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_part_from_the_snapshot_is_the_part_of_the_whole(round_, size):
    built = build(rounds.snapshot_of(round_))

    told = starts(round_, built, size)

    assert built.problem.floors == 1
    assert [digest(of_round.load(Start.unpack(start.pack()))) for start in told] == [
        digest(part_of(built.problem, start.opening)) for start in told
    ]
    assert all(a.opening.last == b.opening.first for a, b in pairwise(told))


def test_snapshot_of_another_digest_is_refused(round_):
    built = build(rounds.snapshot_of(round_))
    (start,) = starts(round_, built, 1)
    start.facts["snapshot_sha256"] = "0" * 64

    with pytest.raises(ValueError, match="not the one that is solved"):
        of_round.load(start)


def test_limits_are_numbered_by_what_they_are(round_):
    built = build(rounds.snapshot_of(round_))

    backwards = of_round.numbers(built.resources[::-1], of_round.listed(built.resources))

    assert backwards.tolist() == list(range(len(built.resources)))[::-1]


@pytest.mark.parametrize(("number", "above", "is_spread"), [(0, 0, False), (2, 10_000_000, False), (2, 1, True)])
def test_round_is_spread_only_where_there_are_shards_and_it_is_large(round_, settings, number, above, is_spread):
    settings.SHARDS, settings.SHARD_ABOVE_OPTIONS = number, above
    built = build(rounds.snapshot_of(round_))

    with of_round.crew_for(round_, built, keep_alive=lambda: None) as crew:
        assert (crew is not None) == is_spread


def test_no_round_is_spread_by_default(settings):
    assert (settings.SHARDS, settings.SHARD_ABOVE_OPTIONS, settings.SHARD_REDIS_URL) == (0, 10_000_000, settings.CELERY_BROKER_URL)


def test_waiting_for_shards_renews_the_lease(round_, settings):
    attempt = solving.start(round_, at=NOW)
    leased = type(round_).objects.get(pk=round_.pk).lease_until

    attempt.keep()
    renewed = type(round_).objects.get(pk=round_.pk).lease_until
    attempt.keep()

    assert leased < renewed == type(round_).objects.get(pk=round_.pk).lease_until


def test_waiting_for_shards_ends_with_a_superseded_attempt(round_):
    attempt = solving.start(round_, at=NOW)
    type(round_).objects.filter(pk=round_.pk).update(attempt=2)

    with pytest.raises(solving.Superseded):
        attempt.keep()


def test_spread_round_lands_what_one_process_would_have_found(round_, settings, monkeypatch):
    """Here no worker takes a shard, so that the one who solves holds them all."""
    settings.SHARDS, settings.SHARD_ABOVE_OPTIONS = 2, 0
    sent = []
    monkeypatch.setattr(of_round, "begin", lambda *told: sent.append(told))
    monkeypatch.setattr(of_round, "Patience", partial(Patience, take_s=0.2))

    landed = solving.solve(round_, at=NOW)

    assert (landed.state, len(sent)) == ("solved", 2)
    assert landed.result_sha256 == places.digest_in_one_process(landed, shards=2)
