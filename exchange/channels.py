"""The ways out: e-mail, SMS, and the robot of a unit's WeCom group. Each sends rows of one receiver as one message.

An SMS gateway is a class with one method; `settings.SMS_BACKEND` names it. A file of one line each serves where there is none yet.
"""

import datetime as dt
import json
import smtplib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from exchange.models import Channel, Notice
from exchange.notices import sentence
from exchange.posting import post
from exchange.sending import AT_ONCE, Undelivered

LANGUAGE = "zh-hans"
OVERDUE = ".overdue"


class Sms(Protocol):
    def send(self, phone: str, text: str, message_id: str) -> None:
        """Raises Undelivered."""


class FileSms:
    """Appends each message to `settings.SMS_FILE`: for a demonstration, or a gateway that reads files."""

    def send(self, phone: str, text: str, message_id: str) -> None:
        try:
            with Path(settings.SMS_FILE).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"id": message_id, "to": phone, "text": text}, ensure_ascii=False) + "\n")
        except OSError as error:
            raise Undelivered(error) from error


class HttpSms:
    """Posts each message as JSON to `settings.SMS_URL`, with `settings.SMS_KEY` as its bearer token; the gateway drops a repeated id."""

    def send(self, phone: str, text: str, message_id: str) -> None:
        body = json.dumps({"id": message_id, "to": phone, "text": text}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.SMS_KEY}", "Idempotency-Key": message_id}
        answer = post(settings.SMS_URL, body, headers)
        if not answer.is_success:
            raise Undelivered(f"{answer.status} {answer.text}")


def send(rows: Sequence[Notice]) -> None:
    """Rows of one receiver and one channel. Raises Undelivered."""
    with translation.override(LANGUAGE):
        {Channel.EMAIL: _email, Channel.SMS: _sms, Channel.ROBOT: _robot}[Channel(rows[0].channel)](rows)


def due_notices(*, at: dt.datetime) -> list[list[Notice]]:
    """Each by itself; the day's e-mails of one person, and what a group is to be counted, together."""
    messages: dict[tuple[Any, ...], list[Notice]] = defaultdict(list)
    due = Notice.objects.due(at=at).select_related("recipient", "robot").order_by("next_attempt_at", "pk")
    for row in due[:AT_ONCE]:
        alone = row.channel != Channel.ROBOT and not row.is_daily
        messages[row.channel, row.recipient_id, row.robot_id, row.pk if alone else None].append(row)
    return list(messages.values())


def said(row: Notice) -> str:
    """The sentence, and the words that were written for its receiver."""
    told = row.facts.get("told", "")
    return f"{sentence(row.kind, row.facts)}{_('：') if told else ''}{told}"


def _email(rows: Sequence[Notice]) -> None:
    first = rows[0]
    one = len(rows) == 1
    subject = sentence(first.kind, first.facts) if one else _("今日 %(n)d 条通知") % {"n": len(rows)}
    lines = [f"{said(row)}\n{_address(row.link)}\n" for row in rows]
    closing = _("本邮件由支点平台自动发出。不再接收此类邮件，请在“通知设置”中修改：%(link)s") % {"link": _address("/notices/choices/")}
    message = EmailMessage(
        f"[{_('支点')}] {subject}",
        "\n".join([*lines, closing]),
        to=[first.recipient.email],
        headers={"Message-ID": f"<{first.message_id}@{settings.SITE_HOST}>"},
    )
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error


def _sms(rows: Sequence[Notice]) -> None:
    backend: Sms = import_string(settings.SMS_BACKEND)()
    for row in rows:
        backend.send(row.recipient.phone, f"【{_('支点')}】{sentence(row.kind, row.facts)} {_address(row.link)}", str(row.message_id))


def _robot(rows: Sequence[Notice]) -> None:
    """How many and where to look: a group is no place for names and amounts."""
    late = sum(row.kind.endswith(OVERDUE) for row in rows)
    text = _("本单位有 %(n)d 项新的待办事项，其中督办 %(late)d 项。") % {"n": len(rows), "late": late}
    content = f"{text}[{_('打开支点')}]({_address('/')})"
    body = json.dumps({"msgtype": "markdown", "markdown": {"content": content}}, ensure_ascii=False).encode()
    answer = post(rows[0].robot.url, body, {"Content-Type": "application/json"})
    if not answer.is_success or '"errcode":0' not in answer.text.replace(" ", ""):
        raise Undelivered(f"{answer.status} {answer.text}")


def _address(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"
