"""储备充足度: what is in reserve and not signed, against what the banks there are willing to lend: by city, county and bank.

A branch's appetite counts for the city it sits in, and for every county it serves, so the counties do not add up to the province. Below
the province a sum of fewer banks than policy names is not shown: it would tell one bank's own figure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.models import NATION
from lenders.models import Appetite, BranchServes
from organisations import policy
from organisations.actors import Person
from organisations.models import Region, Unit, UnitCovers
from portal import figures
from portal.access import oversees, provinces_of
from portal.figures import IN_RESERVE, Place
from projects.models import Filing, IntendedBank, Need

CITY, COUNTY, BANK = "city", "county", "bank"
BY = ((CITY, _("按市州")), (COUNTY, _("按县市区")), (BANK, _("按银行")))
COUNTY_LEVELS = ("county", "county_direct")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """`appetite` None: none declared, or too few banks to be told."""

    name: str
    need: Decimal
    appetite: Decimal | None
    place: Place | None = None
    filings: int = 0

    @property
    def ratio(self) -> float | None:
        """How many times over the reserve could use what the banks would lend."""
        return float(self.need / self.appetite) if self.appetite else None

    @property
    def is_short(self) -> bool:
        return self.need == 0 or (self.ratio is not None and self.ratio < 1)


def offered(by: Person) -> Sequence[tuple[str, Any]]:
    """Banks are compared by whoever looks at the province as a whole."""
    return BY if oversees(by) else BY[1:2]


def rows(by: Person, wanted: str) -> list[Row]:
    if wanted == BANK:
        return _by_bank(by)
    return _by_place(by, county=wanted == COUNTY)


def regions(by: Person, *, county: bool) -> QuerySet[Region]:
    """All of the province, for its readers; for a city its counties; for a county what it receives."""
    if oversees(by):
        here = Region.objects.filter(province__in=provinces_of(by), valid_to=None)
        return here.filter(level__in=COUNTY_LEVELS) if county else here.filter(municipal=F("pk"))
    own = by.unit_ids
    cities = Unit.objects.filter(pk__in=own, kind=Unit.Kind.CITY).values("region")
    covered = UnitCovers.objects.filter(unit__in=own).values("region")
    return Region.objects.filter(Q(pk__in=covered) | Q(municipal__in=cities, level__in=COUNTY_LEVELS), valid_to=None)


def _by_place(by: Person, *, county: bool) -> list[Row]:
    places = figures.places(by, list(regions(by, county=county).order_by("code")), county=county)
    appetite = _served(by) if county else _seated(by)
    least = _least(by)
    return [
        Row(place.region.name, place.unsigned, _told(appetite.get(place.region.pk, []), least), place, place.in_reserve) for place in places
    ]


def _least(by: Person) -> int:
    """Of how many banks a sum must be for this reader to be told it."""
    if oversees(by):
        return 1
    province = next((seat.province for seat in by.seats), NATION)
    return policy.number("shown_from", province=province, on=timezone.localdate(by.at))


def _told(found: Sequence[tuple[int, Decimal]], least: int) -> Decimal | None:
    if len({bank for bank, _free in found}) < least:
        return None
    return sum((free for _bank, free in found), ZERO)


def _declared(by: Person) -> QuerySet[Appetite]:
    """What stands declared today in the reader's provinces, with what is left of it."""
    today = timezone.localdate(by.at)
    provinces = {seat.province for seat in by.seats}
    declared = Appetite.objects.filter(province__in=provinces, valid_from__lte=today, valid_to__gte=today, account__limit__isnull=False)
    return declared.annotate(free=F("account__limit") - F("account__held") - F("account__posted"))


def _seated(by: Person) -> Mapping[int, list[tuple[int, Decimal]]]:
    """Municipal unit → (bank, what is left) of each branch that sits there."""
    found: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)
    for city, bank, free in _declared(by).exclude(branch=None).values_list("branch__organisation__region__municipal", "bank", "free"):
        found[city].append((bank, free))
    return found


def _served(by: Person) -> Mapping[int, list[tuple[int, Decimal]]]:
    """County → (bank, what is left) of each branch that serves it, or a region around it."""
    free = {branch: (bank, left) for branch, bank, left in _declared(by).exclude(branch=None).values_list("branch", "bank", "free")}
    serving: dict[int, list[int]] = defaultdict(list)
    for branch, region in BranchServes.objects.filter(branch__in=free).values_list("branch", "region"):
        serving[region].append(branch)
    around = Region.objects.filter(level__in=COUNTY_LEVELS, valid_to=None).values_list("pk", "municipal", "parent", "parent__parent")
    return {
        county: [free[branch] for branch in dict.fromkeys(branch for region in {county, *above} for branch in serving.get(region, ()))]
        for county, *above in around
    }


def _by_bank(by: Person) -> list[Row]:
    """Each need counts for the bank its firm ranks first; a bank's own account contains those of its branches."""
    whole: dict[int, Decimal] = {}
    branches: dict[int, Decimal] = defaultdict(lambda: ZERO)
    names: dict[int, str] = {}
    for bank, name, branch, free in _declared(by).values_list("bank", "bank__organisation__name", "branch", "free"):
        names[bank] = name
        if branch is None:
            whole[bank] = free
        else:
            branches[bank] += free
    reserve = Need.objects.filter(filing__in=Filing.objects.visible_to(by).filter(state__in=IN_RESERVE).order_by().values("pk"))
    first = IntendedBank.objects.filter(need__in=reserve, rank=1).order_by().values("branch__bank", "branch__bank__organisation__name")
    asked = {row["branch__bank"]: row for row in first.annotate(amount=Sum("need__amount"))}
    names |= {bank: row["branch__bank__organisation__name"] for bank, row in asked.items()}
    found = [
        Row(names[bank], asked[bank]["amount"] if bank in asked else ZERO, whole.get(bank, branches.get(bank))) for bank in sorted(names)
    ]
    return sorted(found, key=lambda row: (-row.need, row.name))


def total(found: Iterable[Row]) -> Row:
    """The places together; only cities add up."""
    found = list(found)
    declared = [row.appetite for row in found if row.appetite is not None]
    return Row("", sum((row.need for row in found), ZERO), sum(declared, ZERO) if declared else None)
