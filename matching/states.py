"""The life of a round, its recommendations and its weights. `matching.rounds` wraps these steps."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.models import Provincial
from common.steps import Step
from matching.models import Recommendation, Round, Scenario, Weights
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Role, Unit

R = Round.State
C = Recommendation.State
W = Weights.State
S = Scenario.State


def by_provincial_office(row: Provincial, by: Person) -> bool:
    return by.office(*REVIEW_ROLES, line=Unit.Line.INDUSTRY, kind=Unit.Kind.PROVINCE, province=row.province) is not None


def by_signer(row: Provincial, by: Person) -> bool:
    return by.office(Role.SIGNER, line=Unit.Line.INDUSTRY, kind=Unit.Kind.PROVINCE, province=row.province) is not None


def by_other_signer(round_: Round, by: Person) -> bool:
    """Publication takes two people: whoever proposed it does not approve it."""
    return by_signer(round_, by) and round_.proposed_by_id is not None and not by.speaks_for(round_.proposed_by_id)


def by_second_signer(weights: Weights, by: Person) -> bool:
    return by_signer(weights, by) and not by.speaks_for(weights.drafted_by_id)


def by_system(_row: object, by: Person) -> bool:
    return by.is_system


def by_system_or_office(row: Provincial, by: Person) -> bool:
    return by.is_system or by_provincial_office(row, by)


def parent_published(round_: Round) -> Iterable[Problem]:
    """A child round is published under its parent's approval."""
    if round_.parent is None or round_.parent.state != R.PUBLISHED:
        yield Problem("parent", "no_published_parent", _("只有上级轮次已发布的补充轮次可按授权发布。"))


ROUND_STEPS: dict[str, Step] = {
    "freeze": Step(frozenset({R.PLANNED}), R.FROZEN, by_system_or_office, _("冻结")),
    "start": Step(frozenset({R.FROZEN, R.SOLVING}), R.SOLVING, by_system, _("开始计算")),
    "solve": Step(frozenset({R.SOLVING}), R.SOLVED, by_system, _("计算完成")),
    "fail": Step(frozenset({R.FROZEN, R.SOLVING}), R.FAILED, by_system, _("计算失败")),
    "cancel": Step(frozenset({R.PLANNED, R.FROZEN, R.SOLVING}), R.VOID, by_system_or_office, _("取消"), needs_note=True),
    "propose": Step(frozenset({R.SOLVED}), R.SOLVED, by_provincial_office, _("提请发布")),
    "publish": Step(frozenset({R.SOLVED}), R.PUBLISHED, by_other_signer, _("审定发布")),
    "publish_child": Step(frozenset({R.SOLVED}), R.PUBLISHED, by_system, _("按上级轮次授权发布"), missing=parent_published),
    "void": Step(frozenset({R.SOLVED}), R.VOID, by_provincial_office, _("作废"), needs_note=True),
}

RECOMMENDATION_STEPS: dict[str, Step] = {
    "publish": Step(frozenset({C.DRAFTED}), C.PUBLISHED, by_system_or_office, _("发布")),
    "stand_by": Step(frozenset({C.DRAFTED}), C.STANDBY, by_system_or_office, _("列为候补")),
    "leave_out": Step(frozenset({C.DRAFTED, C.STANDBY}), C.NO_ROOM, by_system_or_office, _("预留未成")),
    "offer": Step(frozenset({C.STANDBY}), C.PUBLISHED, by_system, _("启用候补")),
    "spend": Step(frozenset({C.STANDBY}), C.SPENT, by_system, _("候补不再启用")),
    "void": Step(frozenset({C.DRAFTED}), C.VOID, by_system_or_office, _("作废")),
}

WEIGHTS_STEPS: dict[str, Step] = {
    "approve": Step(frozenset({W.DRAFT}), W.APPROVED, by_second_signer, _("审定发布")),
    "replace": Step(frozenset({W.APPROVED}), W.REPLACED, by_signer, _("停用")),
}

SCENARIO_STEPS: dict[str, Step] = {
    "solve": Step(frozenset({S.ASKED}), S.SOLVED, by_system, _("测算完成")),
    "fail": Step(frozenset({S.ASKED}), S.FAILED, by_system, _("测算失败")),
    "cancel": Step(frozenset({S.ASKED}), S.CANCELLED, by_provincial_office, _("取消测算")),
}
