"""The drafts of one round, when it is published or dropped: thousands of rows that take the same few steps together.

`common.steps.take_many` would load each row twice and make an audit event of each in Python. Here the same table of steps is asked
once for the round (its permissions look at nothing but the row's province) and the same rows and events are written by the database.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction

from common.errors import NotAllowed
from common.models import AuditEvent
from common.steps import Step, subject_of
from matching.models import Recommendation, Round
from matching.states import RECOMMENDATION_STEPS
from organisations.actors import Person

HOLD_KEY = "recommendation:{}:hold"
_NEW_KEY = "'recommendation:' || id || ':hold'"
_EVENTS = """
INSERT INTO {events} (subject, subject_id, verb, source, target, seen_version, by_user_id, by_organisation_id, by_label, at, note, changes, province)
SELECT %(subject)s, id, %(verb)s, state, %(target)s, version, %(user)s::bigint, %(organisation)s::bigint, %(label)s, %(at)s, %(note)s, {changes}, province
FROM {rows} WHERE id = ANY(%(ids)s) AND round_id = %(round)s AND state = ANY(%(sources)s) ORDER BY id
"""
_ROWS = """
UPDATE {rows} SET state = %(target)s, version = version + 1{more}
WHERE id = ANY(%(ids)s) AND round_id = %(round)s AND state = ANY(%(sources)s)
"""


def take_together(
    round_: Round, verb: str, ids: Collection[int], *, by: Person, at: dt.datetime, note: str = "", with_hold: bool = False
) -> None:
    """One step for these recommendations of a round, all or none. The round is locked by its own step. `with_hold` writes the hold's key."""
    if not ids:
        return
    step = RECOMMENDATION_STEPS[verb]
    if not step.allow(Recommendation(round=round_, province=round_.province), by):
        raise NotAllowed
    changes = f"jsonb_build_object('hold_key', jsonb_build_array(hold_key, {_NEW_KEY}))" if with_hold else "'{}'::jsonb"
    more = f", hold_key = {_NEW_KEY}" if with_hold else ""
    told = _values(step, verb, round_, ids, by=by, at=at, note=note)
    names = {"rows": Recommendation._meta.db_table, "events": AuditEvent._meta.db_table}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_EVENTS.format(changes=changes, **names), told)
        cursor.execute(_ROWS.format(more=more, **names), told)
        if cursor.rowcount != len(set(ids)):
            raise RuntimeError(f"{verb}: {cursor.rowcount} of {len(set(ids))} drafts of round {round_.pk} were in a state for it")


def _values(step: Step, verb: str, round_: Round, ids: Collection[int], *, by: Person, at: dt.datetime, note: str) -> dict[str, Any]:
    return {
        "subject": subject_of(Recommendation()),
        "verb": verb,
        "target": step.target_of(None),
        "sources": sorted(step.source),
        "user": by.user_id,
        "organisation": by.organisation_id,
        "label": by.label,
        "at": at,
        "note": note,
        "ids": sorted(set(ids)),
        "round": round_.pk,
    }
