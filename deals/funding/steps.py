"""A batch step by step. Its claims are arranged all at once, by the rule of the scheme's version, when it goes on public notice.

An objection stops the claim it is about: upheld, the claim is not paid; open when the document is issued, the claim leaves the batch
and is paid by itself once the objection is dismissed.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Min, Sum
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.models import AuditEvent
from common.steps import Taken, lock, record, record_many, subject_of, take, update_rows
from common.workdays import due_at, load_calendar
from deals.clocks import day, end_of
from deals.funding.states import BATCH_STEPS, OBJECTION_STEPS, may_draft
from deals.models import BatchObjection, CrossCheckFlag, FundingBatch, Recovery, SubsidyClaim
from deals.subsidies import arranging, claims
from deals.subsidies.arranging import Rank
from organisations import policy
from organisations.actors import Person
from schemes.models import Scheme

ZERO = Decimal(0)
B, C, O = FundingBatch.State, SubsidyClaim.State, BatchObjection.State  # noqa: E741 -- as in the table
HONOURED, OTHERS = 0, 1
ID_DIGITS = 18


def waiting(scheme: Scheme, by: Person) -> Any:
    """Reviewed claims of the scheme at this person's offices that are in no batch, not in doubt, and have no flag to be answered."""
    doubted = Recovery.objects.in_doubt().filter(scheme=scheme).values("deal")
    mine = SubsidyClaim.objects.filter(scheme=scheme, state=C.REVIEWED, office__in=by.unit_ids, batch=None)
    flagged = CrossCheckFlag.objects.exclude(state=CrossCheckFlag.State.DISMISSED).values("claim")
    return mine.exclude(deal__in=doubted).exclude(pk__in=flagged).order_by("pk")


def draft(*, scheme: str, fiscal_year: int, number: str, by: Person, at: dt.datetime, claims: str = "") -> FundingBatch:
    """Put reviewed claims into a batch: those named by their ids, or all that wait. The same number again is the same batch."""
    chosen = _ids(claims)
    subsidy = Scheme.objects.get(code=scheme)
    with transaction.atomic():
        rows = waiting(subsidy, by)
        rows = lock(rows if chosen is None else rows.filter(pk__in=chosen))
        office = rows[0].office_id if rows else None
        known = FundingBatch.objects.filter(number=number.strip(), office__in=by.unit_ids).first()
        if known is not None:
            return _same(known, subsidy, fiscal_year)
        if rows and not may_draft(office, by):
            raise NotAllowed(_("资金安排方案由财政部门草拟。"))
        problems = list(_draft_problems(number, rows, chosen, office))
        if problems:
            raise Invalid(problems)
        threshold = policy.value("maker_checker_above", province=rows[0].province, on=day(at))
        batch = FundingBatch.objects.create(
            scheme=subsidy,
            office_id=office,
            fiscal_year=fiscal_year,
            number=number.strip(),
            drafted_by_id=by.user_id,
            is_large=sum((row.eligible for row in rows), ZERO) > threshold,
            province=rows[0].province,
        )
        record(batch, "draft", by=by, at=at, changes={"claims": [None, len(rows)]})
        _put(rows, batch, "enter_batch", by=by, at=at)
    return batch


def publish(
    batch: FundingBatch, *, notice_from: dt.date, phone: str, by: Person, at: dt.datetime, seen: int, note: str = ""
) -> FundingBatch:
    """Arrange all claims at once by the scheme's rule, hold the budget, and put the list on public notice."""
    days = policy.number("notice_days", province=batch.province, on=notice_from)
    notice_to = day(due_at(end_of(notice_from), days=days, calendar=load_calendar()))
    with transaction.atomic():
        rows = _claims(batch)
        budget = arranging.budgets_of(rows).get((batch.scheme_id, batch.fiscal_year))
        changes = {
            "notice_from": notice_from,
            "notice_to": notice_to,
            "notice_phone": phone,
            "shortfall_rule": arranging.rule_of(rows),
            "available": arranging.room_of(budget) if budget else None,
        }
        row: FundingBatch = take(
            BATCH_STEPS, "publish", _loaded(batch), by=by, at=at, seen=seen, note=note, changes=changes, also=lambda _row: _empty(rows)
        )
        _all(claims.approve_many(rows, by=by, at=at, fiscal_year=batch.fiscal_year, batch=batch.pk, ranks=ranks(rows), note=batch.number))
    return row


def object_to(
    batch: FundingBatch,
    *,
    claim: int,
    objector: str,
    text: str,
    received_on: dt.date,
    by: Person,
    at: dt.datetime,
    seen: int,
    note: str = "",
) -> FundingBatch:
    """Somebody objects to one claim, by telephone or letter. The same objection again is the same one."""
    with transaction.atomic():
        target = next((row for row in _claims(batch) if row.pk == claim), None)
        known = BatchObjection.objects.filter(batch=batch, claim=target, objector=objector, text=text).exists() if target else False

        def problems(_row: FundingBatch) -> Iterable[Problem]:
            if target is None:
                yield from _not_in(claim)
            if received_on > day(at):
                yield Problem("received_on", "in_future", _("收到日期晚于今天。"), _("请核对日期。"))

        if known:
            return _loaded(batch)
        row: FundingBatch = take(BATCH_STEPS, "object", _loaded(batch), by=by, at=at, seen=seen, note=note, also=problems)
        objection = BatchObjection.objects.create(
            batch=row, claim=target, objector=objector, text=text, received_on=received_on, province=row.province
        )
        record(objection, "object", by=by, at=at, note=text)
    return row


def issue(
    batch: FundingBatch, *, document_no: str, issued_on: dt.date, by: Person, at: dt.datetime, seen: int, note: str = ""
) -> FundingBatch:
    """The notice has run out: the document goes out with every claim that nobody objects to."""

    def problems(row: FundingBatch) -> Iterable[Problem]:
        if row.notice_to is None or issued_on <= row.notice_to:
            yield Problem("issued_on", "notice_runs", _("公示至 %(day)s，期满后方可行文。") % {"day": row.notice_to}, _("请在期满后办理。"))
        if issued_on > day(at):
            yield Problem("issued_on", "in_future", _("行文日期晚于今天。"), _("请按文件填写。"))
        if not document_no.strip():
            yield Problem("document_no", "required", _("请填写资金文号。"), _("没有文号的资金不能登记。"))

    with transaction.atomic():
        rows = _claims(batch)
        stopped = set(BatchObjection.objects.filter(batch=batch, state=O.OPEN).values_list("claim", flat=True))
        changes = {"document_no": document_no.strip(), "issued_on": issued_on}
        row: FundingBatch = take(BATCH_STEPS, "issue", _loaded(batch), by=by, at=at, seen=seen, note=note, changes=changes, also=problems)
        _put([one for one in rows if one.pk in stopped], None, "leave_batch", by=by, at=at)
    return row


def pay(batch: FundingBatch, *, paid_on: dt.date, by: Person, at: dt.datetime, seen: int, note: str = "") -> FundingBatch:
    """The money of the document went out: every claim of the batch is settled with what was arranged."""

    def problems(row: FundingBatch) -> Iterable[Problem]:
        if paid_on > day(at) or (row.issued_on is not None and paid_on < row.issued_on):
            yield Problem("paid_on", "out_of_range", _("下达日期须在行文日期与今天之间。"), _("请按凭证填写。"))

    with transaction.atomic():
        rows = [row for row in _claims(batch) if row.state == C.APPROVED]
        row: FundingBatch = take(
            BATCH_STEPS, "pay", _loaded(batch), by=by, at=at, seen=seen, note=note, changes={"paid_on": paid_on}, also=problems
        )
        _all(claims.settle_many(rows, by=by, at=at, document_no=row.document_no, note=row.number))
    return row


def leave(batch: FundingBatch, *, claim: int, by: Person, at: dt.datetime, seen: int, note: str = "") -> FundingBatch:
    """Take one claim out of a draft: it waits for another batch."""
    with transaction.atomic():
        rows = [row for row in _claims(batch) if row.pk == claim]
        row: FundingBatch = take(
            BATCH_STEPS, "leave", _loaded(batch), by=by, at=at, seen=seen, note=note, also=lambda _row: () if rows else _not_in(claim)
        )
        _put(rows, None, "leave_batch", by=by, at=at)
    return row


def void(batch: FundingBatch, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> FundingBatch:
    """A draft that goes nowhere: its claims wait for another."""
    with transaction.atomic():
        rows = _claims(batch)
        row: FundingBatch = take(BATCH_STEPS, "void", _loaded(batch), by=by, at=at, seen=seen, note=note)
        _put(rows, None, "leave_batch", by=by, at=at)
    return row


def dismiss(objection: BatchObjection, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> BatchObjection:
    return _answer(objection, "dismiss", by=by, at=at, seen=seen, note=note)


def uphold(objection: BatchObjection, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> BatchObjection:
    """The claim is not paid, and what was held for it is free for others."""
    with transaction.atomic():
        rows = lock(SubsidyClaim.objects.filter(pk=objection.claim_id, state__in=(C.REVIEWED, C.APPROVED)))
        row = _answer(objection, "uphold", by=by, at=at, seen=seen, note=note)
        claims.drop(rows, by=by, at=at, note="异议成立")
    return row


BATCH_ACTIONS: Mapping[str, Callable[..., Any]] = {
    "publish": publish,
    "object": object_to,
    "issue": issue,
    "pay": pay,
    "leave": leave,
    "void": void,
}
OBJECTION_ACTIONS: Mapping[str, Callable[..., Any]] = {"dismiss": dismiss, "uphold": uphold}


def ranks(rows: Sequence[SubsidyClaim]) -> dict[int, Rank]:
    """Honoured firms (专精特新 and the like) first where the rule asks for priority; everywhere by when the claim was handed in."""
    handed_in = AuditEvent.objects.filter(
        subject=subject_of(SubsidyClaim()), subject_id__in=[row.pk for row in rows], verb__in=("file", "evidence")
    )
    places = dict(handed_in.order_by().values("subject_id").annotate(first=Min("pk")).values_list("subject_id", "first"))
    honoured = SubsidyClaim.objects.filter(pk__in=places, deal__firm__firm__honours__len__gt=0).values_list("pk", flat=True)
    first = set(honoured)
    return {row.pk: Rank(HONOURED if row.pk in first else OTHERS, places.get(row.pk, 0)) for row in rows}


def totals(batch: FundingBatch) -> Mapping[str, Decimal | None]:
    rows = SubsidyClaim.objects.filter(batch=batch).exclude(state=C.REFUSED)
    return rows.aggregate(requested=Sum("requested"), eligible=Sum("eligible"), arranged=Sum("arranged"), paid=Sum("paid"))


def _answer(objection: BatchObjection, verb: str, **how: Any) -> BatchObjection:
    row = BatchObjection.objects.select_related("batch__office").get(pk=objection.pk)
    answered: BatchObjection = take(OBJECTION_STEPS, verb, row, changes={"answer": how["note"].strip()}, **how)
    return answered


def _claims(batch: FundingBatch) -> list[SubsidyClaim]:
    """Those of the batch that are still on their way, locked before the batch itself."""
    return lock(SubsidyClaim.objects.filter(batch=batch.pk).exclude(state=C.REFUSED))


def _loaded(batch: FundingBatch) -> FundingBatch:
    return FundingBatch.objects.select_related("office__organisation", "scheme").get(pk=batch.pk)


def _put(rows: Sequence[SubsidyClaim], batch: FundingBatch | None, verb: str, *, by: Person, at: dt.datetime) -> None:
    for row in rows:
        row.batch, row.version = batch, row.version + 1
    update_rows(rows, ["batch", "version"])
    record_many(rows, verb, by=by, at=at)


def _all(results: Sequence[Taken]) -> None:
    """Every claim or none: what refuses one is told with its number."""
    problems = [
        Problem("claims", problem.code, _("申领 %(id)s：%(why)s") % {"id": result.obj.pk, "why": problem.message}, problem.remedy)
        for result in results
        if result.error is not None
        for problem in (result.error.problems or [Problem("", result.error.code, result.error.message, result.error.remedy)])
    ]
    if problems:
        raise Invalid(problems)


def _ids(text: str) -> list[int] | None:
    """The claims that a person names, or None for all."""
    words = re.split(r"[\s,，;；、]+", text.strip()) if text.strip() else []
    if any(not word.isdecimal() or len(word) > ID_DIGITS for word in words):
        raise Invalid([Problem("claims", "not_numbers", _("申领编号须为数字。"), _("多个编号请用逗号分开。"))])
    return [int(word) for word in words] or None


def _not_in(claim: int) -> Iterable[Problem]:
    yield Problem("claim", "unknown", _("方案中没有编号为 %(id)s 的申领。") % {"id": claim}, _("请按公示清单填写。"))


def _empty(rows: Sequence[SubsidyClaim]) -> Iterable[Problem]:
    if not rows:
        yield Problem("claims", "empty", _("方案中没有申领。"), _("请撤销后重新草拟。"))


def _same(known: FundingBatch, scheme: Scheme, fiscal_year: int) -> FundingBatch:
    if (known.scheme_id, known.fiscal_year) != (scheme.pk, fiscal_year):
        raise Conflict(_("编号 %(number)s 已用于另一方案。") % {"number": known.number}, code="other_facts", remedy=_("请另取编号。"))
    return known


def _draft_problems(number: str, rows: Sequence[SubsidyClaim], chosen: Sequence[int] | None, office: int | None) -> Iterable[Problem]:
    if not number.strip():
        yield Problem("number", "required", _("请填写方案编号。"), _("编号用于公示和行文。"))
    if not rows:
        yield Problem("claims", "empty", _("没有待安排的申领。"), _("申领审核通过后方可编入方案。"))
    elif chosen is not None and len(rows) != len(set(chosen)):
        missing = sorted(set(chosen) - {row.pk for row in rows})
        yield Problem("claims", "not_waiting", _("申领 %(ids)s 不在待安排之列。") % {"ids": missing}, _("请从待安排的申领中选取。"))
    if any(row.office_id != office for row in rows):
        yield Problem("claims", "other_office", _("一个方案只安排一个单位的申领。"), _("请按审批单位分别草拟。"))
