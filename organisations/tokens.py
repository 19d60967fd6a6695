"""接口令牌: an organisation's administrator lets a machine of theirs in, for some scopes, until a day, and may end it at any time.

A machine is no person: its token has a user of its own with one seat, so that the audit trail names it, four eyes never count it,
and whoever made it lends it nothing of their own. In a government unit it reads only; to review and to decide takes people.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from common.steps import record
from organisations.actors import Person
from organisations.models import Membership, Organisation, Role, Token, User

MARK = "fk_"
PREFIX_BYTES, SECRET_BYTES = 4, 32
DAYS_MAX = 366
USE_NOTED = dt.timedelta(minutes=1)
ROLES: Mapping[str, str] = {
    Organisation.Kind.FIRM: Role.FIRM_CLERK,
    Organisation.Kind.BRANCH: Role.ACCOUNT_MANAGER,
    Organisation.Kind.BANK: Role.BANK_PROVINCIAL,
    Organisation.Kind.UNIT: Role.READER,
}


@dataclass(frozen=True)
class Issued:
    """A new token, and its text, which is told this once."""

    token: Token
    text: str


def may_issue(organisation_id: int, by: Person) -> bool:
    return organisation_id in by.administers


def issue(
    organisation: Organisation, *, name: str, scopes: Sequence[str], known: Collection[str], days: int, by: Person, at: dt.datetime
) -> Issued:
    """A token for a machine of the organisation. `known`: the scopes there are."""
    if not may_issue(organisation.pk, by):
        raise NotAllowed(_("接口令牌由单位管理员或企业负责人签发。"))
    if problems := list(_problems(organisation, name.strip(), scopes, known, days)):
        raise Invalid(problems)
    prefix = MARK + secrets.token_hex(PREFIX_BYTES)
    text = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    until = at + dt.timedelta(days=days)
    with transaction.atomic():
        machine = User(username=f"token-{prefix}", display_name=name.strip(), is_active=False)
        machine.set_unusable_password()
        machine.save(force_insert=True)
        seat = Membership.objects.create(
            user=machine,
            organisation=organisation,
            role=ROLES[organisation.kind],
            valid_from=timezone.localdate(at),
            valid_to=timezone.localdate(until),
            province=organisation.province,
        )
        token = Token.objects.create(
            membership=seat,
            name=name.strip(),
            prefix=prefix,
            digest=digest_of(text),
            scopes=sorted(set(scopes)),
            issued_by_id=by.user_id,
            issued_at=at,
            expires_at=until,
            province=organisation.province,
        )
        record(token, "issue", by=by, at=at, changes={"scopes": token.scopes, "expires_at": until.isoformat()})
    return Issued(token, text)


def revoke(token: Token, *, by: Person, at: dt.datetime) -> Token:
    """It opens nothing from this moment on."""
    with transaction.atomic():
        current = Token.objects.select_for_update(no_key=True, of=("self",)).select_related("membership").filter(pk=token.pk).first()
        if current is None:
            raise NotFound
        if not may_issue(current.membership.organisation_id, by):
            raise NotAllowed(_("接口令牌由单位管理员或企业负责人撤销。"))
        if current.revoked_at is not None:
            raise Conflict(_("此令牌已撤销。"))
        current.revoked_at, current.revoked_by_id = at, by.user_id
        current.save(update_fields=["revoked_at", "revoked_by"])
        record(current, "revoke", by=by, at=at)
    return current


def find(text: str) -> Token | None:
    """The token of that text, whatever has become of it."""
    prefix = text[: len(MARK) + 2 * PREFIX_BYTES]
    token = Token.objects.select_related("membership__user").filter(prefix=prefix).first() if text.startswith(MARK) else None
    return token if token is not None and secrets.compare_digest(token.digest, digest_of(text)) else None


def note_use(token: Token, *, at: dt.datetime) -> None:
    """When it was last used, to the minute: a busy machine does not write a row for each request."""
    if token.last_used_at is None or at - token.last_used_at >= USE_NOTED:
        Token.objects.filter(pk=token.pk).update(last_used_at=at)


def digest_of(text: str) -> str:
    """Plain SHA-256: the text is 256 random bits, which no dictionary holds."""
    return hashlib.sha256(text.encode()).hexdigest()


def _problems(organisation: Organisation, name: str, scopes: Sequence[str], known: Collection[str], days: int) -> list[Problem]:
    found = []
    if organisation.kind not in ROLES:
        found.append(Problem("organisation", "no_machines", _("此类机构不使用接口令牌。")))
    if not name or len(name) > 60:
        found.append(Problem("name", "required", _("请写明令牌的用途，不超过六十字。"), _("例如：信贷系统对接。")))
    if not 1 <= days <= DAYS_MAX:
        found.append(Problem("days", "out_of_range", _("有效期须为 1 至 %(most)d 天。") % {"most": DAYS_MAX}, _("到期前可签发新的令牌。")))
    if not scopes or set(scopes) - set(known):
        found.append(Problem("scopes", "unknown_choice", _("请选择令牌的权限。"), _("请从列出的权限中选择，够用即可。")))
    if organisation.kind == Organisation.Kind.UNIT and any(not scope.startswith("read:") for scope in scopes):
        found.append(Problem("scopes", "reads_only", _("政府部门的令牌只能读取。"), _("审核与审批须由本人办理，请只选择读取。")))
    return found
