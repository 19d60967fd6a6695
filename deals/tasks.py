"""What time does by itself; each task runs the same step functions as people do, and running it twice changes nothing more."""

import datetime as dt

from celery import shared_task
from django.db.models import Q

from deals import invitations, waiting
from deals.clocks import day
from deals.crosschecks import flags
from deals.docking import beginning, weekly
from deals.models import Deal, Invitation, SubsidyClaim
from deals.subsidies import accrual
from deals.subsidies.states import ON_THE_WAY
from organisations.actors import system
from organisations.clock import now

EXPIRING = (Invitation.State.AWAITING_CONSENT, Invitation.State.OPEN, Invitation.State.VIEWED)
DRAWN = (Deal.State.DRAWING, Deal.State.COMPLETED, Deal.State.REPAID)
AT_ONCE = 500


def expire_due(*, at: dt.datetime) -> int:
    """Expire every invitation past its day; how many. Standbys follow by themselves. Time does not pass while the firm is waited for."""
    waiting.end_overdue(at=at)
    rested = Q(waiting_since__isnull=False, state__in=Invitation.WAITS_IN)
    due = Invitation.objects.filter(state__in=EXPIRING, expires_at__lt=at).exclude(rested).order_by("pk")
    expired = 0
    for chunk in _chunks(list(due)):
        expired += sum(result.error is None for result in invitations.expire_many(chunk, at=at))
    return expired


def accrue_due(*, until: dt.date, at: dt.datetime) -> int:
    """Book every subsidy line whose interest day has come; how many lines."""
    drawn = Deal.objects.filter(state__in=DRAWN).order_by("pk")
    return sum(len(accrual.accrue_many(chunk, until=until, by=system(at), at=at)) for chunk in _chunks(list(drawn)))


@shared_task(ignore_result=True)
def expire() -> int:
    return expire_due(at=now())


@shared_task(ignore_result=True)
def accrue() -> int:
    at = now()
    return accrue_due(until=day(at), at=at)


def cross_check_due(*, at: dt.datetime) -> int:
    """Flag what the rules find about claims on their way to the money; how many flags are new."""
    open_ = SubsidyClaim.objects.filter(state__in=ON_THE_WAY).order_by("pk")
    return sum(len(flags.flag(chunk, by=system(at), at=at)) for chunk in _chunks(list(open_)))


@shared_task(ignore_result=True)
def cross_check() -> int:
    return cross_check_due(at=now())


def dock_due(*, at: dt.datetime) -> int:
    """List every need whose banks have all ended, and each office's week; how many needs are new."""
    found = list(beginning.due().order_by("pk").values_list("pk", flat=True))
    begun = sum(len(beginning.begin_due(chunk, at=at)) for chunk in _chunks(found))
    weekly.list_week(at=at)
    return begun


@shared_task(ignore_result=True)
def dock() -> int:
    return dock_due(at=now())


def _chunks(rows: list) -> list[list]:
    return [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
