"""What happened to a filing, as its reader may know it.

The units of the chain see everything. The firm sees what was decided and why, under the name of the office, not the officers'
opinions among themselves. A bank sees that the filing was listed or is gone.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.models import AuditEvent
from common.steps import subject_of
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Organisation, Role
from projects.form_fields import FIELDS
from projects.models import Filing
from projects.states import FILING_STEPS

EVENTS_MAX = 500
LABELS = {
    "start": _("开始填写"),
    "save": _("保存"),
    "escalate": _("报请上一级单位关注"),
    "disclose": _("向银行披露"),
    "withdraw_disclosure": _("撤回披露"),
    "remind_half": _("办理时限过半提醒"),
    "remind_soon": _("办理时限将到提醒"),
    "overdue": _("超过办理时限，列入督办"),
}
CLOCKS = frozenset({"remind_half", "remind_soon", "overdue"})
TOLD_WITH_NOTE = frozenset({"return", "refuse", "not_accept", "leave_out", "remove", "submit", "resubmit", "withdraw", "hold"})
TOLD_TO_BANKS = frozenset({"list", "remove", "withdraw"})


@dataclass(frozen=True)
class Event:
    """One line of a case's history. `fields` are the labels of what was named or changed."""

    at: dt.datetime
    verb: str
    label: Any
    by: str
    note: str
    state: str
    fields: tuple[Any, ...]


def timeline(filing: Filing, by: Person) -> list[Event]:
    """The events `by` may know of, oldest first: two queries for any number. Saving a draft is told to the firm only."""
    happened = AuditEvent.objects.filter(subject=subject_of(filing), subject_id=filing.pk).order_by("id")
    if sees_all(filing, by):
        return [_event(event, who=event.by_label, note=event.note) for event in happened.exclude(verb="save")[:EVENTS_MAX]]
    events = list(happened[:EVENTS_MAX])
    if by.seat(filing.firm_id, *FIRM_ROLES) is not None:
        events = [event for event in events if _is_firms_business(event, filing)]
        offices = _offices(events)
        return [_for_firm(event, filing, offices) for event in events]
    told = [event for event in events if event.verb in TOLD_TO_BANKS]
    offices = _offices(told)
    return [_event(event, who=offices.get(event.by_organisation_id, ""), note="", with_fields=False) for event in told]


def _is_firms_business(event: AuditEvent, filing: Filing) -> bool:
    """Not what offices are told among themselves: that a case was escalated, that an office is late."""
    if event.verb in CLOCKS:
        return bool(event.changes.get("organisation") == filing.firm_id)
    return event.verb != "escalate"


def sees_all(filing: Filing, by: Person) -> bool:
    in_chain = any(step.unit_id in by.unit_ids for step in filing.steps.all())
    return by.is_system or in_chain or filing.province in by.provinces(Role.AUDITOR, Role.READER)


def _for_firm(event: AuditEvent, filing: Filing, offices: dict[int, str]) -> Event:
    if event.by_organisation_id == filing.firm_id:
        return _event(event, who=event.by_label, note=event.note)
    note = event.note if event.verb in TOLD_WITH_NOTE else ""
    return _event(event, who=offices.get(event.by_organisation_id, event.by_label), note=note)


def _offices(events: Iterable[AuditEvent]) -> dict[int, str]:
    wanted = {event.by_organisation_id for event in events if event.by_organisation_id}
    return dict(Organisation.objects.filter(pk__in=wanted).values_list("pk", "name"))


def _event(event: AuditEvent, *, who: str, note: str, with_fields: bool = True) -> Event:
    step = FILING_STEPS.get(event.verb)
    return Event(
        at=event.at,
        verb=event.verb,
        label=step.label if step else LABELS.get(event.verb, event.verb),
        by=who,
        note=note,
        state=event.target,
        fields=_fields(event) if with_fields else (),
    )


def _fields(event: AuditEvent) -> tuple[Any, ...]:
    named = event.changes.get("fields") or (event.changes.get("open_fields") or [(), ()])[1]
    return tuple(FIELDS[name].label for name in named if name in FIELDS)
