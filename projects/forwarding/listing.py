"""Which cases a unit may send up, and the list of them as letter and list state it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, Max, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from organisations.models import Batch, Unit
from projects.models import Filing, ForwardBatch, ForwardedCase, Need, ReviewStep
from projects.states import FILING_STEPS

S = Filing.State
CASES_MAX = 2_000


def waiting(unit: Unit, batch: Batch) -> QuerySet[Filing]:
    """Cases of the batch, or left over from an earlier one, that only wait to be sent up by this unit and stand on no other list of it."""
    listed = ForwardedCase.objects.filter(filing=OuterRef("pk"), unit=unit, pulled_at=None)
    due = Q(batch=None) | Q(batch__province_closes_at__lte=batch.province_closes_at)
    return _at_the_end(unit).filter(due, programme=batch.programme_id, track=batch.track).exclude(Exists(listed)).order_by("pk")


def _at_the_end(unit: Unit) -> QuerySet[Filing]:
    """The pool, for a province; elsewhere what lies in the last stage of the unit."""
    if unit.kind == Unit.Kind.PROVINCE:
        return Filing.objects.filter(province=unit.province, state=S.IN_POOL)
    later = ReviewStep.objects.filter(filing=OuterRef("pk"), unit=unit, position__gt=OuterRef("current_step__position"))
    return Filing.objects.filter(state=S.IN_REVIEW, current_step__unit=unit).exclude(Exists(later))


def listed(forward: ForwardBatch) -> list[Filing]:
    """The cases on the list, in its order, with what the list tells of them."""
    cases = ForwardedCase.objects.filter(forward=forward, pulled_at=None)
    return list(
        Filing.objects.filter(pk__in=cases.values("filing"))
        .select_related("firm", "project__region", "current_step")
        .prefetch_related("steps", Prefetch("needs", Need.objects.order_by("year")))
        .annotate(newest_version=Max("versions__number"))
        .order_by("project__region__code", "pk")
    )


def rows(filings: Iterable[Filing]) -> list[dict[str, Any]]:
    """What the list says of each case: amounts in yuan as text, so that the same list has the same digest anywhere."""
    return [
        {
            "filing": filing.pk,
            "form_version": filing.newest_version or 0,  # type: ignore[attr-defined]  # annotated by `listed`
            "project_name": filing.project.name,
            "project_code": filing.project.code,
            "firm_name": filing.firm.name,
            "uscc": filing.firm.uscc,
            "region": filing.project.region.name,
            "total_investment": str(filing.project.total_investment),
            "equipment_investment": str(filing.project.equipment_investment),
            "need": str(sum(need.amount for need in filing.needs.all())),
        }
        for filing in filings
    ]


def problems(forward: ForwardBatch, filings: Sequence[Filing]) -> Iterable[Problem]:
    """What keeps this list from being frozen or sent."""
    if not filings:
        yield Problem("cases", "empty", _("清单中没有项目。"), _("请先补入待上报的项目。"))
    at_the_end = set(_at_the_end(forward.unit).filter(pk__in=[filing.pk for filing in filings]).values_list("pk", flat=True))
    for filing in filings:
        if filing.pk not in at_the_end:
            message = _("“%(filing)s”已不在本单位的待上报环节（现为“%(state)s”）。")
            remedy = _("请将此件撤出清单（申报编号 %(pk)s）。") % {"pk": filing.pk}
            yield Problem("cases", "not_here", message % {"filing": filing, "state": filing.get_state_display()}, remedy)
        elif forward.to_unit_id is None:
            yield from (_of(filing, problem) for problem in FILING_STEPS["report"].missing(filing))


def changed_since(forward: ForwardBatch, filings: Iterable[Filing]) -> Iterable[Problem]:
    """Cases of which the frozen list says something else than they do today."""
    frozen = {row["filing"]: row for row in forward.content}
    for filing, row in zip(filings, rows(filings), strict=True):
        if row != frozen.get(filing.pk):
            message = _("“%(filing)s”在定稿之后有变动，与清单第 %(n)s 版不一致。") % {"filing": filing, "n": forward.list_version}
            yield Problem("cases", "changed", message, _("请取消定稿后重新定稿，并重新用印；或将此件撤出。"))


def _of(filing: Filing, problem: Problem) -> Problem:
    message = _("“%(filing)s”：%(message)s") % {"filing": filing, "message": problem.message}
    return Problem("cases", problem.code, message, problem.remedy)
