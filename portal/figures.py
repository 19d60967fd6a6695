"""The province in numbers: the funnel, the reserve by municipal unit, signed against asked. A handful of queries, whatever the size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Sum

from deals.models import Deal, Drawdown
from deals.monitoring.funnel import LABELS, Cut, Row, shown
from deals.monitoring.funnel import total as total_of
from deals.monitoring.scope import scope_of
from organisations.actors import Person
from organisations.models import Region
from portal import tiles
from projects.models import Filing, Need

S, D = Filing.State, Deal.State
IN_RESERVE = (S.IN_POOL, S.HELD, S.REPORTED, S.LISTED)
SIGNED = (D.SIGNED, D.DRAWING, D.COMPLETED, D.REPAID)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Stage:
    label: Any
    filings: int
    amount: Decimal
    share: float  # of the first stage, by amount


def funnel(by: Person) -> list[Stage]:
    """From reserve to what is paid and still outstanding, as far as the reader may see."""
    scope, cut = scope_of(by), Cut()
    return stages(total_of(scope, cut), shown(scope, cut))


def stages(row: Row, names: Sequence[str]) -> list[Stage]:
    """The stages of one row, each as a share of the first."""
    whole = row.amounts[names[0]]
    return [Stage(LABELS[name], row.filings[name], row.amounts[name], float(row.amounts[name] / whole) if whole else 0.0) for name in names]


@dataclass(frozen=True)
class Place:
    """One municipal-level unit, or a county."""

    region: Region
    filings: Mapping[str, int]
    needs: Mapping[str, Decimal]
    signed: Decimal
    drawn: Decimal

    @property
    def in_review(self) -> int:
        return self.filings.get(S.IN_REVIEW, 0) + self.filings.get(S.RETURNED, 0)

    @property
    def in_reserve(self) -> int:
        return sum(self.filings.get(state, 0) for state in IN_RESERVE)

    @property
    def reserve(self) -> Decimal:
        return sum((self.needs.get(state, ZERO) for state in IN_RESERVE), ZERO)

    @property
    def pool(self) -> int:
        return self.filings.get(S.IN_POOL, 0) + self.filings.get(S.HELD, 0)

    @property
    def reported(self) -> int:
        return self.filings.get(S.REPORTED, 0)

    @property
    def listed(self) -> int:
        return self.filings.get(S.LISTED, 0)

    @property
    def listed_need(self) -> Decimal:
        return self.needs.get(S.LISTED, ZERO)

    @property
    def unsigned(self) -> Decimal:
        """Reserve that no contract covers yet."""
        return max(self.reserve - self.signed, ZERO)

    @property
    def signed_share(self) -> float | None:
        return float(self.signed / self.listed_need) if self.listed_need else None

    @property
    def shade(self) -> str:
        return tiles.shade(self.signed_share)

    @property
    def tile(self) -> tuple[int, int] | None:
        return tiles.PLACES.get(self.region.code)


def places(by: Person, regions: Sequence[Region], *, county: bool = False) -> list[Place]:
    """One row for each municipal-level unit (or county), in five queries. A county directly under the province is its own row, once."""
    place = "project__region" if county else "project__region__municipal"
    filings = Filing.objects.visible_to(by).exclude(state=S.DRAFT).order_by().values("pk")
    counted = _by_place(Filing.objects.filter(pk__in=filings), place, Count("pk"))
    asked = _by_place(Need.objects.filter(filing__in=filings), place, Sum("amount"), state="filing__state")
    deals = Deal.objects.filter(filing__in=filings, state__in=SIGNED, succeeds=None)
    signed = dict(deals.order_by().values_list(f"filing__{place}").annotate(n=Sum("signed_amount")))
    drawn = dict(
        Drawdown.objects.filter(deal__in=deals.values("pk")).order_by().values_list(f"deal__filing__{place}").annotate(n=Sum("amount"))
    )
    return [
        Place(
            region,
            counted.get(region.pk, {}),
            asked.get(region.pk, {}),
            signed.get(region.pk) or ZERO,
            drawn.get(region.pk) or ZERO,
        )
        for region in regions
    ]


def _by_place(rows: Any, place: str, amount: Any, *, state: str = "state") -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for where, which, value in rows.order_by().values_list(F(place), F(state)).annotate(n=amount):
        found.setdefault(where, {})[which] = value
    return found


def total(rows: Sequence[Place]) -> dict[str, Any]:
    """The province's row: each unit once."""
    return {
        name: sum((getattr(row, name) for row in rows), ZERO if name in MONEY else 0)
        for name in ("in_review", "pool", "reported", "listed", "in_reserve", *MONEY)
    }


MONEY = ("reserve", "signed", "drawn", "unsigned", "listed_need")
