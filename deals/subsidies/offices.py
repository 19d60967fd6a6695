"""Who claims a loan's subsidies, and which finance office decides on them: by the scheme's authority and the place of the project, from the rows of the units."""

from collections.abc import Iterable

from deals.models import Deal
from organisations.models import Unit
from schemes.models import Scheme


def claimant_of(scheme: Scheme, deal: Deal) -> int:
    """Who asks for the money: the branch that netted it, or the firm that paid the interest."""
    return deal.branch.organisation_id if scheme.channel == Scheme.Channel.BANK_NET else deal.firm_id


class Offices:
    """The finance offices of some provinces, by one query."""

    def __init__(self, provinces: Iterable[str]) -> None:
        units = Unit.objects.filter(line=Unit.Line.FINANCE, province__in=set(provinces)).order_by("pk")
        self.provincial = {unit.province: unit for unit in units if unit.kind == Unit.Kind.PROVINCE}
        self.municipal = {unit.region_id: unit for unit in units if unit.kind != Unit.Kind.PROVINCE}

    def of(self, scheme: Scheme, deal: Deal) -> Unit | None:
        """None where the money is decided outside."""
        if scheme.authority == Scheme.Authority.PROVINCE:
            return self.provincial.get(deal.province)
        if scheme.authority == Scheme.Authority.CITY_FINANCE:
            return self.municipal.get(deal.filing.project.region.municipal_id)
        return None
