"""Solve a frozen round in a worker that may die at any moment, and let exactly one attempt land.

`start` counts the attempt and takes a lease; a heartbeat renews it and carries progress; the result lands by a step that refuses another
attempt or an expired lease. All is computed from the snapshot and by steps, so whichever attempt lands writes the same digests.
`at` is the moment of the business (fixed in a demonstration); leases run on `clock`, which always ticks.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Problem
from common.steps import take
from matching import result
from matching.models import Round, RoundData
from matching.outcome import Outcome
from matching.problem import Built, build
from matching.snapshot import NONE, IntArray, read
from matching.states import ROUND_STEPS
from matching.telling import non_matches, recommendations, tell
from organisations.actors import system

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from matching.optimizer import Problem as Choice
    from matching.optimizer import Progress, Solution

log = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]
Row = TypeVar("Row")

HEARTBEAT_S = 1.0
ROWS_BETWEEN_LOOKS = 200
GAP_WANTED = 1e-4


class Superseded(Exception):
    """Another attempt runs this round, or it was cancelled: nothing of this attempt may land."""


@dataclass
class Attempt:
    """One try at a round: what it may renew and land, and nothing else."""

    round: Round
    number: int
    clock: Clock
    renewed_s: float = 0.0

    def renew(self, **progress: object) -> None:
        """Extend the lease and tell where we are, by compare-and-set outside any step. Raises Superseded."""
        told = {"progress": progress} if progress else {}
        if not self._own().update(lease_until=self.clock() + lease(), **told):
            raise Superseded
        self.renewed_s = monotonic()

    def _own(self) -> "QuerySet[Round]":
        return Round.objects.filter(pk=self.round.pk, attempt=self.number, state=Round.State.SOLVING, cancel_requested=False)

    def keep(self, **progress: object) -> None:
        """Renew the lease now and then, telling where we are if there is anything to tell. Raises Superseded."""
        if monotonic() - self.renewed_s >= HEARTBEAT_S:
            self.renew(**progress)

    def stand(self) -> None:
        """Raise Superseded if the round was cancelled or taken over. Writes nothing: for a transaction that must not hold the round yet."""
        if monotonic() - self.renewed_s >= HEARTBEAT_S:
            if not self._own().exists():
                raise Superseded
            self.renewed_s = monotonic()

    def heeded(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, while the attempt keeps its round."""
        for told, row in enumerate(rows):
            if told % ROWS_BETWEEN_LOOKS == 0:
                self.keep(phase="telling", told=told)
            yield row

    def heartbeat(self, progress: "Progress") -> bool:
        """Called by the optimizer; False stops it."""
        if monotonic() - self.renewed_s < HEARTBEAT_S:
            return True
        try:
            self.renew(phase=progress.phase, **figures(progress), seconds=round(progress.seconds, 1))
        except Superseded:
            return False
        return True

    def may_land(self, round_: Round) -> Iterable[Problem]:
        if round_.attempt != self.number:
            yield Problem("attempt", "superseded", _("另一次计算已接手本轮，本次结果不予采用。"))
        elif round_.lease_until is None or round_.lease_until <= self.clock():
            yield Problem("lease_until", "lease_expired", _("本次计算的租约已过期，结果不予采用，将重新计算。"))


def lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings.ROUND_LEASE_S)


def start(round_: Round, *, at: dt.datetime, clock: Clock = timezone.now) -> Attempt:
    """Take the lease of a frozen round, or of one whose worker fell silent. Raises DomainError if it is not to be had."""
    now = clock()

    def leased(current: Round) -> Iterable[Problem]:
        if current.state == Round.State.SOLVING and current.lease_until is not None and current.lease_until > now:
            yield Problem("lease_until", "leased", _("本轮正在由另一进程计算。"))

    round_.refresh_from_db(fields=["attempt", "version"])
    number = round_.attempt + 1
    changes = {"attempt": number, "lease_until": now + lease(), "progress": {"phase": "started"}}
    take(ROUND_STEPS, "start", round_, by=system(at), at=at, seen=round_.version, changes=changes, also=leased)
    return Attempt(round_, number, clock)


def solve(round_: Round, *, at: dt.datetime, clock: Clock = timezone.now) -> Round:
    """Start, compute, check and land. A round that cannot be solved ends failed with the reason; a superseded attempt leaves no trace."""
    attempt = start(round_, at=at, clock=clock)
    began = monotonic()
    try:
        built, solution = compute(attempt)
        attempt.renew(phase="landing", **figures(solution))
        return land(attempt, built, solution, seconds=monotonic() - began, at=at)
    except Superseded:
        log.warning("round %s: attempt %s was superseded", round_.pk, attempt.number)
    except DomainError as error:
        log.warning("round %s: attempt %s did not land: %s", round_.pk, attempt.number, error)
    except DatabaseError:
        raise  # the lease expires and another attempt follows
    except Exception as error:
        log.exception("round %s: attempt %s failed", round_.pk, attempt.number)
        fail(attempt, f"{type(error).__name__}: {error}", at=at)
    round_.refresh_from_db()
    return round_


def compute(attempt: Attempt) -> "tuple[Built, Solution]":
    """Everything that needs no lock: the problem, its solution and the independent check. Raises ValueError if the check finds anything."""
    from matching import optimizer  # noqa: PLC0415 -- as in matching.problem.build
    from matching.sharding.of_round import crew_for  # noqa: PLC0415 -- likewise

    round_ = attempt.round
    data = RoundData.objects.get(round=round_.pk)
    attempt.renew(phase="problem")
    snapshot = read(bytes(data.header), bytes(data.arrays))
    built = build(snapshot, going_on=lambda done, of: attempt.keep(phase="problem", screened=done, needs=of))
    attempt.renew(phase="problem", needs=built.problem.needs, options=built.problem.options)
    fixed, impossible = built.pins
    if impossible:
        raise ValueError(f"pins that nothing admits: {impossible}")
    facts = built.snapshot.header["round"]
    budget = optimizer.Budget(steps=facts["steps"], time_limit_s=float(round_.time_limit_s))
    with crew_for(round_, built, keep_alive=attempt.keep) as crew:
        solution = solved(
            built.problem, fixed, attempt.renew, budget=budget, gap=GAP_WANTED, seed=facts["seed"], progress=attempt.heartbeat, crew=crew
        )
    return built, solution


def solved(problem: "Choice", fixed: IntArray, tell: Callable[..., object] = lambda **_progress: None, **how: Any) -> "Solution":
    """A solution and its independent check; `how` goes to the optimizer. Raises Superseded if it was cancelled, ValueError if the check finds anything."""
    from matching import optimizer  # noqa: PLC0415 -- as in matching.problem.build

    solution = optimizer.solve(problem, fixed=fixed, **how)
    if solution.stopped_by == "cancelled":
        raise Superseded
    tell(phase="check", **figures(solution))
    report = optimizer.check(problem, solution, fixed=fixed)
    if not report.ok:
        raise ValueError("; ".join(violation.message for violation in report.violations))
    return solution


def figures(reached: "Progress | Solution") -> dict[str, object]:
    """Where a solve stands, as progress tells it."""
    return {"value": reached.value, "bound": reached.bound, "gap": reached.gap, "steps": reached.steps_done}


def land(attempt: Attempt, built: Built, solution: "Solution", *, seconds: float, at: dt.datetime) -> Round:
    """Write result, recommendations and explanations in one transaction, if this attempt still holds the round.

    The round itself is taken last, so that until then it can be cancelled, and what is written goes with the transaction.
    """
    round_ = attempt.round
    stored = result.write(solution, snapshot_sha256=round_.snapshot_sha256, problem_sha256=built.sha256)
    told = Outcome(built, solution, standbys=built.snapshot.policy["standbys"])
    advice = recommendations(round_, attempt.heeded(told.advice()))
    unmatched = non_matches(round_, attempt.heeded(told.unmatched()))
    changes = {
        "needs": built.problem.needs,
        "options": built.problem.options,
        "matched": int((solution.choice != NONE).sum()),
        "value": solution.value,
        "bound": solution.bound,
        "problem_sha256": built.sha256,
        "result_sha256": sha256(stored).hexdigest(),
        "solved_at": at,
        "seconds": Decimal(f"{seconds:.3f}"),
        "progress": {"phase": "solved", "gap": solution.gap, "steps": solution.steps_done, "stopped_by": solution.stopped_by},
    }
    with transaction.atomic():
        RoundData.objects.filter(round=round_.pk).update(result=stored)
        tell(advice, unmatched, going_on=lambda _written: attempt.stand())
        take(ROUND_STEPS, "solve", round_, by=system(at), at=at, seen=round_.version, changes=changes, also=attempt.may_land)
    return round_


def fail(attempt: Attempt, reason: str, *, at: dt.datetime) -> None:
    """End the round with the reason, unless another attempt has it."""
    try:
        take(
            ROUND_STEPS, "fail", attempt.round, by=system(at), at=at, seen=attempt.round.version,
            changes={"failure": reason, "progress": {"phase": "failed"}}, also=attempt.may_land,
        )  # fmt: skip
    except DomainError:
        log.warning("round %s: attempt %s was superseded before it could fail", attempt.round.pk, attempt.number)


def waiting(*, clock: Clock = timezone.now) -> list[int]:
    """Rounds to (re)dispatch: frozen and not begun, or begun by a worker that fell silent. Dispatching one twice does no harm."""
    begun = Round.objects.filter(state=Round.State.SOLVING, lease_until__lte=clock())
    return list((begun | Round.objects.filter(state=Round.State.FROZEN)).order_by("pk").values_list("pk", flat=True))
