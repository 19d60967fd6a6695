"""What people are told of: verb → sentence → receivers, on one screen. To add a notice, add a row.

Sentences name no amounts. What a row `tells` of the event's own words (a reason, what is wanted) was written for its receiver.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from exchange import receivers as to
from exchange.receivers import Receivers

NOTE, WANTED, WHY = "note", "wanted", "why"


@dataclass(frozen=True)
class Kind:
    """`target`: only where the event led to that state. `urgent` goes by SMS too, `group` is counted by the unit's robot."""

    subject: str
    verb: str
    sentence: Any
    to: Receivers
    tells: str = ""
    target: str = ""
    urgent: bool = False
    group: bool = False

    @property
    def code(self) -> str:
        return ".".join(filter(None, (self.subject.partition(".")[2], self.verb, self.target)))


F, I, D, C, RECOVERY = "projects.filing", "deals.invitation", "deals.deal", "deals.subsidyclaim", "deals.recovery"  # noqa: E741 -- the table reads better with one letter
ASKED, APPEAL, CHANGE, UNLOCK = "projects.consultation", "projects.appeal", "projects.changerequest", "projects.unlockrequest"
OBJECTION = "deals.batchobjection"
ROUND, SCENARIO = "matching.round", "matching.scenario"
DOCKING, WEEK = "deals.seconddocking", "deals.dockinglist"

KINDS: Sequence[Kind] = (
    Kind(F, "submit", _("新收件：%(firm)s“%(title)s”"), to.stage, group=True),
    Kind(F, "resubmit", _("企业已修改并重新提交：%(firm)s“%(title)s”"), to.stage, group=True),
    Kind(F, "pass", _("待您办理：%(firm)s“%(title)s”"), to.stage, target="in_review", group=True),
    Kind(F, "pass", _("“%(title)s”已通过审核，进入储备库"), to.firm, target="in_pool"),
    Kind(F, "return", _("“%(title)s”已退回，请修改后重新提交"), to.firm, tells=NOTE, urgent=True),
    Kind(F, "refuse", _("“%(title)s”审核不通过"), to.firm, tells=NOTE, urgent=True),
    Kind(F, "not_accept", _("“%(title)s”不予受理"), to.firm, tells=NOTE, urgent=True),
    Kind(F, "withdraw", _("企业撤回：%(firm)s“%(title)s”"), to.unit_in_charge),
    Kind(F, "report", _("“%(title)s”已上报国家部委"), to.firm),
    Kind(F, "list", _("“%(title)s”已列入备选项目清单"), to.firm, urgent=True),
    Kind(F, "leave_out", _("“%(title)s”未列入本批备选项目清单"), to.firm, tells=NOTE),
    Kind(F, "remove", _("“%(title)s”已移出备选项目清单"), to.firm, tells=NOTE, urgent=True),
    Kind(F, "retire", _("“%(title)s”已到期退库"), to.firm),
    Kind(F, "escalate", _("多次退回，请关注：%(firm)s“%(title)s”"), to.escalated_to),
    Kind(F, "remind_half", _("办理时限已过半：“%(title)s”"), to.late, group=True),
    Kind(F, "remind_soon", _("办理时限将满：“%(title)s”"), to.late_and_head, group=True),
    Kind(F, "overdue", _("督办：“%(title)s”已逾期"), to.late_and_supervised, urgent=True, group=True),
    Kind(ASKED, "ask", _("征求贵单位意见：%(firm)s“%(title)s”"), to.asked_unit, tells=NOTE, group=True),
    Kind(ASKED, "answer", _("会商已答复：%(firm)s“%(title)s”"), to.asking_unit),
    Kind(ASKED, "recall", _("会商已收回：“%(title)s”"), to.asked_unit),
    Kind(APPEAL, "file", _("异议申诉待办：%(firm)s“%(title)s”"), to.deciding_unit, group=True),
    Kind(APPEAL, "uphold", _("异议成立：“%(title)s”将重新办理"), to.firm, tells=NOTE, urgent=True),
    Kind(APPEAL, "dismiss", _("异议复核维持原决定：“%(title)s”"), to.firm, tells=NOTE, urgent=True),
    Kind(CHANGE, "ask", _("变更申请待办：%(firm)s“%(title)s”"), to.deciding_unit, group=True),
    Kind(CHANGE, "grant", _("变更申请已同意：“%(title)s”"), to.firm),
    Kind(CHANGE, "refuse", _("变更申请未同意：“%(title)s”"), to.firm, tells=NOTE),
    Kind(UNLOCK, "ask", _("企业请求开放更多填报项：%(firm)s“%(title)s”"), to.stage),
    Kind(UNLOCK, "grant", _("已开放所请求的填报项：“%(title)s”"), to.firm),
    Kind(UNLOCK, "refuse", _("未同意开放填报项：“%(title)s”"), to.firm, tells=NOTE),
    Kind(ASKED, "remind_half", _("会商答复时限已过半：“%(title)s”"), to.late, group=True),
    Kind(ASKED, "remind_soon", _("会商答复时限将满：“%(title)s”"), to.late_and_head, group=True),
    Kind(ASKED, "overdue", _("督办：“%(title)s”会商答复已逾期"), to.late_and_supervised, urgent=True, group=True),
    Kind(APPEAL, "remind_half", _("异议办理时限已过半：“%(title)s”"), to.late, group=True),
    Kind(APPEAL, "remind_soon", _("异议办理时限将满：“%(title)s”"), to.late_and_head, group=True),
    Kind(APPEAL, "overdue", _("督办：“%(title)s”异议办理已逾期"), to.late_and_supervised, urgent=True, group=True),
    Kind(CHANGE, "remind_half", _("变更申请办理时限已过半：“%(title)s”"), to.late, group=True),
    Kind(CHANGE, "remind_soon", _("变更申请办理时限将满：“%(title)s”"), to.late_and_head, group=True),
    Kind(CHANGE, "overdue", _("督办：“%(title)s”变更申请办理已逾期"), to.late_and_supervised, urgent=True, group=True),
    Kind("projects.remark", "message", _("新留言：“%(title)s”"), to.other_writer),
    Kind("projects.forwardbatch", "send", _("收到%(unit)s上报的一批项目"), to.asked_unit, group=True),
    Kind(I, "invite", _("为“%(title)s”推荐了%(bank)s，请决定是否向其公开申报资料"), to.firm, target="awaiting_consent", urgent=True),
    Kind(I, "invite", _("新的对接邀请：“%(title)s”"), to.bank, tells=NOTE, target="open", urgent=True, group=True),
    Kind(DOCKING, "dock", _("贵企业的意向银行均已谢绝或逾期，请决定下一步：“%(title)s”"), to.firm, tells=WHY, urgent=True),
    Kind(
        DOCKING, "return", _("再次邀请的银行均已谢绝或逾期，请决定下一步：“%(title)s”"), to.firm, tells=WHY, target="adjusting", urgent=True
    ),
    Kind(
        DOCKING,
        "return",
        _("再对接轮数已用完，待受理单位安排四方会商：%(firm)s“%(title)s”"),
        to.firm_and_unit,
        target="meeting_due",
        urgent=True,
        group=True,
    ),
    Kind(DOCKING, "convene", _("四方会商已定，请按时参加：“%(title)s”"), to.firm, tells="meeting", urgent=True),
    Kind(DOCKING, "agree", _("四方会商同意再对接一轮，请邀请银行：“%(title)s”"), to.firm, tells=NOTE, urgent=True),
    Kind(DOCKING, "park", _("经四方会商暂停对接：“%(title)s”"), to.firm, tells="parked", urgent=True),
    Kind(DOCKING, "pause", _("企业暂不对接：%(firm)s“%(title)s”"), to.deciding_unit),
    Kind(DOCKING, "resume", _("已恢复对接：%(firm)s“%(title)s”"), to.firm_and_unit, tells=NOTE),
    Kind(DOCKING, "remind_half", _("四方会商时限已过半：%(firm)s“%(title)s”"), to.late),
    Kind(DOCKING, "remind_soon", _("四方会商时限将满：%(firm)s“%(title)s”"), to.late_and_head, group=True),
    Kind(DOCKING, "overdue", _("督办：四方会商已逾期：%(firm)s“%(title)s”"), to.late_and_supervised, urgent=True, group=True),
    Kind(WEEK, "list", _("本周二次对接清单：共 %(number)s 项，其中 %(waiting)s 项待本单位安排会商"), to.deciding_unit, group=True),
    Kind(D, "offer_rest", _("企业将尚缺的余额另行对接，贵行已批复的部分不受影响：“%(title)s”"), to.bank),
    Kind(I, "consent", _("企业已同意公开：“%(title)s”"), to.bank, group=True),
    Kind(I, "view", _("%(bank)s已就“%(title)s”联系贵企业"), to.firm),
    Kind(I, "ask", _("%(bank)s请补充材料：“%(title)s”"), to.firm, tells=WANTED, urgent=True),
    Kind(I, "answer", _("企业已补充材料：“%(title)s”"), to.bank),
    Kind(I, "accept", _("%(bank)s有意向，请比较后选择：“%(title)s”"), to.firm, urgent=True),
    Kind(I, "decline", _("%(bank)s谢绝：“%(title)s”"), to.firm, tells=WHY),
    Kind(I, "expire", _("%(bank)s逾期未答复，邀请失效：“%(title)s”"), to.firm),
    Kind(I, "lapse", _("企业已选其他银行：“%(title)s”"), to.bank),
    Kind(I, "withdraw", _("需求已撤回：“%(title)s”"), to.bank),
    Kind(I, "dispatch", _("派给您的对接邀请：“%(title)s”"), to.bank, urgent=True),
    Kind(I, "remind_half", _("对接时限已过半：“%(title)s”"), to.late),
    Kind(I, "remind_soon", _("对接时限将满：“%(title)s”"), to.late, urgent=True),
    Kind(I, "overdue", _("督办：“%(title)s”对接已逾期"), to.late_and_supervised, urgent=True, group=True),
    Kind(D, "confirm", _("企业选择了贵行：“%(title)s”"), to.bank, urgent=True, group=True),
    Kind(D, "register_direct", _("对方登记了自行达成的贷款，请核对确认：“%(title)s”"), to.other_side),
    Kind(D, "start_diligence", _("%(bank)s开始尽职调查：“%(title)s”"), to.firm),
    Kind(D, "ask", _("%(bank)s请补充材料：“%(title)s”"), to.firm, tells=WANTED, urgent=True),
    Kind(D, "answer", _("企业已补充材料：“%(title)s”"), to.bank),
    Kind(D, "report_up", _("%(bank)s已上报上级行审批：“%(title)s”"), to.firm),
    Kind(D, "approve_credit", _("%(bank)s授信已批复：“%(title)s”"), to.firm, urgent=True),
    Kind(D, "sign", _("已登记签约：“%(title)s”（%(bank)s）"), to.firm),
    Kind(D, "draw", _("已登记放款：“%(title)s”（%(bank)s）"), to.firm),
    Kind(D, "close_drawing", _("不再提款：“%(title)s”（%(bank)s）"), to.firm),
    Kind(D, "repay", _("已登记结清：“%(title)s”（%(bank)s）"), to.firm),
    Kind(D, "decline", _("%(bank)s谢绝：“%(title)s”"), to.firm, tells=WHY, urgent=True),
    Kind(D, "withdraw", _("企业退出：“%(title)s”"), to.bank),
    Kind(D, "lapse", _("企业已选其他银行：“%(title)s”"), to.bank),
    Kind(D, "dispatch", _("派给您的对接项目：“%(title)s”"), to.bank, urgent=True),
    Kind(D, "remind_half", _("对接时限已过半：“%(title)s”"), to.late),
    Kind(D, "remind_soon", _("对接时限将满：“%(title)s”"), to.late, urgent=True),
    Kind(D, "overdue", _("督办：“%(title)s”对接已逾期"), to.late_and_supervised, urgent=True, group=True),
    Kind(C, "file", _("贴息申领待审核：%(firm)s（%(scheme)s，%(period)s）"), to.province, group=True),
    Kind(C, "evidence", _("贴息凭证待审核：%(firm)s（%(scheme)s，%(period)s）"), to.deciding_office, group=True),
    Kind(C, "review", _("贴息申领待审批：%(firm)s（%(scheme)s，%(period)s）"), to.deciding_office, group=True),
    Kind(C, "approve", _("贴息已安排：“%(title)s”（%(scheme)s，%(period)s）"), to.claimant, tells=WHY),
    Kind(C, "refuse", _("贴息不予支持：“%(title)s”（%(scheme)s，%(period)s）"), to.claimant, tells=NOTE, urgent=True),
    Kind(C, "settle", _("贴息已拨付：“%(title)s”（%(scheme)s，%(period)s）"), to.claimant, urgent=True),
    Kind(C, "carry", _("预算不足的部分已结转，下一资金文件优先安排：“%(title)s”（%(scheme)s，%(period)s）"), to.claimant),
    Kind(
        OBJECTION,
        "object",
        _("公示期间收到异议，核实期间暂不拨付：“%(title)s”（%(scheme)s，%(period)s）"),
        to.claimant_objected_to,
        urgent=True,
    ),
    Kind(
        OBJECTION, "dismiss", _("公示异议不成立，贴息继续办理：“%(title)s”（%(scheme)s，%(period)s）"), to.claimant_objected_to, tells=NOTE
    ),
    Kind(
        OBJECTION,
        "uphold",
        _("公示异议成立，贴息不予拨付：“%(title)s”（%(scheme)s，%(period)s）"),
        to.claimant_objected_to,
        tells=NOTE,
        urgent=True,
    ),
    Kind(
        RECOVERY,
        "doubt",
        _("资金用途存疑，贴息暂停，请银行按期说明：“%(title)s”（%(scheme)s）"),
        to.firm_and_bank_of_loan,
        tells=NOTE,
        urgent=True,
        group=True,
    ),
    Kind(RECOVERY, "explain", _("银行已说明资金用途：%(firm)s（%(scheme)s）"), to.deciding_office, group=True),
    Kind(RECOVERY, "state", _("企业已陈述意见：%(firm)s（%(scheme)s）"), to.deciding_office),
    Kind(RECOVERY, "find", _("资金用途问题已认定，待作出决定：%(firm)s（%(scheme)s）"), to.deciding_office, group=True),
    Kind(RECOVERY, "clear", _("疑点已排除，贴息恢复：“%(title)s”（%(scheme)s）"), to.firm_and_bank_of_loan, tells=NOTE),
    Kind(RECOVERY, "decide", _("已作出追回决定，请按期缴回：“%(title)s”（%(scheme)s）"), to.firm_and_bank_of_loan, urgent=True),
    Kind(RECOVERY, "receive", _("追回款已入账：“%(title)s”（%(scheme)s）"), to.payer),
    Kind(RECOVERY, "close", _("追回款已全部收回：“%(title)s”（%(scheme)s）"), to.firm_and_bank_of_loan),
    Kind(RECOVERY, "refer", _("追回事项已移送：“%(title)s”（%(scheme)s）"), to.firm_and_bank_of_loan, tells=NOTE, urgent=True),
    Kind(RECOVERY, "remind_half", _("追回事项时限已过半：“%(title)s”（%(scheme)s）"), to.late),
    Kind(RECOVERY, "remind_soon", _("追回事项时限将满：“%(title)s”（%(scheme)s）"), to.late, urgent=True),
    Kind(RECOVERY, "overdue", _("督办：追回事项已逾期：%(firm)s（%(scheme)s）"), to.late_and_office, urgent=True, group=True),
    Kind(ROUND, "solve", _("推荐轮次 %(title)s 已算完，请核对"), to.province),
    Kind(ROUND, "fail", _("推荐轮次 %(title)s 计算失败"), to.province, urgent=True),
    Kind(ROUND, "propose", _("推荐轮次 %(title)s 提请发布，请审定"), to.signers, group=True),
    Kind("matching.nonmatch", "unmatched", _("“%(title)s”%(year)s年的融资需求本轮未获推荐"), to.firm_of_need, tells=WHY),
    Kind(SCENARIO, "solve", _("情景测算“%(title)s”已完成"), to.asker),
    Kind("organisations.cover", "name_cover", _("替岗安排：%(from)s至%(to)s，%(deputy)s代%(absent)s办理"), to.of_cover, urgent=True),
    Kind("organisations.cover", "end", _("替岗提前结束：%(deputy)s不再代%(absent)s办理"), to.of_cover),
    Kind(SCENARIO, "fail", _("情景测算“%(title)s”失败"), to.asker),
)
BY_CODE: Mapping[str, Kind] = {kind.code: kind for kind in KINDS}


def kinds_of(subject: str, verb: str, target: str) -> list[Kind]:
    return [kind for kind in KINDS if (kind.subject, kind.verb) == (subject, verb) and kind.target in ("", target)]


def sentence(code: str, facts: Mapping[str, str]) -> str:
    """What the notice says, in the reader's language."""
    kind = BY_CODE.get(code)
    return str(kind.sentence) % facts if kind else code
