"""Who acts: a person with the seats they hold today, or the system itself. Loaded once; asking costs no query."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from organisations.models import Batch, Cover, DeclaredInterest, Membership, Organisation, Role, Unit, User

REVIEW_ROLES = frozenset({Role.HANDLER, Role.CHECKER, Role.SIGNER})
FIRM_ROLES = frozenset({Role.FIRM_CLERK, Role.FIRM_OWNER})
ADMIN_ROLES = frozenset({Role.UNIT_ADMIN, Role.FIRM_OWNER})
KEEPERS = frozenset({Role.UNIT_ADMIN, Role.SYSTEM_OPERATOR})
BANK_ROLES = frozenset({Role.ACCOUNT_MANAGER, Role.BRANCH_MANAGER, Role.BANK_PROVINCIAL})


@dataclass(frozen=True)
class Seat:
    """One role in one organisation, with what a permission needs to know of it.

    `holders`: in a review unit, the user ids of everybody who holds the same role there today, this person included.
    `recused`: which of them have declared an interest in which organisation. `absent_id`: the seat is a colleague's, who is away.
    """

    organisation_id: int
    kind: str
    role: str
    province: str
    unit_id: int | None = None
    unit_kind: str = ""
    line: str = ""
    holders: frozenset[int] = frozenset()
    recused: frozenset[tuple[int, int]] = frozenset()
    absent_id: int | None = None

    def holders_for(self, organisation_id: int) -> frozenset[int]:
        """Those of the holders who have declared no interest in that organisation."""
        return frozenset(user for user in self.holders if (user, organisation_id) not in self.recused)


@dataclass(frozen=True)
class Person:
    """An actor. `at` is the moment its seats were loaded; what it may see is asked as of that moment.

    `covers`: the colleagues it stands in for, by user id. `absent_id`: the one in whose place it acts just now.
    """

    user_id: int | None
    label: str
    seats: tuple[Seat, ...]
    at: dt.datetime
    is_system: bool = False
    interests: frozenset[int] = frozenset()
    covers: Mapping[int, str] = field(default_factory=dict, hash=False)
    absent_id: int | None = None

    def speaks_for(self, user_id: int | None) -> bool:
        """Whether that is this person or somebody they stand in for: to four eyes they are one."""
        return user_id is not None and (user_id == self.user_id or user_id in self.covers)

    def in_place_for(self, obj: Any, may: "Callable[[Person], bool]") -> "Person":
        """As the record of an act on `obj` names this person: for a colleague whose task it is, or without whose seat they may not."""
        if not self.covers:
            return self
        assignee = getattr(obj, "assignee_id", None)
        if assignee not in self.covers and may(self._sitting(None)):
            return self
        wanted = [assignee] if assignee in self.covers else [absent for absent in self.covers if may(self._sitting(absent))]
        if not wanted:
            return self
        return replace(self, label=f"{self.label}代 {self.covers[wanted[0]]} 办理", absent_id=wanted[0])

    def _sitting(self, absent: int | None) -> "Person":
        """In one's own seats (None), or in those of one who is away: then still one person with whom they stand in for."""
        covers = {} if absent is None else self.covers
        return replace(self, seats=tuple(seat for seat in self.seats if seat.absent_id == absent), covers=covers)

    def has_interest_in(self, *organisation_ids: int | None) -> bool:
        """Whether this person has declared an interest in one of them, and so leaves their cases to others."""
        return not self.interests.isdisjoint(organisation_ids)

    @property
    def organisation_id(self) -> int | None:
        return self.seats[0].organisation_id if self.seats else None

    @property
    def organisation_ids(self) -> frozenset[int]:
        """The organisations whose business this person does. Looking after accounts or machines is none of it."""
        return frozenset(seat.organisation_id for seat in self.seats if seat.role not in KEEPERS)

    @property
    def is_of_firms(self) -> bool:
        """Of nothing but firms: what is a unit's or a bank's to see need not be asked."""
        return {seat.kind for seat in self.seats} == {Organisation.Kind.FIRM}

    @property
    def is_of_banks(self) -> bool:
        return bool(self.seats) and {seat.kind for seat in self.seats} <= {Organisation.Kind.BANK, Organisation.Kind.BRANCH}

    @property
    def is_of_units(self) -> bool:
        """Of nothing but offices: what is a firm's or a bank's to see need not be asked."""
        return {seat.kind for seat in self.seats} == {Organisation.Kind.UNIT}

    @property
    def administers(self) -> frozenset[int]:
        """The organisations whose people and machines this person lets in."""
        return frozenset(seat.organisation_id for seat in self.seats if seat.role in ADMIN_ROLES)

    @property
    def unit_ids(self) -> frozenset[int]:
        return frozenset(seat.unit_id for seat in self.seats if seat.unit_id is not None and seat.role not in KEEPERS)

    def seat(self, organisation_id: int | None, *roles: str) -> Seat | None:
        """The seat in that organisation with one of those roles (any role if none is named)."""
        for seat in self.seats:
            if seat.organisation_id == organisation_id and (not roles or seat.role in roles):
                return seat
        return None

    def unit_seat(self, unit_id: int | None, *roles: str) -> Seat | None:
        for seat in self.seats:
            if seat.unit_id is not None and seat.unit_id == unit_id and (not roles or seat.role in roles):
                return seat
        return None

    def office(self, *roles: str, line: str, kind: str = Unit.Kind.PROVINCE, province: str = "") -> Seat | None:
        """A seat in an office of that line and tier, such as the provincial industry department."""
        for seat in self.seats:
            if seat.line == line and seat.unit_kind == kind and seat.role in roles and province in ("", seat.province):
                return seat
        return None

    @property
    def provinces_overseen(self) -> frozenset[str]:
        """The provinces whose rounds, budgets and appetite this person reads: those of its offices, its auditors and readers."""
        return self.office_provinces() | self.provinces(Role.AUDITOR, Role.READER)

    def provinces(self, *roles: str) -> frozenset[str]:
        """The provinces that a seat with one of those roles oversees as a whole: seats in provincial offices, not in lower ones."""
        whole = ("", Unit.Kind.PROVINCE)
        return frozenset(
            seat.province for seat in self.seats if seat.role in roles and seat.kind == Organisation.Kind.UNIT and seat.unit_kind in whole
        )

    def office_provinces(self, *lines: str) -> frozenset[str]:
        """The provinces in whose provincial offices, of one of these lines or of any, this person reviews or decides."""
        return frozenset(
            seat.province
            for seat in self.seats
            if seat.role in REVIEW_ROLES and seat.unit_kind == Unit.Kind.PROVINCE and (not lines or seat.line in lines)
        )

    @property
    def track_units(self) -> frozenset[int]:
        """The units of line departments in which this person reviews."""
        return frozenset(
            seat.unit_id for seat in self.seats if seat.unit_id and seat.role in REVIEW_ROLES and seat.line in Batch.Track.values
        )


def system(at: dt.datetime) -> Person:
    """The actor of jobs: sees everything, decides nothing a person should."""
    return Person(user_id=None, label="系统", seats=(), at=at, is_system=True)


def person(user: User, *, at: dt.datetime) -> Person:
    """The actor for a signed-in user: two queries, whatever follows."""
    return persons([user], at=at)[user.pk]


def persons(users: Iterable[User], *, at: dt.datetime) -> dict[int, Person]:
    """The actors for many users by user id: two queries in all."""
    users = list(users)
    on = timezone.localdate(at)
    own: dict[int, list[Membership]] = defaultdict(list)
    for membership in (
        Membership.objects.on(on)
        .filter(user__in=[user.pk for user in users], organisation__is_active=True)
        .select_related("organisation__unit")
        .annotate(interests=_interests())
        .order_by("id")
    ):
        own[membership.user_id].append(membership)
    units = {m.organisation_id for rows in own.values() for m in rows if m.organisation.kind == Organisation.Kind.UNIT}
    holders: dict[tuple[int, str], set[int]] = defaultdict(set)
    recused: dict[int, set[int]] = {}
    covered: dict[int | None, list[Membership]] = defaultdict(list)
    if units:
        seated = Membership.objects.on(on).filter(organisation__in=units, role__in=REVIEW_ROLES, user__is_active=True)
        told = seated.select_related("user").annotate(interests=_interests(), deputy=_deputy(on)).order_by("id")
        for membership in told:
            holders[membership.organisation_id, membership.role].add(membership.user_id)
            recused[membership.user_id] = set(membership.interests)
            covered[membership.deputy].append(membership)
    return {user.pk: _person(user, own[user.pk], covered.get(user.pk, []), holders, recused, at=at) for user in users}


def _interests() -> ArraySubquery:
    """Of a membership's user: the organisations in which an interest stands declared."""
    return ArraySubquery(DeclaredInterest.objects.filter(user=OuterRef("user"), ended_at=None).values("organisation"))


def _deputy(on: dt.date) -> Subquery:
    """Of a membership: who stands in for its user there on that day."""
    return Subquery(Cover.objects.on(on).filter(absent=OuterRef("user"), organisation=OuterRef("organisation")).values("deputy")[:1])


def _person(
    user: User,
    memberships: list[Membership],
    covered: list[Membership],
    holders: Mapping[tuple[int, str], set[int]],
    recused: Mapping[int, set[int]],
    *,
    at: dt.datetime,
) -> Person:
    """With their own seats first, then those of colleagues in offices where they sit themselves."""
    offices = {m.organisation_id: m.organisation for m in memberships}
    standing = [m for m in covered if m.organisation_id in offices]
    for m in standing:
        m.organisation = offices[m.organisation_id]
    seats = tuple(_seat(m, holders, recused, covers=m.user_id != user.pk) for m in [*memberships, *standing])
    interests = frozenset(organisation for m in memberships for organisation in m.interests)  # type: ignore[attr-defined]  # annotated
    covers = {m.user_id: str(m.user) for m in standing}
    return Person(user_id=user.pk, label=_label(user, memberships), seats=seats, at=at, interests=interests, covers=covers)


def _seat(
    membership: Membership, holders: Mapping[tuple[int, str], set[int]], recused: Mapping[int, set[int]], *, covers: bool = False
) -> Seat:
    held = frozenset(holders.get((membership.organisation_id, membership.role), ()))
    unit = getattr(membership.organisation, "unit", None) if membership.organisation.kind == Organisation.Kind.UNIT else None
    return Seat(
        organisation_id=membership.organisation_id,
        kind=membership.organisation.kind,
        role=membership.role,
        province=membership.province,
        unit_id=unit.pk if unit else None,
        unit_kind=unit.kind if unit else "",
        line=unit.line if unit else "",
        holders=held,
        recused=frozenset((user, organisation) for user in held for organisation in recused.get(user, ())),
        absent_id=membership.user_id if covers else None,
    )


def _label(user: User, memberships: list[Membership]) -> str:
    return f"{user}（{memberships[0].organisation.name}）" if memberships else str(user)
