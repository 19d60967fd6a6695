"""What of the figures a reader may see: a province all of it, a city and a county their own, a bank its own rows, a firm nothing.

Figures are sums, and so a provincial office of any line is told its whole province, cases of which it may open none.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from common.errors import NotAllowed
from common.models import NATION
from deals import clocks
from deals.models import Deal, Invitation
from organisations import policy
from organisations.actors import BANK_ROLES, REVIEW_ROLES, Person
from organisations.models import Region, Role, Unit
from projects.models import Filing

READERS = (Role.AUDITOR, Role.READER)
LINES = (Unit.Line.INDUSTRY, Unit.Line.NDRC)
HIDDEN = (Invitation.State.AWAITING_CONSENT, Invitation.State.WITHHELD)
COUNTY_LEVELS = (Region.Level.COUNTY, Region.Level.COUNTY_DIRECT)


def provinces_of(by: Person) -> frozenset[str]:
    """The provinces that this person reads as a whole."""
    return by.provinces_overseen


def is_bank(by: Person) -> bool:
    return by.is_of_banks and any(seat.role in BANK_ROLES for seat in by.seats)


def may_read(by: Person) -> bool:
    """Whoever reviews in a line department, reads for an office of any tier, or lends."""
    in_line = any(seat.role in REVIEW_ROLES and seat.line in LINES for seat in by.seats)
    reads = any(seat.role in READERS and seat.unit_id is not None for seat in by.seats)
    return in_line or reads or bool(provinces_of(by)) or is_bank(by)


@dataclass(frozen=True)
class Scope:
    """`only_asked`: of a bank's figures only the needs are part that it was asked about."""

    filings: QuerySet[Filing]
    invitations: QuerySet[Invitation]
    deals: QuerySet[Deal]
    regions: QuerySet[Region]
    only_asked: bool
    outstanding_days: int
    by: Person

    @property
    def is_whole(self) -> bool:
        """Whether this is a province, or several."""
        return bool(provinces_of(self.by))


def scope_of(by: Person) -> Scope:
    """Raises NotAllowed for those to whom no figures are told. One query: the days that money must stay out to count."""
    if not may_read(by):
        raise NotAllowed
    province = next((seat.province for seat in by.seats), NATION)
    days = policy.number("outstanding_days", province=province, on=clocks.day(by.at))
    return Scope(*_rows(by), only_asked=is_bank(by), outstanding_days=days, by=by)


def of_province(province: str, by: Person) -> Scope:
    """The whole of one province, to be published by whoever may."""
    days = policy.number("outstanding_days", province=province, on=clocks.day(by.at))
    return Scope(*_whole({province}), only_asked=False, outstanding_days=days, by=by)


def _rows(by: Person) -> tuple[Any, Any, Any, Any]:
    if provinces := provinces_of(by):
        return _whole(provinces)
    regions = Region.objects.filter(province__in={seat.province for seat in by.seats}, level__in=COUNTY_LEVELS)
    if not is_bank(by):
        regions = _own_counties(by, regions)
    filings = Filing.objects.visible_to(by).exclude(state=Filing.State.DRAFT)
    return filings, Invitation.objects.visible_to(by).exclude(state__in=HIDDEN), Deal.objects.visible_to(by), regions


def _whole(provinces: Any) -> tuple[Any, Any, Any, Any]:
    return (
        Filing.objects.filter(province__in=provinces).exclude(state=Filing.State.DRAFT),
        Invitation.objects.filter(province__in=provinces).exclude(state__in=HIDDEN),
        Deal.objects.filter(province__in=provinces),
        Region.objects.filter(province__in=provinces, level__in=COUNTY_LEVELS),
    )


def _own_counties(by: Person, regions: QuerySet[Region]) -> QuerySet[Region]:
    """A city's counties; for a county what it receives."""
    own = by.unit_ids
    cities = Unit.objects.filter(pk__in=own, kind=Unit.Kind.CITY).values("region")
    return regions.filter(Q(covered_by__unit__in=own) | Q(municipal__in=cities)).distinct()
