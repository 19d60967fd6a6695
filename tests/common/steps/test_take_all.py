"""One step on the parts of a whole, all or none."""

import pytest

from common.errors import NotAllowed
from common.steps import take_all
from projects.models import Filing
from tests import factories
from tests.common.steps.cases import STEPS, events
from tests.factories import NOW


@pytest.fixture
def pool(cast, world):
    return factories.filings(world, [cast.firm] * 3, state="in_pool")


def test_take_all_moves_every_part_and_tells_of_each(pool, cast):
    like = Filing(firm=cast.firm, province=pool[0].province)

    take_all(
        STEPS, "drop", like, [row.pk for row in pool], within="firm", by=cast.lin, at=NOW, note="不做了", changes={"title": "'第' || id"}
    )

    for before in pool:
        after = Filing.objects.get(pk=before.pk)
        assert (after.state, after.version, after.title) == ("retired", before.version + 1, f"第{before.pk}")
        (event,) = [event for event in events(before) if event.verb == "drop"]
        assert (event.source, event.target, event.seen_version, event.by_user_id) == (
            "in_pool",
            "retired",
            before.version,
            cast.lin.user_id,
        )
        assert event.changes == {"title": [before.title, after.title]}


def test_take_all_writes_nothing_when_one_part_is_in_another_state(pool, cast):
    Filing.objects.filter(pk=pool[1].pk).update(state="retired")
    like = Filing(firm=cast.firm, province=pool[0].province)

    with pytest.raises(RuntimeError, match="2 of 3"):
        take_all(STEPS, "drop", like, [row.pk for row in pool], within="firm", by=cast.lin, at=NOW)

    assert Filing.objects.get(pk=pool[0].pk).state == "in_pool"
    assert not any(event.verb == "drop" for row in pool for event in events(row))


def test_take_all_asks_permission_once_of_the_like(pool, cast):
    with pytest.raises(NotAllowed):
        take_all(STEPS, "drop", Filing(firm=cast.firm), [row.pk for row in pool], within="firm", by=cast.chen, at=NOW)
