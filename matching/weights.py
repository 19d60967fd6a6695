"""The published points of the scoring terms: drafted by one signer, approved by another, kept by document number."""

import datetime as dt
from collections.abc import Iterator, Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import lock, record, take
from matching.models import Weights
from matching.scoring import WEIGHTED
from matching.states import WEIGHTS_STEPS, by_system_or_office
from organisations.actors import Person
from organisations.models import Programme

POINTS_MAX = 10**12  # a hundred thousand needs at this coverage still sum far below 2^62


def draft(
    programme: Programme, *, province: str, document_no: str, valid_from: dt.date, points: Mapping[str, int], by: Person, at: dt.datetime
) -> Weights:
    """A row to be approved by a second person. Every term has its points; coverage is positive, so that any option beats none."""
    weights = Weights(
        programme=programme,
        province=province,
        document_no=document_no,
        valid_from=valid_from,
        points=dict(points),
        drafted_by_id=by.user_id,
    )
    if not by_system_or_office(weights, by):
        raise NotAllowed(_("只有省级主管部门可以草拟评分权重。"))
    if problems := list(_problems(points)):
        raise Invalid(problems)
    with transaction.atomic():
        weights.save(force_insert=True)
        record(weights, "draft", by=by, at=at, changes={"points": [None, dict(points)]})
    return weights


def approve(weights: Weights, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Weights:
    """Publish the row; rows it follows stay approved, so that an earlier day finds the row of its time."""
    with transaction.atomic():
        lock(Weights.objects.filter(pk=weights.pk))
        return take(WEIGHTS_STEPS, "approve", weights, by=by, at=at, seen=seen, note=note, changes={"approved_by_id": by.user_id})


def replace(weights: Weights, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Weights:
    """Take an approved row out of use; rounds frozen with it keep it."""
    return take(WEIGHTS_STEPS, "replace", weights, by=by, at=at, seen=seen, note=note)


def _problems(points: Mapping[str, int]) -> Iterator[Problem]:
    for name in WEIGHTED:
        value = points.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= POINTS_MAX:
            yield Problem(f"points.{name}", "not_points", _("分值须为不小于零的整数。"), _("请填写整数，不用该项时填 0。"))
    for name in points.keys() - set(WEIGHTED):
        yield Problem(f"points.{name}", "unknown_term", _("没有这一评分项。"), _("请删去该项。"))
    if points.get("coverage") == 0:
        yield Problem("points.coverage", "no_coverage", _("“获得推荐”一项须大于零。"), _("请填写正整数。"))
