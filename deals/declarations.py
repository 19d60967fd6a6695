"""A bank declares its appetite: as `lenders.appetite` says, but never less while a round is being computed on it."""

from collections.abc import Callable, Mapping
from typing import Any

from common.models import NATION
from lenders import appetite, letters
from lenders.models import Appetite, AppetiteLetter, Bank, Branch
from matching.models import UNDER_WAY, Round
from organisations.models import Programme


def declare(bank: Bank, branch: Branch | None = None, *, programme: Programme, **terms: Any) -> Appetite:
    """Between freezing and publishing a round a limit may rise but not fall."""
    return appetite.declare(bank, branch, programme=programme, may_fall=not _under_way(programme, [(branch or bank).province]), **terms)


def register_letter(letter: AppetiteLetter, **how: Any) -> AppetiteLetter:
    """The sums of a bank's letter, under the same rule."""
    letters.register(letter, may_fall=not _under_way(letter.programme, [letter.province]), **how)
    return letter


def _under_way(programme: Programme, provinces: list[str]) -> bool:
    """A national bank's own row binds the rounds of every province."""
    rounds = Round.objects.filter(programme=programme, state__in=UNDER_WAY)
    return rounds.exists() if NATION in provinces else rounds.filter(province__in=provinces).exists()


LETTER_ACTIONS: Mapping[str, Callable[..., Any]] = {"register": register_letter, "void": letters.void}
