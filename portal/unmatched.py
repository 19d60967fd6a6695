"""Why needs found no bank, with a next round that is still ahead of the reader, however long ago the round was."""

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone

from matching.explain import why_not
from matching.models import NonMatch, Round
from matching.rounds import next_round_on

ROUNDS_AHEAD = 60  # five years of monthly rounds; a bound, not a rule


def with_reasons(rows: Iterable[NonMatch], *, at: dt.datetime) -> list[tuple[NonMatch, list[str]]]:
    """Each row with its sentences. What was published stays as it was: only a date that has passed is carried on to the next round."""
    on = timezone.localdate(at)
    ahead: dict[str, str] = {}
    told = []
    for row in rows:
        said = row.explanation["next_round_on"]
        if dt.date.fromisoformat(said) < on:
            if said not in ahead:
                ahead[said] = _still_ahead(row.round, dt.date.fromisoformat(said), on).isoformat()
            row.explanation = row.explanation | {"next_round_on": ahead[said]}
        told.append((row, why_not(row)))
    return told


def _still_ahead(round_: Round, day: dt.date, on: dt.date) -> dt.date:
    for _step in range(ROUNDS_AHEAD):
        if day >= on:
            break
        day = next_round_on(round_.programme, province=round_.province, after=day)
    return day
