"""Cases brought to where a test needs them, by the real steps."""

from typing import Any

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
