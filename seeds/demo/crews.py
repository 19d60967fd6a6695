"""Who acts on which row, for steps that are taken in lists."""

from dataclasses import dataclass
from typing import Any

from deals.models import Deal, Drawdown, Invitation
from deals.subsidies.models import SubsidyClaim
from organisations.actors import Person
from projects.models import Filing, Need
from seeds.demo.people import Staff


@dataclass(frozen=True)
class FirmCrew:
    """The owner of the firm whose filing, offer or claim it is."""

    staff: Staff

    def on(self, obj: Any) -> Person:
        if isinstance(obj, Invitation):
            return self.staff.firm(obj.filing.firm_id)
        if isinstance(obj, SubsidyClaim | Drawdown):
            return self.staff.firm(obj.deal.firm_id)
        assert isinstance(obj, Filing | Need | Deal)
        return self.staff.firm(obj.firm_id)


@dataclass(frozen=True)
class BankCrew:
    """The account manager of the branch that was invited or lends."""

    staff: Staff

    def on(self, obj: Any) -> Person:
        row = obj if isinstance(obj, Invitation | Deal) else obj.deal
        return self.staff.branch(row.branch.organisation_id)
