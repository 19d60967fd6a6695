"""A forward batch from its first draft to the letter that is sent: cases move together, or none of them moves."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import Taken, lock, record, take
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Batch, ReviewChain, Unit
from projects import candidate_list, review
from projects.forwarding import listing
from projects.forwarding.states import FORWARD_STEPS
from projects.intake import form_digest
from projects.models import Filing, ForwardBatch, ForwardedCase
from projects.routing import in_force


def prepare(unit: Unit, *, batch: Batch, by: Person, at: dt.datetime) -> ForwardBatch:
    """Begin a forward batch with every case that waits to be sent up. Raises Invalid where none waits."""
    if by.unit_seat(unit.pk, *REVIEW_ROLES) is None or unit.line != batch.track or unit.province != batch.province:
        raise NotAllowed(_("只能为本单位、本渠道编制上报批次。"))
    with transaction.atomic():
        lock(Unit.objects.filter(pk=unit.pk))  # two who begin at once take their cases one after the other
        found = listing.waiting(unit, batch)[: listing.CASES_MAX]
        if not found:
            remedy = _("请在最后一个环节办理前编制；已在其他上报批次中的项目不重复列入。")
            raise Invalid([Problem("batch", "nothing_waits", _("本单位在此批次没有待上报的项目。"), remedy)])
        forward = ForwardBatch(unit=unit, to_unit=_above(unit, on=timezone.localdate(at)), batch=batch, province=unit.province)
        forward.save(force_insert=True)
        _put_on(forward, found)
        record(forward, "prepare", by=by, at=at, changes={"cases": [filing.pk for filing in found]})
    return forward


def gather(forward: ForwardBatch, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ForwardBatch:
    """Put on the list what has come to wait since."""
    with transaction.atomic():
        lock(Unit.objects.filter(pk=forward.unit_id))
        found = list(listing.waiting(forward.unit, forward.batch)[: listing.CASES_MAX])
        facts = {"cases": [filing.pk for filing in found]}
        taken: ForwardBatch = take(FORWARD_STEPS, "gather", forward, by=by, at=at, seen=seen, note=note, facts=facts)
        _put_on(taken, found)
    return taken


def freeze(forward: ForwardBatch, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ForwardBatch:
    """The list stands: letter and list can be printed, each with version and digest."""
    with transaction.atomic():
        filings = _locked(forward)
        taken: ForwardBatch = take(
            FORWARD_STEPS,
            "freeze",
            forward,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes=lambda current: _frozen(current, filings, at=at),
            also=lambda current: listing.problems(current, filings),
        )
    return taken


def reopen(forward: ForwardBatch, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ForwardBatch:
    """Back to drafting; what was printed counts no more."""
    taken: ForwardBatch = take(FORWARD_STEPS, "reopen", forward, by=by, at=at, seen=seen, note=note)
    return taken


def pull_back(forward: ForwardBatch, *, filing: int, by: Person, at: dt.datetime, seen: int, note: str = "") -> ForwardBatch:
    """Take one case off the list. Of a frozen list there is a next version then, to be printed and stamped anew."""
    with transaction.atomic():
        filings = _locked(forward)
        left = [row for row in filings if row.pk != filing]
        taken: ForwardBatch = take(
            FORWARD_STEPS,
            "pull_back",
            forward,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes=lambda current: _frozen(current, left, at=at) if current.state == ForwardBatch.State.FROZEN else {},
            also=lambda _current: _pull_problems(filing, filings, left),
            facts={"filing": filing},
        )
        _take_off(taken, [filing], at=at, reason=note)
    return taken


def send(forward: ForwardBatch, *, number: str, dated_on: dt.date, by: Person, at: dt.datetime, seen: int, note: str = "") -> ForwardBatch:
    """The stamped letter goes: every case on the list moves up with it, or none does. Raises Invalid naming each that cannot."""
    number = number.strip()
    with transaction.atomic():
        filings = _locked(forward)
        taken: ForwardBatch = take(
            FORWARD_STEPS,
            "send",
            forward,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes={"number": number, "dated_on": dated_on, "sent_at": at},
            also=lambda current: (
                *_number_problems(current, number),
                *listing.problems(current, filings),
                *listing.changed_since(current, filings),
            ),
        )
        _move(taken, filings, by=by, at=at, note=note or now("随 %(number)s 上报") % {"number": number})
    return taken


def void(forward: ForwardBatch, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> ForwardBatch:
    """Given up: its cases wait again."""
    with transaction.atomic():
        filings = _locked(forward)
        taken: ForwardBatch = take(FORWARD_STEPS, "void", forward, by=by, at=at, seen=seen, note=note)
        _take_off(taken, [filing.pk for filing in filings], at=at, reason=note)
    return taken


def _above(unit: Unit, *, on: dt.date) -> Unit | None:
    link = (
        ReviewChain.objects.filter(in_force(on), process=unit.line, unit=unit).select_related("next_unit").order_by("-valid_from").first()
    )
    return link.next_unit if link else None


def _locked(forward: ForwardBatch) -> list[Filing]:
    """Lock the batch, then its cases, and read the cases as they stand."""
    lock(ForwardBatch.objects.filter(pk=forward.pk))
    lock(Filing.objects.filter(forwarded__forward=forward, forwarded__pulled_at=None).only("pk"))
    return listing.listed(forward)


def _frozen(forward: ForwardBatch, filings: Sequence[Filing], *, at: dt.datetime) -> dict[str, Any]:
    content = listing.rows(filings)
    stated = {"forward": forward.pk, "unit": forward.unit_id, "batch": forward.batch_id, "rows": content}
    return {
        "content": content,
        "sha256": form_digest(stated),
        "list_version": forward.list_version + 1,
        "frozen_on": timezone.localdate(at),
    }


def _put_on(forward: ForwardBatch, filings: Iterable[Filing]) -> None:
    ForwardedCase.objects.bulk_create(
        ForwardedCase(forward=forward, filing=filing, unit=forward.unit, province=forward.province) for filing in filings
    )


def _take_off(forward: ForwardBatch, filings: Iterable[int], *, at: dt.datetime, reason: str) -> None:
    rows = ForwardedCase.objects.filter(forward=forward, filing__in=list(filings), pulled_at=None)
    rows.update(pulled_at=at, pulled_reason=reason[:300])


def _move(forward: ForwardBatch, filings: Sequence[Filing], *, by: Person, at: dt.datetime, note: str) -> None:
    step = candidate_list.report_many if forward.to_unit_id is None else review.pass_many
    refused = [result for result in step(filings, by=by, at=at, note=note) if result.error is not None]
    if refused:
        raise Invalid([_refused(result) for result in refused], _("有项目不能上报，全部未动；请逐项处理后再上报。"))


def _refused(result: Taken) -> Problem:
    message = _("“%(filing)s”：%(why)s") % {"filing": result.obj, "why": result.error}
    remedy = _("请由可以办理的人员上报，或将此件撤出清单（申报编号 %(pk)s）。") % {"pk": result.obj.pk}
    return Problem("cases", "refused", message, remedy)


def _pull_problems(filing: int, filings: Sequence[Filing], left: Sequence[Filing]) -> Iterable[Problem]:
    if len(left) == len(filings):
        yield Problem("filing", "not_on_list", _("清单中没有编号为 %(pk)s 的申报。") % {"pk": filing}, _("请核对申报编号。"))
    elif not left:
        yield Problem("filing", "last_one", _("这是清单中的最后一件。"), _("不再上报的，请将整个批次作废。"))


def _number_problems(forward: ForwardBatch, number: str) -> Iterable[Problem]:
    if ForwardBatch.objects.filter(unit=forward.unit_id, number=number).exclude(pk=forward.pk).exists():
        message = _("文号 %(number)s 已用于另一次上报。") % {"number": number}
        yield Problem("number", "twice", message, _("请核对盖章公文上的文号。"))
