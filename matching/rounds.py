"""The life of a round as people steer it: planned, frozen, proposed by one person and published by another with all holds at once.

Between freezing and proposing a worker solves it (`matching.solving`). A child round fills free capacity under its parent's approval.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from common.steps import lock, lock_only, record, take
from common.workdays import SHANGHAI, due_at_calendar_days, load_calendar
from ledger import accounts
from ledger.accounts import Hold
from matching import collect
from matching.candidates import PASSED, RULES, screen
from matching.commitments import Commitments
from matching.drafts import HOLD_KEY, Draft, Published, drafts_of, take_drafts
from matching.models import UNDER_WAY, Recommendation, Round, RoundData, Weights
from matching.problem import Built, build
from matching.refusals import standing
from matching.snapshot import Snapshot, read
from matching.solving import solve, start, waiting
from matching.states import ROUND_STEPS, by_system_or_office
from organisations import policy
from organisations.actors import Person
from organisations.models import Programme
from projects.models import Filing, Need

__all__ = [
    "Published", "cancel", "freeze", "next_round_on", "plan", "plan_child", "propose", "publish", "snapshot_of", "solve", "start",
    "void", "waiting",
]  # fmt: skip

PINS_EXPLAINED = 20


_FINAL = (Round.State.PUBLISHED, Round.State.VOID, Round.State.FAILED)


def plan(
    programme: Programme,
    *,
    province: str,
    planned_for: dt.date,
    by: Person,
    at: dt.datetime,
    number: str = "",
    seed: int = 0,
    steps: int | None = None,
) -> Round:
    """A round to come. Its number is the year and a serial unless one is given."""
    round_ = Round(programme=programme, province=province, planned_for=planned_for, seed=seed, number=number)
    return _plan(round_, steps, by=by, at=at)


def plan_child(parent: Round, *, reason: str, by: Person, at: dt.datetime) -> Round:
    """A round for what the parent's needs still seek after refusals, in the capacity left free. Published under the parent's approval."""
    if parent.parent_id is not None:
        parent = Round.objects.get(pk=parent.parent_id)
    if parent.state != Round.State.PUBLISHED:
        raise Conflict(_("上级轮次发布之后才能安排补充轮次。"), code="parent_not_published")
    child = Round(
        programme_id=parent.programme_id,
        province=parent.province,
        planned_for=at.astimezone(SHANGHAI).date(),
        parent=parent,
        reason=reason,
        weights_id=parent.weights_id,
        seed=parent.seed,
        time_limit_s=parent.time_limit_s,
    )
    return _plan(child, parent.steps, by=by, at=at)


def freeze(round_: Round, *, commitments: Commitments, by: Person, at: dt.datetime, seen: int) -> Round:
    """Fix all that the round will be decided on. Refused while another round of the programme and province is under way."""
    if not ROUND_STEPS["freeze"].allow(round_, by):  # before anything is told of the needs there are
        raise NotAllowed
    with transaction.atomic():
        _refuse_beside(round_)
        weights = _weights(round_)
        snapshot = collect.snapshot_of(
            round_,
            weights=weights,
            commitments=commitments,
            next_round_on=next_round_on(round_.programme, province=round_.province, after=round_.planned_for),
            at=at,
        )
        if snapshot.needs == 0:
            raise Invalid([Problem("needs", "no_open_needs", _("目前没有待推荐的融资需求。"), _("有新入清单或需要推荐的需求后再冻结。"))])
        _refuse_impossible_pins(snapshot)
        header, arrays = snapshot.packed
        changes = {
            "snapshot_sha256": snapshot.sha256,
            "needs": snapshot.needs,
            "progress": {"phase": "collected", "needs": snapshot.needs},
            "weights": weights,
            "frozen_at": at,
            "next_round_on": dt.date.fromisoformat(snapshot.header["next_round_on"]),
        }
        take(ROUND_STEPS, "freeze", round_, by=by, at=at, seen=seen, changes=changes)
        RoundData.objects.create(round=round_, header=header, arrays=arrays)
    return round_


def cancel(round_: Round, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Round:
    """Give the round up before it is solved; a worker at it stops at its next heartbeat and lands nothing."""
    return take(ROUND_STEPS, "cancel", round_, by=by, at=at, seen=seen, note=note, changes={"cancel_requested": True})


def propose(round_: Round, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Round:
    """The first of two people: this result should be published."""
    return take(ROUND_STEPS, "propose", round_, by=by, at=at, seen=seen, note=note, changes={"proposed_by_id": by.user_id})


def void(round_: Round, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Round:
    """Drop a solved round with its drafts."""
    with transaction.atomic():
        take(ROUND_STEPS, "void", round_, by=by, at=at, seen=seen, note=note)
        take_drafts(round_, "void", [draft.pk for draft in drafts_of(round_)], by=by, at=at, note=note)
    return round_


def publish(round_: Round, *, by: Person, at: dt.datetime, seen: int, note: str = "", commitments: Commitments | None = None) -> Published:
    """The second of two people (for a child round: the system): take every lead's hold and make the round known. Again: the same answer.

    A lead whose bank has no room any more is not published and listed; so is one that events overtook: filing off the list, pair refused,
    or, by the `commitments` of now, the need closed, smaller, or already with that bank.
    """
    verb = "publish_child" if round_.parent_id is not None and by.is_system else "publish"
    with transaction.atomic():
        (current,) = lock(Round.objects.filter(pk=round_.pk))
        if current.state == Round.State.PUBLISHED and ROUND_STEPS[verb].allow(current, by):
            return Published(current)
        take(ROUND_STEPS, verb, round_, by=by, at=at, seen=seen, note=note, changes={"published_by_id": by.user_id, "published_at": at})
        return _publish_drafts(round_, commitments, by=by, at=at)


def next_round_on(programme: Programme, *, province: str, after: dt.date) -> dt.date:
    """The next round that is planned, else the usual interval later, on a working day."""
    planned = (
        Round.objects.filter(programme=programme, province=province, parent=None, state=Round.State.PLANNED, planned_for__gt=after)
        .order_by("planned_for")
        .values_list("planned_for", flat=True)
        .first()
    )
    if planned is not None:
        return planned
    days = policy.number("round_interval_days", province=province, on=after)
    return load_calendar().working_day_on_or_after(after + dt.timedelta(days=days))


def snapshot_of(round_: Round) -> Snapshot:
    """The stored snapshot of a frozen round."""
    stored = RoundData.objects.filter(round=round_.pk).values_list("header", "arrays").first()
    if stored is None:
        raise NotFound(_("本轮尚未冻结，没有快照。"), code="no_snapshot")
    return read(bytes(stored[0]), bytes(stored[1]))


def _plan(round_: Round, steps: int | None, *, by: Person, at: dt.datetime) -> Round:
    if not by_system_or_office(round_, by):
        raise NotAllowed(_("只有省级主管部门可以安排推荐轮次。"))
    if steps is not None:
        round_.steps = steps
    with transaction.atomic():
        Programme.objects.select_for_update(no_key=True).get(pk=round_.programme_id)  # one number at a time
        round_.number = round_.number or _number(round_)
        round_.save(force_insert=True)
        record(round_, "plan", by=by, at=at, note=round_.reason)
    return round_


def _number(round_: Round) -> str:
    if round_.parent is not None:
        return f"{round_.parent.number}-{round_.parent.children.count() + 1}"
    year = round_.planned_for.year
    serial = Round.objects.filter(province=round_.province, parent=None, number__startswith=f"{year}-").count() + 1
    return f"{year}-{serial:02d}"


def _refuse_beside(round_: Round) -> None:
    """One round at a time: a child only while its parent's programme has none under way, and the other way round."""
    others = lock(Round.objects.filter(programme=round_.programme_id, province=round_.province).exclude(state__in=_FINAL))
    busy = [other for other in others if other.pk != round_.pk and other.state in UNDER_WAY]
    if busy:
        raise Conflict(_("轮次 %(number)s 正在进行，发布或作废之后才能冻结新的轮次。") % {"number": busy[0].number}, code="round_under_way")


def _weights(round_: Round) -> Weights:
    """The row chosen for the round (a child keeps its parent's), else the latest approved one in force."""
    if round_.weights is not None:
        return round_.weights
    approved = Weights.objects.filter(
        programme=round_.programme_id, province=round_.province, state=Weights.State.APPROVED, valid_from__lte=round_.planned_for
    )
    found = approved.order_by("-valid_from", "-id").first()
    if found is None:
        raise Invalid([Problem("weights", "no_weights", _("没有已审定的评分权重。"), _("请先草拟并由另一人审定评分权重。"))])
    return found


def _refuse_impossible_pins(snapshot: Snapshot) -> None:
    """A pin that a rule or a limit forbids stops the freeze with the reason, rather than the round later."""
    pins = [pin for pin in snapshot.header["pins"] if pin["kind"] == "pin"]
    if not pins:
        return
    needs = snapshot["need_id"].searchsorted(sorted({pin["need"] for pin in pins}))
    built = build(snapshot, needs=needs)
    _fixed, impossible = built.pins
    if impossible:
        raise Invalid([_impossible(built, pin) for pin in impossible[:PINS_EXPLAINED]])


def _impossible(built: Built, pin: dict[str, Any]) -> Problem:
    s = built.snapshot
    need, branch = int(s["need_id"].searchsorted(pin["need"])), int(s["branch_id"].searchsorted(pin["branch"]))
    known = branch < s.branches and s["branch_id"][branch] == pin["branch"]
    place = int(screen(built.ground, s["need_id"][need : need + 1] * 0 + need).refused_by[0, branch]) if known else PASSED
    reason = RULES[place].sentence if place != PASSED else _("额度不足以同时满足全部锁定")
    return Problem(
        f"pins.{pin['need']}.{pin['branch']}",
        RULES[place].code if place != PASSED else "limits_full",
        _("需求 %(need)s 锁定的银行不能推荐：%(reason)s。") % {"need": pin["need"], "reason": reason},
        _("请解除锁定，或先消除该原因。"),
    )


def _publish_drafts(round_: Round, commitments: Commitments | None, *, by: Person, at: dt.datetime) -> Published:
    drafts = drafts_of(round_)
    leads = [draft for draft in drafts if draft.rank == 0]
    needs = Need.objects.filter(pk__in=Recommendation.objects.filter(round=round_.pk).values("need"))
    lock_only(needs)
    overtaken = _overtaken(round_, leads, commitments)
    wanted = [lead for lead in leads if lead.need_id not in overtaken]
    full = _take_holds(round_, wanted, by=by, at=at)
    going = {lead.need_id for lead in wanted if lead.pk not in full}
    groups = {
        "publish": [lead.pk for lead in leads if lead.need_id in going],
        "stand_by": [draft.pk for draft in drafts if draft.rank > 0 and draft.need_id in going],
        "leave_out": [lead.pk for lead in wanted if lead.pk in full],
    }
    settled = {pk for group in groups.values() for pk in group}
    groups["void"] = [draft.pk for draft in drafts if draft.pk not in settled]
    for verb, group in groups.items():
        take_drafts(round_, verb, group, by=by, at=at)
    return Published(round_)


def _take_holds(round_: Round, leads: Sequence[Draft], *, by: Person, at: dt.datetime) -> set[int]:
    """All holds of the round in one go, on the accounts of the snapshot, until consent and the bank's decision must have come; leads without room."""
    s = snapshot_of(round_)
    account = dict(zip(s["branch_id"].tolist(), s["account_id"][s["branch_account"]].tolist(), strict=True))
    days = policy.values(["consent_days", "bank_decision_days"], province=round_.province, on=at.astimezone(SHANGHAI).date())
    expires_at = due_at_calendar_days(at, days=int(sum(days.values())))
    requests = [Hold(account[lead.branch_id], lead.amount, HOLD_KEY.format(lead.pk), expires_at) for lead in leads]
    refused = accounts.hold_many(requests, by=by, at=at, note=round_.number)
    return {lead.pk for lead in leads if HOLD_KEY.format(lead.pk) in refused}


def _overtaken(round_: Round, leads: Sequence[Draft], commitments: Commitments | None) -> set[int]:
    """Needs whose lead no longer stands: what happened between freeze and publication goes before what the round computed."""
    now = commitments or Commitments()
    needs = Need.objects.filter(pk__in=Recommendation.objects.filter(round=round_.pk).values("need"))
    still_open = dict(needs.filter(filing__state=Filing.State.LISTED, parked_reason="").values_list("pk", "amount"))
    refused = standing(needs.values("pk"))
    gone = now.closed | now.doubled
    return {
        lead.need_id
        for lead in leads
        if lead.need_id not in still_open
        or (lead.need_id, lead.branch_id) in refused
        or (lead.need_id, lead.branch_id) in now.busy_pairs
        or lead.need_id in gone
        or now.remaining.get(lead.need_id, still_open[lead.need_id]) < lead.amount
    }
