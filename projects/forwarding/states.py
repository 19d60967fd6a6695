"""The life of a forward batch. `projects.forwarding.steps` wraps these steps with what belongs to them."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param, Step, same_state
from organisations.actors import REVIEW_ROLES, Person
from projects.models import ForwardBatch

S = ForwardBatch.State


def by_unit(forward: ForwardBatch, by: Person) -> bool:
    """Any officer of the unit; which of them may pass each case is the case's own question when it is sent."""
    return by.unit_seat(forward.unit_id, *REVIEW_ROLES) is not None


def scan_present(forward: ForwardBatch) -> Iterable[Problem]:
    if not forward.scans.all():
        yield Problem("scan", "required", _("还没有上传盖章公文的扫描件。"), _("请打印公文，签发盖章后扫描上传，再上报。"))


FORWARD_STEPS: dict[str, Step] = {
    "gather": Step(frozenset({S.DRAFT}), S.DRAFT, by_unit, _("补入新通过的项目")),
    "freeze": Step(frozenset({S.DRAFT}), S.FROZEN, by_unit, _("定稿")),
    "reopen": Step(frozenset({S.FROZEN}), S.DRAFT, by_unit, _("取消定稿"), needs_note=True),
    "pull_back": Step(
        frozenset({S.DRAFT, S.FROZEN}),
        same_state,
        by_unit,
        _("撤出一件"),
        needs_note=True,
        params=(Param("filing", "integer", _("申报编号")),),
    ),
    "send": Step(
        frozenset({S.FROZEN}),
        S.SENT,
        by_unit,
        _("上报"),
        missing=scan_present,
        params=(Param("number", "text", _("文号"), help=_("照盖章公文填写。")), Param("dated_on", "date", _("成文日期"))),
    ),
    "void": Step(frozenset({S.DRAFT, S.FROZEN}), S.VOID, by_unit, _("作废"), needs_note=True),
}
