"""What exports and imports share as jobs: begun by one worker at a time, heard of while under way, sent again when it fell silent."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, NotAllowed
from common.steps import Step, lock, take
from exchange.models.jobs import Job
from organisations.actors import Person, person, system
from organisations.models import Token

log = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]  # real time, for hearing of workers; what is dated is dated by `at`
SILENT = dt.timedelta(minutes=5)  # a worker writes every second or so
KEPT = dt.timedelta(days=7)
UNDER_WAY_MAX = 5
FAILURE_MAX = 300
BROKEN = _("处理时出错，已记录。请稍后重试；仍不成功的，请联系系统管理员。")


class Superseded(Exception):
    """The job was cancelled, or another worker has taken it over: stop, and write nothing more."""


def few_under_way(model: type[Job], states: tuple[str, ...], *, by: Person) -> None:
    if model.objects.filter(owner=by.user_id, state__in=states).count() >= UNDER_WAY_MAX:
        raise Conflict(
            _("您已有 %(n)s 个任务在办理中。") % {"n": UNDER_WAY_MAX}, code="too_many_jobs", remedy=_("请等其中一个完成，或取消后再提交。")
        )


def begin(steps: Mapping[str, Step], verb: str, job: Any, *, running: str, at: dt.datetime, clock: Clock) -> bool:
    """Take it on, unless another worker has it and was heard of lately, or it was cancelled meanwhile."""
    with transaction.atomic():
        (current,) = lock(type(job).objects.filter(pk=job.pk))
        if current.state == running and current.heard_at and current.heard_at > clock() - SILENT:
            return False
        changes = {"attempt": current.attempt + 1, "heard_at": clock(), "failure": ""}
        try:
            take(steps, verb, job, by=system(at), at=at, seen=current.version, changes=changes)
        except DomainError:
            return False
    return True


def heard(job: Any, *, clock: Clock, **progress: Any) -> None:
    """Still at it. Raises Superseded if it is no longer this worker's to do."""
    own = type(job).objects.filter(pk=job.pk, state=job.state, attempt=job.attempt)
    if not own.update(heard_at=clock(), **progress):
        raise Superseded


def give_up(steps: Mapping[str, Step], verb: str, job: Any, reason: str, *, at: dt.datetime, **changes: Any) -> None:
    """It failed, and says why; unless its owner cancelled it first."""
    try:
        take(steps, verb, job, by=system(at), at=at, seen=job.version, changes=changes | {"failure": reason[:FAILURE_MAX]})
    except DomainError:
        log.warning("%s %s was cancelled before it could fail", job._meta.label_lower, job.pk)


def owner_of(job: Any, *, at: dt.datetime) -> Person:
    """Whoever asked, with the seats they hold now and not those they held when they asked."""
    by = person(job.owner, at=at)
    works = job.owner.is_active or Token.objects.filter(membership__user=job.owner_id).exists()  # a machine signs in nowhere
    if not (works and by.seats):
        raise NotAllowed(_("您的账号已停用，或已不在原岗位。"))
    return by


def waiting(model: type[Job], *, queued: tuple[str, ...], running: tuple[str, ...], clock: Clock) -> list[int]:
    """Jobs that no worker has, or whose worker fell silent."""
    long_ago = clock() - SILENT
    silent = Q(heard_at=None) | Q(heard_at__lte=long_ago)
    never_begun = Q(state__in=queued, asked_at__lte=long_ago)
    return list(model.objects.filter(silent & (Q(state__in=running) | never_begun)).order_by("pk").values_list("pk", flat=True))
