"""行内派单: a branch's manager hands a case to one of its officers. Its other officers may still act, so that nobody's absence stops it."""

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import Param, lock, record
from deals.clocks import day
from deals.models import Deal, Invitation
from deals.states import OFFICERS
from organisations.actors import Person
from organisations.models import Membership, Role

Case = Invitation | Deal
I = Invitation.State  # noqa: E741 -- as in states


def may_dispatch(case: Case, by: Person) -> bool:
    return is_running(case) and by.seat(case.branch.organisation_id, Role.BRANCH_MANAGER) is not None


def is_running(case: Case) -> bool:
    """An invitation that was accepted goes on as its deal."""
    return case.state in ((I.OPEN, I.VIEWED) if isinstance(case, Invitation) else Deal.LIVE)


def params(case: Case, *, at: dt.datetime) -> tuple[Param, ...]:
    return (Param("officer", "choice", _("客户经理"), choices=lambda: officers(case, at=at)),)


def officers(case: Case, *, at: dt.datetime) -> list[tuple[int, str]]:
    """(id, name) of who works on loans in the branch today."""
    return Membership.objects.on(day(at)).filter(organisation=case.branch.organisation_id, role__in=OFFICERS).people()


def on_desk_of(by: Person) -> Q:
    """What an officer works on: handed to them or to whom they stand in for, or to nobody yet. A manager has all of it."""
    if any(seat.role == Role.BRANCH_MANAGER for seat in by.seats):
        return Q()
    return Q(officer=None) | Q(officer__in=[by.user_id, *by.covers])


def dispatch(case: Case, *, officer: int, by: Person, at: dt.datetime) -> Case:
    """Handed on anew, it is the last that counts; to whom it is handed already, nothing is written."""
    with transaction.atomic():
        (row,) = lock(type(case).objects.filter(pk=case.pk).select_related("branch"))
        if by.seat(row.branch.organisation_id, Role.BRANCH_MANAGER) is None:
            raise NotAllowed(_("由经办行负责人派单。"))
        if not is_running(row):
            raise Conflict(_("此件已办结，不再派单。"), code="wrong_state")
        if officer not in dict(officers(row, at=at)):
            raise Invalid([Problem("officer", "unknown_choice", _("此人不在本行的岗位上。"), _("请从列出的人员中选择。"))])
        if officer != row.officer_id:
            before, row.officer_id = row.officer_id, officer
            row.save(update_fields=["officer"])
            record(row, "dispatch", by=by, at=at, changes={"officer": [before, officer]})
    return row
