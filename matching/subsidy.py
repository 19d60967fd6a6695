"""Which subsidies each candidate pair would enjoy, and what they are expected to cost by fiscal year: `schemes` in whole columns.

The forecast is that of `schemes.formulas.expected_by_year` (one bullet drawdown on the expected day), to the fen, with the caps of the
version taken as if this loan stood alone.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from common.money import fen, yuan
from matching.candidates import Ground
from matching.snapshot import OWNERSHIPS, SIZES, IntArray, Snapshot, below
from schemes import stacks
from schemes.formulas import expected_by_year, interest_periods, window
from schemes.stacks import Version

BP = 10_000
DAYS_360 = "days_360"
NATIONAL = "central"  # Scheme.Level
ON_THE_LIST = 2  # bit of `bank_admitted`: the bank may ask the central bank for re-lending

Stack = tuple[int, ...]  # positions in `snapshot.versions`


@dataclass(frozen=True, eq=False)
class Stacked:
    """For each pair the position in `stacks` of all it may enjoy, and of what is left without any discretionary subsidy."""

    stacks: tuple[Stack, ...]
    full: IntArray
    bare: IntArray


@dataclass(frozen=True, eq=False)
class Stream:
    """What one version is expected to pay for some of the options, by year: `amounts[i, y]` fen for option `options[i]` in `years[y]`."""

    version: int
    options: IntArray
    rate_bp: IntArray
    years: tuple[int, ...]
    amounts: IntArray


def drawn_on(snapshot: Snapshot) -> tuple[tuple[dt.date, ...], IntArray]:
    """The day each need is expected to be drawn: some days after the round, not before the need's own year. (days, which of them)."""
    after = dt.date.fromisoformat(snapshot.header["round"]["planned_for"]) + dt.timedelta(days=snapshot.policy["expected_drawdown_days"])
    years, which = np.unique(snapshot["need_year"], return_inverse=True)
    return tuple(max(after, dt.date(int(year), 1, 1)) for year in years), which.astype(np.int64)


def awaiting_notice(snapshot: Snapshot) -> tuple[tuple[Version, ...], ...]:
    """For each day of `drawn_on`: the last versions of the nation's schemes that end before it and that no announced one follows."""
    known_on = dt.date.fromisoformat(snapshot.header["round"]["known_on"])
    found = []
    for day in drawn_on(snapshot)[0]:
        current = {version.scheme_id for version in stacks.in_force(snapshot.versions, drawn_on=day, known_on=known_on)}
        last: dict[int, Version] = {}
        for version in sorted(snapshot.versions, key=lambda version: (version.drawdown_to or dt.date.min, version.id)):
            if version.level == NATIONAL and version.scheme_id not in current and version.drawdown_to and version.drawdown_to < day:
                last[version.scheme_id] = version
        found.append(tuple(last.values()))
    return tuple(found)


def stack_pairs(ground: Ground, need: IntArray, branch: IntArray) -> Stacked:
    s = ground.snapshot
    together = _needs_admitted(s)[need] & _banks_admitted(s)[s["branch_bank"][branch]]
    kinds, which = np.unique(together, return_inverse=True)
    places: dict[Stack, int] = {}
    full, bare = (
        np.array([places.setdefault(_stack(s, int(kind), bare=is_bare), len(places)) for kind in kinds], dtype=np.int64)
        for is_bare in (False, True)
    )
    return Stacked(tuple(places), full[which] if len(kinds) else which, bare[which] if len(kinds) else which)


def streams(snapshot: Snapshot, *, need: IntArray, rate_bp: IntArray, stack: IntArray, known: Sequence[Stack]) -> Iterator[Stream]:
    """What every version pays for every option that has it in its stack, in order of version."""
    days, day_of = drawn_on(snapshot)
    reduced = _reduced_rates(snapshot, rate_bp, stack, known)
    for place, version in enumerate(snapshot.versions):
        own = np.flatnonzero(reduced[place] > 0)
        for (day, term), group in _pairs(day_of[need[own]], snapshot["need_term"][need[own]]):
            options = own[group]
            rate = reduced[place][options]
            years, amounts = by_year(version, snapshot["need_amount"][need[options]], rate, drawn_on=days[day], term_months=term)
            yield Stream(place, options, rate, years, amounts)


def by_year(
    version: Version, amount: IntArray, rate_bp: IntArray, *, drawn_on: dt.date, term_months: int
) -> tuple[tuple[int, ...], IntArray]:
    """(years, fen by loan and year) of loans drawn on one day for one term."""
    principal = amount if version.firm_loan_cap_fen is None else np.minimum(amount, version.firm_loan_cap_fen)
    plain = (drawn_on, term_months, version.window_months, version.interest_months, version.interest_day)
    if version.convention != DAYS_360:
        years, amounts = _one_by_one(version, principal, rate_bp, drawn_on, term_months)
    else:
        periods = _subsidised_days(*plain)
        years = tuple(sorted({year for year, _days in periods}))
        amounts = np.zeros((len(principal), len(years)), dtype=np.int64)
        divisor = BP * version.day_count
        for year, days in periods:
            amounts[:, years.index(year)] += (2 * principal * rate_bp * days + divisor) // (2 * divisor)
    return years, _capped(version, amounts)


def _needs_admitted(s: Snapshot) -> IntArray:
    """A bit for each version that admits the need by its day, place and firm. Every need of a round is on the candidate list."""
    days, day_of = drawn_on(s)
    known_on = dt.date.fromisoformat(s.header["round"]["known_on"])
    current = [{version.id for version in stacks.in_force(s.versions, drawn_on=day, known_on=known_on)} for day in days]
    admitted = np.zeros(s.needs, dtype=np.int64)
    for place, version in enumerate(s.versions):
        in_force = np.array([version.id in ids for ids in current], dtype=bool)
        fits = in_force[day_of] & _covers(s, version.region_id)[s["need_region"]]
        fits &= _one_of(s["need_size"], version.firm_sizes, SIZES) & _one_of(s["need_ownership"], version.firm_ownerships, OWNERSHIPS)
        admitted |= fits.astype(np.int64) << place
    return admitted


def _banks_admitted(s: Snapshot) -> IntArray:
    admitted = np.zeros(len(s["bank_id"]), dtype=np.int64)
    for place, version in enumerate(s.versions):
        fits = np.array([version.admits_bank(bank) for bank in s["bank_id"].tolist()], dtype=bool)
        if version.requires_relending:
            fits &= (s["bank_admitted"] & ON_THE_LIST) != 0
        admitted |= fits.astype(np.int64) << place
    return admitted


def _covers(s: Snapshot, region_id: int | None) -> np.ndarray:
    """By region position (and NONE at the end): the scheme's region or below it; a scheme without a region covers all."""
    if region_id is None:
        return np.ones(len(s["region_id"]) + 1, dtype=bool)
    return np.append(below(s["region_parent"], s["region_id"] == region_id), False)


def _one_of(own: IntArray, wanted: tuple[str, ...], known: Sequence[str]) -> np.ndarray:
    if not wanted:
        return np.ones(len(own), dtype=bool)
    return np.isin(own, [known.index(value) for value in wanted])


def _stack(s: Snapshot, kind: int, *, bare: bool) -> Stack:
    own = [version for place, version in enumerate(s.versions) if kind >> place & 1 and not (bare and version.is_discretionary)]
    place_of = {version.id: place for place, version in enumerate(s.versions)}
    return tuple(sorted(place_of[version.id] for version in stacks.together(own, s.rules)))


def _reduced_rates(s: Snapshot, rate_bp: IntArray, stack: IntArray, known: Sequence[Stack]) -> IntArray:
    """[version, option]: each version's rate once the sum is kept within the interest rate; 0 where it is not in the stack."""
    table = np.zeros((len(s.versions), len(rate_bp)), dtype=np.int64)
    for (place, rate), options in _pairs(stack, rate_bp):
        versions = [s.versions[k] for k in known[place]]
        for k, left in zip(known[place], stacks.after_yield(versions, rate_bp=rate), strict=True):
            table[k, options] = left
    return table


def _pairs(a: IntArray, b: IntArray) -> Iterator[tuple[tuple[int, int], IntArray]]:
    """((a, b), rows with both) in order of the pair; neither is negative."""
    base = int(b.max(initial=0)) + 1
    keys = a * base + b
    order = np.argsort(keys, kind="stable")
    found, begins = np.unique(keys[order], return_index=True)
    for key, rows in zip(found.tolist(), np.split(order, begins[1:]) if len(order) else (), strict=True):
        yield divmod(key, base), rows


@lru_cache(maxsize=1024)
def _subsidised_days(
    start: dt.date, term_months: int, window_months: int, interest_months: tuple[int, ...], interest_day: int
) -> tuple[tuple[int, int], ...]:
    """(year of the interest day, subsidised days) of each interest period the window meets."""
    last = window(start, months=term_months)
    window_last = min(last, window(start, months=window_months))
    periods = interest_periods(start, last, interest_months=interest_months, interest_day=interest_day)
    return tuple(
        (period.last.year, (min(window_last, period.last) - period.first).days + 1) for period in periods if period.first <= window_last
    )


def _one_by_one(
    version: Version, principal: IntArray, rate_bp: IntArray, start: dt.date, term_months: int
) -> tuple[tuple[int, ...], IntArray]:
    """A version that counts plain years is forecast loan by loan: rare, and exact in fractions."""
    rows = [
        expected_by_year(
            yuan(amount),
            rate_bp=rate,
            start=start,
            term_months=term_months,
            window_months=version.window_months,
            convention=version.convention,
            interest_months=version.interest_months,
            interest_day=version.interest_day,
        )
        for amount, rate in zip(principal.tolist(), rate_bp.tolist(), strict=True)
    ]
    years = tuple(sorted({year for row in rows for year in row}))
    return years, np.array([[fen(row.get(year, Decimal(0))) for year in years] for row in rows], dtype=np.int64).reshape(-1, len(years))


def _capped(version: Version, amounts: IntArray) -> IntArray:
    yearly = [cap for cap in (version.project_year_cap_fen, version.firm_year_cap_fen) if cap is not None]
    if yearly:
        amounts = np.minimum(amounts, min(yearly))
    if version.per_loan_cap_fen is not None:
        before = np.cumsum(amounts, axis=1) - amounts
        amounts = np.minimum(amounts, np.maximum(version.per_loan_cap_fen - before, 0))
    return amounts


def total_of(found: Sequence[Stream], options: int) -> IntArray:
    """Fen of subsidy of each option over all years and versions."""
    total = np.zeros(options, dtype=np.int64)
    for stream in found:
        total[stream.options] += stream.amounts.sum(axis=1)
    return total
