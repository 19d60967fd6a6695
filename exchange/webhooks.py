"""事件推送: an organisation's own system is told of each step on what the organisation may see, signed, until it answers.

A body is small: what happened, to which object, in which state, and where to read it. Whoever wants more asks the API with its token.
The signature is HMAC-SHA256 over "<seconds>.<body>" and stands in `Fulcrum-Signature: t=<seconds>,v1=<hex>`.
"""

import datetime as dt
import hashlib
import hmac
import json
import secrets
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.models import AuditEvent
from common.steps import record, take
from exchange.models import Delivery, Outgoing, Webhook
from exchange.posting import post, problem_with
from exchange.sending import Undelivered
from exchange.telling import OURS
from exchange.webhook_states import WEBHOOK_STEPS
from organisations.actors import Person, Seat, system
from organisations.models import Organisation, Role, Unit

PING = "webhooks.ping"


@dataclass(frozen=True)
class Subscribed:
    """A new subscription, and its secret, which is told this once."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True)
class Source:
    """A kind of row that webhooks may be told of, by the API's name for it."""

    kind: str
    model: Any


def subscribe(
    organisation: Organisation, *, name: str, url: str, kinds: Sequence[str], known: Collection[str], by: Person, at: dt.datetime
) -> Subscribed:
    """`known`: the kinds there are, "filings.return" and so on."""
    if organisation.pk not in by.administers:
        raise NotAllowed(_("事件推送由单位管理员或企业负责人设置。"))
    if problems := list(_problems(name.strip(), url.strip(), kinds, known)):
        raise Invalid(problems)
    with transaction.atomic():
        webhook = Webhook.objects.create(
            organisation=organisation,
            name=name.strip(),
            url=url.strip(),
            kinds=sorted(set(kinds)),
            nonce=secrets.token_hex(16),
            made_by_id=by.user_id,
            made_at=at,
            province=organisation.province,
        )
        event = record(webhook, "subscribe", by=by, at=at, changes={"kinds": webhook.kinds})
        _delivery(webhook, PING, event, {"id": webhook.pk, "kind": "webhooks", "state": webhook.state}, at=at).save(force_insert=True)
    return Subscribed(webhook, secret_of(webhook))


def resume(webhook: Webhook, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Webhook:
    return take(WEBHOOK_STEPS, "resume", webhook, by=by, at=at, seen=seen, note=note, changes={"failures": 0})


def end(webhook: Webhook, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Webhook:
    return take(WEBHOOK_STEPS, "end", webhook, by=by, at=at, seen=seen, note=note)


def replay(delivery: Delivery, *, by: Person, at: dt.datetime) -> Delivery:
    """Send it once more, whatever became of it: another row, the same message."""
    if delivery.webhook.organisation_id not in by.administers:
        raise NotAllowed(_("事件推送由单位管理员或企业负责人办理。"))
    if delivery.webhook.state != Webhook.State.ACTIVE:
        raise Conflict(_("此推送未启用，不能重发。"), remedy=_("请先恢复推送。"))
    return Delivery.objects.create(
        webhook=delivery.webhook,
        kind=delivery.kind,
        event=delivery.event,
        payload=delivery.payload,
        message_id=delivery.message_id,
        replay_of=delivery,
        made_at=at,
        next_attempt_at=at,
        province=delivery.province,
    )


WEBHOOK_ACTIONS = {"resume": resume, "end": end}


def secret_of(webhook: Webhook) -> str:
    """Made anew whenever it is needed. A new SECRET_KEY makes new secrets."""
    return "whsec_" + salted_hmac("exchange.webhooks", webhook.nonce, algorithm="sha256").hexdigest()


def sign(secret: str, *, seconds: int, body: bytes) -> str:
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def deliver_events(events: Sequence[AuditEvent], *, sources: Mapping[str, Source], at: dt.datetime) -> int:
    """Write a delivery for each event and each subscription to its kind whose organisation may see the object; how many."""
    rows: list[Delivery] = []
    for webhook in Webhook.objects.filter(state=Webhook.State.ACTIVE).select_related("organisation__unit").order_by("pk"):
        wanted = [event for event in events if event.subject in sources and _kind(sources, event) in webhook.kinds]
        seen = _seen(webhook, wanted, sources, at=at)
        rows += [
            _delivery(webhook, _kind(sources, event), event, _object(sources, event), at=at)
            for event in wanted
            if event.subject_id in seen[event.subject]
        ]
    return len(Delivery.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True))


def send(rows: Sequence[Delivery]) -> None:
    """Rows of one; keeps what was answered. Raises Undelivered, and stops a subscription that has failed too often."""
    (row,) = rows
    body = json.dumps(row.payload, ensure_ascii=False, separators=(",", ":")).encode()
    seconds = int(timezone.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Fulcrum-Webhook",
        "Fulcrum-Id": str(row.message_id),
        "Fulcrum-Event": row.kind,
        "Fulcrum-Signature": sign(secret_of(row.webhook), seconds=seconds, body=body),
    }
    try:
        answer = post(row.webhook.url, body, headers)
    except Undelivered:
        _count_failure(row.webhook)
        raise
    row.status, row.answer, row.duration_ms = answer.status, answer.text, answer.duration_ms
    row.save(update_fields=["status", "answer", "duration_ms"])
    if not answer.is_success:
        _count_failure(row.webhook)
        raise Undelivered(answer.status)
    Webhook.objects.filter(pk=row.webhook_id).exclude(failures=0).update(failures=0)


def _count_failure(webhook: Webhook) -> None:
    with transaction.atomic():
        current = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
        current.failures += 1
        current.save(update_fields=["failures"])
        if current.state == Webhook.State.ACTIVE and current.failures >= settings.WEBHOOK_FAILURES_MAX:
            at = timezone.now()
            take(WEBHOOK_STEPS, "stop", current, by=system(at), at=at, seen=current.version, note=str(_("连续推送失败")))


def _seen(webhook: Webhook, events: Iterable[AuditEvent], sources: Mapping[str, Source], *, at: dt.datetime) -> Mapping[str, set[int]]:
    """By subject: which of the objects the organisation may see."""
    reader = _reader(webhook.organisation, at=at)
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in events:
        wanted[event.subject].add(event.subject_id)
    found: dict[str, set[int]] = defaultdict(set)
    for subject, ids in wanted.items():
        rows = sources[subject].model.objects.visible_to(reader).filter(pk__in=ids)
        found[subject] = set(rows.order_by().values_list("pk", flat=True))
    return found


def _reader(organisation: Organisation, *, at: dt.datetime) -> Person:
    """Nobody in particular of the organisation, who only reads."""
    unit: Unit | None = getattr(organisation, "unit", None) if organisation.kind == Organisation.Kind.UNIT else None
    seat = Seat(
        organisation_id=organisation.pk,
        kind=organisation.kind,
        role=Role.READER,
        province=organisation.province,
        unit_id=unit.pk if unit else None,
        unit_kind=unit.kind if unit else "",
        line=unit.line if unit else "",
    )
    return Person(user_id=None, label=organisation.name, seats=(seat,), at=at)


def _kind(sources: Mapping[str, Source], event: AuditEvent) -> str:
    return f"{sources[event.subject].kind}.{event.verb}"


def _object(sources: Mapping[str, Source], event: AuditEvent) -> dict[str, Any]:
    kind = sources[event.subject].kind
    link = f"{settings.SITE_URL.rstrip('/')}/api/{kind}/{event.subject_id}/"
    return {"kind": kind, "id": event.subject_id, "state": event.target, "link": link}


def _delivery(webhook: Webhook, kind: str, event: AuditEvent, about: Mapping[str, Any], *, at: dt.datetime) -> Delivery:
    message_id = uuid.uuid5(OURS, f"{event.pk}:webhook:{webhook.pk}")
    payload = {"id": str(message_id), "type": kind, "at": timezone.localtime(event.at).isoformat(), "object": dict(about)}
    return Delivery(
        webhook=webhook,
        kind=kind,
        event=event,
        payload=payload,
        message_id=message_id,
        made_at=at,
        next_attempt_at=at,
        state=Outgoing.State.WAITING,
        province=webhook.province,
    )


def _problems(name: str, url: str, kinds: Sequence[str], known: Collection[str]) -> Iterable[Problem]:
    if not name or len(name) > 60:
        yield Problem("name", "required", _("请写明推送的用途，不超过六十字。"), _("例如：办公系统待办同步。"))
    if problem := problem_with(url):
        yield problem
    if not kinds or set(kinds) - set(known):
        yield Problem("kinds", "unknown_choice", _("请选择要推送的事项。"), _("请从列出的事项中选择。"))
