"""The life of a second docking on one screen. The firm asks again or rests, its office calls the meeting; banks move it by what they do.

Nobody has to be a second pair of eyes: nothing is granted here, and nothing is paid.
"""

from django.utils.translation import gettext_lazy as _

from common.steps import Param, Step
from deals.docking.models import SecondDocking
from deals.states import by_system
from organisations.actors import FIRM_ROLES, REVIEW_ROLES, Person

S = SecondDocking.State


def by_firm(docking: SecondDocking, by: Person) -> bool:
    return by.seat(docking.filing.firm_id, *FIRM_ROLES) is not None


def by_waiting_firm(docking: SecondDocking, by: Person) -> bool:
    """It joined the next round, which has not come yet."""
    return docking.seeks_round and by_firm(docking, by)


def by_office(docking: SecondDocking, by: Person) -> bool:
    """The unit that received the case."""
    return by.unit_seat(docking.unit_id, *REVIEW_ROLES) is not None


def by_firm_or_office(docking: SecondDocking, by: Person) -> bool:
    return by_firm(docking, by) or by_office(docking, by)


def interested(docking: SecondDocking, by: Person) -> bool:
    return by.has_interest_in(docking.filing.firm_id)


def after_round(docking: SecondDocking) -> str:
    """All banks have ended once more: the firm's move as long as a round is left to it."""
    return S.ADJUSTING if docking.rounds_left > 0 else S.MEETING_DUE


# Branches by their codes; a page offers those that serve the place (`portal.views.dockings`).
BANKS = (
    Param("first", "text", _("第一志愿")),
    Param("second", "text", _("第二志愿"), required=False),
    Param("third", "text", _("第三志愿"), required=False),
)
WHY = Param(
    "why", "long_text", _("给银行的说明"), required=False, help=_("请曾谢绝的银行重新考虑的，须写明情况有何变化；银行将看到这段文字。")
)
REASON = Param("reason", "text", _("暂停原因"), help=_("企业和各级单位将看到这段文字。"))
CONVENING = (
    Param("owner", "text", _("牵头人"), help=_("牵头单位和负责人，例如：区经信局 王局长。")),
    Param("meeting_on", "date", _("会商日期")),
    Param("parties", "text", _("参会各方"), required=False, help=_("一般为主管部门、企业、银行、人民银行或担保机构。")),
)
HELD = (Param("held_on", "date", _("召开日期")), Param("summary", "long_text", _("会商意见")))

DOCKING_STEPS: dict[str, Step] = {
    "ask": Step(frozenset({S.ADJUSTING}), S.SEEKING, by_firm, _("再次邀请银行"), params=(*BANKS, WHY)),
    "join": Step(frozenset({S.ADJUSTING}), S.SEEKING, by_firm, _("参加下一轮推荐")),
    "leave": Step(frozenset({S.SEEKING}), S.ADJUSTING, by_waiting_firm, _("不再等待推荐")),
    "pause": Step(frozenset({S.ADJUSTING, S.MEETING_DUE}), S.PARKED, by_firm, _("企业暂不对接"), params=(REASON,)),
    "convene": Step(
        frozenset({S.ADJUSTING, S.MEETING_DUE, S.CONVENED}),
        S.CONVENED,
        by_office,
        _("安排四方会商"),
        params=CONVENING,
        recuses=interested,
    ),
    "agree": Step(frozenset({S.CONVENED}), S.ADJUSTING, by_office, _("会商同意再对接"), params=HELD, recuses=interested),
    "park": Step(frozenset({S.CONVENED}), S.PARKED, by_office, _("会商后暂停对接"), params=(*HELD, REASON), recuses=interested),
    "resume": Step(frozenset({S.PARKED}), S.ADJUSTING, by_firm_or_office, _("恢复对接"), needs_note=True, recuses=interested),
    "offer_rest": Step(
        frozenset({S.SETTLED}), S.ADJUSTING, by_firm, _("余额再次对接")
    ),  # by `beginning.begin`, which knows whether there is a rest
    "seek": Step(frozenset(set(S) - {S.ENDED}), S.SEEKING, by_system, _("银行正在对接")),
    "return": Step(frozenset({S.SEEKING, S.SETTLED}), after_round, by_system, _("银行均未对接成功")),
    "settle": Step(frozenset(set(S) - {S.SETTLED, S.ENDED}), S.SETTLED, by_system, _("已有银行对接")),
    "end": Step(frozenset(set(S) - {S.ENDED}), S.ENDED, by_system, _("项目已离开清单")),
}
