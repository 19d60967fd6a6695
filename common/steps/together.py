"""One step on thousands of rows of one kind that pass or fail together, written by the database without an object for each."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, transaction

from common.errors import NotAllowed
from common.models import AuditEvent
from common.steps.events import subject_of
from common.steps.table import Actor, Step

_EVENTS = """
INSERT INTO {events} (subject, subject_id, verb, source, target, seen_version, by_user_id, by_organisation_id, by_label, at, note, changes, province)
SELECT %(subject)s, id, %(verb)s, state, %(target)s, version, %(user)s::bigint, %(organisation)s::bigint, %(label)s, %(at)s, %(note)s, {changes}, province
FROM {rows} WHERE {these} ORDER BY id
"""
_ROWS = "UPDATE {rows} SET state = %(target)s, version = version + 1{more} WHERE {these}"
_THESE = "id = ANY(%(ids)s) AND {column} = %(whole)s AND state = ANY(%(sources)s)"


def take_all(
    steps: Mapping[str, Step],
    verb: str,
    like: Any,
    ids: Collection[int],
    *,
    within: str,
    by: Actor,
    at: dt.datetime,
    note: str = "",
    changes: Mapping[str, str] | None = None,
) -> None:
    """Apply `verb` to the parts `ids` of one whole, all or none; the caller has locked the whole by a step of its own.

    `like` is any row of the kind, not saved, with the key `within` of the whole: permission is asked once of it, so the step's `allow`
    may look at nothing in which the parts differ. `changes` maps a column to the SQL of its new value. Raises NotAllowed; RuntimeError
    where a part is not in a state for the step.
    """
    if not ids:
        return
    step, changes = steps[verb], changes or {}
    if not step.allow(like, by) or step.recuses(like, by):
        raise NotAllowed
    pairs = ", ".join(f"'{column}', jsonb_build_array({column}, {value})" for column, value in changes.items())
    names = {
        "rows": like._meta.db_table,
        "events": AuditEvent._meta.db_table,
        "these": _THESE.format(column=like._meta.get_field(within).column),
        "changes": f"jsonb_build_object({pairs})",
        "more": "".join(f", {column} = {value}" for column, value in changes.items()),
    }
    values = {
        "subject": subject_of(like),
        "verb": verb,
        "target": step.target_of(like),
        "sources": sorted(step.source),
        "user": by.user_id,
        "organisation": by.organisation_id,
        "label": by.label,
        "at": at,
        "note": note,
        "ids": sorted(set(ids)),
        "whole": getattr(like, like._meta.get_field(within).attname),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_EVENTS.format(**names), values)
        cursor.execute(_ROWS.format(**names), values)
        if cursor.rowcount != len(values["ids"]):
            raise RuntimeError(
                f"{verb}: {cursor.rowcount} of {len(values['ids'])} parts of {within} {values['whole']} were in a state for it"
            )
