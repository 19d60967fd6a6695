"""Who may open what in the admin: one small table from desks to models. Seats decide which desks a person sits at.

`sync()` writes the table into groups (the seed calls it), `seat(user)` puts a person into theirs. What a row's state allows, and
whose province it is, are other questions: the state tables and `visible_to` answer those.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_lazy as _

from organisations.actors import REVIEW_ROLES, Seat, person
from organisations.models import Role, Unit, User

FLOW = (
    "organisations.batch",
    "organisations.firmprofile",
    "organisations.industry",
    "organisations.industrytag",
    "organisations.cover",
    "organisations.declaredinterest",
    "organisations.organisation",
    "organisations.policynotice",
    "organisations.policyparameter",
    "organisations.programme",
    "organisations.region",
    "organisations.regiontag",
    "organisations.registration",
    "organisations.reviewchain",
    "organisations.unit",
    "lenders.bank",
    "lenders.branch",
    "lenders.product",
    "lenders.appetite",
    "lenders.appetiteletter",
    "schemes.scheme",
    "schemes.schemeversion",
    "schemes.stacking",
    "schemes.grantstacking",
    "schemes.budget",
    "schemes.budgetdocument",
    "projects.project",
    "projects.filing",
    "projects.need",
    "projects.consultation",
    "projects.appeal",
    "projects.changerequest",
    "projects.changerule",
    "projects.checkkind",
    "matching.round",
    "matching.recommendation",
    "matching.nonmatch",
    "matching.refusal",
    "matching.weights",
    "matching.floor",
    "matching.pinban",
    "deals.invitation",
    "deals.seconddocking",
    "deals.fourpartymeeting",
    "deals.dockinglist",
    "deals.listeddocking",
    "deals.deal",
    "deals.drawdown",
    "deals.interestreceipt",
    "deals.subsidyclaim",
    "deals.accrualline",
    "deals.fundingbatch",
    "deals.recovery",
    "deals.recoveryreceipt",
    "deals.batchobjection",
    "deals.crosscheckflag",
    "deals.companyrecord",
    "deals.shareholding",
    "deals.openingloan",
    "deals.othersupport",
    "deals.declinecode",
    "ledger.ledgeraccount",
    "ledger.entry",
    "common.auditevent",
    "common.auditseal",
    "common.deadline",
    "common.calendarexception",
)
MONEY = (
    "organisations.cover",
    "organisations.declaredinterest",
    "organisations.organisation",
    "organisations.policyparameter",
    "organisations.programme",
    "lenders.bank",
    "lenders.branch",
    "schemes.scheme",
    "schemes.schemeversion",
    "schemes.stacking",
    "schemes.grantstacking",
    "schemes.budget",
    "schemes.budgetdocument",
    "deals.deal",
    "deals.drawdown",
    "deals.interestreceipt",
    "deals.subsidyclaim",
    "deals.accrualline",
    "deals.fundingbatch",
    "deals.recovery",
    "deals.recoveryreceipt",
    "deals.batchobjection",
    "deals.crosscheckflag",
    "deals.companyrecord",
    "deals.shareholding",
    "deals.openingloan",
    "deals.othersupport",
    "ledger.ledgeraccount",
    "ledger.entry",
    "common.auditevent",
    "common.calendarexception",
)


@dataclass(frozen=True)
class DeskRights:
    """A place to work at: who sits there, what they may read, and what they may add or change."""

    code: str
    name: object
    sits: Callable[[Seat], bool]
    view: tuple[str, ...]
    edit: tuple[str, ...] = ()


def _at(line: str, kind: str) -> Callable[[Seat], bool]:
    return lambda seat: seat.line == line and seat.unit_kind == kind and seat.role in REVIEW_ROLES


DESKS = (
    DeskRights(
        "province-industry",
        _("省级经信主管部门"),
        _at(Unit.Line.INDUSTRY, Unit.Kind.PROVINCE),
        view=FLOW,
        edit=(
            "organisations.batch",
            "organisations.policynotice",
            "organisations.policyparameter",
            "organisations.regiontag",
            "organisations.industrytag",
            "organisations.reviewchain",
            "organisations.unit",
            "lenders.product",
            "projects.changerule",
            "projects.checkkind",
            "matching.weights",
            "matching.floor",
            "matching.pinban",
            "common.calendarexception",
        ),
    ),
    DeskRights(
        "province-ndrc",
        _("省级发展改革部门"),
        _at(Unit.Line.NDRC, Unit.Kind.PROVINCE),
        view=FLOW,
        edit=("organisations.batch", "organisations.policynotice", "organisations.reviewchain"),
    ),
    DeskRights(
        "province-finance",
        _("省级财政部门"),
        _at(Unit.Line.FINANCE, Unit.Kind.PROVINCE),
        view=MONEY,
        edit=(
            "schemes.scheme",
            "schemes.schemeversion",
            "schemes.stacking",
            "schemes.grantstacking",
            "deals.companyrecord",
            "deals.shareholding",
        ),
    ),
    DeskRights("city-finance", _("市级财政部门"), _at(Unit.Line.FINANCE, Unit.Kind.CITY), view=MONEY),
    DeskRights("auditor", _("审计"), lambda seat: seat.role == Role.AUDITOR, view=FLOW),
    DeskRights(
        "operator",
        _("运维"),
        lambda seat: seat.role == Role.SYSTEM_OPERATOR,
        view=(
            "axes.accessattempt",
            "exchange.notice",
            "exchange.delivery",
            "django_celery_results.taskresult",
            "django_celery_beat.periodictask",
            "common.calendarexception",
        ),
        edit=("common.calendarexception",),
    ),
    DeskRights(
        "unit-admin",
        _("单位管理员"),
        lambda seat: seat.role == Role.UNIT_ADMIN,
        view=("organisations.cover", "organisations.declaredinterest"),  # the people of the unit have a page: `organisations.staff`
    ),
)


def sync() -> None:
    """Make each desk's group have exactly the permissions of the table."""
    known = {f"{row.content_type.app_label}.{row.codename}": row for row in Permission.objects.select_related("content_type")}
    for desk in DESKS:
        group, _created = Group.objects.get_or_create(name=desk.code)
        wanted = [_codename(model, "view") for model in desk.view]
        wanted += [_codename(model, verb) for model in desk.edit for verb in ("add", "change")]
        group.permissions.set([known[name] for name in wanted])


def seat(user: User, *, at: dt.datetime) -> None:
    """Put a person into the groups of the desks their seats of today give them; without one they do not enter the admin."""
    seats = person(user, at=at).seats
    desks = [desk.code for desk in DESKS if any(desk.sits(one) for one in seats)]
    user.groups.set(Group.objects.filter(name__in=desks))
    if user.is_staff != bool(desks or user.is_superuser):
        user.is_staff = bool(desks or user.is_superuser)
        user.save(update_fields=["is_staff"])


def _codename(model: str, verb: str) -> str:
    app, _dot, name = model.partition(".")
    return f"{app}.{verb}_{name}"
