"""A round's life: planned, frozen, solved, proposed, published, re-matched; and what stops it."""

import pytest

from tests.matching import provinces

pytestmark = pytest.mark.django_db


def test_round_goes_from_plan_to_publication(world, cast):
    wanted = provinces.needs(world, 3)

    round_, published = provinces.published(world, cast)

    assert round_.state == "published"
    assert [row.need_id for row in published.leads] == [need.pk for need in wanted]
