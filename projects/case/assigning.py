"""承办人: inside a unit somebody is named for the stage at which a case lies. Others may still act, so that nobody's absence stops it."""

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import Param, record
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Membership
from projects.case import holding
from projects.models import Filing

IN_REVIEW = frozenset({Filing.State.IN_REVIEW})


def may_assign(filing: Filing, by: Person) -> bool:
    """Any officer of the unit where it lies. Its administrator sees no case, and so names nobody for one."""
    step = filing.current_step
    return filing.state == Filing.State.IN_REVIEW and step is not None and _of_unit(filing, by)


def params(filing: Filing, *, at: dt.datetime) -> tuple[Param, ...]:
    return (Param("assignee", "choice", _("承办人"), choices=lambda: _holders(filing, at=at)),)


def assign(filing: Filing, *, assignee: int, by: Person, at: dt.datetime) -> Filing:
    """Named anew, it is the last that counts."""
    with transaction.atomic():
        filing = holding.held(filing)
        by = holding.require(filing, by, allow=_of_unit, states=IN_REVIEW)
        if assignee not in dict(_holders(filing, at=at)):
            raise Invalid([Problem("assignee", "unknown_choice", _("此人不在本环节的岗位上。"), _("请从列出的人员中选择。"))])
        step = filing.current_step
        before, step.assignee_id = step.assignee_id, assignee
        step.save(update_fields=["assignee"])
        record(filing, "assign", by=by, at=at, changes={"assignee": [before, assignee]})
    return filing


def _of_unit(filing: Filing, by: Person) -> bool:
    return by.unit_seat(filing.current_step.unit_id, *REVIEW_ROLES) is not None and by.seat(filing.firm_id) is None


def _holders(filing: Filing, *, at: dt.datetime) -> list[tuple[int, str]]:
    """Who holds the role of the stage in its unit today."""
    step = filing.current_step
    return Membership.objects.on(timezone.localdate(at)).filter(organisation__unit=step.unit_id, role=step.stage).people()
