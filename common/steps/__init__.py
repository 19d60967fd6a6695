"""The only code that changes a state.

A state machine is a table: verb → `Step(source, target, allow, missing, label)`. `take` applies one step to one object in one
transaction: lock the row, compare the version the person saw and the source state, ask `allow`, collect what is `missing`, write,
append the audit event. `take_many` does the same for a list with one lock, one UPDATE and one bulk insert, and a result per row;
`take_all` for thousands of parts of one whole, all or none, without an object for each. `amend` is the same for an edit that changes no state.

`allow` and `missing` are pure over (object, Actor): they read the object as loaded (`select_related`, prefetch) and never query.
"""

from common.steps.events import record, record_many, stale, subject_of
from common.steps.rows import among, copy_rows, insert_missing, insert_rows, new_ids, update_rows
from common.steps.table import Actor, Crew, Param, Step, actor_for, allowed_verbs, same_state
from common.steps.taking import Taken, amend, lock, lock_only, only, take, take_many
from common.steps.together import take_all

__all__ = [
    "Actor",
    "Crew",
    "Param",
    "Step",
    "Taken",
    "actor_for",
    "allowed_verbs",
    "amend",
    "among",
    "copy_rows",
    "insert_missing",
    "insert_rows",
    "lock",
    "lock_only",
    "new_ids",
    "only",
    "record",
    "record_many",
    "same_state",
    "stale",
    "subject_of",
    "take",
    "take_all",
    "take_many",
    "update_rows",
]
