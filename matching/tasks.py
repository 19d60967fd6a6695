"""The solve as a task on its own queue, and the watch that sends it again when a worker fell silent."""

from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from common.errors import DomainError
from matching import solving
from matching.models import Round
from organisations.clock import now


@shared_task(ignore_result=True)
def solve_round(round_id: int) -> None:
    """Solve one round. Delivered twice, late or to a second worker it changes nothing: the lease and the attempt decide."""
    round_ = Round.objects.get(pk=round_id)
    if round_.state in (Round.State.FROZEN, Round.State.SOLVING):
        try:
            solving.solve(round_, at=now(), clock=timezone.now)
        except DomainError:
            return  # another worker holds the lease, or the round was cancelled meanwhile


@shared_task(ignore_result=True)
def redispatch_expired_leases() -> int:
    """Send rounds that wait for a worker or lost theirs; how many."""
    rounds = solving.waiting(clock=timezone.now)
    for pk in rounds:
        solve_round.delay(pk)
    return len(rounds)


def dispatch(round_: Round) -> None:
    """Send a frozen round to the `rounds` worker once the freeze is committed."""
    transaction.on_commit(partial(solve_round.delay, round_.pk))
