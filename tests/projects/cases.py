"""Cases brought to where a test needs them, by the real steps."""

import datetime as dt
from typing import Any

from common.models import Deadline
from common.workdays import SHANGHAI
from projects import drafting, review
from projects.models import Filing
from tests import people
from tests.factories import NOW, World, form


def draft(world: World, cast: people.Cast, *, track: str = "industry", **changes: Any) -> Filing:
    return drafting.start_filing(cast.firm, programme=world.programme, track=track, by=cast.lin, at=NOW, form=form(**changes))


def submitted(world: World, cast: people.Cast, *, track: str = "industry", **changes: Any) -> Filing:
    filing = draft(world, cast, track=track, **changes)
    return review.submit(filing, by=cast.lin, at=NOW, seen=filing.version)


def passed(filing: Filing, *officers: Any, at: Any = NOW, note: str = "") -> Filing:
    """Passed by each officer in turn."""
    for officer in officers:
        filing = review.pass_step(filing, by=officer, at=at, seen=filing.version, note=note)
    return filing


def day(month: int, of_month: int, hour: int = 10) -> dt.datetime:
    return dt.datetime(2026, month, of_month, hour, tzinfo=SHANGHAI)


def running(filing: Filing) -> dict[str, Deadline]:
    """The clocks of a case that run, by kind."""
    return {row.kind: row for row in Deadline.objects.filter(subject_id=filing.pk, closed_at=None)}
