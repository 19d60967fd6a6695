"""The ministry's answer takes effect: cases are listed and their banks told, or left out with the reason; the rest stays on the worklist."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import Taken, lock, only, take, take_many
from deals import invitations
from organisations.actors import Person
from projects import candidate_list
from projects.answers.states import ANSWER_STEPS, ROW_STEPS
from projects.models import AnswerRow, Filing, MinistryAnswer

V = AnswerRow.Verdict


def apply(answer: MinistryAnswer, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> MinistryAnswer:
    """List or leave out every case that is matched. One that is refused joins the worklist with the reason; none is passed over."""
    with transaction.atomic():
        lock(MinistryAnswer.objects.filter(pk=answer.pk))
        rows = list(AnswerRow.objects.filter(answer=answer, state=AnswerRow.State.MATCHED).select_related("answer").order_by("pk"))
        filings = _locked(rows)
        taken: MinistryAnswer = take(ANSWER_STEPS, "apply", answer, by=by, at=at, seen=seen, note=note)
        errors = _take_effect(rows, filings, by=by, at=at)
        take_many(ROW_STEPS, "settle", [row for row in rows if row.filing_id not in errors], by=by, at=at)
        refused = [row for row in rows if row.filing_id in errors]
        changes = {row.pk: {"doubt": AnswerRow.Doubt.REFUSED, "told": errors[row.filing_id][:500]} for row in refused}
        take_many(ROW_STEPS, "doubt", refused, by=by, at=at, changes=changes)
    return taken


def resolve(row: AnswerRow, *, filing: int, verdict: str = "", by: Person, at: dt.datetime, seen: int, note: str = "") -> AnswerRow:
    """An officer says which case a row means; it takes effect at once. Raises what listing or leaving out refuses."""
    if not ROW_STEPS["resolve"].allow(row, by):  # before the number of a case is looked up
        raise NotAllowed
    with transaction.atomic():
        lock(MinistryAnswer.objects.filter(pk=row.answer_id))
        meant = Filing.objects.visible_to(by).filter(pk=filing, track=row.answer.track, province=row.province).first()
        if meant is None:
            raise Invalid([_not_found(filing)])
        lock(Filing.objects.filter(pk=meant.pk))
        said = verdict or row.verdict
        taken: AnswerRow = take(
            ROW_STEPS,
            "resolve",
            row,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes={"filing": meant, "verdict": said},
            also=lambda _row: _verdict_problems(said),
        )
        only(_how(taken)([meant], by=by, at=at))
    return taken


def dismiss(row: AnswerRow, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> AnswerRow:
    """The row means none of our cases."""
    taken: AnswerRow = take(ROW_STEPS, "dismiss", row, by=by, at=at, seen=seen, note=note)
    return taken


def _locked(rows: Sequence[AnswerRow]) -> Mapping[int, Filing]:
    return {filing.pk: filing for filing in lock(Filing.objects.filter(pk__in=[row.filing_id for row in rows]))}


def _take_effect(rows: Iterable[AnswerRow], filings: Mapping[int, Filing], *, by: Person, at: dt.datetime) -> dict[int, str]:
    """Filing id → why it was refused. Cases of one list number, or of one reason, move together."""
    groups: dict[tuple[str, str], list[AnswerRow]] = defaultdict(list)
    for row in rows:
        groups[row.verdict, _list_number(row) if row.verdict == V.LISTED else row.reason].append(row)
    results = [result for group in groups.values() for result in _how(group[0])([filings[row.filing_id] for row in group], by=by, at=at)]
    return {result.obj.pk: str(result.error) for result in results if result.error is not None}


def _how(row: AnswerRow) -> Callable[..., list[Taken]]:
    """What its verdict does to a case."""
    if row.verdict == V.LISTED:
        return partial(invitations.list_many, list_number=_list_number(row), listed_on=row.answer.listed_on)
    reason = row.reason or now("清单未列入，来文未说明原因。")
    return partial(candidate_list.leave_out_many, note=reason)


def _list_number(row: AnswerRow) -> str:
    return row.list_number or row.answer.list_number


def _not_found(filing: int) -> Problem:
    message = _("没有编号为 %(pk)s、属于本渠道的申报。") % {"pk": filing}
    return Problem("filing", "unknown_filing", message, _("请从可能的申报中选择，或在申报台账中查到编号。"))


def _verdict_problems(said: str) -> Iterable[Problem]:
    if said == V.UNKNOWN:
        yield Problem("verdict", "required", _("来文没有写明是否列入。"), _("请与国家主管部门核实后选择结论。"))
