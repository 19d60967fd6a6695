"""Whose move it is, and by when: the first thing every detail page and list row says."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.models import Deadline
from common.steps import subject_of
from deals.models import Deal, Invitation, Recovery, SecondDocking, SubsidyClaim
from matching.models import Round
from organisations.actors import FIRM_ROLES, REVIEW_ROLES, Person
from organisations.models import Unit
from portal.access import is_provincial
from projects.models import AnswerRow, Filing, ForwardBatch, MinistryAnswer
from schemes.models import Scheme


@dataclass(frozen=True)
class Move:
    """Who has to do what by when. Nobody: the case has ended, or rests."""

    who: Any = ""
    what: Any = ""
    due: dt.datetime | None = None
    is_mine: bool = False

    @property
    def is_over(self) -> bool:
        return not self.who


NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
PROVINCE = _("省级主管部门")
SYSTEM = _("系统")
RESTING: Mapping[str, tuple[Any, Any, bool]] = {  # state → who, what, whether it is the province's move
    Filing.State.IN_POOL: (PROVINCE, _("择批上报"), True),
    Filing.State.HELD: (PROVINCE, _("决定是否恢复上报"), True),
    Filing.State.REPORTED: (_("国家部委"), _("审定备选项目清单"), False),
    Filing.State.LISTED: (_("银行与企业"), _("对接洽谈"), False),
}


def open_deadlines(rows: Iterable[Any]) -> dict[int, dt.datetime]:
    """The soonest open deadline of each row, in one query; rows are of one kind."""
    rows = list(rows)
    if not rows:
        return {}
    found: dict[int, dt.datetime] = {}
    deadlines = Deadline.objects.filter(
        subject=subject_of(rows[0]), subject_id__in=[row.pk for row in rows], closed_at=None, paused_at=None
    ).order_by("due_at")
    for row in deadlines:
        found.setdefault(row.subject_id, row.due_at)
    return found


def of_filing(filing: Filing, by: Person, due: dt.datetime | None = None) -> Move:
    if filing.state == Filing.State.IN_REVIEW and filing.current_step is not None:
        step = filing.current_step
        mine = by.unit_seat(step.unit_id, step.stage) is not None
        return Move(f"{step.unit.organisation.name} {step.get_stage_display()}", _("审核"), step.due_at or due, mine)
    if filing.state in (Filing.State.DRAFT, Filing.State.RETURNED):
        what = _("填写并提交") if filing.state == Filing.State.DRAFT else _("修改后重新提交")
        return Move(filing.firm.name, what, due, by.seat(filing.firm_id, *FIRM_ROLES) is not None)
    if filing.state in RESTING:
        who, what, is_provinces = RESTING[filing.state]
        return Move(who, what, None, is_provinces and is_provincial(by))
    return Move()


FORWARD_MOVES: Mapping[str, Any] = {
    ForwardBatch.State.DRAFT: _("核对清单并定稿"),
    ForwardBatch.State.FROZEN: _("打印公文、用印、上传扫描件后上报"),
}


def of_forward(forward: ForwardBatch, by: Person) -> Move:
    if forward.state not in FORWARD_MOVES:
        return Move()
    mine = by.unit_seat(forward.unit_id, *REVIEW_ROLES) is not None
    return Move(forward.unit.organisation.name, FORWARD_MOVES[forward.state], None, mine)


def of_answer(answer: MinistryAnswer, by: Person) -> Move:
    """While a row is left, or the whole has not been applied."""
    if answer.state == MinistryAnswer.State.ENTERED:
        return Move(PROVINCE, _("核对后办理已匹配的条目"), None, is_provincial(by))
    is_open = answer.state == MinistryAnswer.State.APPLIED and answer.rows.filter(state=AnswerRow.State.OPEN).exists()
    return Move(PROVINCE, _("逐条核对未匹配的条目"), None, is_provincial(by)) if is_open else Move()


I = Invitation.State  # noqa: E741 -- the table reads better with one letter
D = Deal.State

INVITATION_MOVES: Mapping[str, tuple[str, Any, str]] = {  # state → side, what, the field with the date
    I.AWAITING_CONSENT: ("firm", _("决定是否向该银行公开"), "expires_at"),
    I.OPEN: ("bank", _("首次联系企业"), "contact_due_at"),
    I.VIEWED: ("bank", _("答复是否有意向"), "expires_at"),
    I.ACCEPTED: ("firm", _("比较各行方案并选择"), ""),
}
DEAL_MOVES: Mapping[str, tuple[str, Any]] = {
    D.INTENT: ("firm", _("比较各行方案并选择")),
    D.CONFIRMED: ("bank", _("收齐材料，开始尽职调查")),
    D.DILIGENCE: ("bank", _("完成尽职调查与审批")),
    D.REPORTED_UP: ("bank", _("上级行审批")),
    D.CREDIT_APPROVED: ("bank", _("与企业签约")),
    D.SIGNED: ("bank", _("按进度放款")),
    D.DRAWING: ("bank", _("按进度放款")),
    D.COMPLETED: ("bank", pgettext_lazy("deal", "贷后管理，结清后登记")),
}
HAND_IN = _("补充材料")


def of_docking(moves: Iterable[Move]) -> Move | None:
    """Of a listed filing: what is mine to do, else what is due first; None before any bank was told."""
    waiting = [move for move in moves if not move.is_over]
    return min(waiting, key=lambda move: (not move.is_mine, move.due is None, move.due or NEVER), default=None)


def of_invitation(invitation: Invitation, by: Person) -> Move:
    if invitation.state not in INVITATION_MOVES:
        return Move()
    deal = getattr(invitation, "deal", None)
    if deal is not None and deal.state != D.INTENT:
        return Move()
    side, what, field = ("firm", HAND_IN, "waiting_until") if invitation.is_waiting else INVITATION_MOVES[invitation.state]
    due = getattr(invitation, field) if field else None
    if side == "firm":
        mine = by.seat(invitation.filing.firm_id, *FIRM_ROLES) is not None
        return Move(invitation.filing.firm.name if mine else _("企业"), what, due, mine)
    return Move(invitation.branch.organisation.name, what, due, by.seat(invitation.branch.organisation_id) is not None)


def of_deal(deal: Deal, by: Person, due: dt.datetime | None = None) -> Move:
    if deal.state not in DEAL_MOVES:
        return Move()
    side, what = ("firm", HAND_IN) if deal.is_waiting else DEAL_MOVES[deal.state]
    if deal.state == D.INTENT and deal.registered_by_id is not None:
        side, what = ("bank" if deal.registered_by_id == deal.firm_id else "firm"), _("核对并确认已签的合同")
    if side == "firm":
        return Move(deal.firm.name, what, due, by.seat(deal.firm_id, *FIRM_ROLES) is not None)
    return Move(deal.branch.organisation.name, what, due, by.seat(deal.branch.organisation_id) is not None)


def of_second_docking(docking: SecondDocking, by: Person, due: dt.datetime | None = None) -> Move:
    """It comes with `letters`, `offers` and `asked_changes` (`reads.dockings`). What is asked of an office is on that office's own list."""
    state = SecondDocking.State
    change = next(iter(docking.filing.asked_changes), None)
    if docking.state == state.ADJUSTING and change is not None and change.unit is not None:
        return Move(change.unit.organisation.name, _("决定变更申请"), change.due_at)
    if docking.state == state.ADJUSTING:
        return Move(docking.firm.name, _("选择再次邀请的银行，或调整需求"), None, by.seat(docking.firm.pk, *FIRM_ROLES) is not None)
    if docking.state == state.SEEKING:
        rows = [*(of_invitation(row, by) for row in docking.need.letters), *(of_deal(row, by) for row in docking.need.offers)]
        return of_docking(rows) or Move(PROVINCE, _("下一轮推荐"), None, is_provincial(by))
    if docking.state in (state.MEETING_DUE, state.CONVENED):
        what = _("安排四方会商") if docking.state == state.MEETING_DUE else _("召开会商并登记结果")
        return Move(docking.unit.organisation.name, what, due, by.unit_seat(docking.unit_id, *REVIEW_ROLES) is not None)
    return Move()


def of_claim(claim: SubsidyClaim, by: Person) -> Move:
    deciding = claim.office.organisation.name if claim.office else _("系统外审批机关")
    decides = claim.office_id is not None and by.unit_seat(claim.office_id) is not None
    state = claim.state
    if state == SubsidyClaim.State.FORECAST:
        by_firm = claim.scheme.channel == Scheme.Channel.FIRM_REIMBURSE
        what = _("付息后申领") if by_firm else _("报送凭证")
        who = claim.deal.firm if by_firm else claim.deal.branch.organisation
        return Move(who.name, what, None, by.seat(who.pk) is not None)
    if state == SubsidyClaim.State.FILED:
        return Move(PROVINCE, _("审核申领"), None, any(seat.line == Unit.Line.INDUSTRY for seat in by.seats) and is_provincial(by))
    if state == SubsidyClaim.State.EVIDENCED:
        return Move(deciding, _("审核凭证"), None, decides)
    if state == SubsidyClaim.State.REVIEWED:
        return Move(deciding, _("审批"), None, decides)
    if state in (SubsidyClaim.State.APPROVED, SubsidyClaim.State.RECORDED):
        return Move(deciding, _("拨付或结算"), None, decides)
    return Move()


RECOVERY_MOVES: Mapping[str, tuple[str, Any]] = {
    Recovery.State.DOUBT: ("bank", _("说明资金用途")),
    Recovery.State.EXPLAINED: ("office", _("认定或排除疑点")),
    Recovery.State.FOUND: ("office", _("由另一人作出追回决定")),
    Recovery.State.DECIDED: ("payer", _("缴回贴息资金")),
    Recovery.State.REFERRED: ("payer", _("缴回贴息资金")),
}


def of_recovery(recovery: Recovery, by: Person, due: dt.datetime | None = None) -> Move:
    if recovery.state not in RECOVERY_MOVES:
        return Move()
    side, what = RECOVERY_MOVES[recovery.state]
    if side == "office":
        return Move(recovery.office.organisation.name, what, due, by.unit_seat(recovery.office_id) is not None)
    who = recovery.payer if side == "payer" else recovery.deal.branch.organisation
    return Move(who.name, what, due, by.seat(who.pk) is not None)


def of_round(round_: Round, by: Person) -> Move:
    mine = is_provincial(by)
    if round_.state == Round.State.PLANNED:
        return Move(PROVINCE, _("冻结快照"), None, mine)
    if round_.state in (Round.State.FROZEN, Round.State.SOLVING):
        return Move(SYSTEM, _("计算并核验"), None, is_mine=False)
    if round_.state == Round.State.SOLVED:
        if round_.proposed_by_id is None:
            return Move(PROVINCE, _("核对结果并提请发布"), None, mine)
        return Move(PROVINCE, _("由另一位签发人审定发布"), None, mine and not by.speaks_for(round_.proposed_by_id))
    return Move()
