"""Which banks the central bank's facility reaches: the bank table of the versions that ask for re-lending support (财金〔2024〕54号 and after).

Being on that list is not being able to lend: local banks lend without it.
"""

import datetime as dt
from collections.abc import Collection

from django.db.models import Exists, OuterRef

from deals.models import Drawdown
from schemes.models import BankEligibility, SchemeVersion


def status_of_new(bank_id: int, *, drawn_on: dt.date) -> str:
    """Where a new drawdown of that bank starts: not yet reported, or outside the facility."""
    return statuses([(bank_id, drawn_on)])[bank_id, drawn_on]


def statuses(pairs: Collection[tuple[int, dt.date]]) -> dict[tuple[int, dt.date], str]:
    """`status_of_new` for (bank, day) pairs, by a few queries for each day."""
    listed = {on: _banks(on) for on in sorted({on for _bank, on in pairs})}
    return {(bank, on): Drawdown.Relending.NOT_REPORTED if bank in listed[on] else Drawdown.Relending.NOT_ELIGIBLE for bank, on in pairs}


def _banks(on: dt.date) -> set[int]:
    """The newest list known that day. A version that no longer asks for support still lists the banks of its scheme."""
    central = SchemeVersion.objects.filter(scheme__level="central", announced_on__lte=on)
    asking = central.filter(Exists(SchemeVersion.objects.filter(scheme=OuterRef("scheme"), requires_relending=True)))
    newest = central.filter(Exists(BankEligibility.objects.filter(version=OuterRef("pk"))))
    if asking.exists():
        newest = newest.filter(pk__in=asking.values("pk"))
    version = newest.order_by("-announced_on", "-pk").first()
    return set(BankEligibility.objects.filter(version=version).values_list("bank", flat=True)) if version else set()
