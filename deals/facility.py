"""Which banks the central bank's facility reaches: the bank table of the versions that ask for re-lending support (财金〔2024〕54号 and after).

Being on that list is not being able to lend: local banks lend without it.
"""

import datetime as dt

from deals.models import Drawdown
from schemes.models import BankEligibility, SchemeVersion


def status_of_new(bank_id: int, *, drawn_on: dt.date) -> str:
    """Where a new drawdown of that bank starts: not yet reported, or outside the facility."""
    return Drawdown.Relending.NOT_REPORTED if _reaches(bank_id, drawn_on) else Drawdown.Relending.NOT_ELIGIBLE


def _reaches(bank_id: int, on: dt.date) -> bool:
    """By the newest list known that day. A version that no longer asks for support still lists the banks of its scheme."""
    central = SchemeVersion.objects.filter(scheme__level="central", announced_on__lte=on)
    demanding = central.filter(scheme__versions__requires_relending=True)
    newest = (demanding if demanding.exists() else central).filter(banks__isnull=False).order_by("-announced_on", "-pk").first()
    return newest is not None and BankEligibility.objects.filter(version=newest, bank=bank_id).exists()
