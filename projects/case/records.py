"""What an officer puts on record of a case: a check made elsewhere, a visit on site, a note, a phone call; and messages with the firm."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import Param, record
from organisations.actors import Person
from projects.case import files, holding
from projects.case.states import UPLOADS, by_unit_in_charge, in_its_chain, step_in_charge
from projects.models import CheckKind, CheckRecord, Filing, Remark, SiteVisit
from projects.states import by_firm

SUBMITTED = frozenset(set(Filing.State.values) - {Filing.State.DRAFT})


def _kinds() -> list[tuple[str, str]]:
    name = "name_en" if get_language() == "en" else "name"
    return list(CheckKind.objects.order_by("id").values_list("code", name))


CHECK_PARAMS = (
    Param("kind", "choice", _("核查事项"), choices=_kinds),
    Param("result", "choice", _("结果"), choices=lambda: CheckRecord.Result.choices),
    Param("checked_on", "date", _("核查日期")),
    Param("remark", "long_text", _("说明"), required=False, help=_("发现问题或待核实的，请写明")),
    UPLOADS,
)
VISIT_PARAMS = (
    Param("visited_on", "date", _("核查日期")),
    Param("people", "text", _("参加人员"), help=_("本单位人员、企业人员和其他到场人员")),
    Param("findings", "long_text", _("现场情况")),
    UPLOADS,
)
NOTE_PARAMS = (Param("text", "long_text", _("备注"), help=_("只有本单位人员能看到")),)
MESSAGE_PARAMS = (Param("text", "long_text", _("留言"), help=_("审核单位和企业双方都能看到")),)
CONTACT_PARAMS = (
    Param("contacted", "text", _("联系对象"), help=_("姓名和电话")),
    Param("contacted_on", "date", _("联系日期")),
    Param("text", "long_text", _("沟通内容"), help=_("经办各级单位能看到，企业看不到")),
)


def check(
    filing: Filing,
    *,
    kind: str,
    result: str,
    checked_on: dt.date,
    by: Person,
    at: dt.datetime,
    remark: str = "",
    upload: Sequence[File] = (),
) -> CheckRecord:
    """核查记录: what was looked up, when, and what was found."""
    found = CheckKind.objects.filter(code=kind).first()
    problems = [] if found else [Problem("kind", "unknown_choice", _("没有此核查事项。"), _("请从列出的事项中选择。"))]
    if result != CheckRecord.Result.CLEAR and not remark.strip():
        problems.append(Problem("remark", "required", _("请写明发现的问题或待核实的内容。"), _("未见异常的可以不写。")))
    problems += _not_yet("checked_on", checked_on, at)
    return _recorded(
        CheckRecord, filing, problems, "check", by, at, upload, kind=found, result=result, checked_on=checked_on, remark=remark
    )


def visit(
    filing: Filing,
    *,
    visited_on: dt.date,
    people: str,
    findings: str,
    by: Person,
    at: dt.datetime,
    upload: Sequence[File] = (),
) -> SiteVisit:
    """现场核查."""
    problems = _not_yet("visited_on", visited_on, at)
    return _recorded(SiteVisit, filing, problems, "visit", by, at, upload, visited_on=visited_on, people=people, findings=findings)


def note(filing: Filing, *, text: str, by: Person, at: dt.datetime) -> Remark:
    """For one's own unit only; what it says stands in no audit event either."""
    return _recorded(Remark, filing, [], "note", by, at, kind=Remark.Kind.NOTE, text=text)


def contact(filing: Filing, *, contacted: str, contacted_on: dt.date, text: str, by: Person, at: dt.datetime) -> Remark:
    """A phone call: with whom, when, and what was said."""
    problems = _not_yet("contacted_on", contacted_on, at)
    when = timezone.make_aware(dt.datetime.combine(contacted_on, dt.time()))
    return _recorded(
        Remark, filing, problems, "contact", by, at, kind=Remark.Kind.CONTACT, contacted=contacted, contacted_at=when, text=text
    )


def message(filing: Filing, *, text: str, by: Person, at: dt.datetime) -> Remark:
    """Between the unit where the case lies and its firm: either writes, both read."""
    with transaction.atomic():
        filing = holding.held(filing)
        if not may_message(filing, by):
            raise NotAllowed
        row = Remark(
            filing=filing,
            unit_id=step_in_charge(filing).unit_id,
            kind=Remark.Kind.MESSAGE,
            is_from_firm=by_firm(filing, by),
            text=text.strip(),
            by_user_id=by.user_id,
            at=at,
            province=filing.province,
        )
        row.save(force_insert=True)
        record(row, "message", by=by, at=at)
    return row


def may_record(filing: Filing, by: Person) -> bool:
    """An officer of any unit of the chain, as long as the case is not a draft."""
    return filing.state in SUBMITTED and in_its_chain(filing, by)


def may_message(filing: Filing, by: Person) -> bool:
    return filing.state in SUBMITTED and (by_firm(filing, by) or by_unit_in_charge(filing, by))


def _recorded(
    model: Any,
    filing: Filing,
    problems: Sequence[Problem],
    verb: str,
    by: Person,
    at: dt.datetime,
    upload: Sequence[File] = (),
    **facts: Any,
) -> Any:
    with transaction.atomic():
        filing = holding.held(filing)
        by = holding.require(filing, by, allow=in_its_chain, states=SUBMITTED)
        if problems:
            raise Invalid(problems)
        row = model(filing=filing, unit_id=_own_unit(filing, by), by_user_id=by.user_id, at=at, province=filing.province, **facts)
        row.save(force_insert=True)
        files.keep(row, upload, at=at)
        record(row, verb, by=by, at=at)
    return row


def _own_unit(filing: Filing, by: Person) -> int:
    """The unit the officer speaks for: where the case lies, if they sit there, else the last of theirs that it went through."""
    first = step_in_charge(filing).unit_id
    mine = [step.unit_id for step in filing.steps.all() if by.unit_seat(step.unit_id) is not None]
    return first if first in mine else mine[-1]


def _not_yet(field: str, day: dt.date, at: dt.datetime) -> list[Problem]:
    if day <= timezone.localdate(at):
        return []
    return [Problem(field, "in_future", _("%(day)s 尚未到来。") % {"day": day}, _("请填写实际发生的日期。"))]
