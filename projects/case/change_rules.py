"""What of an admitted case may be changed, and which tier decides on it: dated data by kind."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import NATION
from projects.models import ChangeRule, Filing

ADMITTED = frozenset({Filing.State.IN_POOL, Filing.State.HELD, Filing.State.REPORTED, Filing.State.LISTED})
LEGAL_REPRESENTATIVE = "legal_representative"
CANCELLATION = "cancellation"


@dataclass(frozen=True)
class Kind:
    """Something that may be changed, and the fields of the form that it opens."""

    label: Any
    fields: frozenset[str] = frozenset()


KINDS: Mapping[str, Kind] = {
    "amount": Kind(_("融资需求"), frozenset({"amount", "later_needs", "own_capital"})),
    "intended_banks": Kind(_("意向银行"), frozenset({"intended_banks"})),
    "equipment": Kind(
        _("设备清单"), frozenset({"equipment", "equipment_investment", "total_investment", "own_capital", "content", "loan_purpose"})
    ),
    "dates": Kind(_("建设期"), frozenset({"starts_on", "completes_on"})),
    "name": Kind(_("项目名称"), frozenset({"name"})),
    LEGAL_REPRESENTATIVE: Kind(_("法定代表人")),
    CANCELLATION: Kind(_("取消申报")),
}
TIERS = (ChangeRule.Tier.FIRM, ChangeRule.Tier.COUNTY, ChangeRule.Tier.CITY, ChangeRule.Tier.PROVINCE)


def opened(kinds: Iterable[str]) -> frozenset[str]:
    """The fields of the form that a request of these kinds may change."""
    return frozenset().union(*(KINDS[kind].fields for kind in kinds if kind in KINDS))


def kinds_offered(filing: Filing, *, on: dt.date) -> list[tuple[str, Any, str]]:
    """(kind, label, tier) of everything that a rule of the day covers; a cancellation that needs nobody is the step "withdraw"."""
    tiers = tiers_of(filing.province, on=on)
    return [
        (name, kind.label, tiers[name])
        for name, kind in KINDS.items()
        if name in tiers and not (name == CANCELLATION and tiers[name] == ChangeRule.Tier.FIRM)
    ]


def tiers_of(province: str, *, on: dt.date) -> dict[str, str]:
    """Kind → the tier that decides on that day; the province's own rule goes before the nation's."""
    rows = ChangeRule.objects.filter(Q(valid_to=None) | Q(valid_to__gte=on), province__in=[province, NATION], valid_from__lte=on)
    ranked = sorted(rows, key=lambda row: (row.province == province, row.valid_from))
    return {row.field: row.tier for row in ranked}


def may_cancel_alone(filing: Filing, tiers: Mapping[str, str]) -> bool:
    """Whether its firm may end an admitted case by itself, or has to ask for it."""
    return filing.state not in ADMITTED or tiers.get(CANCELLATION, ChangeRule.Tier.FIRM) == ChangeRule.Tier.FIRM
