"""What a scenario changes of a frozen snapshot: limits, weights, floors. Anything else stays as the round found it."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.money import fen
from matching.scoring import WEIGHTED
from matching.snapshot import NONE, Snapshot
from matching.weights import POINTS_MAX

APPETITE_PERCENT = "appetite_percent"
KINDS = ("weights", "appetites", "case_loads", "budgets", "floors", APPETITE_PERCENT)
PERCENT_MIN, PERCENT_MAX = 1, 1000
AMOUNT_MAX = Decimal(10) ** 15
CASES_MAX = 100_000
PENALTY_DENS = tuple(2**k for k in range(9))

Overrides = Mapping[str, Any]
"""{"weights": {term: points}, "appetites": {account id: yuan}, "case_loads": {branch id: cases}, "budgets": {"scheme id:year": yuan},
"floors": {floor id: {"amount_yuan": yuan, "penalty": [num, den]}}, "appetite_percent": percent of every declared appetite}"""


def clean(snapshot: Snapshot, asked: Overrides) -> dict[str, Any]:
    """The overrides in plain form, without those that change nothing. Raises Invalid naming each that is wrong."""
    problems: list[Problem] = [Problem(kind, "unknown", _("没有这一类调整。"), _("请删去。")) for kind in sorted(set(asked) - set(KINDS))]
    found: dict[str, Any] = {}
    for kind, read in _READERS.items():
        given = asked.get(kind, {})
        if not isinstance(given, Mapping):
            problems.append(Problem(kind, "not_an_object", _("须为对象：编号对应新数值。"), _("请按接口文档提交。")))
            continue
        kept = {}
        for key, value in sorted(given.items(), key=lambda item: str(item[0])):
            try:
                before, after = read(snapshot, str(key), value)
            except (ValueError, TypeError, KeyError, InvalidOperation):
                problems.append(Problem(f"{kind}.{key}", "not_valid", _("没有这一项，或数值不在允许范围内。"), _("请核对编号和数值。")))
                continue
            if before != after:
                kept[str(key)] = after
        if kept:
            found[kind] = kept
    percent = asked.get(APPETITE_PERCENT)
    if percent is not None and percent != 100:
        if isinstance(percent, bool) or not isinstance(percent, int) or not PERCENT_MIN <= percent <= PERCENT_MAX:
            problems.append(
                Problem(APPETITE_PERCENT, "not_valid", _("须为 1 至 1000 的整数。"), _("100 表示不变，110 表示各行额度均增加一成。"))
            )
        else:
            found[APPETITE_PERCENT] = percent
    if problems:
        raise Invalid(problems)
    return found


def apply(snapshot: Snapshot, overrides: Overrides) -> Snapshot:
    """The snapshot as it would be with these overrides (as `clean` returns them); the stored one is not touched."""
    arrays = dict(snapshot.arrays)
    header = {**snapshot.header, "weights": {**snapshot.header["weights"]}}
    header["weights"]["points"] = {**snapshot.weights, **overrides.get("weights", {})}
    header["floors"] = [{**floor, **overrides.get("floors", {}).get(str(floor["id"]), {})} for floor in snapshot.header["floors"]]
    free = snapshot["account_free"].copy()
    if APPETITE_PERCENT in overrides:
        free = np.where(free == NONE, NONE, free * overrides[APPETITE_PERCENT] // 100)
    for account, amount in overrides.get("appetites", {}).items():
        free[_place(snapshot, "account_id", account)] = fen(Decimal(amount))
    loads = snapshot["branch_case_load"].copy()
    for branch, cases in overrides.get("case_loads", {}).items():
        loads[_place(snapshot, "branch_id", branch)] = cases
    budgets = snapshot["budget_free"].copy()
    for key, amount in overrides.get("budgets", {}).items():
        budgets[_budget(snapshot, key)] = fen(Decimal(amount))
    return Snapshot(header, arrays | {"account_free": free, "branch_case_load": loads, "budget_free": budgets})


def told(snapshot: Snapshot, overrides: Overrides) -> Iterator[tuple[str, str, str, str]]:
    """(kind, name, before, after) of each override, for people; amounts in yuan."""
    names = {kind: {str(row["id"]): row["name"] for row in snapshot.header[kind]} for kind in ("accounts", "branches", "floors")}
    if APPETITE_PERCENT in overrides:
        yield APPETITE_PERCENT, "", "100", str(overrides[APPETITE_PERCENT])
    for kind, read in _READERS.items():
        for key, value in overrides.get(kind, {}).items():
            before, after = read(snapshot, key, value)
            name = {"appetites": "accounts", "case_loads": "branches", "floors": "floors"}.get(kind)
            yield (
                kind,
                names[name][key] if name else _budget_name(snapshot, key) if kind == "budgets" else key,
                _plain(before),
                _plain(after),
            )


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        num, den = value["penalty"]
        return f"{value['amount_yuan']} × {num}/{den}"
    return "" if value is None else str(value)


def _weight(snapshot: Snapshot, key: str, value: Any) -> tuple[Any, Any]:
    if key not in WEIGHTED or not _is_count(value, POINTS_MAX) or (key == "coverage" and value == 0):
        raise ValueError(key)
    return snapshot.weights.get(key), value


def _appetite(snapshot: Snapshot, key: str, value: Any) -> tuple[Any, Any]:
    free = int(snapshot["account_free"][_place(snapshot, "account_id", key)])
    return None if free == NONE else as_yuan(free), _amount(value)


def _case_load(snapshot: Snapshot, key: str, value: Any) -> tuple[Any, Any]:
    before = int(snapshot["branch_case_load"][_place(snapshot, "branch_id", key)])
    if not _is_count(value, CASES_MAX):
        raise ValueError(key)
    return None if before == NONE else before, value


def _budget_of(snapshot: Snapshot, key: str, value: Any) -> tuple[Any, Any]:
    return as_yuan(int(snapshot["budget_free"][_budget(snapshot, key)])), _amount(value)


def _floor(snapshot: Snapshot, key: str, value: Any) -> tuple[Any, Any]:
    before = next((floor for floor in snapshot.header["floors"] if str(floor["id"]) == key), None)
    if before is None or not isinstance(value, Mapping) or set(value) - {"amount_yuan", "penalty"}:
        raise ValueError(key)
    amount, (num, den) = value.get("amount_yuan", before["amount_yuan"]), value.get("penalty", before["penalty"])
    if not _is_count(amount, int(AMOUNT_MAX)) or den not in PENALTY_DENS or not _is_count(num, den - 1):
        raise ValueError(key)
    return {name: before[name] for name in ("amount_yuan", "penalty")}, {"amount_yuan": amount, "penalty": [num, den]}


_READERS: Mapping[str, Callable[[Snapshot, str, Any], tuple[Any, Any]]] = {
    "weights": _weight,
    "appetites": _appetite,
    "case_loads": _case_load,
    "budgets": _budget_of,
    "floors": _floor,
}


def _place(snapshot: Snapshot, name: str, key: str) -> int:
    wanted = int(key)
    place = int(snapshot[name].searchsorted(wanted))
    if place >= len(snapshot[name]) or snapshot[name][place] != wanted:
        raise ValueError(key)
    return place


def _budget(snapshot: Snapshot, key: str) -> int:
    scheme, year = (int(part) for part in key.split(":"))
    rows = np.flatnonzero((snapshot["budget_scheme"] == scheme) & (snapshot["budget_year"] == year))
    if not len(rows):
        raise ValueError(key)
    return int(rows[0])


def _budget_name(snapshot: Snapshot, key: str) -> str:
    scheme, _colon, year = key.partition(":")
    return next((f"{version.scheme_name} {year}" for version in snapshot.versions if str(version.scheme_id) == scheme), key)


def _amount(value: Any) -> str:
    """Yuan, as text: JSON has no exact fractions."""
    if isinstance(value, bool | float):
        raise TypeError(value)
    amount = Decimal(value)
    if not 0 <= amount <= AMOUNT_MAX:
        raise ValueError(value)
    return as_yuan(fen(amount))


def as_yuan(free: int) -> str:
    return f"{free // 100}.{free % 100:02d}"


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
