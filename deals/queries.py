"""Reads of several parts of this app."""

from common.errors import NotFound
from deals.models import Deal
from organisations.actors import Person


def deal_in_sight(by: Person, pk: int) -> Deal:
    """A deal that this person sees. Raises NotFound for every other."""
    deal = Deal.objects.visible_to(by).filter(pk=pk).select_related("firm", "filing", "branch__bank").first()
    if deal is None:
        raise NotFound
    return deal
