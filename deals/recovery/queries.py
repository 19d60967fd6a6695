"""Which loan a doubt may be raised about."""

from common.errors import NotFound
from deals.models import Deal, SubsidyClaim
from organisations.actors import Person


def loan_in_sight(by: Person, pk: int) -> Deal:
    """A loan that this person sees, or whose claims their office has before it."""
    seen = Deal.objects.visible_to(by).filter(pk=pk).first()
    if seen is None and SubsidyClaim.objects.visible_to(by).filter(deal=pk).exists():
        seen = Deal.objects.get(pk=pk)
    if seen is None:
        raise NotFound
    return seen
