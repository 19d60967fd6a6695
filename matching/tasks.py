"""The solve as a task on its own queue, and the watch that sends it again when a worker fell silent."""

from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from common.errors import DomainError
from matching import scenarios, smallest, solving
from matching.models import NonMatch, Round, Scenario
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
def solve_scenario(scenario_id: int) -> None:
    """Solve one scenario. Delivered twice it changes nothing: the lease and the state decide."""
    scenarios.solve(Scenario.objects.get(pk=scenario_id), at=now(), clock=timezone.now)


@shared_task(ignore_result=True)
def find_smallest_change(non_match_id: int) -> None:
    """Look for the least raise that would have got a need its recommendation. Delivered twice it is looked for once."""
    smallest.answer(NonMatch.objects.select_related("round").get(pk=non_match_id))


@shared_task(ignore_result=True, reject_on_worker_lost=False)
def hold_shard(*, session: str, index: int, token: str) -> None:
    """Hold some needs of a large round while its prices are found. If this dies, who asked starts it again under another token."""
    from matching.sharding import of_round  # noqa: PLC0415 -- as in matching.problem.build

    of_round.hold(session=session, index=index, token=token)


@shared_task(ignore_result=True)
def redispatch_expired_leases() -> int:
    """Send rounds and scenarios that wait for a worker or lost theirs; how many."""
    rounds, asked = solving.waiting(clock=timezone.now), scenarios.waiting(clock=timezone.now)
    for pk in rounds:
        solve_round.delay(pk)
    for pk in asked:
        solve_scenario.delay(pk)
    return len(rounds) + len(asked)


def dispatch(round_: Round) -> None:
    """Send a frozen round to the `rounds` worker once the freeze is committed."""
    transaction.on_commit(partial(solve_round.delay, round_.pk))


def dispatch_scenario(scenario: Scenario) -> None:
    """Send a scenario to the `rounds` worker once it is committed."""
    transaction.on_commit(partial(solve_scenario.delay, scenario.pk))


def dispatch_smallest(non_match: NonMatch) -> None:
    """Send the question to the `rounds` worker once it is committed."""
    transaction.on_commit(partial(find_smallest_change.delay, non_match.pk))
