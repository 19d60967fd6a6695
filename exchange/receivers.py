"""Who is to know: for each thing that happened, the desks whose people are told. Whether they may see it is asked of each once more."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from common.models import AuditEvent, Deadline
from deals.models import Deal, SubsidyClaim
from deals.states import OFFICERS
from organisations.actors import FIRM_ROLES, REVIEW_ROLES
from organisations.models import Cover, Membership, Role, Unit
from projects.clocks import REVIEW
from projects.models import Filing, ReviewStep
from schemes.models import Scheme

BANKERS = frozenset(OFFICERS)
WORKING = REVIEW_ROLES | FIRM_ROLES | BANKERS


@dataclass(frozen=True)
class Desk:
    """The people with one of those roles in one organisation; or one person of it."""

    organisation_id: int
    roles: frozenset[str]
    user_id: int | None = None


@dataclass(frozen=True)
class Happened:
    """One event, what it happened to, the clocks that run there, and where the province's offices sit."""

    event: AuditEvent
    obj: Any
    clocks: Sequence[Deadline]
    offices: Mapping[tuple[str, str], int]

    @property
    def filing(self) -> Filing:
        return self.obj if isinstance(self.obj, Filing) else self.obj.filing

    def office(self, line: str) -> Iterable[Desk]:
        """The province's office of that line."""
        found = self.offices.get((line, self.obj.province))
        return [Desk(found, REVIEW_ROLES)] if found else []


Receivers = Callable[[Happened], Iterable[Desk]]


def firm(happened: Happened) -> Iterable[Desk]:
    return [Desk(happened.filing.firm_id, FIRM_ROLES)]


def firm_of_need(happened: Happened) -> Iterable[Desk]:
    return [Desk(happened.obj.need.firm_id, FIRM_ROLES)]


def bank(happened: Happened) -> Iterable[Desk]:
    """Whoever the branch's manager handed the case to, else all who work on loans there."""
    return [Desk(happened.obj.branch.organisation_id, BANKERS, happened.obj.officer_id)]


def other_side(happened: Happened) -> Iterable[Desk]:
    """Of a direct deal, whoever did not register it."""
    deal: Deal = happened.obj
    return bank(happened) if deal.registered_by_id == deal.firm_id else firm(happened)


def stage(happened: Happened) -> Iterable[Desk]:
    """The stage at which the case arrived by this event; where the event does not say, the one where it lies."""
    moved = happened.event.changes.get("current_step")
    step: ReviewStep | None = happened.filing.current_step
    if moved:
        step = next((one for one in happened.filing.steps.all() if one.pk == moved[1]), None)
    return [Desk(step.unit.organisation_id, frozenset({step.stage}))] if step else []


def unit_in_charge(happened: Happened) -> Iterable[Desk]:
    step = happened.filing.current_step or max(happened.filing.steps.all(), key=lambda step: step.position, default=None)
    return [Desk(step.unit.organisation_id, REVIEW_ROLES)] if step else []


def asked_unit(happened: Happened) -> Iterable[Desk]:
    return [Desk(happened.obj.to_unit.organisation_id, REVIEW_ROLES)]


def asking_unit(happened: Happened) -> Iterable[Desk]:
    return [Desk(happened.obj.from_unit.organisation_id, REVIEW_ROLES)]


def deciding_unit(happened: Happened) -> Iterable[Desk]:
    return [Desk(happened.obj.unit.organisation_id, REVIEW_ROLES)] if happened.obj.unit_id else []


def firm_and_unit(happened: Happened) -> Iterable[Desk]:
    return [*firm(happened), *deciding_unit(happened)]


def other_writer(happened: Happened) -> Iterable[Desk]:
    """A message goes to whoever did not write it."""
    return deciding_unit(happened) if happened.obj.is_from_firm else firm(happened)


def escalated_to(happened: Happened) -> Iterable[Desk]:
    return [Desk(clock.organisation_id, REVIEW_ROLES) for clock in happened.clocks if clock.kind == "escalation"]


def late(happened: Happened) -> Iterable[Desk]:
    """Whose clock passed a mark at that moment: in an office where a case lies, the officer at whose stage it is."""
    return [_officer(happened, clock) or Desk(clock.organisation_id, WORKING) for clock in _passed(happened)]


def late_and_head(happened: Happened) -> Iterable[Desk]:
    """The officer's whole office, with whoever signs for it."""
    return [Desk(clock.organisation_id, WORKING) for clock in _passed(happened)]


def late_and_supervised(happened: Happened) -> Iterable[Desk]:
    """督办: the office, the tier above it, and the province's office of the track."""
    above = (_above(happened.filing, clock) for clock in _passed(happened))
    return [*late_and_head(happened), *(desk for desk in above if desk), *happened.office(happened.filing.track)]


def _passed(happened: Happened) -> Sequence[Deadline]:
    """The clocks that passed a mark at that moment; of an event that tells whose clock it was, that one."""
    marks = ("reminded_at_50", "reminded_at_80", "overdue_noticed_at")
    kind = happened.event.changes.get("clock")
    return [
        clock
        for clock in happened.clocks
        if clock.kind == (kind or clock.kind) and happened.event.at in {getattr(clock, mark) for mark in marks}
    ]


def _officer(happened: Happened, clock: Deadline) -> Desk | None:
    """Of a case in review: who is named for the stage where it lies, else whoever holds it."""
    step: ReviewStep | None = happened.filing.current_step if clock.kind == REVIEW else None
    if step is None or step.unit.organisation_id != clock.organisation_id:
        return None
    return Desk(clock.organisation_id, REVIEW_ROLES if step.assignee_id else frozenset({step.stage}), step.assignee_id)


def _above(filing: Filing, clock: Deadline) -> Desk | None:
    """The unit after that of the clock on the case's own way."""
    way = sorted(filing.steps.all(), key=lambda step: step.position)
    last = max((step.position for step in way if step.unit.organisation_id == clock.organisation_id), default=None)
    following = next((step for step in way if last is not None and step.position > last), None)
    return Desk(following.unit.organisation_id, REVIEW_ROLES) if following else None


def province(happened: Happened) -> Iterable[Desk]:
    return happened.office(Unit.Line.INDUSTRY)


def signers(happened: Happened) -> Iterable[Desk]:
    return [Desk(desk.organisation_id, frozenset({Role.SIGNER})) for desk in province(happened)]


def asker(happened: Happened) -> Iterable[Desk]:
    return [Desk(desk.organisation_id, REVIEW_ROLES, happened.obj.asked_by_id) for desk in province(happened) if happened.obj.asked_by_id]


def of_cover(happened: Happened) -> Iterable[Desk]:
    """Who is away and who stands in; whichever of them arranged it knows."""
    cover: Cover = happened.obj
    return [Desk(cover.organisation_id, REVIEW_ROLES, user) for user in (cover.absent_id, cover.deputy_id)]


def deciding_office(happened: Happened) -> Iterable[Desk]:
    """The finance office that decides a claim; what is decided outside has none."""
    return [Desk(happened.obj.office.organisation_id, REVIEW_ROLES)] if happened.obj.office else []


def firm_and_bank_of_loan(happened: Happened) -> Iterable[Desk]:
    deal: Deal = happened.obj.deal
    return [Desk(deal.firm_id, FIRM_ROLES), Desk(deal.branch.organisation_id, BANKERS)]


def payer(happened: Happened) -> Iterable[Desk]:
    """Whoever had the money that comes back."""
    return [Desk(happened.obj.payer.pk, FIRM_ROLES | BANKERS)]


def late_and_office(happened: Happened) -> Iterable[Desk]:
    """督办 of a recovery: its office hears of it too."""
    return [*late(happened), *deciding_office(happened)]


def claimant(happened: Happened) -> Iterable[Desk]:
    return _claimant(happened.obj)


def _claimant(claim: SubsidyClaim) -> Iterable[Desk]:
    if claim.scheme.channel == Scheme.Channel.FIRM_REIMBURSE:
        return [Desk(claim.deal.firm_id, FIRM_ROLES)]
    return [Desk(claim.deal.branch.organisation_id, BANKERS)]


def claimant_objected_to(happened: Happened) -> Iterable[Desk]:
    return _claimant(happened.obj.claim)


@dataclass
class Seating:
    """Who holds which role where, on one day, and who stands in for them. Machines and closed accounts are nobody."""

    desks: set[Desk]
    on: dt.date

    @cached_property
    def holders(self) -> Mapping[int, Sequence[tuple[int, str]]]:
        """By organisation: (user id, role)."""
        wanted = {desk.organisation_id for desk in self.desks}
        found: dict[int, list[tuple[int, str]]] = defaultdict(list)
        rows = Membership.objects.on(self.on).filter(organisation__in=wanted, organisation__is_active=True, user__is_active=True)
        for organisation, user, role in rows.values_list("organisation", "user", "role"):
            found[organisation].append((user, role))
        return found

    @cached_property
    def deputies(self) -> Mapping[tuple[int, int], int]:
        """By organisation and absent user: who stands in."""
        rows = Cover.objects.on(self.on).filter(organisation__in={desk.organisation_id for desk in self.desks})
        return {(organisation, absent): deputy for organisation, absent, deputy in rows.values_list("organisation", "absent", "deputy")}

    def at(self, desk: Desk) -> set[int]:
        held = self.holders.get(desk.organisation_id, ())
        seated = {user for user, role in held if role in desk.roles}
        people = seated & {desk.user_id} or seated  # who was named and has left is stood in for by the others
        return people | {self.deputies[desk.organisation_id, user] for user in people if (desk.organisation_id, user) in self.deputies}
