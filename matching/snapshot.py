"""The frozen facts of a round. Candidates, scores, the problem and every explanation are computed from this alone.

Header: the round, the weights row, policy numbers, scheme versions and stacking rules, names of banks, branches, products and accounts,
pins and bans with their reasons, floors, the next round's day. No firm's name, no person, no contact.
Arrays: needs, branches, accounts, products, regions, industries by stable id, and pairs by (need, branch); amounts in fen, −1 = none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching import canonical
from schemes import stacks
from schemes.stacks import Version

SCHEMA = 2
NONE = -1  # an absent amount, limit or reference in an array

IntArray = NDArray[np.int64]

SECURITIES = ("credit", "mortgage", "pledge", "guarantee", "guarantor")
SIZES = ("large", "medium", "small", "micro")
OWNERSHIPS = ("private", "state", "foreign", "collective")
PRIORITIES = ("honoured_firm", "priority_industry", "assisted_county", "green_or_digital")

# Every array of a snapshot, in canonical order.
ARRAYS = (
    "need_id", "need_firm", "need_region", "need_industry", "need_size", "need_ownership", "need_amount", "need_term", "need_year",
    "need_rate_cap", "need_securities", "need_open", "need_house_bank", "need_priority", "need_barred", "need_doubled",
    "region_id", "region_parent", "industry_id", "industry_parent",
    "bank_id", "bank_admitted", "account_id", "account_parent", "account_free",
    "branch_id", "branch_bank", "branch_account", "branch_case_load", "branch_ticket", "serves_branch", "serves_region",
    "product_id", "product_bank", "product_amount_min", "product_amount_max", "product_term_min", "product_term_max",
    "product_rate_min", "product_rate_max", "product_securities", "product_sizes", "bars_product", "bars_industry",
    "named_need", "named_branch", "named_rank", "refused_need", "refused_branch", "busy_need", "busy_branch",
    "previous_need", "previous_branch", "exposure_firm", "exposure_bank", "exposure_amount",
    "budget_scheme", "budget_year", "budget_free",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Snapshot:
    """`header` and `arrays` as they are stored; references inside arrays are positions (`branch_bank` points into `bank_id`)."""

    header: Mapping[str, Any]
    arrays: Mapping[str, IntArray]

    def __getitem__(self, name: str) -> IntArray:
        return self.arrays[name]

    @property
    def needs(self) -> int:
        return len(self["need_id"])

    @property
    def branches(self) -> int:
        return len(self["branch_id"])

    @cached_property
    def packed(self) -> tuple[bytes, bytes]:
        return canonical.pack(self.header, {name: self.arrays[name] for name in ARRAYS})

    @cached_property
    def sha256(self) -> str:
        return canonical.digest(*self.packed)

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        return tuple(stacks.from_plain(plain) for plain in self.header["versions"])

    @cached_property
    def rules(self) -> dict[frozenset[int], str]:
        return {frozenset((a, b)): rule for a, b, rule in self.header["stacking"]}

    @property
    def weights(self) -> Mapping[str, int]:
        points: Mapping[str, int] = self.header["weights"]["points"]
        return points

    @property
    def policy(self) -> Mapping[str, int]:
        values: Mapping[str, int] = self.header["policy"]
        return values


def read(header: bytes, blob: bytes) -> Snapshot:
    """A stored snapshot. Raises ValueError for another schema than this code reads."""
    plain, arrays = canonical.unpack(header, blob)
    if plain["schema"] != SCHEMA:
        raise ValueError(f"snapshot of schema {plain['schema']}, this code reads {SCHEMA}")
    return Snapshot(plain, arrays)


def bits(values: Sequence[str], known: Sequence[str]) -> int:
    """A set of coded values as one integer; a code nobody knows is an error, not a silent loss."""
    return sum(1 << known.index(value) for value in set(values))


def below(parents: IntArray, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows of a tree are marked or stand below a marked one. `marked` may have further columns."""
    found, at = marked.copy(), parents.copy()
    while np.any(at != NONE):
        known = at != NONE
        found[known] |= marked[at[known]]
        at[known] = parents[at[known]]
    return found
