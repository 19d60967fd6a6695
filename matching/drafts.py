"""The drafts of one round, when it is published or dropped: thousands of rows that take the same few steps together."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from common.steps import take_all
from matching.models import Recommendation, Round
from matching.states import RECOMMENDATION_STEPS
from organisations.actors import Person

HOLD_KEY = "recommendation:{}:hold"
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
