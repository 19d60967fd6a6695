"""What may be asked or put on record at a case: the same table for pages and API. Each is a form for those who may; the function refuses the rest."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.steps import Param
from organisations.actors import Person
from projects.case import appeals, assigning, consultations, records, unlocking
from projects.models import Filing

Params = tuple[Param, ...]


@dataclass(frozen=True)
class CaseEntry:
    """`record(filing, **values, by=, at=)`; `params` may offer what depends on the case and the day."""

    label: Any
    allow: Callable[[Filing, Person], bool]
    params: Callable[[Filing, dt.datetime], Params]
    record: Callable[..., Any]


def _always(params: Params) -> Callable[[Filing, dt.datetime], Params]:
    return lambda _filing, _at: params


CASE_ENTRIES: Mapping[str, CaseEntry] = {
    "message": CaseEntry(_("留言"), records.may_message, _always(records.MESSAGE_PARAMS), records.message),
    "unlock": CaseEntry(_("申请解锁其他内容"), unlocking.may_ask, _always(unlocking.ASK_PARAMS), unlocking.ask),
    "appeal": CaseEntry(_("提出异议申诉"), appeals.may_file, _always(appeals.FILE_PARAMS), appeals.file),
    "consult": CaseEntry(
        _("征求其他单位意见"), consultations.may_ask, lambda filing, _at: consultations.ask_params(filing), consultations.ask
    ),
    "check": CaseEntry(_("登记核查"), records.may_record, _always(records.CHECK_PARAMS), records.check),
    "visit": CaseEntry(_("登记现场核查"), records.may_record, _always(records.VISIT_PARAMS), records.visit),
    "contact": CaseEntry(_("登记电话联系"), records.may_record, _always(records.CONTACT_PARAMS), records.contact),
    "note": CaseEntry(_("内部备注"), records.may_record, _always(records.NOTE_PARAMS), records.note),
    "assign": CaseEntry(_("指定承办人"), assigning.may_assign, lambda filing, at: assigning.params(filing, at=at), assigning.assign),
}


def offered(filing: Filing, by: Person) -> dict[str, CaseEntry]:
    """What this person may enter now; no queries."""
    return {name: entry for name, entry in CASE_ENTRIES.items() if entry.allow(filing, by)}
