"""The ministry's answer is entered: every row kept as it was typed, with the case it means where that is beyond doubt."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import insert_rows, record, take
from organisations.actors import Person
from organisations.models import Programme
from projects.answers.matching import Finding, Reported, Told, match
from projects.answers.states import ANSWER_STEPS, by_provincial_office
from projects.models import AnswerRow, Filing, MinistryAnswer


def enter(
    rows: Sequence[Told],
    *,
    programme: Programme,
    track: str,
    province: str,
    number: str,
    list_number: str,
    listed_on: dt.date,
    file_name: str,
    sha256: str,
    by: Person,
    at: dt.datetime,
) -> MinistryAnswer:
    """Keep the file's rows with what was found. No case changes before it is applied."""
    answer = MinistryAnswer(
        programme=programme,
        track=track,
        number=number.strip(),
        list_number=list_number.strip(),
        listed_on=listed_on,
        file_name=file_name[:200],
        sha256=sha256,
        entered_by_id=by.user_id,
        entered_at=at,
        province=province,
    )
    if not by_provincial_office(answer, by):
        raise NotAllowed(_("国家反馈清单由省级主管部门按渠道导入。"))
    if not rows:
        raise Invalid([Problem("upload", "empty", _("文件中没有条目。"), _("请核对是否选对了文件。"))])
    with transaction.atomic():
        same = MinistryAnswer.objects.filter(province=province, track=track, sha256=sha256).exclude(state=MinistryAnswer.State.VOID).first()
        if same is not None:
            raise Conflict(_("同一文件已于此前导入（%(answer)s）。") % {"answer": same}, remedy=_("请在该清单中继续办理。"))
        answer.save(force_insert=True)
        findings = match(rows, reported(answer))
        insert_rows([_row(answer, told, finding) for told, finding in zip(rows, findings, strict=True)])
        matched = sum(finding.filing is not None for finding in findings)
        record(answer, "enter", by=by, at=at, changes={"rows": len(rows), "matched": matched, "sha256": sha256})
    return answer


def reported(answer: MinistryAnswer) -> list[Reported]:
    """The cases that wait for this answer."""
    waiting = Filing.objects.filter(
        province=answer.province, programme=answer.programme_id, track=answer.track, state=Filing.State.REPORTED
    ).order_by("pk")
    return [Reported(*row) for row in waiting.values_list("pk", "project__code", "firm__uscc", "firm__name", "project__name")]


def void(answer: MinistryAnswer, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> MinistryAnswer:
    """Entered by mistake: nothing of it is ever applied, and the same file may be entered again."""
    taken: MinistryAnswer = take(ANSWER_STEPS, "void", answer, by=by, at=at, seen=seen, note=note)
    return taken


def _row(answer: MinistryAnswer, told: Told, finding: Finding) -> AnswerRow:
    return AnswerRow(
        answer=answer,
        line=told.line,
        cells=dict(told.cells),
        project_code=told.project_code[:60],
        uscc=told.uscc[:60],
        firm_name=told.firm_name[:200],
        project_name=told.project_name[:200],
        verdict=told.verdict,
        list_number=told.list_number[:60],
        reason=told.reason[:500],
        state=AnswerRow.State.MATCHED if finding.filing is not None else AnswerRow.State.OPEN,
        doubt=finding.doubt,
        told=told.problem[:500],
        filing_id=finding.filing,
        suggested=list(finding.suggested),
        province=answer.province,
    )
