"""最小改动: the least raise of one limit found with which an unmatched need would have been recommended. Every try is a re-solve.

A raise counts as *found* when a checked solution with it recommends the need. It counts as *proven* only where that solution is
optimal (gap 0) and so is the one with a unit less, which does not recommend it. Nothing is committed: the limit is its bank's to raise.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import NotAllowed
from common.steps import record
from matching import overrides, scenarios
from matching.candidates import PLACE, Ground, screen
from matching.models import NonMatch
from matching.outcome import Outcome, named
from matching.problem import APPETITE, BUDGET, CASE_LOAD, Resource
from matching.scoring import FEN_PER_WAN
from matching.snapshot import NONE, Snapshot
from matching.states import by_provincial_office
from matching.warmth import Solved
from organisations.actors import Person

log = logging.getLogger(__name__)

LIMIT_S, LIMIT_OF_TRY_S = 10.0, 0.5
TRIES_MAX = 60
WAYS_MAX = 4  # sets of full limits looked at, the cheapest first
TOGETHER_MAX = 3  # limits raised together at most
ASKED, FOUND, NOTHING, FAILED = "asked", "found", "none", "failed"
ASKED_ANEW_AFTER = dt.timedelta(minutes=2)

Raises = Mapping[Resource, int]  # limit → by how many units: 万元, or cases
Tried = Callable[[], object]


@dataclass(frozen=True)
class Smallest:
    """`raises` in units; `gap` of the solution that recommends the need; `tries` re-solves in all."""

    raises: Raises
    is_proven: bool
    gap: float
    tries: int


def ask(non_match: NonMatch, *, by: Person, at: dt.datetime) -> bool:
    """Note that somebody wants to know; False if it is known or being looked for. Whoever calls sends it to the worker."""
    if not by_provincial_office(non_match, by):
        raise NotAllowed(_("只有省级主管部门可以查找最小改动。"))
    with transaction.atomic():
        current = NonMatch.objects.select_for_update(no_key=True).get(pk=non_match.pk)
        if not may_ask(current, at=at):
            return False
        current.smallest = {"phase": ASKED, "asked_at": at.isoformat()}
        current.save(update_fields=["smallest"])
        record(current, "ask_smallest", by=by, at=at)
    non_match.smallest = current.smallest
    return True


def may_ask(non_match: NonMatch, *, at: dt.datetime) -> bool:
    """Not asked yet, nothing came of it, or the worker that looked for it has been silent for too long."""
    told = non_match.smallest
    if told.get("phase") == ASKED:
        return at - dt.datetime.fromisoformat(told["asked_at"]) > ASKED_ANEW_AFTER
    return told.get("phase") in (None, FAILED)


def answer(non_match: NonMatch) -> NonMatch:
    """Look for it and keep what was found. Once is enough: a second delivery finds it answered."""
    non_match.refresh_from_db(fields=["smallest"])
    if non_match.smallest.get("phase") != ASKED:
        return non_match
    try:
        snapshot, base = scenarios.based_on(non_match.round)
        told = _told(snapshot, find(snapshot, base, int(snapshot["need_id"].searchsorted(non_match.need_id))))
    except ValueError as error:
        log.exception("smallest change for non-match %s failed", non_match.pk)
        told = {"phase": FAILED, "failure": str(error)}
    NonMatch.objects.filter(pk=non_match.pk).update(smallest=told)
    non_match.smallest = told
    return non_match


def find(snapshot: Snapshot, base: Solved, need: int, *, limit_s: float = LIMIT_S) -> Smallest | None:
    """Try the ways that lack the least first; the first that works is narrowed down."""
    search = _Search(snapshot, base, need, monotonic() + limit_s)
    for way in sorted(_ways(snapshot, base, need), key=lambda way: (len(way), sum(way.values()), sorted(map(_order, way))))[:WAYS_MAX]:
        for times in (1, 2):
            raises = {resource: units * times for resource, units in way.items()}
            if search.recommends(raises):
                return search.narrowed(raises)
            if search.is_over:
                return None
    return None


@dataclass
class _Search:
    snapshot: Snapshot
    base: Solved
    need: int
    until: float
    tries: int = 0
    gap: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.tries >= TRIES_MAX or monotonic() >= self.until

    def recommends(self, raises: Raises) -> bool:
        self.tries += 1
        left_s = max(min(LIMIT_OF_TRY_S, self.until - monotonic()), 0.05)
        changed = overrides.apply(self.snapshot, _as_overrides(self.snapshot, raises))
        solution = scenarios.warm(changed, self.base, time_limit_s=left_s, seed=self.base.solution.seed, gap=0.0).solved.solution
        self.gap = solution.gap
        return bool(solution.choice[self.need] != NONE)

    def narrowed(self, raises: Raises) -> Smallest:
        """Halve the raise of a single limit for as long as there is time; several limits are named as they were found."""
        gap = self.gap
        if len(raises) > 1:
            return Smallest(raises, False, gap, self.tries)
        ((resource, enough),) = raises.items()
        short, short_gap = 0, self.base.solution.gap
        while enough - short > 1 and not self.is_over:
            middle = (short + enough) // 2
            if self.recommends({resource: middle}):
                enough, gap = middle, self.gap
            else:
                short, short_gap = middle, self.gap
        return Smallest({resource: enough}, enough - short == 1 and gap == short_gap == 0, gap, self.tries)


def _ways(snapshot: Snapshot, base: Solved, need: int) -> Iterator[dict[Resource, int]]:
    """For each lender that only limits keep away: the limits without room for the need, and what each lacks, in whole units."""
    p, resources = base.built.problem, base.built.resources
    left = dict(zip(resources, Outcome(base.built, base.solution).left.tolist(), strict=True))
    seen: set[tuple[tuple[Resource, int], ...]] = set()
    for lacking in (*_of_options(p, resources, left, need), *_of_refused(snapshot, left, need)):
        way = {resource: -(-short // resource.unit) for resource, short in lacking.items()}
        key = tuple(sorted(way.items(), key=lambda item: _order(item[0])))
        if way and len(way) <= TOGETHER_MAX and key not in seen and all(r.kind in (APPETITE, CASE_LOAD, BUDGET) for r in way):
            seen.add(key)
            yield way


def _of_options(p: Any, resources: tuple[Resource, ...], left: Mapping[Resource, int], need: int) -> Iterator[dict[Resource, int]]:
    for option in range(*p.option_start[need : need + 2].tolist()):
        uses = slice(*p.use_start[option : option + 2].tolist())
        rows = zip(p.use_resource[uses].tolist(), p.use_amount[uses].tolist(), strict=True)
        yield {resources[r]: used - left[resources[r]] for r, used in rows if used > left[resources[r]]}


def _of_refused(snapshot: Snapshot, left: Mapping[Resource, int], need: int) -> Iterator[dict[Resource, int]]:
    """Branches that were no candidate because even an empty limit is too small for this need."""
    refused_by = screen(Ground(snapshot), np.array([need])).refused_by[0]
    amount = int(snapshot["need_amount"][need])
    for branch in np.flatnonzero(np.isin(refused_by, [PLACE["appetite_short"], PLACE["case_load_full"]])).tolist():
        lacking: dict[Resource, int] = {}
        account = int(snapshot["branch_account"][branch])
        while account != NONE:
            free = int(snapshot["account_free"][account])
            resource = Resource(APPETITE, (account,))
            if free != NONE and left.get(resource, free) < amount:
                lacking[resource] = amount - left.get(resource, free)
            account = int(snapshot["account_parent"][account])
        load, resource = int(snapshot["branch_case_load"][branch]), Resource(CASE_LOAD, (branch,))
        if load != NONE and left.get(resource, load) < 1:
            lacking[resource] = 1
        yield lacking


def _as_overrides(snapshot: Snapshot, raises: Raises) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for resource, units in raises.items():
        if resource.kind == CASE_LOAD:
            (branch,) = resource.at
            found.setdefault("case_loads", {})[str(snapshot["branch_id"][branch])] = int(snapshot["branch_case_load"][branch]) + units
        elif resource.kind == APPETITE:
            (account,) = resource.at
            room = int(snapshot["account_free"][account]) + units * FEN_PER_WAN
            found.setdefault("appetites", {})[str(snapshot["account_id"][account])] = overrides.as_yuan(room)
        else:
            found.setdefault("budgets", {})[":".join(map(str, resource.at))] = overrides.as_yuan(
                _budget_free(snapshot, resource) + units * FEN_PER_WAN
            )
    return found


def _budget_free(snapshot: Snapshot, resource: Resource) -> int:
    scheme, year = resource.at
    rows = (snapshot["budget_scheme"] == scheme) & (snapshot["budget_year"] == year)
    return int(snapshot["budget_free"][rows].sum())


def _told(snapshot: Snapshot, found: Smallest | None) -> dict[str, Any]:
    if found is None:
        return {"phase": NOTHING}
    return {
        "phase": FOUND,
        "raises": [
            {"kind": resource.kind, "units": units, **named(snapshot.header, snapshot.versions, resource)}
            for resource, units in found.raises.items()
        ],
        "is_proven": found.is_proven,
        "tries": found.tries,
    }


def _order(resource: Resource) -> tuple[str, tuple[int, ...]]:
    return resource.kind, resource.at
