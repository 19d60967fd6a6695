"""What happened to one object, in the words of its state table, from the audit trail."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.models import AuditEvent
from common.steps import Step, subject_of
from organisations.actors import Person
from organisations.models import Organisation
from portal.access import oversees

EVENTS_MAX = 100
LABELS: Mapping[str, Any] = {  # what is recorded without being a step
    "invite": _("送达银行"),
    "subscribe": _("新的推送"),
    "prepare": _("编制"),
    "attach": _("上传扫描件"),
    "hand_in": _("上传"),
    "download": _("下载"),
    "enter": _("导入"),
    "report": _("报送"),
    "ask": _("提出"),
    "file": _("提出异议"),
    "register": _("申请入驻"),
    "plan": _("计划"),
    "begin": _("银行表明意向"),
    "register_direct": _("登记自行达成的贷款"),
    "draw": _("放款"),
    "change_rate": _("利率调整"),
    "receive": _("登记付息"),
    "forecast": _("测算"),
    "reckon": _("重新测算"),
    "accrue": _("计提"),
    "doubt": _("提出存疑"),
    "dock": _("列入二次对接"),
    "offer_rest": _("企业将余额另行对接"),
    "enter_batch": _("编入资金安排方案"),
    "leave_batch": _("移出资金安排方案"),
    "carry": _("结转"),
    "dispatch": _("派单"),
    "carry_in": _("期初导入"),
}


@dataclass(frozen=True)
class Event:
    at: dt.datetime
    label: Any
    by: str
    note: str = ""


def events_of(obj: Any, steps: Mapping[str, Step], by: Person) -> list[Event]:
    """The last hundred events, newest first, of an object that `by` may see. People of other organisations appear as their office."""
    rows = list(AuditEvent.objects.filter(subject=subject_of(obj), subject_id=obj.pk).order_by("-id")[:EVENTS_MAX])
    others = {row.by_organisation_id for row in rows} - by.organisation_ids - {None}
    names = {} if oversees(by) else dict(Organisation.objects.filter(pk__in=others).values_list("pk", "name"))
    return [Event(row.at, _label(row.verb, steps), names.get(row.by_organisation_id, row.by_label), row.note) for row in rows]


def _label(verb: str, steps: Mapping[str, Step]) -> Any:
    return steps[verb].label if verb in steps else LABELS.get(verb, verb)
