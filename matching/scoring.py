"""What an option is worth: one function per term, each in whole points; the value of an option is their sum.

The points per unit come from the published weights row in the snapshot. `coverage` is the same for every option and, as published,
above the amounts of a whole round together: one more firm reached outranks any amount (`coverage_outranks`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from matching.candidates import Ground
from matching.snapshot import NONE, PRIORITIES, IntArray, Snapshot

FEN_PER_WAN = 1_000_000
RANKS = 3  # a firm names at most three banks


@dataclass(frozen=True, eq=False)
class Options:
    """Columns of options: a need, a branch with a product, and a stack of subsidies. `is_bare`: without what a budget limits."""

    need: IntArray
    branch: IntArray
    product: IntArray
    rate_bp: IntArray
    stack: IntArray
    is_bare: IntArray
    subsidy_fen: IntArray
    cost_bp: IntArray

    def __len__(self) -> int:
        return len(self.need)

    def take(self, kept: IntArray) -> "Options":
        return Options(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def coverage(ground: Ground, options: Options) -> IntArray:
    """The need is reached at all."""
    return np.full(len(options), ground.snapshot.weights["coverage"], dtype=np.int64)


def policy_priority(ground: Ground, options: Options) -> IntArray:
    """For each priority that applies: honoured firm, priority industry, assisted county, green or digital project."""
    flags = ground.snapshot["need_priority"][options.need]
    count = sum((flags >> bit) & 1 for bit in range(len(PRIORITIES)))
    return np.asarray(count * ground.snapshot.weights["policy_priority"], dtype=np.int64)


def amount(ground: Ground, options: Options) -> IntArray:
    """For each whole 10,000 yuan."""
    return ground.snapshot["need_amount"][options.need] // FEN_PER_WAN * ground.snapshot.weights["amount"]


def cost(ground: Ground, options: Options) -> IntArray:
    """For each basis point that the loan costs less, after subsidy, than the firm's own limit (or the dearest product on offer)."""
    s = ground.snapshot
    limit = s["need_rate_cap"][options.need]
    limit = np.where(limit == NONE, s["product_rate_max"].max(initial=0), limit)
    return np.maximum(limit - options.cost_bp, 0) * s.weights["cost"]


def firm_ranking(ground: Ground, options: Options) -> IntArray:
    """The firm's own first choice in full, the second two thirds, the third one third."""
    rank = named_rank(ground.snapshot, options.need, options.branch)
    share = np.where(rank == NONE, 0, np.maximum(RANKS + 1 - rank, 0))
    return share * ground.snapshot.weights["firm_ranking"] // RANKS


def house_bank(ground: Ground, options: Options) -> IntArray:
    """The bank that keeps the firm's basic account."""
    s = ground.snapshot
    own = s["need_house_bank"][options.need]
    return ((own != NONE) & (own == s["branch_bank"][options.branch])) * np.int64(s.weights["house_bank"])


def stability(ground: Ground, options: Options) -> IntArray:
    """The branch that the last round recommended."""
    s = ground.snapshot
    same = in_pairs(s, s["previous_need"], s["previous_branch"], options.need, options.branch)
    return same * np.int64(s.weights["stability"])


def full_stack(ground: Ground, options: Options) -> IntArray:
    """One point, so that among equals the firm gets every subsidy it may have. Not a weight: it only breaks ties."""
    del ground
    return 1 - options.is_bare


TERMS: Mapping[str, Callable[[Ground, Options], IntArray]] = {
    "coverage": coverage,
    "policy_priority": policy_priority,
    "amount": amount,
    "cost": cost,
    "firm_ranking": firm_ranking,
    "house_bank": house_bank,
    "stability": stability,
    "full_stack": full_stack,
}
WEIGHTED = tuple(name for name in TERMS if name != "full_stack")  # the keys of a weights row


def score(ground: Ground, options: Options) -> dict[str, IntArray]:
    """Points of each option by term."""
    return {name: term(ground, options) for name, term in TERMS.items()}


def total(terms: Mapping[str, IntArray]) -> IntArray:
    return np.sum(list(terms.values()), axis=0, dtype=np.int64)


def coverage_outranks(snapshot: Snapshot, options: Options, terms: Mapping[str, IntArray]) -> bool:
    """Whether one more need reached is worth more than the amounts of all needs together, as the weights row promises."""
    largest = np.zeros(snapshot.needs, dtype=np.int64)
    np.maximum.at(largest, options.need, terms["amount"])
    return int(largest.sum()) < snapshot.weights["coverage"]


def named_rank(s: Snapshot, need: IntArray, branch: IntArray) -> IntArray:
    """The firm's rank of the branch, NONE where it did not name it."""
    found = _places(s, s["named_need"], s["named_branch"], need, branch)
    rank = np.append(s["named_rank"], NONE)
    return rank[found]


def in_pairs(s: Snapshot, needs: IntArray, branches: IntArray, need: IntArray, branch: IntArray) -> IntArray:
    """1 where (need, branch) is one of the pairs."""
    return (_places(s, needs, branches, need, branch) != NONE).astype(np.int64)


def _places(s: Snapshot, needs: IntArray, branches: IntArray, need: IntArray, branch: IntArray) -> IntArray:
    """Where each (need, branch) stands among canonically ordered pairs, NONE where it does not."""
    keys, wanted = needs * s.branches + branches, need * s.branches + branch
    if len(keys) == 0:
        return np.full(len(wanted), NONE, dtype=np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, found, NONE)
