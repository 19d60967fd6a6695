"""异议申诉: once against each decision that ended a case in review; somebody else decides, at the unit above where a unit has nobody else."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from common.models import AuditEvent
from common.steps import Param, record, subject_of, take, update_rows
from common.workdays import load_calendar
from organisations import deadlines
from organisations.actors import REVIEW_ROLES, Person, system
from organisations.deadlines import Clock
from organisations.models import DeclaredInterest, Membership, Unit
from projects import clocks
from projects.batches import batch_for, load_batches
from projects.case import holding
from projects.case.states import APPEAL_STEPS, by_somebody_else
from projects.clocks import within
from projects.models import Appeal, Filing, ReviewStep
from projects.states import FILING_STEPS, by_firm

CLOCK = "appeal"
DECISIONS = ("refuse", "not_accept")
DECIDED = frozenset({Filing.State.REFUSED, Filing.State.NOT_ACCEPTED})
FILE_PARAMS = (Param("reason", "long_text", _("异议理由"), help=_("对同一决定只能提出一次")),)


def may_file(filing: Filing, by: Person) -> bool:
    """Whether the button is offered; that the time has not run out and nothing was filed before is asked when it is pressed."""
    return filing.state in DECIDED and by_firm(filing, by)


def file(filing: Filing, *, reason: str, by: Person, at: dt.datetime) -> Appeal:
    with transaction.atomic():
        filing = holding.held(filing)
        holding.require(filing, by, allow=by_firm, states=DECIDED)
        decision = decision_of(filing)
        _refuse_late(filing, decision, at=at)
        unit = _unit_to_look_again(filing, decision, at=at)
        row = Appeal(
            filing=filing,
            decision=decision,
            decided_by_id=decision.by_user_id,
            unit=unit,
            reason=reason.strip(),
            filed_at=at,
            filed_by_id=by.user_id,
            due_at=within("appeal_decision_days", province=filing.province, at=at),
            province=filing.province,
        )
        if Appeal.objects.filter(decision=decision).exists():
            raise Conflict(_("对该决定已提出过异议，不能再次提出。"), code="already_appealed", remedy=_("可在以后批次重新申报。"))
        row.save(force_insert=True)
        record(row, "file", by=by, at=at, note=row.reason)
        deadlines.open_many([Clock(row, CLOCK, unit.organisation_id, at, row.due_at)])
    return row


def uphold(row: Appeal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Appeal:
    """The firm is right: the case goes back to the stage that ended it, with that unit's whole time before it."""
    with transaction.atomic():
        filing = holding.of(row)
        if not by_somebody_else(row, by):
            raise NotAllowed
        if Filing.objects.filter(project=filing.project_id, track=filing.track, state__in=Filing.LIVE).exclude(pk=filing.pk).exists():
            raise Conflict(
                _("企业已就同一项目重新申报，原件不能恢复。"), code="filed_again", remedy=_("请在新的申报中办理，并维持原决定。")
            )
        _answer(row, "uphold", by=by, at=at, seen=seen, note=note)
        _reinstate(filing, at=at, note=note)
    return row


def dismiss(row: Appeal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Appeal:
    with transaction.atomic():
        holding.of(row)
        return _answer(row, "dismiss", by=by, at=at, seen=seen, note=note)


def withdraw(row: Appeal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Appeal:
    with transaction.atomic():
        holding.of(row)
        return _answer(row, "withdraw", by=by, at=at, seen=seen, note=note)


APPEAL_ACTIONS: Mapping[str, Callable[..., Any]] = {"uphold": uphold, "dismiss": dismiss, "withdraw": withdraw}


def decision_of(filing: Filing) -> AuditEvent:
    """The decision that ended this case."""
    events = AuditEvent.objects.filter(subject=subject_of(filing), subject_id=filing.pk, verb__in=DECISIONS)
    decision = events.order_by("-id").first()
    if decision is None:
        raise NotFound(_("没有可以申诉的决定。"))
    return decision


def last_moment(filing: Filing, decision: AuditEvent) -> dt.datetime:
    return within("appeal_days", province=filing.province, at=decision.at)


def _refuse_late(filing: Filing, decision: AuditEvent, *, at: dt.datetime) -> None:
    last = last_moment(filing, decision)
    if at.replace(microsecond=0) > last:  # the whole of the last second is in time
        told = _("异议应在 %(day)s 前提出，现已逾期。") % {"day": timezone.localdate(last)}
        raise Invalid([Problem("reason", "too_late", told, _("可在以后批次重新申报。"))])


def _unit_to_look_again(filing: Filing, decision: AuditEvent, *, at: dt.datetime) -> Unit:
    """The unit that decided, if somebody else there may; else the next of the case's chain; the topmost keeps it."""
    own = filing.current_step.unit
    today = timezone.localdate(at)
    seats = Membership.objects.on(today).filter(organisation=own.organisation_id, role__in=REVIEW_ROLES, user__is_active=True)
    barred = DeclaredInterest.objects.filter(organisation=filing.firm_id, ended_at=None).values("user")
    of_firm = Membership.objects.filter(organisation=filing.firm_id).values("user")
    others = seats.exclude(user=decision.by_user_id).exclude(user__in=barred).exclude(user__in=of_firm)
    if others.exists():
        return own
    above = [step.unit for step in filing.steps.all() if step.position > filing.current_step.position and step.unit_id != own.pk]
    return above[0] if above else own


def _answer(row: Appeal, verb: str, *, by: Person, at: dt.datetime, seen: int, note: str) -> Appeal:
    take(APPEAL_STEPS, verb, row, by=by, at=at, seen=seen, note=note, changes={"answer": note, "answered_at": at})
    deadlines.close_many([row], CLOCK, at=at)
    return row


def _reinstate(filing: Filing, *, at: dt.datetime, note: str) -> None:
    waiting: list[ReviewStep] = [
        step for step in filing.steps.all() if step.unit_id == filing.current_step.unit_id and step.position >= filing.current_step.position
    ]
    started = clocks.arrive([filing], at=at, calendar=load_calendar(), steps={filing.pk: waiting})
    update_rows(started, ["started_at", "due_at"])
    batch = batch_for(filing, load_batches([filing]), tier=filing.current_step.unit.kind, at=at)
    take(FILING_STEPS, "reinstate", filing, by=system(at), at=at, seen=filing.version, note=note, changes={"batch": batch})
