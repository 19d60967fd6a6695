"""What happened to a filing, as its reader may know it.

The units of the chain see everything. The firm sees what was decided and why, under the name of the office, not the officers'
opinions among themselves. A bank sees that the filing was listed or is gone.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import AuditEvent
from common.steps import Step, subject_of
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Organisation, Role
from projects.case.change_rules import KINDS
from projects.case.states import APPEAL_STEPS, CHANGE_STEPS, CONSULTATION_STEPS, UNLOCK_STEPS
from projects.form_fields import FIELDS
from projects.models import Appeal, ChangeRequest, CheckRecord, Consultation, Filing, Remark, SiteVisit, UnlockRequest
from projects.states import FILING_STEPS

EVENTS_MAX = 500
SUBJECTS: Mapping[str, tuple[type[models.Model], Mapping[str, Step], Mapping[str, Any]]] = {  # what happens at a case is told with it
    subject_of(model()): (model, steps, labels)  # type: ignore[abstract]  # rows of ours
    for model, steps, labels in (
        (Consultation, CONSULTATION_STEPS, {"ask": _("发出会商")}),
        (CheckRecord, {}, {"check": _("登记核查")}),
        (SiteVisit, {}, {"visit": _("登记现场核查")}),
        (Remark, {}, {"note": _("内部备注"), "message": _("留言"), "contact": _("登记联系")}),
        (UnlockRequest, UNLOCK_STEPS, {"ask": _("申请解锁")}),
        (Appeal, APPEAL_STEPS, {"file": _("提出异议")}),
        (ChangeRequest, CHANGE_STEPS, {"ask": _("申请变更")}),
    )
}
LABELS = {
    "start": _("开始填写"),
    "save": _("保存"),
    "escalate": _("报请上一级单位关注"),
    "disclose": _("向银行披露"),
    "withdraw_disclosure": _("撤回披露"),
    "attach": _("上传材料"),
    "detach": _("删除材料"),
    "assign": _("指定承办人"),
    "unlock": _("开放字段"),
    "change": _("变更申报内容"),
    "remind_half": _("办理时限过半提醒"),
    "remind_soon": _("办理时限将到提醒"),
    "overdue": _("超过办理时限，列入督办"),
    "download_case": _("下载全程档案"),
}
CLOCKS = frozenset({"remind_half", "remind_soon", "overdue"})
TOLD_WITH_NOTE = frozenset(
    {
        "return", "refuse", "not_accept", "leave_out", "remove", "submit", "resubmit", "withdraw", "hold", "escalate",
        "grant", "uphold", "dismiss",
    }
)  # fmt: skip
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


def timeline(filing: Filing, by: Person, *, most: int = EVENTS_MAX) -> list[Event]:
    """The events `by` may know of, oldest first: three queries for any number. Saving a draft is told to the firm only."""
    happened = AuditEvent.objects.filter(_at_case(filing, by)).order_by("id")
    if sees_all(filing, by):
        return [_event(event, who=event.by_label, note=event.note) for event in happened.exclude(verb="save")[:most]]
    events = list(happened[:most])
    if by.seat(filing.firm_id, *FIRM_ROLES) is not None:
        events = [event for event in events if _is_firms_business(event, filing)]
        offices = _offices(events)
        return [_for_firm(event, filing, offices) for event in events]
    told = [event for event in events if event.verb in TOLD_TO_BANKS]
    offices = _offices(told)
    return [_event(event, who=offices.get(event.by_organisation_id, ""), note="", with_fields=False) for event in told]


def _at_case(filing: Filing, by: Person) -> models.Q:
    """The filing itself, and every row of the case that `by` may see."""
    found = [
        model.objects.visible_to(by).filter(filing=filing).order_by().values_list(models.Value(subject), "pk")  # type: ignore[attr-defined]  # each has it
        for subject, (model, _steps, _labels) in SUBJECTS.items()
    ]
    ids: dict[str, list[int]] = {subject_of(filing): [filing.pk]}
    for subject, pk in found[0].union(*found[1:], all=True):
        ids.setdefault(subject, []).append(pk)
    return reduce(or_, (models.Q(subject=subject, subject_id__in=own) for subject, own in ids.items()))


def _is_firms_business(event: AuditEvent, filing: Filing) -> bool:
    """Not what offices are told among themselves: who of them acts, that an office is late."""
    if event.verb in CLOCKS:
        return bool(event.changes.get("organisation") == filing.firm_id)
    if event.verb == "download_case":
        return event.by_organisation_id == filing.firm_id
    return event.verb != "assign"


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
    _model, steps, labels = SUBJECTS.get(event.subject, (Filing, FILING_STEPS, LABELS))
    step = steps.get(event.verb)
    return Event(
        at=event.at,
        verb=event.verb,
        label=step.label if step else labels.get(event.verb) or LABELS.get(event.verb, event.verb),
        by=who,
        note=note,
        state=event.target,
        fields=_fields(event) if with_fields else (),
    )


def _fields(event: AuditEvent) -> tuple[Any, ...]:
    named = event.changes.get("fields") or (event.changes.get("open_fields") or [(), ()])[1]
    known: Mapping[str, Any] = {**KINDS, **FIELDS}
    return tuple(known[name].label for name in named if name in known)
