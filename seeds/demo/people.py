"""The invented people: who owns each firm, who works in each office and branch, and the named logins of the demonstration."""

import datetime as dt
import os
import random
import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password

from lenders.models import Branch
from organisations import roles
from organisations.actors import Person, persons
from organisations.models import Membership, Organisation, Role, Unit, User
from seeds import names as words
from seeds.load.words import province_of_programme

SINCE = dt.date(2024, 1, 1)
FIXED_PASSWORD = "fulcrum-demo-2026"  # noqa: S105 -- only with FULCRUM_DEMO=1, on a machine that shows nothing but inventions
STAGES = {  # who of an office does what: different eyes at every stage
    Unit.Kind.COUNTY: (Role.HANDLER, Role.CHECKER),
    Unit.Kind.ZONE: (Role.HANDLER, Role.CHECKER),
    Unit.Kind.CITY: (Role.HANDLER, Role.CHECKER, Role.SIGNER),
    Unit.Kind.PROVINCE: (Role.HANDLER, Role.CHECKER, Role.SIGNER, Role.SIGNER),
}
SEATED_LINES = (Unit.Line.INDUSTRY, Unit.Line.FINANCE)


class Login(NamedTuple):
    """A named account: whose seat it is, and what the page of logins says of it."""

    username: str
    name: str
    title: str
    title_en: str


LOGINS = {
    "firm_owner": Login("lin", "林企业", "企业负责人", "firm, owner"),
    "firm_clerk": Login("su", "苏企业", "企业经办人", "firm, clerk"),
    "county_handler": Login("chen", "陈经办", "县级经办", "county, handler"),
    "county_checker": Login("hu", "胡复核", "县级复核", "county, checker"),
    "city_handler": Login("wang", "王经办", "市级经办", "city, handler"),
    "city_checker": Login("gao", "高复核", "市级复核", "city, checker"),
    "city_signer": Login("ma", "马签发", "市级签发", "city, signer"),
    "province_handler": Login("zhou", "周经办", "省级经办", "province, handler"),
    "province_checker": Login("wu", "吴复核", "省级复核", "province, checker"),
    "province_signer": Login("zhao", "赵签发", "省级签发（提请发布）", "province, signer who proposes"),
    "province_signer_2": Login("sun", "孙签发", "省级签发（审定发布）", "province, signer who publishes"),
    "account_manager": Login("bai", "白经理", "银行客户经理", "bank, account manager"),
    "branch_manager": Login("an", "安行长", "银行机构负责人", "bank, branch manager"),
    "finance_handler": Login("feng", "冯经办", "省级财政经办", "provincial finance, handler"),
    "finance_signer": Login("qian", "钱签发", "省级财政签发", "provincial finance, signer"),
    "auditor": Login("shen", "沈审计", "审计（只读）", "auditor, reads only"),
    "operator": Login("admin", "运维员", "系统运维（管理端）", "system operator, admin site"),
}


@dataclass(frozen=True)
class Places:
    """Where the named accounts sit."""

    firm: Organisation
    branch: Branch
    county: Unit
    city: Unit
    province: Unit
    finance: Unit


class Staff:
    """Everybody as actors, loaded once for all: by firm, by unit and stage, by branch. Their seats do not change in the demonstration."""

    def __init__(self, *, at: dt.datetime) -> None:
        actors = persons(User.objects.exclude(memberships=None).order_by("pk"), at=at)
        seats = Membership.objects.order_by("pk").values_list("user", "organisation", "role")
        self._of: dict[tuple[int, str], list[Person]] = defaultdict(list)
        for user, organisation, role in seats:
            self._of[organisation, role].append(actors[user])

    def firm(self, organisation_id: int) -> Person:
        return self._of[organisation_id, Role.FIRM_OWNER][0]

    def office(self, organisation_id: int, stage: str) -> Person:
        return self._of[organisation_id, stage][0]

    def second_signer(self, organisation_id: int) -> Person:
        return self._of[organisation_id, Role.SIGNER][1]

    def branch(self, organisation_id: int) -> Person:
        return self._of[organisation_id, Role.ACCOUNT_MANAGER][0]


def hire(firms: Iterable[Organisation], places: Places, *, password: str, at: dt.datetime) -> None:
    """One owner for each firm, an account for each stage of each office, a manager for each branch; the named logins take their own seats."""
    firms = list(firms)
    rng = random.Random("people")
    seats: list[tuple[str, str, Organisation, tuple[str, ...]]] = []  # username, name, organisation, roles
    named = _named(places)
    for number, firm in enumerate(firms, start=1):
        seats.append(named.pop((firm.pk, 0), (f"firm{number:04d}", _name(rng), firm, (Role.FIRM_OWNER,))))
    for unit in Unit.objects.filter(line__in=SEATED_LINES).select_related("organisation").order_by("code"):
        for place, role in enumerate(STAGES[Unit.Kind(unit.kind)]):
            code = f"{unit.code.lower()}-{'abcd'[place]}"
            seats.append(named.pop((unit.organisation_id, place), (code, _name(rng), unit.organisation, (role,))))
    for branch in Branch.objects.select_related("organisation").order_by("code"):
        code = f"bank-{branch.code.lower()}"
        seats.append(named.pop((branch.organisation_id, 0), (code, _name(rng), branch.organisation, (Role.ACCOUNT_MANAGER,))))
    seats += named.values()
    _open_accounts(seats, password=password)
    _give_desks(at)


def password() -> str:
    """Fixed where the environment says that this is nothing but a demonstration; else made once for this installation and kept beside it."""
    if os.environ.get("FULCRUM_DEMO") == "1":
        return FIXED_PASSWORD
    kept = Path(settings.BASE_DIR) / ".fulcrum" / "demo-password"
    if not kept.exists():
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9), encoding="utf-8")
    return kept.read_text(encoding="utf-8")


def _named(places: Places) -> dict[tuple[int, int], tuple[str, str, Organisation, tuple[str, ...]]]:
    """(organisation, place in it) → the account that sits there."""
    home = places.province.organisation
    audit, _made = Organisation.objects.get_or_create(
        kind=Organisation.Kind.UNIT,
        name="湖北省审计厅（演示）",
        defaults={"province": home.province, "name_en": "Provincial audit office (demo)"},
    )
    seats = {
        "firm_owner": (places.firm, 0, (Role.FIRM_OWNER,)),
        "firm_clerk": (places.firm, 1, (Role.FIRM_CLERK,)),
        "county_handler": (places.county.organisation, 0, (Role.HANDLER,)),
        "county_checker": (places.county.organisation, 1, (Role.CHECKER,)),
        "city_handler": (places.city.organisation, 0, (Role.HANDLER,)),
        "city_checker": (places.city.organisation, 1, (Role.CHECKER,)),
        "city_signer": (places.city.organisation, 2, (Role.SIGNER,)),
        "province_handler": (home, 0, (Role.HANDLER,)),
        "province_checker": (home, 1, (Role.CHECKER,)),
        "province_signer": (home, 2, (Role.SIGNER,)),
        "province_signer_2": (home, 3, (Role.SIGNER,)),
        "account_manager": (places.branch.organisation, 0, (Role.ACCOUNT_MANAGER,)),
        "branch_manager": (places.branch.organisation, 1, (Role.BRANCH_MANAGER,)),
        "finance_handler": (places.finance.organisation, 0, (Role.HANDLER,)),
        "finance_signer": (places.finance.organisation, 2, (Role.SIGNER,)),
        "auditor": (audit, 0, (Role.AUDITOR,)),
        "operator": (home, 9, (Role.SYSTEM_OPERATOR,)),
    }
    return {
        (organisation.pk, place): (LOGINS[key].username, LOGINS[key].name, organisation, seated)
        for key, (organisation, place, seated) in seats.items()
    }


def _open_accounts(seats: list[tuple[str, str, Organisation, tuple[str, ...]]], *, password: str) -> None:
    kept = make_password(password)  # one hash for all: the password is printed anyway, and two thousand would take ten minutes
    operators = {LOGINS["operator"].username}
    users = User.objects.bulk_create(
        [
            User(
                username=username,
                display_name=name,
                password=kept,
                is_superuser=username in operators,
                is_staff=username in operators,
            )
            for username, name, _organisation, _roles in seats
        ],
        batch_size=1000,
    )
    Membership.objects.bulk_create(
        [
            Membership(
                user=user,
                organisation=organisation,
                role=role,
                valid_from=SINCE,
                engagement="【示例】审计通知书〔2026〕1号" if role == Role.AUDITOR else "",
                province=organisation.province or province_of_programme(),
            )
            for user, (_username, _name, organisation, held) in zip(users, seats, strict=True)
            for role in held
        ],
        batch_size=1000,
    )


def _give_desks(at: dt.datetime) -> None:
    """Entry to the admin for those whose seats give them a desk there."""
    provincial = User.objects.filter(memberships__organisation__unit__kind=Unit.Kind.PROVINCE)
    named = User.objects.filter(username__in=[login.username for login in LOGINS.values()])
    for user in (provincial | named).distinct().order_by("pk"):
        roles.seat(user, at=at)


def _name(rng: random.Random) -> str:
    given = rng.choice(words.GIVEN_FIRST) if rng.random() < 0.75 else ""
    return rng.choice(words.SURNAMES) + given + rng.choice(words.GIVEN_LAST)
