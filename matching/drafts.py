"""The drafts of one round, when it is published or dropped: thousands of rows that take the same few steps together, and what became of them."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.db.models import QuerySet

from common.steps import take_all
from matching.models import Recommendation, Round
from matching.states import RECOMMENDATION_STEPS
from organisations.actors import Person

HOLD_KEY = "recommendation:{}:hold"
_TOLD_ONLY = ("explanation", "stack", "subsidy_by_year", "terms")
_NEW_KEY = "'recommendation:' || id || ':hold'"


class Draft(NamedTuple):
    pk: int
    need_id: int
    rank: int
    branch_id: int
    amount: Decimal


def drafts_of(round_: Round) -> list[Draft]:
    """All drafts of a round in order of need and rank: what is decided on, not the rows."""
    rows = Recommendation.objects.filter(round=round_.pk, state=Recommendation.State.DRAFTED).order_by("need_id", "rank")
    return [Draft(*row) for row in rows.values_list(*Draft._fields)]


def take_drafts(round_: Round, verb: str, ids: Collection[int], *, by: Person, at: dt.datetime, note: str = "") -> None:
    """One step for these drafts of a round, all or none. The round is locked by its own step. What is published keeps the key of its hold."""
    like = Recommendation(round=round_, province=round_.province)
    changes = {"hold_key": _NEW_KEY} if verb == "publish" else {}
    take_all(RECOMMENDATION_STEPS, verb, like, ids, within="round", by=by, at=at, note=note, changes=changes)


@dataclass(frozen=True, eq=False)
class Published:
    """What publishing did, read from its rows when it is asked for: leads with their hold, standbys, leads whose bank had no room left, leads overtaken by events since the freeze."""

    round: Round

    @property
    def going(self) -> QuerySet[Recommendation]:
        """The leads that hold, for who asks for a few of their columns."""
        return self.round.recommendations.filter(state=Recommendation.State.PUBLISHED, rank=0)

    @cached_property
    def leads(self) -> tuple[Recommendation, ...]:
        return self._rows(Recommendation.State.PUBLISHED, lead=True)

    @cached_property
    def standbys(self) -> tuple[Recommendation, ...]:
        state = Recommendation.State
        return self._rows(state.STANDBY, state.SPENT, state.PUBLISHED, lead=False)

    @cached_property
    def without_room(self) -> tuple[Recommendation, ...]:
        return self._rows(Recommendation.State.NO_ROOM, lead=True)

    @cached_property
    def overtaken(self) -> tuple[Recommendation, ...]:
        return self._rows(Recommendation.State.VOID, lead=True)

    def _rows(self, *states: str, lead: bool) -> tuple[Recommendation, ...]:
        """Without what was only told to readers."""
        rows = self.round.recommendations.filter(state__in=states).defer(*_TOLD_ONLY)
        return tuple((rows.filter(rank=0) if lead else rows.filter(rank__gt=0)).order_by("need_id", "rank"))
