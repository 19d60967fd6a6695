"""A case belongs to the first batch still open for the tier where it lies."""

import datetime as dt

import pytest

from common.workdays import SHANGHAI
from projects.batches import batch_for, load_batches
from projects.models import Filing
from tests import factories
from tests.factories import HUBEI

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
