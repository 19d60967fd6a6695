"""情景测算: a solved round with other limits, weights or floors, solved warm and compared with what it found. It never commits anything.

Asked for by the provincial office, computed in the `rounds` worker from the stored snapshot alone; no recommendation, no hold, no entry.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, NotAllowed, Problem
from common.steps import record, take
from matching import difference, overrides, result
from matching.models import Round, RoundData, Scenario
from matching.problem import build
from matching.snapshot import Snapshot, read
from matching.solving import GAP_WANTED, HEARTBEAT_S, Clock, Superseded, figures, lease, solved
from matching.states import SCENARIO_STEPS, by_provincial_office
from matching.warmth import Solved, start_from
from organisations.actors import Person, system

if TYPE_CHECKING:
    from matching.optimizer import Progress

log = logging.getLogger(__name__)

LIVE_MAX = 5  # of one round at a time: the worker serves rounds first
TIME_LIMIT_S, TIME_LIMIT_MAX_S = Decimal("0.5"), Decimal(60)
NAME_MAX = 100

Heard = Callable[["Progress"], bool]


@dataclass(frozen=True, eq=False)
class Answer:
    """A scenario's problem and solution, and pins that it leaves without room."""

    solved: Solved
    impossible_pins: tuple[dict[str, Any], ...]


def ask(
    round_: Round, *, name: str, changes: Mapping[str, Any], by: Person, at: dt.datetime, time_limit_s: Decimal = TIME_LIMIT_S
) -> Scenario:
    """Store the question; whoever calls sends it to the worker (`matching.tasks.dispatch_scenario`)."""
    if not by_provincial_office(round_, by):
        raise NotAllowed(_("只有省级主管部门可以作情景测算。"))
    if not name.strip() or len(name.strip()) > NAME_MAX:
        raise Invalid([Problem("name", "required", _("须填写名称，不超过 100 字。"), _("例如“全省额度增加一成”。"))])
    if not 0 < time_limit_s <= TIME_LIMIT_MAX_S:
        raise Invalid([Problem("time_limit_s", "not_valid", _("求解时限须大于 0 秒，不超过 60 秒。"), _("一般 0.5 秒即可。"))])
    cleaned = overrides.clean(stored(round_)[0], changes)
    with transaction.atomic():
        Round.objects.select_for_update(no_key=True).get(pk=round_.pk)
        if Scenario.objects.filter(round=round_.pk, state=Scenario.State.ASKED).count() >= LIVE_MAX:
            raise Conflict(_("本轮已有 5 项测算在进行，请待其完成。"), code="too_many_scenarios")
        scenario = Scenario(
            round=round_,
            name=name.strip(),
            overrides=cleaned,
            asked_by_id=by.user_id,
            asked_at=at,
            time_limit_s=time_limit_s,
            progress={"phase": "asked"},
            province=round_.province,
        )
        scenario.save(force_insert=True)
        record(scenario, "ask", by=by, at=at, changes={"overrides": [None, cleaned]})
    return scenario


def cancel(scenario: Scenario, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Scenario:
    """Give it up; a worker at it stops at its next heartbeat."""
    return take(SCENARIO_STEPS, "cancel", scenario, by=by, at=at, seen=seen, note=note)


def solve(scenario: Scenario, *, at: dt.datetime, clock: Clock = timezone.now) -> Scenario:
    """Compute and land, unless it is done, cancelled, or another worker is at it."""
    if not _begin(scenario, clock):
        return scenario
    began = monotonic()
    watch = _Watch(scenario, clock)
    try:
        watch.tell(phase="problem")
        snapshot, base = based_on(scenario.round)
        answer = warm(
            overrides.apply(snapshot, scenario.overrides),
            base,
            time_limit_s=float(scenario.time_limit_s),
            seed=base.solution.seed,
            heard=watch,
        )
        watch.tell(phase="landing", **figures(answer.solved.solution))
        _land(scenario, base, answer, seconds=monotonic() - began, at=at)
    except Superseded:
        log.warning("scenario %s was cancelled", scenario.pk)
    except DomainError as error:
        log.warning("scenario %s did not land: %s", scenario.pk, error)
    except DatabaseError:
        raise  # the lease expires and it is sent again
    except Exception as error:
        log.exception("scenario %s failed", scenario.pk)
        _fail(scenario, f"{type(error).__name__}: {error}", at=at)
    scenario.refresh_from_db()
    return scenario


def waiting(*, clock: Clock = timezone.now) -> list[int]:
    """Scenarios whose worker fell silent or that nobody has begun for the length of a lease."""
    silent = Q(lease_until__lte=clock()) | Q(lease_until=None, asked_at__lte=clock() - lease())
    return list(Scenario.objects.filter(silent, state=Scenario.State.ASKED).order_by("pk").values_list("pk", flat=True))


def stored(round_: Round) -> tuple[Snapshot, bytes]:
    """Snapshot and result bytes of a solved round."""
    data = RoundData.objects.filter(round=round_.pk).first()
    if data is None or data.result is None:
        raise Conflict(_("本轮尚未算出结果，不能作为测算的基准。"), code="not_solved")
    return read(bytes(data.header), bytes(data.arrays)), bytes(data.result)


def based_on(round_: Round) -> tuple[Snapshot, Solved]:
    """The round as it was solved."""
    snapshot, stored_result = stored(round_)
    solution, _written_for = result.read(stored_result)
    return snapshot, Solved(build(snapshot), solution)


def warm(
    snapshot: Snapshot, base: Solved, *, time_limit_s: float, seed: int, gap: float = GAP_WANTED, heard: Heard | None = None
) -> Answer:
    """Solve a changed snapshot from what the base knows. Nothing changed: the base's own result, which needs no second search."""
    from matching import optimizer  # noqa: PLC0415 -- as in matching.problem.build

    built = build(snapshot)
    fixed, impossible = built.pins
    if built.sha256 == base.built.sha256:
        return Answer(base, impossible)
    budget = optimizer.Budget(time_limit_s=time_limit_s)
    start = start_from(base, built)
    solution = solved(built.problem, fixed, budget=budget, gap=gap, seed=seed, start=start, progress=heard)
    return Answer(Solved(built, solution), impossible)


@dataclass
class _Watch:
    """Progress and lease of a scenario under way; False once it is cancelled."""

    scenario: Scenario
    clock: Clock
    told_s: float = 0.0

    def __call__(self, progress: "Progress") -> bool:
        if monotonic() - self.told_s < HEARTBEAT_S:
            return True
        try:
            self.tell(phase=progress.phase, **figures(progress))
        except Superseded:
            return False
        return True

    def tell(self, **progress: object) -> None:
        own = Scenario.objects.filter(pk=self.scenario.pk, state=Scenario.State.ASKED)
        if not own.update(progress=progress, lease_until=self.clock() + lease()):
            raise Superseded
        self.told_s = monotonic()


def _begin(scenario: Scenario, clock: Clock) -> bool:
    free = Q(lease_until=None) | Q(lease_until__lte=clock())
    begun = Scenario.objects.filter(free, pk=scenario.pk, state=Scenario.State.ASKED).update(lease_until=clock() + lease())
    scenario.refresh_from_db()
    return bool(begun)


def _land(scenario: Scenario, base: Solved, answer: Answer, *, seconds: float, at: dt.datetime) -> None:
    built, solution = answer.solved.built, answer.solved.solution
    bytes_ = result.write(solution, snapshot_sha256=built.snapshot.sha256, problem_sha256=built.sha256)
    told = list(overrides.told(base.built.snapshot, scenario.overrides))
    pins: Iterable[int] = (pin["need"] for pin in answer.impossible_pins)
    changes = {
        "report": difference.compare(base, answer.solved) | {"overrides": told, "impossible_pins": sorted(pins)},
        "result": bytes_,
        "result_sha256": sha256(bytes_).hexdigest(),
        "solved_at": at,
        "seconds": Decimal(f"{seconds:.3f}"),
        "progress": {"phase": "solved", **figures(solution)},
    }
    with transaction.atomic():
        Scenario.objects.filter(pk=scenario.pk).update(report=changes.pop("report"), result=changes.pop("result"))
        take(SCENARIO_STEPS, "solve", scenario, by=system(at), at=at, seen=scenario.version, changes=changes)


def _fail(scenario: Scenario, reason: str, *, at: dt.datetime) -> None:
    try:
        changes = {"failure": reason, "progress": {"phase": "failed"}}
        take(SCENARIO_STEPS, "fail", scenario, by=system(at), at=at, seen=scenario.version, changes=changes)
    except DomainError:
        log.warning("scenario %s was cancelled before it could fail", scenario.pk)
