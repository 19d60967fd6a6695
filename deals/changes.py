"""A change of an admitted or listed case, and what it means for its banks: who hears of it, and that no promise is more than is asked.

A running round keeps its snapshot: what it would recommend beyond the new amount falls at publication (`matching.rounds`).
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, Problem
from common.steps import lock, take_many
from deals import clocks, holds, invitations, needs, sending, standbys
from deals.docking.following import follow
from deals.models import Deal, Invitation, Origin
from deals.states import DEAL_STEPS, INVITATION_STEPS
from matching.states import RECOMMENDATION_STEPS
from organisations.actors import Person, system
from projects.case import changes
from projects.case.change_rules import CANCELLATION
from projects.models import ChangeRequest, Filing, IntendedBank, Need

UNANSWERED = (Invitation.State.AWAITING_CONSENT, Invitation.State.OPEN, Invitation.State.VIEWED)
REDUCED = _("融资需求已变更")
REPLACED = _("企业已更换意向银行")


def ask(filing: Filing, *, by: Person, at: dt.datetime, **asked: Any) -> ChangeRequest:
    """Ask for a change; one that needs nobody's decision reaches the banks at once."""
    with transaction.atomic():
        before = _named(filing.pk)
        row = changes.ask(filing, by=by, at=at, **asked)
        if row.state == ChangeRequest.State.GRANTED:
            _reach_banks(row, before, by=by, at=at)
    return row


def grant(row: ChangeRequest, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ChangeRequest:
    with transaction.atomic():
        before = _named(row.filing_id)
        changes.grant(row, by=by, at=at, seen=seen, note=note)
        _reach_banks(row, before, by=by, at=at)
    return row


CHANGE_ACTIONS = {**changes.CHANGE_ACTIONS, "grant": grant}


def _named(filing: int) -> set[int]:
    return set(IntendedBank.objects.filter(need__filing=filing).values_list("branch", flat=True))


def _reach_banks(row: ChangeRequest, before: set[int], *, by: Person, at: dt.datetime) -> None:
    if CANCELLATION in row.kinds:
        if Deal.objects.filter(filing=row.filing_id, state__in=invitations.SIGNED).exists():
            raise Conflict(_("此项目已签订贷款合同，不能取消。"), code="signed", remedy=_("如确需终止，请先与银行办理。"))
        invitations.end_business(row.filing, at=at, note=row.reason)
        return
    asked = lock(Need.objects.filter(filing=row.filing_id).select_related("filing"))
    _refuse_below_taken(asked)
    _cut_promises(asked, at=at)
    after = _named(row.filing_id)
    if after != before and row.filing.state == Filing.State.LISTED:
        _drop(row.filing, before - after, at=at)
        _invite(row.filing, after - before, by=by, at=at)
    follow({need.pk for need in asked}, at=at)


def _refuse_below_taken(asked: Iterable[Need]) -> None:
    for need in asked:
        taken = needs.taken([need.pk]).get(need.pk, Decimal(0))
        if need.amount < taken:
            message = _("%(year)s 年融资需求不能少于已确认对接的 %(taken)s 元。") % {"year": need.year, "taken": taken}
            raise Invalid([Problem("amount", "below_taken", message, _("如需减少，请先退出已确认的对接。"))])


def _cut_promises(asked: Collection[Need], *, at: dt.datetime) -> None:
    """End every standby, unanswered letter and unconfirmed offer that is more than what is now left of its need, and free what it holds."""
    left = needs.left(asked)
    by, note = system(at), str(REDUCED)
    waiting = [row for rows in standbys.waiting(list(asked)).values() for row in rows]
    letters = lock(
        Invitation.objects.filter(need__in=asked, state__in=UNANSWERED).exclude(recommendation=None).select_related("recommendation")
    )
    offers = lock(Deal.objects.filter(need__in=asked, state=Deal.State.INTENT))
    spent = [row for row in waiting if row.amount > left[row.need_id]]
    ended = _loaded([row for row in letters if row.recommendation.amount > left[row.need_id]])
    gone = [deal for deal in offers if needs.taken_of(deal) > left[deal.need_id]]
    take_many(RECOMMENDATION_STEPS, "spend", spent, by=by, at=at)
    _end(ended, gone, at=at, note=note)


def _drop(filing: Filing, branches: Collection[int], *, at: dt.datetime) -> None:
    """The firm no longer names these: letters they have not answered end. An offer or a deal stays until it is left."""
    letters = Invitation.objects.filter(filing=filing, branch__in=branches, origin=Origin.NAMED, state__in=UNANSWERED)
    _end(_loaded(lock(letters)), [], at=at, note=str(REPLACED))


def _invite(filing: Filing, branches: Collection[int], *, by: Person, at: dt.datetime) -> None:
    """Letters to the banks newly named, as far as places are free: no more than so many look at a need at a time."""
    most = clocks.terms(filing.province, at=at).looking_max
    looking: Mapping[int, int] = needs.looking(set(Need.objects.filter(filing=filing).values_list("pk", flat=True)))
    invitations.invite_named([filing], by=by, at=at, only=branches, places={need: most - busy for need, busy in looking.items()})


def _loaded(letters: list[Invitation]) -> list[Invitation]:
    return invitations.looked_up(letters) if letters else []


def _end(letters: list[Invitation], offers: list[Deal], *, at: dt.datetime, note: str) -> None:
    by = system(at)
    take_many(INVITATION_STEPS, "withdraw", letters, by=by, at=at, note=note)
    take_many(DEAL_STEPS, "withdraw", offers, by=by, at=at, note=note)
    clocks.stop(offers, at=at)
    sending.end(letters, at=at)
    holds.release(holds.of_invitations(letters) + holds.of_deals(offers), by=by, at=at, note=note)
