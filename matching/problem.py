"""From a snapshot to the optimizer's problem: options, their points, and the limits they use. Amounts in fen; floors in whole yuan.

A need has one option for each lender admitted, with every subsidy it may enjoy, and a second one without any discretionary subsidy
where that differs, so that a short budget never leaves a need unmatched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from matching import candidates, canonical, scoring, subsidy
from matching.candidates import Candidates, GoingOn, Ground, silent
from matching.scoring import Options
from matching.shortlist import within_limit
from matching.snapshot import NONE, IntArray, Snapshot, below
from matching.subsidy import Stack, Stream

if TYPE_CHECKING:
    from matching.optimizer import Problem

FEN_PER_YUAN = 100
APPETITE, CASE_LOAD, TICKET, BUDGET, FLOOR = "appetite", "case_load", "ticket", "budget", "floor"


class Resource(NamedTuple):
    """One limit. `at`: appetite (account,), case_load (branch,), ticket (firm id, branch), budget (scheme id, year), floor (floor,)."""

    kind: str
    at: tuple[int, ...]

    @property
    def unit(self) -> int:
        """What people count it in: 万元, or cases."""
        return 1 if self.kind == CASE_LOAD else scoring.FEN_PER_WAN


@dataclass(frozen=True, eq=False)
class Built:
    """The problem with what its numbers mean. `streams` count options by position in `options`."""

    ground: Ground
    options: Options
    terms: Mapping[str, IntArray]
    stacks: tuple[Stack, ...]
    streams: tuple[Stream, ...]
    resources: tuple[Resource, ...]
    problem: "Problem"

    @property
    def snapshot(self) -> Snapshot:
        return self.ground.snapshot

    @cached_property
    def sha256(self) -> str:
        p = self.problem
        return canonical.digest(*canonical.pack({"schema": 1}, {name: getattr(p, name) for name in p.__dataclass_fields__}))

    @cached_property
    def pins(self) -> tuple[IntArray, tuple[dict[str, Any], ...]]:
        """(fixed choice of every need, pins that no option or no limit admits)."""
        return _fix_pins(self)


def build(snapshot: Snapshot, *, needs: IntArray | None = None, going_on: GoingOn = silent) -> Built:
    """The problem of a round; of some needs only, to see whether they could be matched at all. `going_on` as in `candidates.find`."""
    from matching.optimizer import Problem  # noqa: PLC0415 -- numba and scipy take a second to import; only who builds a problem waits for them

    ground = Ground(snapshot)
    options, known, found = _price(ground, candidates.find(ground, needs, going_on=going_on))
    terms = scoring.score(ground, options)
    kept = within_limit(ground, options, scoring.total(terms))
    options, terms = options.take(kept), {name: points[kept] for name, points in terms.items()}
    found = _renumbered(found, kept)
    resources, capacity, uses = _limits(ground, options, found)
    use_start, use_resource, use_amount = _by_option(uses, len(options))
    floors = [(place, r.at[0]) for place, r in enumerate(resources) if r.kind == FLOOR]
    problem = Problem(
        option_start=np.searchsorted(options.need, np.arange(snapshot.needs + 1)).astype(np.int64),
        value=scoring.total(terms),
        use_start=use_start,
        use_resource=use_resource,
        use_amount=use_amount,
        capacity=capacity,
        floor_resource=np.array([place for place, _floor in floors], dtype=np.int32),
        floor_amount=np.array([snapshot.header["floors"][floor]["amount_yuan"] for _place, floor in floors], dtype=np.int64),
        floor_penalty_num=np.array([snapshot.header["floors"][floor]["penalty"][0] for _place, floor in floors], dtype=np.int64),
        floor_penalty_den=np.array([snapshot.header["floors"][floor]["penalty"][1] for _place, floor in floors], dtype=np.int64),
    )
    return Built(ground, options, terms, known, found, tuple(resources), problem)


def _price(ground: Ground, pairs: Candidates) -> tuple[Options, tuple[Stack, ...], tuple[Stream, ...]]:
    """Every pair with its full stack, then, where a budget limits part of it, without that part; in order of (need, branch, bare)."""
    s = ground.snapshot
    stacked = subsidy.stack_pairs(ground, pairs.need, pairs.branch)
    twin = np.flatnonzero(stacked.bare != stacked.full)
    pair = np.concatenate([np.arange(len(pairs)), twin])
    is_bare = np.concatenate([np.zeros(len(pairs), dtype=np.int64), np.ones(len(twin), dtype=np.int64)])
    order = np.lexsort((is_bare, pair))
    pair, is_bare = pair[order], is_bare[order]
    need, rate = pairs.need[pair], pairs.rate_bp[pair]
    stack = np.where(is_bare == 1, stacked.bare[pair], stacked.full[pair])
    found = tuple(subsidy.streams(s, need=need, rate_bp=rate, stack=stack, known=stacked.stacks))
    total = subsidy.total_of(found, len(pair))
    saved = total * (subsidy.BP * 12) // np.maximum(s["need_amount"][need] * s["need_term"][need], 1)
    return Options(need, pairs.branch[pair], pairs.product[pair], rate, stack, is_bare, total, rate - saved), stacked.stacks, found


def _renumbered(found: Sequence[Stream], kept: IntArray) -> tuple[Stream, ...]:
    """The streams of the options kept, numbered as these now are."""
    last = int(max((stream.options.max(initial=-1) for stream in found), default=-1))
    place = np.full(max(last, int(kept.max(initial=-1))) + 1, NONE, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    left = []
    for stream in found:
        stays = place[stream.options] != NONE
        if stays.any():
            own = place[stream.options[stays]]
            left.append(Stream(stream.version, own, stream.rate_bp[stays], stream.years, stream.amounts[stays]))
    return tuple(left)


@dataclass(frozen=True, eq=False)
class Rows:
    """Limits of one kind: row `which[k]` of them loses `used[k]` to option `own[k]`. Every row has a use."""

    kind: str
    at: Sequence[tuple[int, ...]]
    room: IntArray
    own: IntArray
    which: IntArray
    used: IntArray


Uses = list[tuple[IntArray, IntArray, IntArray]]  # (options, resource, amount) in pieces


def _limits(ground: Ground, options: Options, found: Sequence[Stream]) -> tuple[list[Resource], IntArray, Uses]:
    """Every limit that an option could meet, in a fixed order, and what each option uses of it."""
    resources: list[Resource] = []
    capacity: list[IntArray] = [np.empty(0, dtype=np.int64)]
    uses: Uses = []
    for rows in (
        *_appetites(ground, options),
        _case_loads(ground, options),
        _tickets(ground, options),
        *_budgets(ground, found),
        *_floors(ground, options),
    ):
        if len(rows.own):
            uses.append((rows.own, rows.which + len(resources), rows.used))
            resources.extend(Resource(rows.kind, at) for at in rows.at)
            capacity.append(rows.room)
    return resources, np.concatenate(capacity), uses


def _one(kind: str, at: tuple[int, ...], room: int, own: IntArray, used: IntArray) -> Rows:
    return Rows(kind, [at], np.array([room], dtype=np.int64), own, np.zeros(len(own), dtype=np.int64), used)


def _appetites(ground: Ground, options: Options) -> Iterator[Rows]:
    """The branch's own account and every declared one above it."""
    s = ground.snapshot
    amount = s["need_amount"][options.need]
    line: dict[int, list[IntArray]] = {}
    at = s["branch_account"][options.branch]
    own = np.arange(len(options))
    while len(own):
        order = np.argsort(at, kind="stable")
        places, begins = np.unique(at[order], return_index=True)
        for place, part in zip(places.tolist(), np.split(own[order], begins[1:]), strict=True):
            line.setdefault(place, []).append(part)
        at = s["account_parent"][at]
        own, at = own[at != NONE], at[at != NONE]
    for place in sorted(line):
        if s["account_free"][place] != NONE:
            rows = np.concatenate(line[place])
            yield _one(APPETITE, (place,), int(s["account_free"][place]), rows, amount[rows])


def _case_loads(ground: Ground, options: Options) -> Rows:
    room = ground.snapshot["branch_case_load"]
    own = np.flatnonzero(room[options.branch] != NONE)
    branches, own, which = _grouped(own, options.branch[own])
    at = [(branch,) for branch in branches.tolist()]
    return Rows(CASE_LOAD, at, room[branches], own, which, np.ones(len(own), dtype=np.int64))


def _tickets(ground: Ground, options: Options) -> Rows:
    """One firm with several needs at one branch: together they keep to what the bank lends to one firm. One need alone was screened."""
    s = ground.snapshot
    firm = s["need_firm"][options.need]
    firms, counts = np.unique(s["need_firm"], return_counts=True)
    several = np.flatnonzero(np.isin(firm, firms[counts > 1]) & (s["branch_ticket"][options.branch] != NONE))
    exposure = {(f, b): a for f, b, a in zip(*(s[f"exposure_{name}"].tolist() for name in ("firm", "bank", "amount")), strict=True)}
    keys, own, which = _grouped(several, firm[several] * s.branches + options.branch[several])
    firm_id, branch = np.divmod(keys, max(s.branches, 1))
    at = list(zip(firm_id.tolist(), branch.tolist(), strict=True))
    banks = s["branch_bank"][branch].tolist()
    had = np.array([exposure.get((f, bank), 0) for (f, _branch), bank in zip(at, banks, strict=True)], dtype=np.int64)
    return Rows(TICKET, at, np.maximum(s["branch_ticket"][branch] - had, 0), own, which, s["need_amount"][options.need[own]])


def _budgets(ground: Ground, found: Sequence[Stream]) -> Iterator[Rows]:
    """Each discretionary scheme's money of each year. A year without a declared budget has nothing to promise."""
    s = ground.snapshot
    free = {
        (scheme, year): room
        for scheme, year, room in zip(*(s[f"budget_{name}"].tolist() for name in ("scheme", "year", "free")), strict=True)
    }
    parts: dict[tuple[int, int], list[tuple[IntArray, IntArray]]] = {}
    for stream in found:
        version = s.versions[stream.version]
        if version.is_discretionary:
            for place, year in enumerate(stream.years):
                paid = stream.amounts[:, place] > 0
                parts.setdefault((version.scheme_id, year), []).append((stream.options[paid], stream.amounts[paid, place]))
    for key in sorted(parts):
        own, used = (np.concatenate(column) for column in zip(*parts[key], strict=True))
        yield _one(BUDGET, key, free.get(key, 0), own, used)


def _floors(ground: Ground, options: Options) -> Iterator[Rows]:
    """What is recommended to the regions of a floor, in whole yuan (fen are dropped); the row's own capacity never binds."""
    s = ground.snapshot
    yuan = s["need_amount"][options.need] // FEN_PER_YUAN
    for place, floor in enumerate(s.header["floors"]):
        within = np.append(below(s["region_parent"], np.isin(s["region_id"], floor["regions"])), False)
        own = np.flatnonzero(within[s["need_region"][options.need]] & (yuan > 0))
        yield _one(FLOOR, (place,), int(s["need_amount"].sum() // FEN_PER_YUAN), own, yuan[own])


def _grouped(rows: IntArray, keys: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """(keys in order, the rows by key, for each of these which key it has)."""
    order = np.argsort(keys, kind="stable")
    found, counts = np.unique(keys, return_counts=True)
    return found, rows[order], np.repeat(np.arange(len(found)), counts)


def _by_option(uses: Uses, options: int) -> tuple[IntArray, Any, IntArray]:
    if not uses:
        return np.zeros(options + 1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    own, resource, amount = (np.concatenate(column) for column in zip(*uses, strict=True))
    order = np.lexsort((resource, own))
    starts = np.searchsorted(own[order], np.arange(options + 1)).astype(np.int64)
    return starts, resource[order].astype(np.int32), amount[order]


def _fix_pins(built: Built) -> tuple[IntArray, tuple[dict[str, Any], ...]]:
    """Pins in canonical order, each with all its subsidies where the limits allow, else without the limited ones."""
    from matching.optimizer.problem import FREE  # noqa: PLC0415 -- as in build

    p, s = built.problem, built.snapshot
    fixed = np.full(s.needs, FREE, dtype=np.int64)
    left = p.capacity.tolist()
    impossible = []
    place_of = {need: place for place, need in enumerate(s["need_id"].tolist())}
    for pin in (pin for pin in s.header["pins"] if pin["kind"] == "pin"):
        need = place_of[pin["need"]]
        own = range(int(p.option_start[need]), int(p.option_start[need + 1]))
        for option in (o for o in own if s["branch_id"][built.options.branch[o]] == pin["branch"] and fixed[need] == FREE):
            uses = range(int(p.use_start[option]), int(p.use_start[option + 1]))
            if all(p.use_amount[u] <= left[p.use_resource[u]] for u in uses):
                fixed[need] = option
                for u in uses:
                    left[p.use_resource[u]] -= int(p.use_amount[u])
        if fixed[need] == FREE:
            impossible.append(pin)
    return fixed, tuple(impossible)
