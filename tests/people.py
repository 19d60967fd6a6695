"""The cast. Lin asks, Chen and Hu, Wang and Gao, Zhao and Sun decide tier by tier, Bai lends, Qian pays; Mo is a stranger everywhere."""

import datetime as dt
from dataclasses import dataclass

from django.test import Client

from organisations import roles as desks
from organisations.actors import Person, person, system
from organisations.models import Membership, Organisation, User
from tests import factories
from tests.factories import HUBEI, NOW, SINCE, World

ALL_STAGES = ("handler", "checker", "signer")
SEATS = {  # name → (full name, code of the unit or branch, roles); firms are given by the test's own world
    "chen": ("陈经办", "IND-420111", ("handler",)),
    "hu": ("胡复核", "IND-420111", ("checker",)),
    "dong": ("董经办", "ZONE-DONGHU", ("handler", "checker")),
    "pan": ("潘复核", "ZONE-DONGHU", ("handler", "checker")),
    "xu": ("徐仙桃", "IND-429004", ("handler", "checker")),
    "wang": ("王市级", "IND-420100", ALL_STAGES),
    "gao": ("高市级", "IND-420100", ALL_STAGES),
    "zhao": ("赵省级", "IND-420000", ALL_STAGES),
    "sun": ("孙省级", "IND-420000", ALL_STAGES),
    "qian": ("钱财政", "FIN-420000", ALL_STAGES),
    "feng": ("冯财政", "FIN-420000", ALL_STAGES),
    "tan": ("谭市财政", "FIN-420100", ALL_STAGES),
    "mo_county": ("莫江夏", "IND-420115", ALL_STAGES),
    "bai": ("白客户经理", "ICBC-WH", ("account_manager",)),
    "an": ("安支行", "CCB-WH", ("branch_manager", "account_manager")),
    "mo_bank": ("莫银行", "HBB-WH", ("branch_manager", "account_manager")),
}


@dataclass(frozen=True)
class Cast:
    """Persons to act with; `firm` is Lin's and Su's, `other_firm` Mo's. `users` has the accounts by name, for signing in."""

    firm: Organisation
    other_firm: Organisation
    users: dict[str, User]
    lin: Person  # owner of the firm
    su: Person  # its clerk
    chen: Person  # county handler
    hu: Person  # county checker
    dong: Person  # development zone
    pan: Person
    xu: Person  # the only person of a directly administered county
    wang: Person  # municipal
    gao: Person
    zhao: Person  # provincial
    sun: Person
    qian: Person  # provincial finance
    feng: Person
    tan: Person  # municipal finance
    mo_firm: Person
    mo_county: Person
    system: Person
    bai: Person | None = None  # account manager of ICBC in Wuhan; None in a world without banks
    an: Person | None = None  # branch manager of CCB in Wuhan
    mo_bank: Person | None = None


def cast(world: World, *, at: dt.datetime = NOW) -> Cast:
    """Everybody, with their seats as of `at`."""
    firm, other_firm = factories.firms(world, 2)
    seats = {
        "lin": ("林企业", firm, ("firm_owner",)),
        "su": ("苏企业", firm, ("firm_clerk",)),
        "mo_firm": ("莫企业", other_firm, ("firm_owner",)),
    }
    for name, (label, code, roles) in SEATS.items():
        place = world.units.get(code) or world.branches.get(code)
        if place is not None:
            seats[name] = (label, place.organisation, roles)
    users = dict(zip(seats, _users({name: label for name, (label, *_rest) in seats.items()}), strict=True))
    Membership.objects.bulk_create(
        Membership(user=users[name], organisation=place, role=role, valid_from=SINCE, province=HUBEI)
        for name, (_label, place, roles) in seats.items()
        for role in roles
    )
    return Cast(
        firm=firm, other_firm=other_firm, users=users, system=system(at), **{name: person(user, at=at) for name, user in users.items()}
    )


def seated(cast: Cast) -> Cast:
    """Everybody at the desks of the admin that are theirs."""
    desks.sync()
    for user in cast.users.values():
        desks.seat(user, at=NOW)
    return cast


def signed_in(cast: Cast, name: str, kind: type[Client] = Client) -> Client:
    """A client of one of the cast; `kind=APIClient` for the API."""
    client = kind()
    client.force_login(cast.users[name], backend="django.contrib.auth.backends.ModelBackend")
    return client


def member(organisation: Organisation, *roles: str, name: str = "", at: dt.datetime = NOW) -> Person:
    """One more person, of any organisation."""
    (user,) = _users({name or f"{organisation.pk}-{'-'.join(roles)}-{User.objects.count()}": name or "某某"})
    Membership.objects.bulk_create(
        Membership(user=user, organisation=organisation, role=role, valid_from=SINCE, province=organisation.province) for role in roles
    )
    return person(user, at=at)


def _users(labels: dict[str, str]) -> list[User]:
    return User.objects.bulk_create(User(username=name, display_name=label, password="!") for name, label in labels.items())
