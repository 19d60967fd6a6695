"""The bank waits for the firm: while something is missing its own time stands still, and the firm's runs.

The firm has as long as for a consent. Hands it nothing in, the bank's time runs on by itself; nothing is decided by that.
"""

import datetime as dt
from typing import Any

from django.db import transaction

from common.steps import Step, take
from common.workdays import due_after_pause
from deals import clocks
from deals.clocks import DECISION, MATERIALS, Clock
from deals.invitations import loaded, looked_up
from deals.models import Deal, Invitation
from deals.states import DEAL_STEPS, INVITATION_STEPS
from organisations import deadlines
from organisations.actors import Person, system

Row = Invitation | Deal


def ask(row: Row, *, by: Person, at: dt.datetime, seen: int, waiting_for: str, note: str = "") -> Row:
    """The bank says what is missing: its decision clock pauses, the firm's opens."""
    with transaction.atomic():
        until = clocks.terms(row.province, at=at).consent_due(at)
        changes = {"waiting_since": at, "waiting_until": until, "waiting_for": waiting_for.strip()}
        taken = take(_steps(row), "ask", _full(row), by=by, at=at, seen=seen, note=note, changes=changes)
        deadlines.pause_many([taken], DECISION, at=at)
        clocks.start([Clock(taken, MATERIALS, taken.filing.firm_id, until)], at=at)
    return taken


def answer(row: Row, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Row:
    """What was missing is there: the bank's time runs on, later by the days it stood still."""
    with transaction.atomic():
        taken = take(_steps(row), "answer", _full(row), by=by, at=at, seen=seen, note=note, changes=lambda current: _after(current, at))
        clocks.stop([taken], MATERIALS, at=at)
        deadlines.resume_many([taken], DECISION, at=at, calendar=None)
    return taken


def end_overdue(*, at: dt.datetime) -> int:
    """Let the bank's time run on where the firm's is over; how many."""
    ended = 0
    for model in (Invitation, Deal):
        for row in model.objects.filter(waiting_until__lt=at, state__in=model.WAITS_IN).order_by("pk"):
            answer(row, by=system(at), at=at, seen=row.version, note="企业逾期未补充")
            ended += 1
    return ended


def _after(row: Row, at: dt.datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"waiting_since": None, "waiting_until": None, "waiting_for": ""}
    if isinstance(row, Invitation) and row.expires_at is not None:
        assert row.waiting_since is not None
        changes["expires_at"] = due_after_pause(row.expires_at, paused_at=row.waiting_since, resumed_at=at, calendar=None)
    return changes


def _steps(row: Row) -> dict[str, Step]:
    return INVITATION_STEPS if isinstance(row, Invitation) else DEAL_STEPS


def _full(row: Row) -> Row:
    return looked_up([row])[0] if isinstance(row, Invitation) else loaded([row])[0]
