"""一次性代码: what an administrator hands over on paper or by voice, so that joining and a new password need no e-mail.

A code is shown once, kept as a digest, used once, and dies by itself. Wrong ones are counted by the address they came from.
"""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Invalid, NotFound, Problem
from common.steps import record
from organisations import roles
from organisations.actors import Person, person
from organisations.models import AccessCode, Membership, Organisation, User, WrongCode

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without what is mistaken for something else when read aloud
LENGTH, GROUP = 12, 4
KEPT = dt.timedelta(days=7)
USERNAME_MAX = 150  # the column's
WRONG_MAX, WRONG_WITHIN = 10, dt.timedelta(minutes=15)
NO_CODE = Problem("code", "no_such_code", _("代码无效、已用过或已过期。"), _("请核对后重新输入，或请单位管理员重新签发。"))


class TooMany(DomainError):
    """Somebody guesses, or an office shares one address and all mistype."""

    status = 429
    default_code = "too_many_codes"
    default_message = _("多次输入无效代码，请十五分钟后再试。")


@dataclass(frozen=True)
class Issued:
    """A new code, and its text, which is told this once."""

    code: AccessCode
    text: str


def fresh() -> str:
    """Twelve characters of sixty bits, in groups that can be read aloud."""
    text = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
    return "-".join(text[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def digest_of(text: str) -> str:
    """However it was typed: blanks, hyphens and capitals do not matter."""
    return hashlib.sha256("".join(text.split()).replace("-", "").upper().encode()).hexdigest()


def issue(kind: str, organisation: Organisation, *, by: Person, at: dt.datetime, **fields: Any) -> Issued:
    """A code for one person; who may be given one is the caller's question (`organisations.staff`)."""
    text = fresh()
    code = AccessCode.objects.create(
        kind=kind,
        organisation=organisation,
        digest=digest_of(text),
        issued_by_id=by.user_id,
        issued_at=at,
        expires_at=at + KEPT,
        province=organisation.province,
        **fields,
    )
    record(code, "issue", by=by, at=at, changes={"kind": kind, "role": code.role, "name": code.name})
    return Issued(code, text)


def find(text: str, *, address: str, at: dt.datetime) -> AccessCode:
    """The code as it may be used now. Raises TooMany, Invalid."""
    recent = WrongCode.objects.filter(address=address, at__gt=at - WRONG_WITHIN)
    if recent.count() >= WRONG_MAX:
        raise TooMany
    code = AccessCode.objects.filter(digest=digest_of(text), used_at=None, expires_at__gt=at).select_related("organisation", "user").first()
    if code is None:
        WrongCode.objects.create(address=address, at=at)
        raise Invalid([NO_CODE])
    return code


def redeem(code: AccessCode, *, username: str = "", password: str, at: dt.datetime) -> User:
    """Use the code: a new account in its seat, or a new password for an old one."""
    with transaction.atomic():
        current = AccessCode.objects.select_for_update(of=("self",)).filter(pk=code.pk, used_at=None).first()
        if current is None:
            raise NotFound(_("代码已用过。"))
        user = _with_password(current.user or User(username=username.strip(), display_name=current.name), password)
        if current.user_id is None:
            _save_new(user)
        else:
            user.save(update_fields=["password"])
        if current.kind == AccessCode.Kind.JOIN:
            take_seat(user, current.organisation, role=current.role, until=current.valid_to, engagement=current.engagement, at=at)
        current.used_at, current.user = at, user
        current.save(update_fields=["used_at", "user"])
        record(current, "redeem", by=person(user, at=at), at=at)
    return user


def take_seat(
    user: User, organisation: Organisation, *, role: str, at: dt.datetime, until: dt.date | None = None, engagement: str = ""
) -> Membership:
    """The seat, from today; one that was held before and has ended begins anew."""
    seat, _created = Membership.objects.update_or_create(
        user=user,
        organisation=organisation,
        role=role,
        defaults={
            "valid_from": timezone.localdate(at),
            "valid_to": until,
            "engagement": engagement,
            "province": organisation.province,
        },
    )
    roles.seat(user, at=at)
    return seat


def _with_password(user: User, password: str) -> User:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Invalid([Problem("password", "weak_password", " ".join(error.messages), _("请换一个更长、不常见的密码。"))]) from error
    user.set_password(password)
    return user


def _save_new(user: User) -> None:
    if len(user.username) > USERNAME_MAX:
        raise Invalid([Problem("username", "too_long", _("用户名过长。"), _("请用字母、数字，或手机号。"))])
    if not user.username:
        raise Invalid([Problem("username", "required", _("请填写用户名。"), _("登录时使用，可用手机号或拼音。"))])
    try:
        User.username_validator(user.username)
        with transaction.atomic():
            user.save(force_insert=True)
    except ValidationError as error:
        raise Invalid([Problem("username", "bad_username", " ".join(error.messages), _("请用字母、数字，或手机号。"))]) from error
    except IntegrityError as error:
        raise Invalid([Problem("username", "taken", _("此用户名已有人使用。"), _("请换一个用户名。"))]) from error
