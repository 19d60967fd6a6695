"""What lies above matching, passed down when a round is frozen: deals computes it (`deals.commitments.compute`), rounds only read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Commitments:
    """Amounts in yuan. A need missing in `remaining` still seeks its full amount."""

    remaining: Mapping[int, Decimal] = field(default_factory=dict)  # need → what is left to seek
    closed: frozenset[int] = frozenset()  # needs that are not open to this round
    asking: frozenset[int] = frozenset()  # needs whose firm asks for other banks now, whatever it wrote when it filed
    doubled: frozenset[int] = frozenset()  # needs whose project asks for the same money in another track, which goes first
    busy_pairs: frozenset[tuple[int, int]] = frozenset()  # (need, branch) with a live invitation or deal
    case_load: Mapping[int, int] = field(default_factory=dict)  # branch → cases under way
    exposure: Mapping[tuple[int, int], Decimal] = field(default_factory=dict)  # (firm, bank) → promised and lent
    budget_use: Mapping[tuple[int, int], Decimal] = field(default_factory=dict)  # (scheme, fiscal year) → expected of live deals
