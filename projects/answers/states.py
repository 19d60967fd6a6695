"""The life of the ministry's answer and of each of its rows. `projects.answers.steps` and `deals.ministry_answers` wrap these steps."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param, Step
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit
from projects.models import AnswerRow, MinistryAnswer

A, R = MinistryAnswer.State, AnswerRow.State


def by_provincial_office(answer: MinistryAnswer, by: Person) -> bool:
    return by.office(*REVIEW_ROLES, line=answer.track, kind=Unit.Kind.PROVINCE, province=answer.province) is not None


def by_office_of_answer(row: AnswerRow, by: Person) -> bool:
    return by_provincial_office(row.answer, by)


def answer_stands(row: AnswerRow) -> Iterable[Problem]:
    if row.answer.state == A.VOID:
        yield Problem("", "void", _("此反馈清单已作废。"), _("请以重新导入的清单办理。"))


VERDICTS = ((AnswerRow.Verdict.LISTED, _("列入")), (AnswerRow.Verdict.NOT_LISTED, _("未列入")))
RESOLUTION = (
    Param("filing", "integer", _("申报编号"), help=_("核对原文与申报后，填写所指的那一件。")),
    Param("verdict", "choice", _("结论"), required=False, choices=lambda: VERDICTS, help=_("不填则照来文；来文未写明的必填。")),
)

ANSWER_STEPS: dict[str, Step] = {
    "apply": Step(frozenset({A.ENTERED}), A.APPLIED, by_provincial_office, _("办理已匹配的条目")),
    "void": Step(frozenset({A.ENTERED}), A.VOID, by_provincial_office, _("作废"), needs_note=True),
}
ROW_STEPS: dict[str, Step] = {
    "settle": Step(frozenset({R.MATCHED}), R.DONE, by_office_of_answer, _("办结"), missing=answer_stands),
    "doubt": Step(frozenset({R.MATCHED}), R.OPEN, by_office_of_answer, _("转人工核对"), missing=answer_stands),
    "resolve": Step(frozenset({R.OPEN}), R.DONE, by_office_of_answer, _("确认所指申报并办理"), missing=answer_stands, params=RESOLUTION),
    "dismiss": Step(frozenset({R.OPEN}), R.DISMISSED, by_office_of_answer, _("不办理"), needs_note=True, missing=answer_stands),
}
