"""Which needs come into second docking: all their banks have ended. And the rest of a partial approval, if its firm asks."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import Param, record_many, take
from deals import needs
from deals.clocks import day
from deals.docking import arriving
from deals.docking.following import LOOKING, RELATED
from deals.docking.models import SecondDocking
from deals.docking.states import DOCKING_STEPS, after_round, by_firm, by_firm_or_office, interested
from deals.models import Deal, Invitation
from organisations import policy
from organisations.actors import FIRM_ROLES, Person, system
from projects.models import Filing, Need, ReviewStep

S, I = SecondDocking.State, Invitation.State  # noqa: E741 -- as in states
BANK_ENDED = (I.DECLINED, I.EXPIRED, I.LAPSED)
FOUND = ("filing__firm",)
NEED = Param("need", "integer", _("融资需求编号"))


def due() -> QuerySet[Need]:
    """Listed needs at rest nowhere, that a bank has left and no bank looks at any more. What is left of each is asked of `needs.left`.

    Where a bank was chosen, also of a loan repaid since, the rest is offered only if the firm asks.
    """
    letters, deals = Invitation.objects.filter(need=OuterRef("pk")), Deal.objects.filter(need=OuterRef("pk"))
    rows = Need.objects.filter(
        Exists(letters.filter(state__in=BANK_ENDED)), filing__state=Filing.State.LISTED, parked_reason="", docking=None
    )
    return rows.exclude(Exists(letters.live())).exclude(Exists(deals.filter(state__in={*Deal.LIVE, *needs.FILLING})))


def begin_due(need_ids: Collection[int], *, at: dt.datetime) -> list[SecondDocking]:
    """List those of these needs that are due, by the system; done again it adds nothing."""
    with transaction.atomic():
        needs.lock_all(need_ids)
        return _list(list(due().filter(pk__in=need_ids).select_related(*FOUND).order_by("pk")), by=system(at), at=at)


def begin(need: Need, *, by: Person, at: dt.datetime, note: str = "") -> SecondDocking:
    """Firm or office list a need at once; of a part approved the firm offers the rest. A need that is listed already is the same row."""
    with transaction.atomic():
        needs.lock_all([need.pk])
        need = Need.objects.select_related(*FOUND).get(pk=need.pk)
        known = SecondDocking.objects.filter(need=need).select_related(*RELATED).first()
        _may_begin(known or SecondDocking(need=need, filing=need.filing, unit=_units([need]).get(need.filing_id)), by)
        partial = _partial(need)
        if partial is not None and by.seat(need.firm_id, *FIRM_ROLES) and (known is None or known.state == S.SETTLED):
            return _offer_rest(need, known, partial, by=by, at=at, note=note)
        if known is not None:
            return known
        made = _list(list(due().filter(pk=need.pk).select_related(*FOUND)), by=by, at=at, note=note)
        if not made:
            raise Invalid([_why_not(need)])
    return made[0]


def offered(rows: Sequence[Need], by: Person) -> list[Need]:
    """Those of a filing's needs that this person may list now: for the button."""
    known = {row.need_id: row for row in SecondDocking.objects.filter(need__in=rows).select_related(*RELATED)}
    units, open_ = _units(rows), set(due().filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    left = needs.left(rows)
    found = []
    for need in rows:
        row = known.get(need.pk) or SecondDocking(need=need, filing=need.filing, unit=units.get(need.filing_id))
        is_new = row.pk is None and need.pk in open_ and left[need.pk] > 0
        is_rest = row.state in ("", S.SETTLED) and by_firm(row, by) and _partial(need) is not None
        if by_firm_or_office(row, by) and (is_new or is_rest):
            found.append(need)
    return found


def allowed(province: str, *, at: dt.datetime) -> int:
    """再推荐轮数: how often banks may be asked again before a meeting."""
    return policy.number("relist_rounds", province=province, on=day(at))


def _list(rows: Sequence[Need], *, by: Person, at: dt.datetime, note: str = "") -> list[SecondDocking]:
    left, units = needs.left(rows), _units(rows)
    made = [
        _docking(need, units[need.filing_id], at=at, rounds_allowed=allowed(need.province, at=at))
        for need in rows
        if left[need.pk] > 0 and need.filing_id in units
    ]
    return _write(made, "dock", by=by, at=at, note=note)


def _docking(need: Need, unit: Any, *, at: dt.datetime, **fields: Any) -> SecondDocking:
    row = SecondDocking(need=need, filing=need.filing, unit=unit, begun_at=at, since=at, province=need.province, **fields)
    row.state = after_round(row)
    return row


def _write(made: Sequence[SecondDocking], verb: str, *, by: Person, at: dt.datetime, note: str) -> list[SecondDocking]:
    rows: list[SecondDocking] = SecondDocking.objects.bulk_create(made)
    record_many(rows, verb, by=by, at=at, note=note)
    arriving.arrive(rows, at=at)
    return rows


def _offer_rest(need: Need, known: SecondDocking | None, partial: Deal, *, by: Person, at: dt.datetime, note: str) -> SecondDocking:
    """The rest of a partial approval; the bank that approved the part is told at its deal."""
    fields = {"rest_of": partial, "rounds_allowed": max(allowed(need.province, at=at), 1)}
    if known is None:
        (row,) = _write([_docking(need, _units([need])[need.filing_id], at=at, **fields)], "offer_rest", by=by, at=at, note=note)
    else:
        fields |= {"rounds_used": 0, "begun_at": at, "since": at}
        row = take(DOCKING_STEPS, "offer_rest", known, by=by, at=at, seen=known.version, note=note, changes=fields)
        arriving.arrive([row], at=at)
    record_many([partial], "offer_rest", by=by, at=at)
    return row


def _partial(need: Need) -> Deal | None:
    """The newest deal under way, approved, where nobody looks at what it leaves."""
    if need.filing.state != Filing.State.LISTED or needs.left([need])[need.pk] <= 0:
        return None
    looked_at = (
        Invitation.objects.filter(need=need, state__in=LOOKING).exists() or Deal.objects.filter(need=need, state=Deal.State.INTENT).exists()
    )
    chosen = Deal.objects.filter(need=need, state__in=needs.FILLING).order_by("-pk").first()
    return None if looked_at or chosen is None or chosen.approved_amount is None else chosen


def _units(rows: Iterable[Need]) -> dict[int, Any]:
    """Filing → the unit that received it."""
    steps = ReviewStep.objects.filter(filing__in={row.filing_id for row in rows}, position=1).select_related("unit__organisation")
    return {step.filing_id: step.unit for step in steps}


def _may_begin(docking: SecondDocking, by: Person) -> None:
    if not by_firm_or_office(docking, by):
        raise NotAllowed(_("二次对接由企业或受理单位列入。"))
    if interested(docking, by):
        raise NotAllowed(_("您已申报与此件当事方存在利益关系，须回避。"), code="recused")


def _why_not(need: Need) -> Problem:
    if need.filing.state != Filing.State.LISTED:
        return Problem("need", "not_listed", _("项目不在备选项目清单内。"), _("列入清单后方可对接。"))
    if needs.left([need])[need.pk] <= 0:
        return Problem("need", "nothing_left", _("该项需求已全部落实。"), _("如有新增需求，请先变更融资需求。"))
    if Invitation.objects.live().filter(need=need).exists() or Deal.objects.live().filter(need=need).exists():
        return Problem("need", "banks_look", _("仍有银行在对接该项需求。"), _("请等待银行答复；各行均谢绝或逾期后即列入二次对接。"))
    if need.parked_reason:
        return Problem("need", "parked", _("该项需求已暂停对接：%(why)s") % {"why": need.parked_reason}, _("请先恢复对接。"))
    return Problem("need", "no_bank_left", _("还没有银行谢绝或逾期。"), _("请先填报意向银行，或参加推荐轮次。"))
