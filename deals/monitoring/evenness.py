"""How evenly loans and subsidies fall upon the counties, as one number that anybody can work out again (docs/evenness.md).

Of county i let e be its eligible need (listed projects) and g what it got. Its weight is w = e / Σe, its rate r = g / e. The index is the
weighted Gini of the rates: ½ · ΣΣ wᵢ·wⱼ·|rᵢ − rⱼ| / r̄, where r̄ = Σg / Σe. 0: every county got as much for each yuan of its need; the
nearer to 1, the more fell upon a few.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from common.money import FEN, YUAN_PER_WAN
from deals.monitoring import funnel
from deals.monitoring.scope import Scope
from deals.subsidies.models import SubsidyClaim

ZERO = Decimal(0)
PLACES = Decimal("0.0001")
LOANS, OUTSTANDING, SUBSIDY = "paid", "outstanding", "subsidy"
OF: Mapping[str, Any] = {LOANS: _("贷款（已划付供应商）"), OUTSTANDING: _("贷款（划付后在贷）"), SUBSIDY: _("贴息（已拨付）")}


@dataclass(frozen=True)
class County:
    row: funnel.Row
    subsidy: Decimal

    @property
    def need(self) -> Decimal:
        return self.row.amounts["listed"]

    def got(self, what: str) -> Decimal:
        return self.subsidy if what == SUBSIDY else self.row.amounts[what]

    @property
    def loans(self) -> Decimal:
        return self.got(LOANS)

    @property
    def outstanding(self) -> Decimal:
        return self.got(OUTSTANDING)

    def rate(self, what: str) -> Decimal:
        """Yuan for each 10,000 yuan of need; only counties with a need are compared."""
        return self.got(what) / self.need * YUAN_PER_WAN

    @property
    def loan_rate(self) -> Decimal:
        return self.rate(LOANS)

    @property
    def subsidy_rate(self) -> Decimal:
        return self.rate(SUBSIDY)


@dataclass(frozen=True)
class Index:
    """`gini` None: nothing fell anywhere, or there is only one county with a need. `mean`: yuan for each 10,000 yuan of need."""

    what: str
    label: Any
    gini: Decimal | None
    counties: int
    without: int
    mean: Decimal | None


def gini(pairs: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Of (eligible need, what it got) by county; those without a need are left out. Exact, rounded once to four places."""
    known = sorted(((Fraction(need), Fraction(got)) for need, got in pairs if need > 0), key=lambda pair: pair[1] / pair[0])
    needs, gots = sum(need for need, _got in known), sum(got for _need, got in known)
    if len(known) < 2 or not gots:
        return None
    apart, needs_below, got_below = Fraction(0), Fraction(0), Fraction(0)
    for need, got in known:  # sorted by rate: each pair once, the higher less the lower
        apart += got * needs_below - need * got_below
        needs_below, got_below = needs_below + need, got_below + got
    found = apart / (needs * gots)
    return (Decimal(found.numerator) / Decimal(found.denominator)).quantize(PLACES)


def counties(scope: Scope) -> list[County]:
    """Those with a need, the least served first."""
    paid = SubsidyClaim.objects.filter(deal__in=scope.deals.order_by().values("pk"), paid__gt=0).order_by()
    subsidy = dict(paid.values_list("deal__filing__project__region__code").annotate(n=Sum("paid")))
    rows = funnel.rows(scope, funnel.Cut(funnel.COUNTY))
    found = [County(row, subsidy.get(row.code, ZERO)) for row in rows if row.amounts["listed"]]
    return sorted(found, key=lambda one: (one.loans / one.need, -one.need, one.row.code))


def indexes(found: Sequence[County]) -> list[Index]:
    return [_index(what, found) for what in OF]


def _index(what: str, found: Sequence[County]) -> Index:
    need = sum((one.need for one in found), ZERO)
    got = sum((one.got(what) for one in found), ZERO)
    return Index(
        what=what,
        label=OF[what],
        gini=gini((one.need, one.got(what)) for one in found),
        counties=len(found),
        without=sum(not one.got(what) for one in found),
        mean=(got / need * YUAN_PER_WAN).quantize(FEN) if need else None,
    )
