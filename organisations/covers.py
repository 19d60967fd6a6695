"""替岗: while an officer is away a colleague of the same office sits in their seats, acts in their own name, and the record says for whom.

It begins and ends by its days. `organisations.actors` seats the deputy; four eyes (`Person.speaks_for`) take both for one person.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from common.steps import Param, lock_only, record
from organisations import policy
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Cover, Membership, Role, User

Choice = tuple[str, str]


def may_name(by: Person) -> bool:
    """Whoever reviews or decides anywhere, for themselves; the administrator of an office, for its people."""
    return any(seat.role in REVIEW_ROLES and seat.absent_id is None for seat in by.seats) or bool(_administered(by))


def may_end(cover: Cover, by: Person) -> bool:
    """The officer who is away, or the office's administrator."""
    return cover.ended_at is None and cover.to_on >= timezone.localdate(by.at) and _may_arrange(cover.organisation_id, cover.absent_id, by)


def params(by: Person | None = None) -> tuple[Param, ...]:
    """`by` tells whom they may name; without it the API's description names nobody."""
    kind = "choice" if by else "text"
    absent = None if by is None else lambda: _seats(by, own=True)
    deputies = None if by is None else lambda: _seats(by, own=False)
    return (
        Param("absent", kind, _("外出人员"), choices=absent, help=_("替岗期间，其待办事项由代办人以自己的名义办理。")),
        Param("deputy", kind, _("代办人"), choices=deputies, help=_("须为同一单位的审核、审批人员；不能复核外出人员或本人已经手的事项。")),
        Param("from_on", "date", _("起始日期")),
        Param("to_on", "date", _("截止日期"), help=_("到期自动结束。")),
        Param("reason", "text", _("事由"), required=False, help=_("例如：年休假、外出培训。")),
    )


def name(*, absent: str, deputy: str, from_on: dt.date, to_on: dt.date, by: Person, at: dt.datetime, reason: str = "") -> Cover:
    """Both are told as "office:user". Days that overlap with another cover of either of them are refused."""
    office, away = _told(absent, "absent")
    other_office, standing_in = _told(deputy, "deputy")
    if by.user_id is None or not _may_arrange(office, away, by):
        raise NotAllowed(_("替岗由本人或本单位管理员指定。"))
    most = policy.number("cover_days_max", province=_province(office, by), on=timezone.localdate(at))
    if problems := list(_problems(office, away, other_office, standing_in, from_on, to_on, most=most, at=at)):
        raise Invalid(problems)
    with transaction.atomic():
        lock_only(User.objects.filter(pk__in=[away, standing_in]))  # so that of two who name at once, the second sees the first
        if problems := list(_overlaps(away, standing_in, from_on, to_on)):
            raise Invalid(problems)
        row = Cover.objects.create(
            organisation_id=office,
            absent_id=away,
            deputy_id=standing_in,
            from_on=from_on,
            to_on=to_on,
            reason=reason.strip(),
            named_by_id=by.user_id,
            named_at=at,
            province=_province(office, by),
        )
        days = {"from_on": [None, from_on.isoformat()], "to_on": [None, to_on.isoformat()]}
        record(row, "name_cover", by=by, at=at, note=row.reason, changes={"absent": str(row.absent), "deputy": str(row.deputy), **days})
    return row


def end(cover: Cover, *, by: Person, at: dt.datetime) -> Cover:
    """Before its day, from now on."""
    with transaction.atomic():
        current = Cover.objects.select_for_update(no_key=True).filter(pk=cover.pk).first()
        if current is None:
            raise NotFound
        if not _may_arrange(current.organisation_id, current.absent_id, by):
            raise NotAllowed(_("替岗由本人或本单位管理员结束。"))
        if not may_end(current, by):
            raise Conflict(_("此项替岗已经结束。"))
        current.ended_at, current.ended_by_id = at, by.user_id
        current.save(update_fields=["ended_at", "ended_by"])
        record(current, "end", by=by, at=at)
    return current


def _administered(by: Person) -> list[int]:
    return [seat.organisation_id for seat in by.seats if seat.role == Role.UNIT_ADMIN]


def _may_arrange(office: int, away: int, by: Person) -> bool:
    """For oneself in an office where one sits; for anybody of an office that one administers."""
    own = any(seat.organisation_id == office and seat.role in REVIEW_ROLES and seat.absent_id is None for seat in by.seats)
    return (by.user_id == away and own) or office in _administered(by)


def _province(office: int, by: Person) -> str:
    return next(seat.province for seat in by.seats if seat.organisation_id == office)


def _seats(by: Person, *, own: bool) -> list[Choice]:
    """Those who may be named as away (`own`) or as deputies."""
    administered = set(_administered(by))
    sits = {seat.organisation_id for seat in by.seats if seat.role in REVIEW_ROLES and seat.absent_id is None}
    rows = _holders(administered | sits, on=timezone.localdate(by.at)).select_related("user", "organisation")
    found = {
        (row.organisation_id, row.user_id): f"{row.user}（{row.organisation.name}）"
        for row in rows.order_by("organisation_id", "user_id")
        if not own or row.organisation_id in administered or row.user_id == by.user_id
    }
    return [(f"{office}:{user}", label) for (office, user), label in found.items()]


def _holders(offices: Iterable[int], *, on: dt.date) -> QuerySet[Membership]:
    return Membership.objects.on(on).filter(organisation__in=offices, role__in=REVIEW_ROLES, user__is_active=True)


def _told(sent: str, field: str) -> tuple[int, int]:
    office, _colon, user = sent.partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (office, user)):
        raise Invalid([Problem(field, "unknown_choice", _("没有找到此人。"), _("请从列出的人员中选择。"))])
    return int(office), int(user)


def _problems(
    office: int, away: int, other_office: int, standing_in: int, from_on: dt.date, to_on: dt.date, *, most: int, at: dt.datetime
) -> Iterable[Problem]:
    today = timezone.localdate(at)
    seated = set(_holders([office], on=today).values_list("user", flat=True))
    if away not in seated:
        yield Problem("absent", "unknown_choice", _("此人不在本单位的审核岗位上。"), _("请从列出的人员中选择。"))
    if other_office != office or standing_in not in seated:
        yield Problem("deputy", "unknown_choice", _("代办人须为同一单位的审核、审批人员。"), _("请从列出的人员中选择。"))
    elif standing_in == away:
        yield Problem("deputy", "oneself", _("代办人不能是外出人员本人。"), _("请选择本单位另一人。"))
    if to_on < max(from_on, today):
        yield Problem("to_on", "out_of_range", _("截止日期不能早于起始日期，也不能早于今天。"), _("请重新填写。"))
    elif (to_on - from_on).days >= most:
        yield Problem("to_on", "out_of_range", _("替岗至多 %(n)s 天。") % {"n": most}, _("更长时间的，请由管理员调整岗位。"))


def _overlaps(away: int, standing_in: int, from_on: dt.date, to_on: dt.date) -> Iterable[Problem]:
    """One deputy at a time; nobody stands in for another while away, nor is away while standing in."""
    others = Cover.objects.standing().filter(from_on__lte=to_on, to_on__gte=from_on).select_related("absent", "deputy").order_by("from_on")
    remedy = _("请改换日期或人员，或先结束原来的安排。")
    for field, found, message in (
        ("absent", others.filter(absent=away), _("%(absent)s在%(from)s至%(to)s已由%(deputy)s替岗，日期重叠。")),
        ("absent", others.filter(deputy=away), _("%(deputy)s在%(from)s至%(to)s正代%(absent)s办理，不能同时由他人替岗。")),
        ("deputy", others.filter(absent=standing_in), _("%(absent)s在%(from)s至%(to)s外出，由%(deputy)s替岗，不能代他人办理。")),
    ):
        for row in found[:1]:
            days = {"from": row.from_on.isoformat(), "to": row.to_on.isoformat()}
            yield Problem(field, "overlaps", message % {"absent": row.absent, "deputy": row.deputy, **days}, remedy)
