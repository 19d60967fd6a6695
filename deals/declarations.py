"""A bank declares its appetite: as `lenders.appetite` says, but never less while a round is being computed on it."""

from typing import Any

from lenders import appetite
from lenders.models import Appetite, Bank, Branch
from matching.models import Round
from organisations.models import Programme

UNDER_WAY = (Round.State.FROZEN, Round.State.SOLVING, Round.State.SOLVED)


def declare(bank: Bank, branch: Branch | None = None, *, programme: Programme, **terms: Any) -> Appetite:
    """Between freezing and publishing a round a limit may rise but not fall."""
    under_way = Round.objects.filter(programme=programme, province=(branch or bank).province, state__in=UNDER_WAY).exists()
    return appetite.declare(bank, branch, programme=programme, may_fall=not under_way, **terms)
