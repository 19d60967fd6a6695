"""Second docking, step by step: the firm asks banks again, joins a round or rests; its office calls the meeting and records what came of it.

What banks do afterwards moves the docking by itself (`following`). Every step locks the need first, as every step on a letter does.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import take
from deals import clocks, needs, sending
from deals.clocks import day
from deals.docking import arriving, beginning
from deals.docking.following import RELATED
from deals.docking.models import FourPartyMeeting, SecondDocking
from deals.docking.states import DOCKING_STEPS
from deals.models import Origin
from deals.sending import Letter
from lenders.models import Branch
from matching import refusals
from organisations.actors import Person
from projects.models import Disclosure, Need

S = SecondDocking.State
O = FourPartyMeeting.Outcome  # noqa: E741 -- one letter, as for states
REASON_MAX = 200
PLACES = ("first", "second", "third")


def loaded(docking: SecondDocking) -> SecondDocking:
    """With all that permissions and steps read."""
    return SecondDocking.objects.select_related(*RELATED).get(pk=docking.pk)


# the firm


def ask(
    docking: SecondDocking,
    *,
    first: str,
    by: Person,
    at: dt.datetime,
    seen: int,
    second: str = "",
    third: str = "",
    why: str = "",
    note: str = "",
) -> SecondDocking:
    """Letters to these branches, in this order: new ones, or those that declined, to which the firm says what has changed."""
    with transaction.atomic():
        need = _held(docking)
        branches = _branches((first, second, third))
        declined = {branch for (_need, branch) in refusals.standing([need.pk])}
        again = [branch for branch in branches if branch.pk in declined]

        def problems(_row: SecondDocking) -> Iterable[Problem]:
            yield from _branch_problems(need, branches, at=at)
            if again and not why.strip():
                names = "、".join(branch.organisation.name for branch in again)
                message = _("%(banks)s 曾谢绝且需求未变，须向其说明理由。") % {"banks": names}
                yield Problem("why", "required", message, _("请写明情况有何变化；也可先变更需求，或改选其他银行。"))

        row = _move(docking, "ask", by=by, at=at, seen=seen, note=note or why.strip(), changes=_one_more, also=problems, banks=branches)
        for branch in again:
            refusals.lift(need, branch, because="企业再次邀请", by=by, at=at)
        letters = [_letter(need, branch, rank) for rank, branch in enumerate(branches, start=1)]
        sending.send(letters, terms=clocks.terms(need.province, at=at), by=by, at=at, note=why.strip())
    return row


def join(docking: SecondDocking, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SecondDocking:
    """The firm asks for suggestions: the next round takes this need also where it would name no bank of its own."""
    with transaction.atomic():
        _held(docking)
        return _move(docking, "join", by=by, at=at, seen=seen, note=note, changes=lambda row: _one_more(row) | {"seeks_round": True})


def leave(docking: SecondDocking, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SecondDocking:
    """It does not wait for the round any longer, and has not used it."""
    with transaction.atomic():
        _held(docking)
        return _move(docking, "leave", by=by, at=at, seen=seen, note=note, changes=lambda row: {"rounds_used": row.rounds_used - 1})


def pause(docking: SecondDocking, *, reason: str, by: Person, at: dt.datetime, seen: int, note: str = "") -> SecondDocking:
    """The firm does not go on for now."""
    return _park(docking, "pause", reason=reason, by=by, at=at, seen=seen, note=note or reason)


# the office


def convene(
    docking: SecondDocking,
    *,
    owner: str,
    meeting_on: dt.date,
    by: Person,
    at: dt.datetime,
    seen: int,
    parties: str = "",
    note: str = "",
) -> SecondDocking:
    """Call the meeting, or move it to another day."""

    def problems(_row: SecondDocking) -> Iterable[Problem]:
        if meeting_on < day(at):
            yield Problem("meeting_on", "in_past", _("会商日期早于今天。"), _("请填写将要召开的日期；已召开的，先安排后登记结果。"))

    with transaction.atomic():
        _held(docking)
        told = {"owner": owner, "meeting_on": meeting_on, "parties": parties}
        facts = {name: [None, str(value)] for name, value in told.items()}
        row = _move(docking, "convene", by=by, at=at, seen=seen, note=note, also=problems, facts=facts, meeting_on=meeting_on)
        _call(row, told)
    return row


def agree(
    docking: SecondDocking, *, held_on: dt.date, summary: str, by: Person, at: dt.datetime, seen: int, note: str = ""
) -> SecondDocking:
    """The meeting sees a way: one more round, with the banks, the need or the security as it was agreed."""
    with transaction.atomic():
        _held(docking)
        _conclude(docking, O.AGREED, held_on, summary)
        return _move(
            docking,
            "agree",
            by=by,
            at=at,
            seen=seen,
            note=note or summary,
            changes=lambda row: {"rounds_allowed": row.rounds_used + 1},
            also=lambda _row: _held_problems(held_on, at=at),
        )


def park(
    docking: SecondDocking,
    *,
    held_on: dt.date,
    summary: str,
    reason: str,
    by: Person,
    at: dt.datetime,
    seen: int,
    note: str = "",
) -> SecondDocking:
    """The meeting sees none for now: the need rests, with the reason for all to read."""
    with transaction.atomic():
        _held(docking)
        _conclude(docking, O.PARKED, held_on, summary)
        return _park(
            docking, "park", reason=reason, by=by, at=at, seen=seen, note=note or summary, also=lambda _row: _held_problems(held_on, at=at)
        )


def resume(docking: SecondDocking, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SecondDocking:
    """Something has changed: the rounds are counted anew, and the need enters rounds again."""
    with transaction.atomic():
        _held(docking)
        fresh = {"rounds_used": 0, "rounds_allowed": max(beginning.allowed(docking.province, at=at), 1)}
        return _move(docking, "resume", by=by, at=at, seen=seen, note=note, changes=lambda _row: fresh)


DOCKING_ACTIONS: Mapping[str, Callable[..., Any]] = {
    "ask": ask,
    "join": join,
    "leave": leave,
    "pause": pause,
    "convene": convene,
    "agree": agree,
    "park": park,
    "resume": resume,
}


def _held(docking: SecondDocking) -> Need:
    """The need, locked with its filing: what banks do at the same moment comes before or after."""
    (need,) = needs.lock_all([docking.need_id])
    return need


def _move(
    docking: SecondDocking,
    verb: str,
    *,
    at: dt.datetime,
    changes: Callable[[SecondDocking], Mapping[str, Any]] | None = None,
    banks: Sequence[Branch] = (),
    facts: Mapping[str, Any] | None = None,
    reason: str = "",
    meeting_on: dt.date | None = None,
    **how: Any,
) -> SecondDocking:
    told = {"banks": [None, [branch.code for branch in banks]]} if banks else dict(facts or {})
    row: SecondDocking = take(
        DOCKING_STEPS,
        verb,
        loaded(docking),
        at=at,
        changes=lambda current: {"since": at, "seeks_round": False, **(changes(current) if changes else {})},
        facts=told,
        **how,
    )
    arriving.arrive([row], at=at, reason=reason, meeting_on=meeting_on)
    return row


def _park(docking: SecondDocking, verb: str, *, reason: str, also: Any = None, **how: Any) -> SecondDocking:
    def problems(row: SecondDocking) -> Iterable[Problem]:
        if len(reason) > REASON_MAX:
            yield Problem("reason", "too_long", _("暂停原因不超过 %(most)s 字。") % {"most": REASON_MAX}, _("请压缩文字后重新填写。"))
        yield from also(row) if also else ()

    with transaction.atomic():
        _held(docking)
        return _move(docking, verb, reason=reason.strip(), also=problems, facts={"parked_reason": [None, reason.strip()]}, **how)


def _one_more(row: SecondDocking) -> dict[str, Any]:
    return {"rounds_used": row.rounds_used + 1}


def _call(row: SecondDocking, told: Mapping[str, Any]) -> None:
    """The meeting that is to be held, or the next one."""
    meeting = FourPartyMeeting.objects.filter(docking=row, outcome=O.OPEN).first()
    if meeting is not None:
        for name, value in told.items():
            setattr(meeting, name, value)
        meeting.save(update_fields=list(told))
        return
    number = (FourPartyMeeting.objects.filter(docking=row).aggregate(last=Max("number"))["last"] or 0) + 1
    FourPartyMeeting.objects.create(docking=row, number=number, province=row.province, **told)


def _conclude(docking: SecondDocking, outcome: str, held_on: dt.date, summary: str) -> None:
    """Written before the step is taken, which may still refuse both."""
    if not summary.strip():
        raise Invalid([Problem("summary", "required", _("请填写会商意见。"), _("没有意见的会商不能登记结果。"))])
    meeting = FourPartyMeeting.objects.filter(docking=docking.pk, outcome=O.OPEN)
    meeting.update(outcome=outcome, held_on=held_on, summary=summary.strip())


def _held_problems(held_on: dt.date, *, at: dt.datetime) -> Iterable[Problem]:
    if held_on > day(at):
        yield Problem("held_on", "in_future", _("召开日期晚于今天。"), _("会商后再登记结果。"))


def _branches(codes: Iterable[str]) -> list[Branch]:
    wanted = [code.strip() for code in codes if code.strip()]
    found = {
        row.code: row for row in Branch.objects.filter(code__in=wanted, organisation__is_active=True).select_related("organisation", "bank")
    }
    problems = [
        Problem(place, "unknown", _("没有代码为“%(code)s”的银行机构。") % {"code": code}, _("请从列出的银行中选择。"))
        for place, code in zip(PLACES, wanted, strict=False)
        if code not in found
    ]
    if len(set(wanted)) != len(wanted):
        problems.append(Problem("second", "twice", _("同一银行填了两次。"), _("每家银行只填一次。")))
    if problems:
        raise Invalid(problems)
    return [found[code] for code in wanted]


def _branch_problems(need: Need, branches: Sequence[Branch], *, at: dt.datetime) -> Iterable[Problem]:
    busy = needs.busy([need.pk])
    for place, branch in zip(PLACES, branches, strict=False):
        if (need.pk, branch.pk) in busy:
            message = _("%(bank)s 正在办理该项需求。") % {"bank": branch.organisation.name}
            yield Problem(place, "under_way", message, _("请在该对接中继续，或选择其他银行。"))
    places = clocks.terms(need.province, at=at).looking_max - needs.looking([need.pk]).get(need.pk, 0)
    if len(branches) > places:
        yield Problem("third", "too_many", _("目前最多还可邀请 %(n)s 家银行。") % {"n": max(places, 0)}, _("请减少邀请的银行。"))


def _letter(need: Need, branch: Branch, rank: int) -> Letter:
    return Letter(
        need.pk,
        need.filing_id,
        need.firm_id,
        need.province,
        branch.pk,
        branch.organisation_id,
        rank,
        Origin.SECOND_DOCKING,
        Disclosure.Basis.NAMED,
    )
