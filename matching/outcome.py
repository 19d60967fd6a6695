"""From the optimizer's choice to what is told: leads, standbys, and why the others got none. Computed from snapshot, problem and result."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from common.money import yuan, yuan_text
from matching import candidates, ranking, scoring, subsidy
from matching.candidates import BEYOND_LIMIT, PASSED, PLACE, RULES
from matching.problem import APPETITE, BUDGET, CASE_LOAD, TICKET, Built, Resource
from matching.snapshot import NONE, IntArray
from matching.subsidy import ON_THE_LIST
from schemes.stacks import Version

if TYPE_CHECKING:
    from matching.optimizer import Solution

NO_CANDIDATE, LIMITS_FULL, OUTRANKED = "no_candidate", "limits_full", "outranked"
LENDERS_EXPLAINED = 3  # an unmatched need hears of its best options, not of all


@dataclass(frozen=True)
class Advice:
    """One row to be told: `rank` 0 leads. Amounts in yuan; ids, not rows."""

    need_id: int
    rank: int
    branch_id: int
    product_id: int
    option: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Unmatched:
    need_id: int
    code: str
    explanation: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Outcome:
    """A problem with its solution, read as advice. `standbys` = how many a need may have."""

    built: Built
    solution: "Solution"
    standbys: int = field(default=2)

    def advice(self) -> Iterator[Advice]:
        """Leads and standbys in order of need and rank."""
        ranked = self._ranked
        for need, options in enumerate(ranked):
            for rank, option in enumerate(options):
                yield self._advice(need, rank, option, options[1] if rank == 0 and len(options) > 1 else None)

    def unmatched(self) -> Iterator[Unmatched]:
        rows = np.flatnonzero(self.solution.choice == NONE)
        s = self.built.snapshot
        for first in range(0, len(rows), candidates.BLOCK):
            block = rows[first : first + candidates.BLOCK]
            by_bank = self._furthest(candidates.screen(self.built.ground, block).refused_by)
            for need, places in zip(block.tolist(), by_bank, strict=True):
                limits = list(self._limits_of(need))
                own = slice(*self.built.problem.option_start[need : need + 2])
                code = NO_CANDIDATE if own.start == own.stop else LIMITS_FULL if limits else OUTRANKED
                explanation = {
                    "limits": limits,
                    "refused": self._refused(places, self._banks_with_option(need)),
                    "next_round_on": s.header["next_round_on"],
                }
                yield Unmatched(int(s["need_id"][need]), code, explanation)

    @cached_property
    def _limits_told(self) -> dict[int, dict[str, Any]]:
        return {}

    @cached_property
    def reduced(self) -> IntArray:
        return ranking.reduced(self.built.problem, self.solution)

    @cached_property
    def left(self) -> IntArray:
        return ranking.left(self.built.problem, self.solution)

    @cached_property
    def _ranked(self) -> list[list[int]]:
        return ranking.ranked(self.built, self.solution, self.reduced, standbys=self.standbys)

    @cached_property
    def _told(self) -> NDArray[np.bool_]:
        """By option: whether it is a lead or a standby."""
        told = np.zeros(self.built.problem.options, dtype=bool)
        told[[option for options in self._ranked for option in options]] = True
        return told

    @cached_property
    def _subsidies(self) -> dict[int, list[tuple[int, int, dict[str, str]]]]:
        """Option → (version, rate, yuan by year), for the options that are told."""
        found: dict[int, list[tuple[int, int, dict[str, str]]]] = {}
        for stream in self.built.streams:
            rows = np.flatnonzero(self._told[stream.options])
            years = [str(year) for year in stream.years]  # in order
            columns = (stream.options[rows].tolist(), stream.rate_bp[rows].tolist(), stream.amounts[rows].tolist())
            for option, rate, amounts in zip(*columns, strict=True):
                by_year = {year: yuan_text(fen) for year, fen in zip(years, amounts, strict=True) if fen}
                found.setdefault(option, []).append((stream.version, rate, by_year))
        return found

    @cached_property
    def _columns(self) -> dict[str, list[int]]:
        """Option columns as plain numbers: reading them one by one from arrays would cost more than the rest."""
        options, s = self.built.options, self.built.snapshot
        columns = {name: getattr(options, name).tolist() for name in ("need", "branch", "product", "rate_bp", "cost_bp", "is_bare")}
        columns |= {f"term:{name}": points.tolist() for name, points in self.built.terms.items()}
        columns["value"] = self.built.problem.value.tolist()
        columns["named_rank"] = scoring.named_rank(s, options.need, options.branch).tolist()
        columns["price"] = (((self.built.problem.value << self.solution.price_shift) - self.reduced) >> self.solution.price_shift).tolist()
        columns["lenders"] = np.bincount(options.need[options.is_bare == 0], minlength=s.needs).tolist()
        columns |= {name: s[name].tolist() for name in ("need_id", "need_amount", "need_rate_cap", "branch_id", "product_id")}
        columns |= {name: s[name].tolist() for name in ("branch_bank", "bank_id", "bank_admitted")}
        return columns

    def _advice(self, need: int, rank: int, option: int, runner_up: int | None) -> Advice:
        s, c = self.built.snapshot, self._columns
        subsidies = self._subsidies.get(option, [])
        named_rank = c["named_rank"][option]
        fields = {
            "amount": yuan(c["need_amount"][need]),
            "rate_bp": c["rate_bp"][option],
            "cost_bp": c["cost_bp"][option],
            "stack": [self._enjoyed(version, rate) for version, rate, _by_year in subsidies],
            "subsidy_by_year": {str(s.versions[version].scheme_id): by_year for version, _rate, by_year in subsidies},
            "value": c["value"][option],
            "terms": {name: c[f"term:{name}"][option] for name in self.built.terms},
            "is_named": named_rank != NONE,
            "explanation": self._reasons(need, option, runner_up),
        }
        branch, product = c["branch"][option], c["product"][option]
        return Advice(c["need_id"][need], rank, c["branch_id"][branch], c["product_id"][product], option, fields)

    @cached_property
    def _schemes(self) -> dict[tuple[int, int], dict[str, Any]]:
        """(version, rate) → as told: the same few on thousands of rows."""
        return {}

    def _enjoyed(self, place: int, rate_bp: int) -> dict[str, Any]:
        if (place, rate_bp) not in self._schemes:
            version = self.built.snapshot.versions[place]
            self._schemes[place, rate_bp] = {
                "scheme": version.scheme_id,
                "scheme_code": version.scheme_code,
                "name": version.scheme_name,
                "version": version.id,
                "version_code": version.code,
                "rate_bp": rate_bp,
                "discretionary": version.is_discretionary,
            }
        return self._schemes[place, rate_bp]

    def _reasons(self, need: int, option: int, runner_up: int | None) -> dict[str, Any]:
        s, c = self.built.snapshot, self._columns
        cap, bank = c["need_rate_cap"][need], c["branch_bank"][c["branch"][option]]
        reasons: dict[str, Any] = {
            "named_rank": None if c["named_rank"][option] == NONE else c["named_rank"][option],
            "rate_cap_bp": None if cap == NONE else cap,
            "relending": "eligible" if c["bank_admitted"][bank] & ON_THE_LIST else "not_eligible",
            "lenders": c["lenders"][need],
            "full_budgets": self._full_budgets(option) if c["is_bare"][option] else [],
        }
        if awaited := self._awaited(need, c["bank_id"][bank]):
            reasons["awaiting_notice"] = awaited
        if runner_up is not None:
            branch = c["branch"][runner_up]
            reasons["runner_up"] = {
                "branch": s.header["branches"][branch]["name"],
                "cost_bp": c["cost_bp"][runner_up],
                "lacks": {
                    name: c[f"term:{name}"][option] - c[f"term:{name}"][runner_up]
                    for name in self.built.terms
                    if c[f"term:{name}"][option] != c[f"term:{name}"][runner_up]
                },
                "price": c["price"][runner_up],
                "own_price": c["price"][option],
            }
        return reasons

    @cached_property
    def _ended(self) -> tuple[tuple[Version, ...], ...]:
        return subsidy.awaiting_notice(self.built.snapshot)

    @cached_property
    def _drawn_on(self) -> tuple[tuple[dt.date, ...], list[int]]:
        days, which = subsidy.drawn_on(self.built.snapshot)
        return days, which.tolist()

    def _awaited(self, need: int, bank_id: int) -> list[dict[str, str]]:
        """Schemes that would pay if the loan were drawn in their time: nothing is computed of them until a notice is loaded."""
        days, which = self._drawn_on
        return [
            {"name": version.scheme_name, "until": str(version.drawdown_to), "drawn_on": days[which[need]].isoformat()}
            for version in self._ended[which[need]]
            if version.admits_bank(bank_id)
        ]

    @cached_property
    def _budget_uses(self) -> dict[int, list[tuple[int, bool, bool]]]:
        """Told bare option → the budget rows that its twin with the full stack uses: (row, without room for it, priced)."""
        p = self.built.problem
        is_budget = np.array([resource.kind == BUDGET for resource in self.built.resources], dtype=bool)
        twin = np.zeros(p.options + 1, dtype=bool)
        twin[np.flatnonzero(self._told & (self.built.options.is_bare == 1)) - 1] = True  # options stand in order of need, branch, bare
        own = np.repeat(np.arange(p.options), np.diff(p.use_start))
        uses = np.flatnonzero(twin[own] & is_budget[p.use_resource])
        row = p.use_resource[uses]
        lacks, priced = p.use_amount[uses] > self.left[row], self.solution.prices[row] > 0
        found: dict[int, list[tuple[int, bool, bool]]] = {}
        for option, *use in zip((own[uses] + 1).tolist(), row.tolist(), lacks.tolist(), priced.tolist(), strict=True):
            found.setdefault(option, []).append((use[0], use[1], use[2]))
        return found

    def _full_budgets(self, bare: int) -> list[dict[str, Any]]:
        """The budget rows that stood against the full stack of the same lender: without room, or too dear."""
        rows = self._budget_uses.get(bare, [])
        full = [r for r, lacks, _priced in rows if lacks] or [r for r, _lacks, priced in rows if priced] or [r for r, *_rest in rows]
        return [self._limit(r) for r in full]

    def _limits_of(self, need: int) -> Iterator[dict[str, Any]]:
        """The limits without room for the need at its best lenders, with what one more unit would be worth."""
        p, c = self.built.problem, self._columns
        first, last = p.option_start[need : need + 2].tolist()
        best = sorted((o for o in range(first, last) if c["is_bare"][o] or self._is_only(o)), key=lambda o: (-int(self.reduced[o]), o))
        seen: set[int] = set()
        for option in best[:LENDERS_EXPLAINED]:
            for u in range(int(p.use_start[option]), int(p.use_start[option + 1])):
                r = int(p.use_resource[u])
                if (
                    r not in seen
                    and self.built.resources[r].kind in (APPETITE, CASE_LOAD, TICKET, BUDGET)
                    and p.use_amount[u] > self.left[r]
                ):
                    seen.add(r)
                    yield self._limit(r)

    def _is_only(self, option: int) -> bool:
        """An option without a bare twin."""
        c = self._columns
        return option + 1 >= len(c["need"]) or c["need"][option + 1] != c["need"][option] or c["branch"][option + 1] != c["branch"][option]

    def _limit(self, r: int) -> dict[str, Any]:
        """A limit in words to come: what it is, and its price in points for each 万元 (or each case)."""
        if r in self._limits_told:
            return self._limits_told[r]
        s, resource = self.built.snapshot, self.built.resources[r]
        price = (int(self.solution.prices[r]) * resource.unit) >> self.solution.price_shift
        told = {"kind": resource.kind, "price": price, **named(s.header, s.versions, resource), **self._declared(resource)}
        self._limits_told[r] = told
        return told

    def _declared(self, resource: Resource) -> dict[str, bool]:
        if resource.kind != BUDGET:
            return {}
        s = self.built.snapshot
        rows = zip(s["budget_scheme"].tolist(), s["budget_year"].tolist(), strict=True)
        return {"declared": resource.at in set(rows)}

    def _furthest(self, refused_by: IntArray) -> IntArray:
        """[need, bank]: how far the bank's most willing branch got."""
        s = self.built.snapshot
        found = np.full((len(refused_by), len(s["bank_id"])), NONE, dtype=np.int64)
        for branch, bank in enumerate(s["branch_bank"].tolist()):
            found[:, bank] = np.maximum(found[:, bank], refused_by[:, branch])
        return found

    def _banks_with_option(self, need: int) -> set[int]:
        first, last = self.built.problem.option_start[need : need + 2]
        banks: list[int] = self.built.snapshot["branch_bank"][self.built.options.branch[first:last]].tolist()
        return set(banks)

    def _refused(self, places: IntArray, candidates_of_need: set[int]) -> list[dict[str, Any]]:
        """Banks by the first rule that refuses them, the banks that came furthest first."""
        groups: dict[int, list[str]] = {}
        for bank, place in enumerate(places.tolist()):
            if bank in candidates_of_need or place == NONE:
                continue
            rule = PLACE[BEYOND_LIMIT] if place == PASSED else place
            groups.setdefault(rule, []).append(self.built.snapshot.header["banks"][bank]["name"])
        return [{"code": RULES[place].code, "banks": banks} for place, banks in sorted(groups.items(), reverse=True)]


def named(header: Mapping[str, Any], versions: Any, resource: Resource) -> dict[str, Any]:
    if resource.kind == APPETITE:
        return {"name": header["accounts"][resource.at[0]]["name"]}
    if resource.kind == BUDGET:
        scheme, year = resource.at
        return {"name": next(v.scheme_name for v in versions if v.scheme_id == scheme), "year": year}
    return {"name": header["branches"][resource.at[-1]]["name"]}
