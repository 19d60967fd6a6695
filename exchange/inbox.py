"""What a person does with notices: reads them, and says by which way and when to be told. What a unit does: names its group's robot."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import record
from deals.states import OFFICERS
from exchange import receivers
from exchange.models import Channel, GroupRobot, Notice, NoticeChoice
from exchange.notices import BY_CODE, KINDS, Kind
from exchange.posting import problem_with
from exchange.receivers import Receivers
from exchange.telling import channels, default_choice
from organisations.actors import FIRM_ROLES, REVIEW_ROLES, Person
from organisations.models import Organisation

When = NoticeChoice.When
FIRM_IS_TOLD: frozenset[Receivers] = frozenset(
    {receivers.firm, receivers.firm_of_need, receivers.other_side, receivers.other_writer, receivers.claimant}
)
BANK_IS_TOLD: frozenset[Receivers] = frozenset({receivers.bank, receivers.other_side, receivers.claimant})
EITHER: frozenset[Receivers] = frozenset({receivers.late, receivers.late_and_head, receivers.late_and_supervised})


@dataclass(frozen=True)
class Choice:
    """What stands chosen for one kind: the time of each way this installation has."""

    kind: Kind
    whens: tuple[tuple[str, str], ...]


def mark_read(notices: Iterable[int] | None, *, by: Person, at: dt.datetime) -> int:
    """Those, or all of one's own; how many were new."""
    rows = Notice.objects.of(by).unread()
    return (rows if notices is None else rows.filter(pk__in=notices)).update(read_at=at)


def choices_of(by: Person) -> list[Choice]:
    """Every kind that may reach this person, and how."""
    stored = {(kind, channel): when for kind, channel, when in _stored(by).values_list("kind", "channel", "when")}
    return [
        Choice(
            kind,
            tuple((channel, stored.get((kind.code, channel)) or default_choice(kind, channel)) for channel in channels()),
        )
        for kind in KINDS
        if _may_reach(kind, by)
    ]


def choose(wanted: Mapping[tuple[str, str], str], *, by: Person) -> None:
    """(kind, channel) → when. Only what differs from the table is kept."""
    if by.user_id is None:
        raise NotAllowed
    problems = [_unknown(kind) for (kind, channel), when in wanted.items() if not _is_known(kind, channel, when)]
    if problems:
        raise Invalid(problems)
    with transaction.atomic():
        _stored(by).delete()
        NoticeChoice.objects.bulk_create(
            NoticeChoice(user_id=by.user_id, kind=kind, channel=channel, when=when)
            for (kind, channel), when in wanted.items()
            if when != default_choice(BY_CODE[kind], channel)
        )


def set_robot(organisation: Organisation, *, url: str, by: Person, at: dt.datetime) -> GroupRobot | None:
    """The robot of the organisation's group; an empty address takes it away. Nothing of the address is written to the audit trail."""
    if organisation.pk not in by.administers:
        raise NotAllowed(_("群机器人由单位管理员或企业负责人设置。"))
    url = url.strip()
    if url and (problem_with(url) or urlsplit(url).hostname not in settings.ROBOT_HOSTS):
        message = _("不是企业微信群机器人的地址。")
        raise Invalid([Problem("url", "not_a_robot", message, _("请在企业微信群中添加机器人，复制其 Webhook 地址。"))])
    with transaction.atomic():
        facts = {"url": url, "is_active": bool(url), "set_by_id": by.user_id, "set_at": at, "province": organisation.province}
        if not url:
            GroupRobot.objects.filter(organisation=organisation).update(is_active=False)
            robot = GroupRobot.objects.filter(organisation=organisation).first()
        else:
            robot, _created = GroupRobot.objects.update_or_create(organisation=organisation, defaults=facts)
        if robot is not None:
            record(robot, "set" if url else "unset", by=by, at=at)
    return robot if url else None


def _stored(by: Person) -> models.QuerySet[NoticeChoice]:
    return NoticeChoice.objects.filter(user=by.user_id)


def _may_reach(kind: Kind, by: Person) -> bool:
    """By the side of the table a person sits on."""
    roles = {seat.role for seat in by.seats}
    if kind.to in EITHER:
        return True
    told_firm, told_bank = kind.to in FIRM_IS_TOLD, kind.to in BANK_IS_TOLD
    if roles & FIRM_ROLES and told_firm:
        return True
    if roles & set(OFFICERS) and told_bank:
        return True
    return bool(roles & REVIEW_ROLES) and (kind.to is receivers.other_writer or not (told_firm or told_bank))


def _is_known(kind: str, channel: str, when: str) -> bool:
    return kind in BY_CODE and channel in {Channel.EMAIL, Channel.SMS} and when in When.values


def _unknown(kind: str) -> Problem:
    return Problem(kind, "unknown_choice", _("没有这项通知，或不能这样发送。"), _("请从列出的选项中选择。"))
