"""A case belongs to the first batch still open for the tier where it lies."""

import datetime as dt

import pytest

from common.models import AuditEvent
from common.workdays import SHANGHAI
from organisations.models import Batch
from projects import review
from projects.batches import batch_for, cut_off, load_batches, roll_late, submit_by
from projects.models import Filing
from tests import factories
from tests.factories import HUBEI
from tests.projects.cases import passed

pytestmark = pytest.mark.django_db


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("tier", "moment", "month"),
    [
        ("county", at(3, 16, 17, 30), 3),  # the closing moment itself is in time
        ("county", at(3, 16, 17, 31), 4),
        ("zone", at(3, 16, 17, 31), 4),
        ("city", at(3, 18, 17, 30), 3),
        ("city", at(3, 18, 17, 31), 4),
        ("province", at(3, 20, 17, 30), 3),
        ("province", at(5, 20, 17, 31), None),
    ],
)
def test_each_tier_has_its_own_closing(tier, moment, month):
    world = factories.reviewers()
    filing = Filing(programme=world.programme, track="ndrc", province=HUBEI)

    batch = batch_for(filing, load_batches([filing]), tier=tier, at=moment)

    assert (batch and batch.code) == (month and f"2026-{month:02d}-ndrc")


def test_a_case_never_goes_back_to_an_earlier_batch():
    world = factories.reviewers()
    filing = Filing(programme=world.programme, track="industry", province=HUBEI, batch=world.batches[1])

    assert batch_for(filing, load_batches([filing]), tier="province", at=at(3, 17)) == world.batches[1]


def waiting(world, cast, *, month=0):
    filing = factories.filing(world, cast.firm, state="in_review")
    Filing.objects.filter(pk=filing.pk).update(batch=world.batches[month])
    return Filing.objects.with_progress().get(pk=filing.pk)


def test_a_case_has_until_the_next_tier_closes_and_at_the_top_until_its_own_does(world, cast):
    filing = waiting(world, cast)
    assert cut_off(filing) == world.batches[0].city_closes_at

    passed(filing, cast.chen, cast.hu)
    assert cut_off(Filing.objects.with_progress().get(pk=filing.pk)) == world.batches[0].province_closes_at

    direct = factories.filing(world, state="in_review", region="429004")
    assert cut_off(Filing.objects.with_progress().get(pk=direct.pk)) == world.batches[0].province_closes_at


def test_a_case_that_missed_its_batch_where_it_lies_goes_into_the_next_by_itself(world, cast):
    late, early = waiting(world, cast), waiting(world, cast)
    passed(early, cast.chen, cast.hu)

    assert roll_late(at=at(3, 18, 17, 30)) == 0
    assert roll_late(at=at(3, 18, 17, 31)) == 1
    assert roll_late(at=at(3, 18, 17, 31)) == 0

    row = Filing.objects.get(pk=late.pk)
    assert (row.batch, row.state, row.form, row.version) == (world.batches[1], "in_review", late.form, late.version + 1)
    assert Filing.objects.get(pk=early.pk).batch == world.batches[0]
    event = AuditEvent.objects.get(verb="roll")
    assert event.changes == {"batch": [world.batches[0].pk, world.batches[1].pk]}


def test_after_the_last_batch_a_case_waits_for_the_next_to_be_announced(world, cast):
    filing = waiting(world, cast, month=2)

    assert roll_late(at=at(5, 19)) == 1
    assert Filing.objects.get(pk=filing.pk).batch is None
    later = Batch.objects.get(pk=world.batches[2].pk)
    later.pk, later.code = None, "2026-06-industry"
    later.county_closes_at, later.city_closes_at, later.province_closes_at = at(6, 15), at(6, 18), at(6, 20)
    later.save(force_insert=True)

    assert roll_late(at=at(5, 20)) == 1
    assert Filing.objects.get(pk=filing.pk).batch == later


def test_the_firm_reads_by_when_to_hand_in_for_which_batch(world, cast):
    draft = factories.filing(world, cast.firm, state="draft")
    returned = waiting(world, cast)
    review.return_step(returned, by=cast.chen, at=at(3, 3), seen=returned.version, note="请补充", fields=["content"])
    returned = Filing.objects.with_progress().get(pk=returned.pk)
    batches = load_batches([draft])
    march, april = world.batches[:2]

    assert submit_by(draft, batches, at=at(3, 16, 17, 30)) == (march, march.county_closes_at)
    assert submit_by(draft, batches, at=at(3, 16, 17, 30).replace(microsecond=999_999)) == (march, march.county_closes_at)
    assert submit_by(draft, batches, at=at(3, 16, 17, 31)) == (april, april.county_closes_at)
    assert submit_by(returned, batches, at=at(3, 17)) == (march, march.city_closes_at)
    assert submit_by(draft, batches, at=at(12, 1)) is None
