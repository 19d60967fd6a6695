"""The bank's answer: intent, which begins a deal, or no with a coded reason, which frees what was promised and calls the next standby."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, Problem
from common.steps import Taken, actor_for, lock, only, record_many, take_many
from deals import clocks, holds, needs, sending, standbys
from deals.bulk import By, succeeded, voice
from deals.clocks import CHOICE, Clock, Terms
from deals.docking.following import follow
from deals.invitations import loaded, looked_up
from deals.models import Deal, DeclineCode, Invitation, Origin
from deals.states import DEAL_STEPS, INVITATION_STEPS
from matching import refusals
from organisations.actors import Person
from projects.models import Filing, Need

I = Invitation.State  # noqa: E741 -- as in states


def accept(invitation: Invitation, *, by: Person, at: dt.datetime, seen: int, note: str = "", amount: Decimal | None = None) -> Deal:
    """The bank states intent for an amount (default: all it was asked for). A promise of the round goes over to the deal."""
    amounts = {} if amount is None else {invitation.pk: amount}
    return only(accept_many([invitation], by=by, at=at, seen={invitation.pk: seen}, note=note, amounts=amounts))


def accept_many(
    invitations: Sequence[Invitation],
    *,
    by: By,
    at: dt.datetime,
    amounts: Mapping[int, Decimal] | None = None,
    seen: Mapping[int, int] | None = None,
    note: str = "",
) -> list[Taken]:
    """`accept` for a list. A result carries the new deal, or the invitation with the error."""
    if not invitations:
        return []
    with transaction.atomic():
        rows = looked_up(invitations)
        wanted = needs.lock_all({row.need_id for row in rows})
        before = {row.pk: row.state for row in lock(Invitation.objects.filter(pk__in=[row.pk for row in rows]))}
        answers = _examined(rows, wanted, before, amounts or {}, terms=clocks.terms(rows[0].province, at=at))
        taken = take_many(
            INVITATION_STEPS,
            "accept",
            [row for row in rows if not isinstance(answers[row.pk], DomainError)],
            by=by,
            at=at,
            seen=seen,
            note=note,
        )
        refused = [Taken(row, error) for row in rows if isinstance(error := answers[row.pk], DomainError)]
        accepted = succeeded(taken)
        deals = _begin(accepted, answers, by=by, at=at)
        clocks.stop(accepted, at=at)
        due = clocks.terms(rows[0].province, at=at).consent_due(at)
        clocks.start([Clock(deal, CHOICE, deal.firm_id, due) for deal in deals], at=at)
        follow({deal.need_id for deal in deals}, at=at)
        holds.carry_over([deal for deal in deals if before[deal.invitation_id] != I.EXPIRED], by=voice(by, at=at), at=at)
    begun = {deal.invitation_id: Taken(deal) for deal in deals}
    return [begun.get(result.obj.pk, result) for result in taken] + refused


def decline(row: Invitation | Deal, *, by: Person, at: dt.datetime, seen: int, code: str, note: str = "") -> Invitation | Deal:
    """The bank says no, with a reason the firm reads as a plain sentence. Other banks learn nothing of it."""
    return only(decline_many([row], by=by, at=at, codes=code, seen={row.pk: seen}, note=note))


def decline_many(
    rows: Sequence[Any],
    *,
    by: By,
    at: dt.datetime,
    codes: str | Mapping[int, str],
    seen: Mapping[int, int] | None = None,
    note: str = "",
) -> list[Taken]:
    """`decline` for invitations, or for deals before signing; `codes` is one reason for all or one by id."""
    if not rows:
        return []
    reasons = _reasons({row.pk: codes if isinstance(codes, str) else codes[row.pk] for row in rows})
    with transaction.atomic():
        wanted = needs.lock_all({row.need_id for row in rows})
        spare = standbys.waiting(wanted)
        if isinstance(rows[0], Deal):
            results, invitations, deals = _decline_deals(rows, reasons, by=by, at=at, seen=seen, note=note)
        else:
            results, invitations, deals = _decline_invitations(rows, reasons, by=by, at=at, seen=seen, note=note)
        clocks.stop(deals, at=at)
        sending.end(invitations, at=at)
        refused = [row for row in results if row.error is None and row.obj.origin != Origin.DIRECT]
        refusals.refuse_many([(row.obj.need, row.obj.branch, row.obj.decline_code.code, actor_for(by, row.obj)) for row in refused], at=at)
        standbys.replace(
            [row.obj.need for row in refused],
            freed=holds.of_invitations(invitations) + holds.of_deals(deals),
            waiting=spare,
            at=at,
            note="银行谢绝",
        )
        follow({row.obj.need_id for row in results if row.error is None}, at=at)
    return results


def _examined(
    rows: Sequence[Invitation], wanted: Sequence[Need], before: Mapping[int, str], amounts: Mapping[int, Decimal], *, terms: Terms
) -> dict[int, Decimal | DomainError]:
    """Invitation → the amount of its offer, or why there can be none."""
    left = needs.left(wanted)
    ids = list(left)
    looking = needs.looking(ids)
    under_way = {(deal.need_id, deal.branch_id) for deal in Deal.objects.live().filter(need__in=ids)}
    live = set(Invitation.objects.live().filter(need__in=ids).values_list("need", "branch"))
    answers: dict[int, Decimal | DomainError] = {}
    for row in rows:
        pair = (row.need_id, row.branch_id)
        late = before[row.pk] == I.EXPIRED
        most = min(left[row.need_id], row.recommendation.amount) if row.recommendation and not late else left[row.need_id]
        amount = amounts.get(row.pk, most)
        if row.filing.state != Filing.State.LISTED or most <= 0:
            answers[row.pk] = Conflict(_("企业该项需求已有着落，不再接受新的意向。"), code="need_settled")
        elif pair in under_way or (late and pair in live):
            answers[row.pk] = Conflict(_("贵行对此需求已有在办事项。"), code="already_under_way", remedy=_("请在该事项中继续办理。"))
        elif late and looking.get(row.need_id, 0) >= terms.looking_max:
            answers[row.pk] = Conflict(
                _("此邀请已逾期，目前已有 %(n)s 家银行在对接。") % {"n": terms.looking_max},
                code="too_many_looking",
                remedy=_("请待其中一家退出后再表示意向，或请企业重新邀请。"),
            )
        elif not 0 < amount <= most:
            answers[row.pk] = Invalid(
                [
                    Problem(
                        "amount",
                        "out_of_range",
                        _("意向金额 %(amount)s 元须大于 0 且不超过 %(most)s 元。") % {"amount": amount, "most": most},
                        _("请调整金额；需要超过的，由企业与贵行另行登记。"),
                    )
                ]
            )
        else:
            answers[row.pk] = amount
    return answers


def _begin(accepted: Sequence[Invitation], amounts: Mapping[int, Any], *, by: By, at: dt.datetime) -> list[Deal]:
    deals = Deal.objects.bulk_create(
        [
            Deal(
                need=row.need,
                filing=row.filing,
                firm=row.filing.firm,
                branch=row.branch,
                origin=row.origin,
                invitation=row,
                officer_id=row.officer_id,
                state=Deal.State.INTENT,
                amount=amounts[row.pk],
                started_at=at,
                province=row.province,
            )
            for row in accepted
        ],
        batch_size=1000,
    )
    record_many(deals, "begin", by={deal.pk: actor_for(by, deal.invitation) for deal in deals}, at=at)
    return deals


def _reasons(codes: Mapping[int, str]) -> dict[int, DeclineCode]:
    known = {row.code: row for row in DeclineCode.objects.filter(code__in=set(codes.values()))}
    unknown = sorted(set(codes.values()) - known.keys())
    if unknown:
        raise Invalid(
            [
                Problem("code", "unknown_code", _("谢绝原因“%(code)s”不在原因表中。") % {"code": code}, _("请从原因表中选择。"))
                for code in unknown
            ]
        )
    return {pk: known[code] for pk, code in codes.items()}


def _decline_invitations(
    rows: Sequence[Invitation], reasons: Mapping[int, DeclineCode], **how: Any
) -> tuple[list[Taken], list[Invitation], list[Deal]]:
    """Invitations, with the deal that an accepted one has already begun."""
    begun = {deal.invitation_id: deal for deal in Deal.objects.filter(invitation__in=rows, state__in=Deal.LIVE)}
    if any(deal.state != Deal.State.INTENT for deal in begun.values()):
        raise Conflict(_("企业已确认与贵行对接，请在对接项目中办理谢绝。"), code="deal_confirmed")
    changes = {row.pk: {"decline_code": reasons[row.pk]} for row in rows}
    results = take_many(INVITATION_STEPS, "decline", looked_up(rows), changes=changes, **how)
    invitations = succeeded(results)
    mine = _lock_deals([begun[row.pk] for row in invitations if row.pk in begun])
    answered = {row.pk: actor_for(how["by"], row) for row in invitations}
    how |= {"seen": None, "by": {deal.pk: answered[deal.invitation_id] for deal in mine}}
    taken = take_many(DEAL_STEPS, "decline", mine, changes={deal.pk: {"decline_code": reasons[deal.invitation_id]} for deal in mine}, **how)
    return results, invitations, succeeded(taken)


def _decline_deals(
    rows: Sequence[Deal], reasons: Mapping[int, DeclineCode], **how: Any
) -> tuple[list[Taken], list[Invitation], list[Deal]]:
    """Deals, with the invitations they came of."""
    asked = looked_up(lock(Invitation.objects.filter(deal__in=rows, state=I.ACCEPTED)))
    results = take_many(DEAL_STEPS, "decline", loaded(rows), changes={row.pk: {"decline_code": reasons[row.pk]} for row in rows}, **how)
    deals = succeeded(results)
    gone = {deal.invitation_id: deal for deal in deals if deal.invitation_id}
    mine = [row for row in asked if row.pk in gone]
    how |= {"seen": None, "by": {row.pk: actor_for(how["by"], gone[row.pk]) for row in mine}}
    changes = {row.pk: {"decline_code": gone[row.pk].decline_code} for row in mine}
    taken = take_many(INVITATION_STEPS, "decline", mine, changes=changes, **how)
    return results, succeeded(taken), deals


def _lock_deals(deals: Sequence[Deal]) -> list[Deal]:
    return lock(Deal.objects.filter(pk__in=[deal.pk for deal in deals]).select_related("branch__organisation", "need"))
