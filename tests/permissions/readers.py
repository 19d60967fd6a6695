"""Who asks: the cast, and one of every other kind of reader. `visitor` has not signed in, `nobody` has no seat, `root` is a superuser."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser

from organisations import roles
from organisations.actors import Person, person
from organisations.models import User
from tests import people
from tests.factories import NOW, World
from tests.people import Cast

REVIEW = ("handler", "checker", "signer")
OTHERS = {  # name → (code of the unit or branch, roles); the rest are of the cast
    "shi": ("IND-420200", REVIEW),  # another city
    "ndrc": ("NDRC-420000", REVIEW),  # the province, of the other track
    "bao": ("ICBC-HB", ("bank_provincial",)),  # the head of the invited branch
    "audit": ("IND-420000", ("auditor",)),
    "reader": ("IND-420000", ("reader",)),
    "uadmin": ("IND-420111", ("unit_admin",)),
    "ops": ("IND-420000", ("system_operator",)),
}
OF_CAST = ["lin", "su", "mo_firm", "chen", "hu", "mo_county", "wang", "zhao", "qian", "tan", "bai", "an", "mo_bank"]
NAMES = ("visitor", "nobody", "root", *OF_CAST, *OTHERS)


def who(*groups: str | Iterable[str]) -> frozenset[str]:
    """Readers by name: `who("lin su", UNITS)`."""
    names = {name for group in groups for name in (group.split() if isinstance(group, str) else group)}
    assert names <= set(NAMES), names - set(NAMES)
    return frozenset(names)


ALL = who(NAMES)
# One of each kind: in every run a share of them is asked at each address. `./dev test --long` asks all of them.
FEW = who("visitor nobody lin mo_firm chen mo_county wang zhao qian bai mo_bank audit uadmin")
SHARE = 5
SIGNED_IN = ALL - who("visitor")


@dataclass
class Reader:
    """One who asks. The account and its seats are loaded once; what it may do is asked anew for each cell."""

    name: str
    user: Any

    @cached_property
    def person(self) -> Person:
        return person(self.user, at=NOW)


def seated(world: World, cast: Cast) -> dict[str, User]:
    """The accounts behind the names, each at its desks in the admin."""
    roles.sync()
    for name, (code, held) in OTHERS.items():
        people.member(world[code].organisation, *held, name=name)
    User.objects.create(username="nobody", password="!")
    User.objects.create(username="root", password="!", is_staff=True, is_superuser=True)
    users = {user.username: user for user in User.objects.filter(username__in=(*NAMES, "sun"))}
    for user in users.values():
        roles.seat(user, at=NOW)
    return users


def readers(users: dict[str, User]) -> dict[str, Reader]:
    return {name: Reader(name, users.get(name) or AnonymousUser()) for name in NAMES}
