"""What a scenario would have changed: who gains, who loses, money, fairness by county, and the price of each limit, floor and weight."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from common.money import yuan
from matching.outcome import Outcome, named
from matching.problem import FLOOR, Built
from matching.scoring import FEN_PER_WAN
from matching.snapshot import NONE, IntArray
from matching.warmth import Solved

PRICES_TOLD = 200


def compare(base: Solved, scenario: Solved) -> dict[str, Any]:
    """The report, as stored: plain values, ids of needs and branches, amounts in yuan as text."""
    before, after = _branches(base), _branches(scenario)
    s = scenario.built.snapshot
    gained, lost = np.flatnonzero((before == NONE) & (after != NONE)), np.flatnonzero((before != NONE) & (after == NONE))
    moved = np.flatnonzero((before != NONE) & (after != NONE) & (before != after))
    return {
        "schema": 1,
        "base": _totals(base),
        "scenario": _totals(scenario),
        "gained": [_row(scenario, need, None, int(after[need])) for need in gained.tolist()],
        "lost": [_row(base, need, int(before[need]), None) for need in lost.tolist()],
        "moved": [_row(scenario, need, int(before[need]), int(after[need])) for need in moved.tolist()],
        "regions": list(_regions(base, scenario)),
        "limits": list(_limits(base, scenario)),
        "floors": list(_floors(base, scenario)),
        "weights": list(_weights(base, scenario)),
        "needs": s.needs,
    }


def _branches(solved: Solved) -> IntArray:
    """By need: the branch id chosen, NONE for none."""
    branch = np.append(solved.built.snapshot["branch_id"][solved.built.options.branch], NONE)
    return branch[solved.solution.choice]


def _totals(solved: Solved) -> dict[str, Any]:
    s, o = solved.built.snapshot, solved.built.options
    chosen = solved.solution.choice[solved.solution.choice != NONE]
    amount = s["need_amount"][o.need[chosen]]
    weighted = sum(a * c for a, c in zip(amount.tolist(), o.cost_bp[chosen].tolist(), strict=True))
    total = int(amount.sum())
    return {
        "matched": len(chosen),
        "amount": str(yuan(total)),
        "subsidy": str(yuan(int(o.subsidy_fen[chosen].sum()))),
        "cost_bp": None if not total else weighted // total,
        "named": int((solved.built.terms["firm_ranking"][chosen] > 0).sum()),
        "value": solved.solution.value,
        "bound": solved.solution.bound,
        "gap": str(Decimal(repr(solved.solution.gap)).quantize(Decimal("0.00000001"))),
        "options": solved.built.problem.options,
    }


def _row(solved: Solved, need: int, before: int | None, after: int | None) -> dict[str, Any]:
    s, o = solved.built.snapshot, solved.built.options
    option = int(solved.solution.choice[need])
    return {
        "need": int(s["need_id"][need]),
        "before": before,
        "after": after,
        "amount": str(yuan(int(s["need_amount"][need]))),
        "cost_bp": int(o.cost_bp[option]),
    }


def _regions(base: Solved, scenario: Solved) -> Iterator[dict[str, Any]]:
    """By county: needs, needs recommended before and after, and the yuan of each."""
    s = scenario.built.snapshot
    region = s["need_region"]
    counts = {"needs": (np.ones(s.needs, dtype=np.int64), s["need_amount"])}
    for name, solved in (("before", base), ("after", scenario)):
        matched = solved.solution.choice != NONE
        counts[name] = (matched.astype(np.int64), np.where(matched, s["need_amount"], 0))
    for place in np.unique(region[region != NONE]).tolist():
        own = region == place
        told: dict[str, Any] = {"region": int(s["region_id"][place])}
        for name, (number, amount) in counts.items():
            told |= {name: int(number[own].sum()), f"{name}_amount": str(yuan(int(amount[own].sum())))}
        yield told


def _limits(base: Solved, scenario: Solved) -> Iterator[dict[str, Any]]:
    """Limits that have a price before or after, in points for each 万元 (or each case), the dearest first."""
    before, after = _prices(base), _prices(scenario)
    rows = [(after.get(key, 0), before.get(key, 0), key) for key in before.keys() | after.keys()]
    known = set(scenario.built.resources)
    for now, then, key in sorted((row for row in rows if row[0] or row[1]), key=lambda row: (-row[0], -row[1], row[2].kind, row[2].at))[
        :PRICES_TOLD
    ]:
        side = scenario if key in known else base
        s = side.built.snapshot
        yield {"kind": key.kind, "at": list(key.at), "before": then, "after": now, **named(s.header, s.versions, key)}


def _prices(solved: Solved) -> dict[Any, int]:
    shift = solved.solution.price_shift
    return {
        resource: (price * resource.unit) >> shift
        for resource, price in zip(solved.built.resources, solved.solution.prices.tolist(), strict=True)
        if price and resource.kind != FLOOR
    }


def _floors(base: Solved, scenario: Solved) -> Iterator[dict[str, Any]]:
    """Each floor: what it asks, what is recommended there, what the shortfall costs, and what one more 万元 asked would cost."""
    before, after = ({row["id"]: row for row in _floor_rows(solved)} for solved in (base, scenario))
    for floor in scenario.built.snapshot.header["floors"]:
        yield {"id": floor["id"], "name": floor["name"], "before": before.get(floor["id"]), "after": after.get(floor["id"])}


def _floor_rows(solved: Solved) -> Iterator[dict[str, Any]]:
    built: Built = solved.built
    p = built.problem
    used = p.capacity - Outcome(built, solved.solution).left
    for floor, place in enumerate(p.floor_resource.tolist()):
        asked, reached = int(p.floor_amount[floor]), int(used[place])
        short = max(asked - reached, 0)
        yield {
            "id": built.snapshot.header["floors"][built.resources[place].at[0]]["id"],
            "asked_yuan": asked,
            "reached_yuan": reached,
            "penalty": -(-short * int(p.floor_penalty_num[floor]) // int(p.floor_penalty_den[floor])),
            "price": (int(solved.solution.floor_prices[floor]) * (FEN_PER_WAN // 100)) >> solved.solution.price_shift,
        }


def _weights(base: Solved, scenario: Solved) -> Iterator[dict[str, Any]]:
    """Each weight with the points it earned: how far the result follows it, and so what one point more of it would move."""
    for name, points in scenario.built.snapshot.weights.items():
        yield {
            "term": name,
            "before": {"weight": base.built.snapshot.weights.get(name, 0), "points": _earned(base, name)},
            "after": {"weight": points, "points": _earned(scenario, name)},
        }


def _earned(solved: Solved, name: str) -> int:
    terms: Mapping[str, IntArray] = solved.built.terms
    return int(terms[name][solved.solution.choice[solved.solution.choice != NONE]].sum())
