"""变更申请: a firm changes what an admitted or listed case says. Which tier decides is dated data by field; before and after are kept.

A change is read by the rules of the form itself, as they were when the case was submitted: what was admitted stays admissible. What it means for banks is the business of deals (`deals.changes`), which calls this.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, Problem
from common.steps import amend, lock, record, take
from organisations import deadlines
from organisations.actors import Person, system
from organisations.deadlines import Clock
from organisations.models import FirmProfile, Unit
from projects import review
from projects.case import holding
from projects.case.change_rules import ADMITTED, CANCELLATION, KINDS, LEGAL_REPRESENTATIVE, TIERS, opened, tiers_of
from projects.case.states import CHANGE_STEPS
from projects.clocks import within
from projects.drafting import changed_fields, unstorable
from projects.intake import Intake
from projects.models import ChangedField, ChangeRequest, ChangeRule, Filing, Need, ReviewStep
from projects.states import by_firm

CLOCK = "change"
UNIT_KINDS: Mapping[str, frozenset[str]] = {  # a zone receives like a county; a directly administered county has no city above it
    ChangeRule.Tier.COUNTY: frozenset({Unit.Kind.COUNTY, Unit.Kind.ZONE}),
    ChangeRule.Tier.CITY: frozenset({Unit.Kind.CITY}),
    ChangeRule.Tier.PROVINCE: frozenset({Unit.Kind.PROVINCE}),
}


def may_ask(filing: Filing, by: Person) -> bool:
    return filing.state in ADMITTED and by_firm(filing, by)


def ask(
    filing: Filing,
    *,
    kinds: Sequence[str],
    reason: str,
    by: Person,
    at: dt.datetime,
    form: Mapping[str, Any] | None = None,
    legal_representative: str = "",
) -> ChangeRequest:
    """Ask for a change of these kinds; `form` is the form as it is to be. What needs nobody's decision is done at once."""
    kinds = list(dict.fromkeys(kinds))
    with transaction.atomic():
        intake = Intake([filing], at=at, on=filing.filed_on)
        current = holding.held(filing)
        holding.require(current, by, allow=by_firm, states=ADMITTED)
        if ChangeRequest.objects.filter(filing=current, state=ChangeRequest.State.ASKED).exists():
            raise Conflict(_("已有一份变更申请等待决定。"), code="already_asked", remedy=_("请等待决定，或先撤回原申请。"))
        intake.forms[current.pk] = _merged(current, kinds, form)
        pairs = _pairs(current, kinds, intake.forms[filing.pk], legal_representative.strip())
        tiers = tiers_of(current.province, on=timezone.localdate(at))
        if problems := [*_problems(kinds, tiers, pairs, reason), *_unfit(current, intake, kinds)]:
            raise Invalid(problems)
        row = _asked(current, kinds, reason.strip(), max((tiers[kind] for kind in kinds), key=TIERS.index), by=by, at=at)
        row.save(force_insert=True)
        ChangedField.objects.bulk_create(
            ChangedField(request=row, field=name, before=before, after=after, province=row.province)
            for name, (before, after) in pairs.items()
        )
        record(row, "ask", by=by, at=at, note=row.reason, changes={"fields": sorted(pairs) or kinds})
        if row.unit_id is None:
            take(CHANGE_STEPS, "make", row, by=by, at=at, seen=row.version)
            _apply(row, current, intake, by=by, at=at)
        else:
            deadlines.open_many([Clock(row, CLOCK, row.unit.organisation_id, at, row.due_at)])
    return row


def grant(row: ChangeRequest, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ChangeRequest:
    """The change is made. A running round keeps its snapshot; what it would recommend beyond the new amount falls at publication."""
    with transaction.atomic():
        filing = Filing.objects.get(pk=row.filing_id)
        intake = Intake([filing], at=at, on=filing.filed_on)
        current = holding.of(row)
        if current.state not in ADMITTED:
            raise Conflict
        intake.forms[current.pk] = _merged(current, row.kinds, _after(row))
        take(CHANGE_STEPS, "grant", row, by=by, at=at, seen=seen, note=note)
        if problems := list(_unfit(current, intake, row.kinds)):
            raise Invalid(problems)
        deadlines.close_many([row], CLOCK, at=at)
        _apply(row, current, intake, by=by, at=at)
    return row


def refuse(row: ChangeRequest, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ChangeRequest:
    return _end(row, "refuse", by=by, at=at, seen=seen, note=note)


def withdraw(row: ChangeRequest, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ChangeRequest:
    return _end(row, "withdraw", by=by, at=at, seen=seen, note=note)


CHANGE_ACTIONS: Mapping[str, Callable[..., Any]] = {"grant": grant, "refuse": refuse, "withdraw": withdraw}


def _end(row: ChangeRequest, verb: str, *, by: Person, at: dt.datetime, seen: int, note: str) -> ChangeRequest:
    with transaction.atomic():
        holding.of(row)
        take(CHANGE_STEPS, verb, row, by=by, at=at, seen=seen, note=note)
        deadlines.close_many([row], CLOCK, at=at)
    return row


def _merged(filing: Filing, kinds: Sequence[str], form: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the case says, with what is to change of it; anything else that was sent is left aside."""
    return {**filing.form, **{name: value for name, value in (form or {}).items() if name in opened(kinds)}}


def _pairs(filing: Filing, kinds: Sequence[str], form: Mapping[str, Any], legal: str) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (filing.form.get(name), form.get(name)) for name in changed_fields(filing.form, form)}
    if LEGAL_REPRESENTATIVE in kinds:
        before = FirmProfile.objects.get(organisation=filing.firm_id).legal_representative
        if legal and legal != before:
            pairs[LEGAL_REPRESENTATIVE] = (before, legal)
    return pairs


def _problems(kinds: Sequence[str], tiers: Mapping[str, str], pairs: Mapping[str, tuple[Any, Any]], reason: str) -> Iterable[Problem]:
    for kind in kinds:
        if kind not in KINDS or kind not in tiers:
            yield Problem("kinds", "unknown_choice", _("不能申请变更“%(kind)s”。") % {"kind": kind}, _("请从列出的变更内容中选择。"))
    if CANCELLATION in kinds and len(kinds) > 1:
        yield Problem("kinds", "alone", _("取消申报不能与其他变更一并申请。"), _("请单独申请取消。"))
    elif CANCELLATION not in kinds and not pairs:
        yield Problem("kinds", "nothing_changes", _("没有任何内容发生变化。"), _("请选择变更内容并填写变更后的内容。"))
    if not reason.strip():
        yield Problem("reason", "required", _("须填写变更理由。"), _("请写明为什么需要变更。"))


def _unfit(filing: Filing, intake: Intake, kinds: Sequence[str]) -> Iterable[Problem]:
    """What the rules of the form say of it, and a year of need that would come or go."""
    if not opened(kinds):
        return
    form = intake.forms[filing.pk]
    problems = list(unstorable(form)) or list(intake.unreadable(filing))
    yield from problems
    if problems:
        return
    asked = {year for year, _amount in intake.applications[filing.pk].needs}
    if asked != set(Need.objects.filter(filing=filing).values_list("year", flat=True)):
        yield Problem("later_needs", "years_fixed", _("变更不能增减融资需求的年度。"), _("只更改各年度的金额；新的年度请另行申报。"))


def _asked(filing: Filing, kinds: Sequence[str], reason: str, tier: str, *, by: Person, at: dt.datetime) -> ChangeRequest:
    row = ChangeRequest(
        filing=filing, kinds=list(kinds), tier=tier, reason=reason, asked_at=at, asked_by_id=by.user_id, province=filing.province
    )
    if tier != ChangeRule.Tier.FIRM:
        step = _deciding(filing, tier)
        row.unit, row.stage, row.due_at = step.unit, step.stage, within("change_decision_days", province=filing.province, at=at)
    return row


def _deciding(filing: Filing, tier: str) -> ReviewStep:
    """The last stage of the unit of that tier on the case's own way; where the way has none, of the next above."""
    steps = sorted(filing.steps.all(), key=lambda step: step.position)
    for name in TIERS[TIERS.index(tier) :]:
        if found := [step for step in steps if step.unit.kind in UNIT_KINDS[name]]:
            return found[-1]
    return steps[-1]


def _apply(row: ChangeRequest, filing: Filing, intake: Intake, *, by: Person, at: dt.datetime) -> None:
    lock(Need.objects.filter(filing=filing))
    after = _after(row)
    if CANCELLATION in row.kinds:
        review.withdraw(filing, by=system(at), at=at, seen=filing.version, note=row.reason)
        return
    if LEGAL_REPRESENTATIVE in after:
        _rename_legal(filing, after.pop(LEGAL_REPRESENTATIVE), by=by, at=at)
    amend(
        filing,
        "change",
        by=by,
        at=at,
        seen=filing.version,
        changes=lambda current: intake.amend([current])[current.pk] if after else {},
        allow=lambda _filing, _by: True,
        source=ADMITTED,
        told=lambda _changed: {"fields": sorted(after), "request": row.pk},
    )


def _after(row: ChangeRequest) -> dict[str, Any]:
    return {changed.field: changed.after for changed in ChangedField.objects.filter(request=row)}


def _rename_legal(filing: Filing, name: str, *, by: Person, at: dt.datetime) -> None:
    profile = FirmProfile.objects.get(organisation=filing.firm_id)
    changed = {LEGAL_REPRESENTATIVE: name}
    amend(profile, "change", by=by, at=at, seen=profile.version, changes=changed, allow=lambda _profile, _by: True)
