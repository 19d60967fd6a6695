"""会商: the unit where a case lies asks another for its opinion. The case waits for nobody: its next stage is told of what is open."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import Param, record, take
from organisations import deadlines
from organisations.actors import Person
from organisations.deadlines import Clock
from organisations.models import Unit
from projects.case import files, holding
from projects.case.states import CONSULTATION_STEPS, by_unit_in_charge, step_in_charge
from projects.clocks import within
from projects.models import Consultation, Filing

CLOCK = "consultation"
UNDER_WAY = frozenset(Filing.LIVE)


def may_ask(filing: Filing, by: Person) -> bool:
    return filing.state in UNDER_WAY and by_unit_in_charge(filing, by)


def ask_params(filing: Filing | None = None) -> tuple[Param, ...]:
    """`filing` tells which units can be asked; without it the API's description names none."""
    offered = None if filing is None else lambda: [(unit.code, unit.organisation.name) for unit in _around(filing)]
    return (
        Param("to_unit", "choice" if filing else "text", _("征求单位"), choices=offered),
        Param("question", "long_text", _("征求事项"), help=_("对方只能在答复之前查看此件，且看不到审核意见和银行信息")),
    )


def ask(filing: Filing, *, to_unit: str, question: str, by: Person, at: dt.datetime) -> Consultation:
    """Ask a unit, which sees the case until it has answered. One open question for each unit."""
    with transaction.atomic():
        filing = holding.held(filing)
        by = holding.require(filing, by, allow=by_unit_in_charge, states=UNDER_WAY)
        own, asked = step_in_charge(filing), next((unit for unit in _around(filing) if unit.code == to_unit), None)
        if problems := list(_problems(filing, asked)):
            raise Invalid(problems)
        row = Consultation(
            filing=filing,
            from_unit_id=own.unit_id,
            to_unit=asked,
            question=question.strip(),
            asked_at=at,
            asked_by_id=by.user_id,
            due_at=within("consultation_days", province=filing.province, at=at),
            province=filing.province,
        )
        row.save(force_insert=True)
        record(row, "ask", by=by, at=at, note=row.question, changes={"to_unit": asked.code})
        deadlines.open_many([Clock(row, CLOCK, asked.organisation_id, at, row.due_at)])
    return row


def answer(
    row: Consultation,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    opinion: str,
    answer: str = "",
    upload: Sequence[File] = (),
    note: str = "",
) -> Consultation:
    """The asked unit gives its opinion; from then on it no longer sees the case."""

    def silent(_row: Consultation) -> Iterable[Problem]:
        if opinion != Consultation.Opinion.AGREES and not (answer or note).strip():
            yield Problem("answer", "required", _("请写明修改意见或不同意的理由。"), _("无异议的可以不写。"))

    said = {"opinion": opinion, "answer": (answer or note).strip(), "answered_at": at, "answered_by_id": by.user_id}
    return _end(row, "answer", by=by, at=at, seen=seen, changes=said, also=silent, upload=upload)


def recall(row: Consultation, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Consultation:
    return _end(row, "recall", by=by, at=at, seen=seen, note=note)


def open_of(filing: Filing) -> list[Consultation]:
    """What still waits for an answer: the page of a pass warns of it."""
    rows = Consultation.objects.filter(filing=filing, state=Consultation.State.OPEN)
    return list(rows.select_related("to_unit__organisation").order_by("due_at"))


def open_of_many(filings: Sequence[Filing]) -> dict[int, int]:
    """Filing → how many units have not answered; one query for any number."""
    rows = Consultation.objects.filter(filing__in=filings, state=Consultation.State.OPEN).order_by().values("filing")
    return dict(rows.annotate(n=Count("pk")).values_list("filing", "n"))


CONSULTATION_ACTIONS: Mapping[str, Callable[..., Any]] = {"answer": answer, "recall": recall}


def _end(row: Consultation, verb: str, *, by: Person, at: dt.datetime, seen: int, upload: Sequence[File] = (), **how: Any) -> Consultation:
    with transaction.atomic():
        holding.of(row)
        take(CONSULTATION_STEPS, verb, row, by=by, at=at, seen=seen, **how)
        files.keep(row, upload, at=at)
        deadlines.close_many([row], CLOCK, at=at)
    return row


def _around(filing: Filing) -> list[Unit]:
    """The other offices of the project's county, its city and the province, by tier and line."""
    region = filing.project.region
    places = {region.pk, region.municipal_id, region.parent_id, *(step.unit.region_id for step in filing.steps.all())} - {None}
    own = step_in_charge(filing)
    rows = Unit.objects.filter(region__in=places, province=filing.province, organisation__is_active=True)
    return list(rows.exclude(pk=own.unit_id if own else None).select_related("organisation").order_by("region__code", "line", "code"))


def _problems(filing: Filing, asked: Unit | None) -> Iterable[Problem]:
    if asked is None:
        yield Problem("to_unit", "unknown_choice", _("不能向该单位发出会商。"), _("请从列出的单位中选择。"))
    elif Consultation.objects.filter(filing=filing, to_unit=asked, state=Consultation.State.OPEN).exists():
        message = _("已在征求“%(unit)s”的意见，尚未答复。") % {"unit": asked.organisation.name}
        yield Problem("to_unit", "already_asked", message, _("请等待答复，或先收回原会商。"))
