"""Re-check a stored round from its bytes alone: digests, problem, certificate, and that the rows told say what was computed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from matching import canonical, optimizer, outcome, result, scoring
from matching.models import NonMatch, Recommendation, Round, RoundData
from matching.optimizer import Solution
from matching.problem import Built, build
from matching.snapshot import read
from matching.telling import TOLD

ROWS_NAMED = 20


@dataclass
class Verification:
    """`breaches` is empty when everything agrees; `facts` are what was proved on the way."""

    facts: dict[str, Any] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.breaches


def verify(round_: Round) -> Verification:
    """Everything about a round that can be proved again. Raises nothing: whatever is wrong is a breach."""
    return _examined(round_, _check)


def replay(round_: Round) -> Verification:
    """The search again, from the recorded prices, seed and steps: it must choose the same bytes."""
    return _examined(round_, _replay)


def _examined(round_: Round, examine: Callable[[Round, RoundData, Verification], None]) -> Verification:
    found = Verification(facts={"round": round_.number})
    data = RoundData.objects.filter(round=round_.pk).first()
    if data is None or data.result is None:
        found.breaches.append("the round has no stored snapshot and result")
        return found
    try:
        examine(round_, data, found)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        found.breaches.append(f"the stored bytes cannot be read: {type(error).__name__}: {error}")
    return found


def _check(round_: Round, data: RoundData, found: Verification) -> None:
    _digests(round_, data, found)
    built, solution = _rebuilt(round_, data, found)
    fixed, impossible = built.pins
    if impossible:
        found.breaches.append(f"pins that nothing admits: {impossible}")
        return
    report = optimizer.check(built.problem, solution, fixed=fixed)
    found.facts |= {"value": report.value, "bound": report.bound, "gap": solution.gap, "certificate": solution.certificate}
    found.facts["coverage_outranks"] = scoring.coverage_outranks(built.snapshot, built.options, built.terms)
    found.breaches += [violation.message for violation in report.violations]
    if (round_.value, round_.bound) != (report.value, report.bound):
        found.breaches.append(f"the round says value {round_.value} and bound {round_.bound}, proved are {report.value} and {report.bound}")
    if not found.breaches:
        found.breaches += _rows(round_, built, solution)


def _replay(round_: Round, data: RoundData, found: Verification) -> None:
    built, solution = _rebuilt(round_, data, found)
    fixed, _impossible = built.pins
    choice = optimizer.replay(built.problem, solution, fixed=fixed)
    found.facts |= {"seed": solution.seed, "steps": solution.steps_done}
    if not np.array_equal(choice, solution.choice):
        found.breaches.append(f"the search chose differently for {int((choice != solution.choice).sum())} needs")


def _digests(round_: Round, data: RoundData, found: Verification) -> None:
    actual = {
        "snapshot_sha256": canonical.digest(bytes(data.header), bytes(data.arrays)),
        "result_sha256": sha256(bytes(data.result or b"")).hexdigest(),
    }
    for name, digest in actual.items():
        found.facts[name] = digest
        if digest != getattr(round_, name):
            found.breaches.append(f"{name} is {digest}, the round says {getattr(round_, name)}")


def _rebuilt(round_: Round, data: RoundData, found: Verification) -> tuple[Built, Solution]:
    built = build(read(bytes(data.header), bytes(data.arrays)))
    solution, written_for = result.read(bytes(data.result or b""))
    found.facts |= {"problem_sha256": built.sha256, "needs": built.problem.needs, "options": built.problem.options}
    if built.sha256 != round_.problem_sha256:
        found.breaches.append(f"the snapshot gives problem {built.sha256}, the round says {round_.problem_sha256}")
    if written_for != {"snapshot_sha256": round_.snapshot_sha256, "problem_sha256": round_.problem_sha256}:
        found.breaches.append("the result was written for another snapshot or problem")
    return built, solution


def _rows(round_: Round, built: Built, solution: Solution) -> Iterator[str]:
    """Recommendations and explanations against what snapshot and result say."""
    told = outcome.Outcome(built, solution, standbys=built.snapshot.policy["standbys"])
    expected = {(row.need_id, row.rank): {"branch_id": row.branch_id, "product_id": row.product_id, **row.fields} for row in told.advice()}
    names = ("branch_id", "product_id", *TOLD)
    stored = {
        (row.need_id, row.rank): {name: getattr(row, name) for name in names} for row in Recommendation.objects.filter(round=round_.pk)
    }
    wrong = sorted(key for key in expected.keys() | stored.keys() if expected.get(key) != stored.get(key))
    for need, rank in wrong[:ROWS_NAMED]:
        yield f"recommendation of need {need}, rank {rank}, is not what the result says"
    silent = {row.need_id: row.code for row in told.unmatched()}
    recorded = dict(NonMatch.objects.filter(round=round_.pk).values_list("need_id", "code"))
    for need in sorted(need for need in silent.keys() | recorded.keys() if silent.get(need) != recorded.get(need))[:ROWS_NAMED]:
        yield f"the explanation of unmatched need {need} is not what the result says"
