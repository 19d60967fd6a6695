"""Subsidies of the demonstration: booked after each interest day, claimed through both channels, decided by the office that may, paid."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from deals import interest, tasks
from deals.loans import loans
from deals.models import Deal, InterestReceipt
from deals.subsidies import claims
from deals.subsidies.models import SubsidyClaim
from organisations.actors import Person
from organisations.models import Role, Unit
from schemes.models import Scheme
from seeds.demo.crews import BankCrew, FirmCrew
from seeds.demo.people import Staff
from seeds.demo.stages import Facts, Stage, all_taken, moment

C = SubsidyClaim.State
FIRM, BANK = Scheme.Channel.FIRM_REIMBURSE, Scheme.Channel.BANK_NET
LEFT_OPEN = 5  # every fifth claim of the last quarter still lies on a desk, so that there is something to decide


class Quarter:
    """From one interest day to the payment of what it brought."""

    def __init__(self, staff: Staff, office: int, *, interest_on: dt.date, document_no: str, is_last: bool) -> None:
        self.staff, self.office = staff, office
        self.bank, self.firm = BankCrew(staff), FirmCrew(staff)
        self.interest_on, self.document_no, self.is_last = interest_on, document_no, is_last

    def stages(self, days: Sequence[dt.date]) -> list[Stage]:
        """`days`: interest collected, subsidy booked, claims handed in, reviewed, approved, paid."""
        how: list[tuple[str, Callable[[dt.datetime], Facts]]] = [
            ("interest", self._collect),
            ("accrue", self._accrue),
            ("claim", self._hand_in),
            ("review", self._review),
            ("approve", self._approve),
            ("settle", self._settle),
        ]
        clocks = ("07:00", "08:00", "09:00", "10:00", "14:00", "17:00")
        return [
            Stage(f"{day} {clock} subsidy-{name}", moment(day, clock), run)
            for day, clock, (name, run) in zip(days, clocks, how, strict=True)
        ]

    def _collect(self, at: dt.datetime) -> Facts:
        """Each bank records the slip of the interest it collected, for the days since its last one."""
        drawn = Deal.objects.filter(state__in=[Deal.State.DRAWING, Deal.State.COMPLETED]).select_related("branch").order_by("pk")
        last = dict(InterestReceipt.objects.order_by("period_end").values_list("deal", "period_end"))
        found = [loan for loan in loans(drawn).values() if loan.first <= self.interest_on]
        rows = []
        for loan in found:
            pk = loan.deal.pk
            since = last[pk] + dt.timedelta(days=1) if pk in last else loan.first
            facts = {
                "slip_no": f"LX{self.interest_on:%Y%m%d}{pk:06d}",
                "period_start": since,
                "period_end": self.interest_on,
                "paid_on": self.interest_on,
                "amount": loan.interest_of(since, self.interest_on),
            }
            rows.append((loan.deal, facts))
        all_taken(interest.record_receipts(rows, by=self.bank, at=at))
        return {"slips": len(found)}

    def _accrue(self, at: dt.datetime) -> Facts:
        return {"lines": tasks.accrue_due(until=self.interest_on, at=at)}

    def _hand_in(self, at: dt.datetime) -> Facts:
        """The firm claims what it reclaims; the bank files evidence of what it netted. What is decided elsewhere stays a forecast."""
        firms = self._at(C.FORECAST, FIRM)
        banks = [claim for claim in self._at(C.FORECAST, BANK) if claim.office_id]
        all_taken(claims.file_many(firms, by=self.firm, at=at))
        all_taken(claims.evidence_many(banks, by=self.bank, at=at))
        return {"filed": len(firms), "evidenced": len(banks)}

    def _review(self, at: dt.datetime) -> Facts:
        """The line department checks firms' claims, the finance office's handler the banks'."""
        firms, banks = self._at(C.FILED, FIRM), self._at(C.EVIDENCED, BANK)
        by = self.staff.office(self.office, Role.CHECKER)
        reviewed = all_taken(claims.review_many(firms, by=by, at=at))
        for handler, group in self._offices(banks, Role.HANDLER):
            reviewed += all_taken(claims.review_many(group, by=handler, at=at))
        return {"reviewed": len(reviewed)}

    def _approve(self, at: dt.datetime) -> Facts:
        """What the budget cannot cover is told and stays where it is."""
        taken = []
        for signer, group in self._offices(self._decided(C.REVIEWED), self._signing_role):
            taken += claims.approve_many(group, by=signer, at=at)
        return {"approved": sum(row.error is None for row in taken), "refused": sum(row.error is not None for row in taken)}

    def _settle(self, at: dt.datetime) -> Facts:
        settled = []
        for signer, group in self._offices(self._decided(C.APPROVED), self._signing_role):
            settled += all_taken(claims.settle_many(group, by=signer, at=at, document_no=self.document_no))
        return {"settled": len(settled)}

    def _decided(self, state: str) -> list[SubsidyClaim]:
        rows = self._at(state, FIRM) + self._at(state, BANK)
        return [row for row in rows if row.office_id and not (self.is_last and row.pk % LEFT_OPEN == 0)]

    def _offices(self, rows: Sequence[SubsidyClaim], role: object) -> list[tuple[Person, list[SubsidyClaim]]]:
        groups: dict[int, list[SubsidyClaim]] = defaultdict(list)
        for row in rows:
            groups[row.office_id].append(row)
        units = Unit.objects.in_bulk(list(groups))
        found = []
        for pk, group in sorted(groups.items()):
            wanted: Any = role(units[pk]) if callable(role) and not isinstance(role, Role) else role
            found.append((self.staff.office(units[pk].organisation_id, wanted), group))
        return found

    @staticmethod
    def _signing_role(unit: Unit) -> str:
        """A county's office has two people: its checker decides."""
        return Role.SIGNER if unit.kind in (Unit.Kind.PROVINCE, Unit.Kind.CITY) else Role.CHECKER

    def _at(self, state: str, channel: str) -> list[SubsidyClaim]:
        return list(
            SubsidyClaim.objects.filter(state=state, scheme__channel=channel, period_end__lte=self.interest_on)
            .select_related("deal__branch", "scheme")
            .order_by("pk")
        )


AUTUMN = partial(Quarter, interest_on=dt.date(2026, 9, 20), document_no="【示例】鄂财金示〔2026〕031号", is_last=False)
WINTER = partial(Quarter, interest_on=dt.date(2026, 12, 20), document_no="【示例】鄂财金示〔2026〕047号", is_last=True)
AUTUMN_DAYS = tuple(dt.date(2026, 9, day) for day in (21, 21, 22, 23, 24, 28))
WINTER_DAYS = (
    dt.date(2026, 12, 21),
    dt.date(2026, 12, 21),
    dt.date(2026, 12, 22),
    dt.date(2026, 12, 23),
    dt.date(2026, 12, 23),
    dt.date(2026, 12, 24),
)
