"""预算测算: what each budget will be asked for until the last subsidised loan ends, beside what it has."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from common.errors import NotAllowed
from deals import commitments
from deals.clocks import day
from deals.models import SubsidyClaim
from deals.subsidies.states import ON_THE_WAY
from organisations.actors import Person
from schemes.models import Budget, Scheme

ZERO = Decimal(0)
C = SubsidyClaim.State
Years = Mapping[tuple[int, int], Decimal]  # scheme, year


@dataclass(frozen=True)
class Year:
    """One scheme in one year. `limit` is None where no budget is registered; what earlier years left unpaid falls to the current one."""

    scheme: Scheme
    year: int
    limit: Decimal | None
    held: Decimal
    posted: Decimal
    owed: Decimal  # carried over from an earlier document
    asked: Decimal  # handed in, not yet arranged
    expected: Decimal  # of running loans and open recommendations, not yet handed in

    @property
    def needed(self) -> Decimal:
        return self.held + self.posted + self.owed + self.asked + self.expected

    @property
    def left(self) -> Decimal:
        """Below zero: what the documents to come have to bring."""
        return (self.limit or ZERO) - self.needed


def outlook(province: str, *, at: dt.datetime) -> list[Year]:
    """Every discretionary scheme of the province and every year with a budget or something expected, by scheme and year."""
    today = day(at)
    budgets = {
        (row.scheme_id, row.fiscal_year): row.account
        for row in Budget.objects.filter(province=province).select_related("account").order_by("pk")
    }
    whole = _from(commitments.expected_subsidy(province, at=at), today.year)
    owed, asked = _waiting(province, today.year)
    keys = {*budgets, *whole, *owed, *asked}
    schemes = Scheme.objects.in_bulk({scheme for scheme, _year in keys})
    found = []
    for key in sorted(keys, key=lambda key: (schemes[key[0]].code, key[1])):
        account, waits = budgets.get(key), owed.get(key, ZERO) + asked.get(key, ZERO)
        found.append(
            Year(
                scheme=schemes[key[0]],
                year=key[1],
                limit=account.limit if account else None,
                held=account.held if account else ZERO,
                posted=account.posted if account else ZERO,
                owed=owed.get(key, ZERO),
                asked=asked.get(key, ZERO),
                expected=max(whole.get(key, ZERO) - waits, ZERO),
            )
        )
    return found


def outlook_for(by: Person) -> list[Year]:
    """Of the provinces this person reads as a whole. Raises NotAllowed for everybody else."""
    if not by.provinces_overseen:
        raise NotAllowed(_("预算测算由省级单位和审计查阅。"))
    return [row for province in sorted(by.provinces_overseen) for row in outlook(province, at=by.at)]


def _waiting(province: str, this_year: int) -> tuple[Years, Years]:
    """What was carried over, and what else was handed in: not yet arranged, by the year of the interest day."""
    rows = SubsidyClaim.objects.filter(province=province, state__in=ON_THE_WAY - {C.APPROVED}, scheme__is_discretionary=True)
    owed: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
    asked: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
    for scheme, period_end, carried, eligible in rows.values_list("scheme", "period_end", "carried", "eligible"):
        (owed if carried else asked)[scheme, period_end.year] += eligible
    return _from(owed, this_year), _from(asked, this_year)


def _from(sums: Years, this_year: int) -> Years:
    """Money of earlier years that is not paid yet is paid from this year's documents."""
    moved: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
    for (scheme, year), amount in sums.items():
        moved[scheme, max(year, this_year)] += amount
    return moved
