"""Which lenders of a need become options of the problem: at most so many, and not the same few for a whole county."""

import numpy as np

from matching import scoring
from matching.candidates import Ground
from matching.scoring import Options
from matching.snapshot import NONE, IntArray


def within_limit(ground: Ground, options: Options, value: IntArray) -> IntArray:
    """Options of at most `max_options_per_need` lenders a need.

    Those the firm named or a pin fixes stay first; then half by points, and the rest spread over the other banks, so that not every
    need of a county lists the same few.
    """
    s = ground.snapshot
    most = s.policy["max_options_per_need"]
    first = np.flatnonzero(options.is_bare == 0)
    need, branch = options.need[first], options.branch[first]
    pin_need, pin_branch = ground.pairs["pin"]
    asked = (scoring.named_rank(s, need, branch) != NONE) | (scoring.in_pairs(s, pin_need, pin_branch, need, branch) == 1)
    by_value = _rank(need, np.lexsort((branch, -value[first], ~asked, need)))
    stays = asked | (by_value < (most + 1) // 2)
    spread = _scatter(s["need_id"][need], s["branch_id"][branch])
    kept = _rank(need, np.lexsort((branch, np.where(stays, by_value - len(need), spread), need))) < most
    pair = np.cumsum(options.is_bare == 0) - 1
    return np.flatnonzero(kept[pair])


def _rank(need: IntArray, order: IntArray) -> IntArray:
    """The place of each row within its need, once sorted in that order."""
    rank = np.empty(len(need), dtype=np.int64)
    rank[order] = places_within(need[order])
    return rank


def places_within(need: IntArray) -> IntArray:
    """The place of each row within its need, from 0; rows of a need stand together, needs in order."""
    return np.arange(len(need)) - np.searchsorted(need, need, "left")


def _scatter(a: IntArray, b: IntArray) -> IntArray:
    """A fixed mixing of two ids, modulo 2^64: the same everywhere, without pattern."""
    mixed = (a.astype(np.uint64) * np.uint64(2_654_435_761)) ^ (b.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(33)).astype(np.int64)
