"""The steps of a filing through the units: submitted, passed from stage to stage, returned and sent again, or ended.

Each step has one body, for many filings; the step for one is the same with one. Everything it touches is locked before the state is
asked, and nothing is written for a filing that is refused.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Actor, Crew, Taken, actor_for, lock, only, take_many, update_rows
from common.steps.table import nothing_missing, standing_in
from common.workdays import load_calendar
from organisations.models import ReviewReason, Unit
from projects import clocks, disclosures, returning
from projects.batches import batch_for, load_batches
from projects.case import ending
from projects.case.change_rules import may_cancel_alone, tiers_of
from projects.form_fields import FIELDS
from projects.intake import Intake
from projects.models import Filing, ReviewStep
from projects.states import FILING_STEPS

By = Actor | Crew | Mapping[int, Actor]
Seen = Mapping[int, int] | None
PAPERS = ("files", "permits", "contact")  # what may be sent back beside the form's own fields
OPENABLE = frozenset((*FIELDS, *PAPERS))


def submit(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(submit_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def submit_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """Read each form; write project, needs, version and review steps of those that satisfy every rule."""
    filings = list(filings)
    if not filings:
        return []
    with transaction.atomic():
        intake = Intake(filings, at=at)
        return take_many(FILING_STEPS, "submit", filings, by=by, at=at, seen=seen, note=note, also=intake.problems, changes=intake.submit)


def resubmit(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(resubmit_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def resubmit_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """Back to the stage that returned it, under the rules of today."""
    filings = list(filings)
    if not filings:
        return []
    with transaction.atomic():
        intake = Intake(filings, at=at)
        load_steps(filings)

        def come_back(admitted: Sequence[Filing]) -> dict[int, dict[str, Any]]:
            ending.lapse_unlocks(admitted, at=at)
            return intake.resubmit(admitted)

        return take_many(FILING_STEPS, "resubmit", filings, by=by, at=at, seen=seen, note=note, also=intake.problems, changes=come_back)


def pass_step(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(pass_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def pass_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """To the next stage, the next unit, or the reserve pool after the last."""
    filings = list(filings)
    if not filings:
        return []
    with transaction.atomic():
        load_steps(filings)
        return take_many(
            FILING_STEPS,
            "pass",
            filings,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes=lambda admitted: _pass_on(admitted, by=by, at=at, opinion=note),
        )


def return_step(
    filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "", fields: Sequence[str] = (), code: str = ""
) -> Filing:
    return only(return_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note, fields=fields, code=code))


def return_many(
    filings: Iterable[Filing],
    *,
    by: By,
    at: dt.datetime,
    seen: Seen = None,
    note: str = "",
    fields: Sequence[str] = (),
    code: str = "",
) -> list[Taken]:
    """Back to the firm, which may change the named fields (by default those of the coded reason) and those tied to them."""
    filings = list(filings)
    if not filings:
        return []
    with transaction.atomic():
        load_steps(filings)
        reason = _reason(code, "return")
        coded = [name for name in reason.fields if name in OPENABLE] if reason else []
        names = list(dict.fromkeys(fields or coded))
        return take_many(
            FILING_STEPS,
            "return",
            filings,
            by=by,
            at=at,
            seen=seen,
            note=note or (reason.sentence if reason else ""),
            also=lambda _filing: (*_code_problems(code, reason), *_field_problems(names)),
            changes=lambda admitted: returning.send_back(admitted, by=by, at=at, names=names),
            facts=_facts(code),
        )


def refuse(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "", code: str = "") -> Filing:
    """审核不通过: on its merits."""
    return only(refuse_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note, code=code))


def refuse_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "", code: str = "") -> list[Taken]:
    return _end_many("refuse", filings, by=by, at=at, seen=seen, note=note, code=code)


def not_accept(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "", code: str = "") -> Filing:
    """不予受理: not this programme's or this office's case."""
    return only(not_accept_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note, code=code))


def not_accept_many(
    filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "", code: str = ""
) -> list[Taken]:
    return _end_many("not_accept", filings, by=by, at=at, seen=seen, note=note, code=code)


def withdraw(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    """By the firm, at any time; banks lose sight of it, except where a deal stands."""
    return only(withdraw_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def withdraw_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    filings = list(filings)
    tiers = {province: tiers_of(province, on=timezone.localdate(at)) for province in {filing.province for filing in filings}}
    alone = [filing.pk for filing in filings if actor_for(by, filing).is_system]

    def unasked(filing: Filing) -> Iterable[Problem]:
        if filing.pk not in alone and not may_cancel_alone(filing, tiers[filing.province]):
            yield Problem("", "ask_first", _("此件已入库或已上报，不能自行撤回。"), _("请提出变更申请，选择“取消申报”。"))

    return _end_many("withdraw", filings, by=by, at=at, seen=seen, note=note, also=unasked)


def load_steps(filings: Sequence[Filing]) -> None:
    """Lock the filings and put their review steps, as they stand now, on the objects, for `allow` and the next stage."""
    rows = lock(Filing.objects.filter(pk__in=[filing.pk for filing in filings]).only("current_step"))
    current = {row.pk: row.current_step_id for row in rows}
    for filing in filings:
        getattr(filing, "_prefetched_objects_cache", {}).pop("steps", None)
    steps = ReviewStep.objects.prefetch_related("unit").order_by("position")  # few units, many steps: each unit is loaded once
    prefetch_related_objects(filings, Prefetch("steps", steps))
    for filing in filings:
        filing.current_step = next((step for step in filing.steps.all() if step.pk == current.get(filing.pk)), None)


def _pass_on(filings: Sequence[Filing], *, by: By, at: dt.datetime, opinion: str) -> dict[int, dict[str, Any]]:
    passed: list[ReviewStep] = []
    following: dict[int, ReviewStep | None] = {}
    for filing in filings:
        step = filing.current_step
        actor = standing_in(actor_for(by, filing), filing, FILING_STEPS["pass"].allow)
        step.passed_at, step.passed_by_id, step.passed_for_id, step.opinion = at, actor.user_id, getattr(actor, "absent_id", None), opinion
        passed.append(step)
        following[filing.pk] = next((later for later in filing.steps.all() if later.position > step.position), None)
    leaving = [filing for filing in filings if _leaves_unit(filing, following[filing.pk])]
    climbing = [filing for filing in leaving if following[filing.pk] is not None]
    stages = {
        filing.pk: [step for step in filing.steps.all() if step.unit_id == following[filing.pk].unit_id and step.passed_at is None]
        for filing in climbing
    }
    clocks.leave(leaving, at=at)
    started = clocks.arrive(climbing, at=at, calendar=load_calendar(), steps=stages) if climbing else []
    for filing in filings:
        later = following[filing.pk]
        if later is not None and later.started_at is None:
            later.started_at = at
            started.append(later)
    update_rows(passed, ["passed_at", "passed_by", "passed_for", "opinion"])
    update_rows(started, ["started_at", "due_at"])
    batches = load_batches(leaving) if leaving else []
    changes: dict[int, dict[str, Any]] = {filing.pk: {"current_step": following[filing.pk]} for filing in filings}
    for filing in leaving:
        step = following[filing.pk]
        changes[filing.pk]["batch"] = batch_for(filing, batches, tier=step.unit.kind if step else Unit.Kind.PROVINCE, at=at)
    return changes


def _leaves_unit(filing: Filing, following: ReviewStep | None) -> bool:
    return following is None or following.unit_id != filing.current_step.unit_id


def _end_many(
    verb: str,
    filings: Iterable[Filing],
    *,
    by: By,
    at: dt.datetime,
    seen: Seen,
    note: str,
    code: str = "",
    also: Callable[[Filing], Iterable[Problem]] = nothing_missing,
) -> list[Taken]:
    filings = list(filings)
    if not filings:
        return []

    def close(admitted: Sequence[Filing]) -> dict[int, dict[str, Any]]:
        clocks.end(admitted, at=at)
        ending.end(admitted, at=at)
        disclosures.end_many(admitted, at=at)
        return {filing.pk: {"open_fields": []} for filing in admitted}

    with transaction.atomic():
        load_steps(filings)
        reason = _reason(code, verb)
        return take_many(
            FILING_STEPS,
            verb,
            filings,
            by=by,
            at=at,
            seen=seen,
            note=note or (reason.sentence if reason else ""),
            also=lambda filing: (*_code_problems(code, reason), *also(filing)),
            changes=close,
            facts=_facts(code),
        )


def _reason(code: str, verb: str) -> ReviewReason | None:
    return ReviewReason.objects.filter(code=code, verb=verb).first() if code else None


def _facts(code: str) -> dict[str, str]:
    return {"reason": code} if code else {}


def _code_problems(code: str, reason: ReviewReason | None) -> tuple[Problem, ...]:
    if code and reason is None:
        return (Problem("code", "unknown_code", _("没有代码为“%(code)s”的原因。") % {"code": code}, _("请从列出的原因中选择。")),)
    return ()


def _field_problems(names: Sequence[str]) -> Iterable[Problem]:
    if not names:
        yield Problem("fields", "required", _("请指明需要修改的内容。"), _("企业只能修改指明的字段和与之关联的字段。"))
    for name in names:
        if name not in OPENABLE:
            yield Problem("fields", "unknown_field", _("没有名为“%(name)s”的填报项。") % {"name": name}, _("请从列出的字段中选择。"))
