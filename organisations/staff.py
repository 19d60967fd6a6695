"""人员管理: who may let whom in to an organisation, hand over, lock, and give a new password. Only one's own organisation's people."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from common.steps import record
from organisations import codes, roles
from organisations.actors import Person
from organisations.codes import Issued
from organisations.models import AccessCode, Membership, Organisation, Role, User

K, R = Organisation.Kind, Role
# In an organisation of this kind, who with this role lets in people of those roles.
LETS_IN: Mapping[tuple[str, str], Sequence[str]] = {
    (K.FIRM, R.FIRM_OWNER): (R.FIRM_CLERK,),
    (K.UNIT, R.UNIT_ADMIN): (R.HANDLER, R.CHECKER, R.SIGNER, R.READER),
    (K.BANK, R.UNIT_ADMIN): (R.BANK_PROVINCIAL,),
    (K.BRANCH, R.UNIT_ADMIN): (R.BANK_PROVINCIAL, R.BRANCH_MANAGER, R.ACCOUNT_MANAGER),
    (K.BRANCH, R.BANK_PROVINCIAL): (R.BRANCH_MANAGER, R.ACCOUNT_MANAGER),
    (K.BRANCH, R.BRANCH_MANAGER): (R.ACCOUNT_MANAGER,),
}
AGENCY_DAYS_MAX = 366


def lets_in(by: Person) -> dict[int, set[str]]:
    """Organisation id → the roles this person may fill and empty there."""
    found: dict[int, set[str]] = {}
    for seat in by.seats:
        if own := LETS_IN.get((seat.kind, seat.role)):
            found.setdefault(seat.organisation_id, set()).update(own)
    return found


def people(by: Person) -> QuerySet[Membership]:
    """The seats this person looks after."""
    mine = Q(pk__in=[])
    for organisation_id, own in lets_in(by).items():
        mine |= Q(organisation=organisation_id, role__in=own)
    return Membership.objects.filter(mine, token=None).select_related("user", "organisation")


def invite(
    organisation: Organisation,
    *,
    name: str,
    role: str,
    by: Person,
    at: dt.datetime,
    valid_to: dt.date | None = None,
    engagement: str = "",
) -> Issued:
    """A code for somebody to join. An agent (代办) is named with the authorisation, and its seat ends by a day."""
    if role not in lets_in(by).get(organisation.pk, ()):
        raise NotAllowed(_("只能邀请本单位的人员。"))
    if problems := list(_problems(name, valid_to, engagement, at=at)):
        raise Invalid(problems)
    with transaction.atomic():
        return codes.issue(
            AccessCode.Kind.JOIN, organisation, by=by, at=at, name=name.strip(), role=role, valid_to=valid_to, engagement=engagement.strip()
        )


def reset(seat: Membership, *, by: Person, at: dt.datetime) -> Issued:
    """A code for a new password; the old one goes on until the code is used. It would open every other place of that person as well."""
    _require(seat, by)
    if _sits_elsewhere(seat, by):
        raise Conflict(_("此人在其他单位还有岗位，不能由本单位重设密码。"), remedy=_("请联系平台运维核实后办理。"))
    with transaction.atomic():
        return codes.issue(AccessCode.Kind.RESET, seat.organisation, by=by, at=at, name=str(seat.user), user=seat.user)


def leave(seat: Membership, *, by: Person, at: dt.datetime) -> Membership:
    """The seat ends today; what the person did stays theirs in the audit trail."""
    _require(seat, by)
    with transaction.atomic():
        current = Membership.objects.select_for_update(of=("self",)).get(pk=seat.pk)
        if current.valid_to is not None and current.valid_to < timezone.localdate(at):
            raise Conflict(_("此岗位已停用。"))
        current.valid_to = timezone.localdate(at) - dt.timedelta(days=1)
        current.save(update_fields=["valid_to"])
        record(current, "leave", by=by, at=at, changes={"valid_to": [None, current.valid_to.isoformat()]})
        roles.seat(current.user, at=at)
    return current


def lock(seat: Membership, *, by: Person, at: dt.datetime) -> User:
    """The account does not sign in any more, until it is unlocked."""
    return _set_active(seat, False, "lock", by=by, at=at)


def unlock(seat: Membership, *, by: Person, at: dt.datetime) -> User:
    return _set_active(seat, True, "unlock", by=by, at=at)


def hand_over(firm: Organisation, *, to: Membership, by: Person, at: dt.datetime) -> Membership:
    """The owner makes one of the firm's clerks the owner, and is a clerk from then on."""
    own = by.seat(firm.pk, Role.FIRM_OWNER)
    if own is None or by.user_id is None:
        raise NotAllowed(_("企业负责人由现任负责人移交。"))
    if to.organisation_id != firm.pk or to.role != Role.FIRM_CLERK or to.engagement:
        raise NotFound
    with transaction.atomic():
        before = Membership.objects.select_for_update(of=("self",)).get(user=by.user_id, organisation=firm, role=Role.FIRM_OWNER)
        before.valid_to = timezone.localdate(at) - dt.timedelta(days=1)
        before.save(update_fields=["valid_to"])
        codes.take_seat(User.objects.get(pk=by.user_id), firm, role=Role.FIRM_CLERK, at=at)
        after = codes.take_seat(to.user, firm, role=Role.FIRM_OWNER, at=at)
        record(firm, "hand_over", by=by, at=at, changes={"owner": [str(before.user), str(to.user)]})
    return after


def _set_active(seat: Membership, active: bool, verb: str, *, by: Person, at: dt.datetime) -> User:  # noqa: FBT001 -- the two verbs above are its only callers
    _require(seat, by)
    if _sits_elsewhere(seat, by):
        raise Conflict(_("此人在其他单位还有岗位，不能停用账号。"), remedy=_("请改为停用其在本单位的岗位。"))
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=seat.user_id)
        user.is_active = active
        user.save(update_fields=["is_active"])
        record(seat, verb, by=by, at=at)
    return user


def _sits_elsewhere(seat: Membership, by: Person) -> bool:
    today = timezone.localdate(by.at)
    held = Membership.objects.filter(user=seat.user_id).exclude(valid_to__lt=today)
    return held.exclude(organisation__in=lets_in(by)).exists()


def _require(seat: Membership, by: Person) -> None:
    if seat.user_id == by.user_id or seat.role not in lets_in(by).get(seat.organisation_id, ()):
        raise NotAllowed(_("只能管理本单位的其他人员。"))


def _problems(name: str, valid_to: dt.date | None, engagement: str, *, at: dt.datetime) -> Sequence[Problem]:
    today = timezone.localdate(at)
    problems = []
    if not name.strip():
        problems.append(Problem("name", "required", _("请填写姓名。")))
    if engagement.strip() and valid_to is None:
        problems.append(Problem("valid_to", "required", _("代办授权须写明截止日期。"), _("至多一年。")))
    if valid_to is not None and not today <= valid_to <= today + dt.timedelta(days=AGENCY_DAYS_MAX):
        problems.append(Problem("valid_to", "out_of_range", _("截止日期须在一年以内。"), _("请重新填写。")))
    return problems
