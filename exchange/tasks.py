"""What workers do of exchange; each runs the same functions as people do, and running it twice changes nothing more."""

from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from exchange import channels, exports, jobs, outbox, telling, webhooks
from exchange.api import SOURCES
from exchange.channels import due_notices
from exchange.models import Delivery, Export, Webhook
from exchange.sending import AT_ONCE, send_due
from exchange.subjects import SUBJECTS
from organisations.clock import now


@shared_task(ignore_result=True)
def write_export(export_id: int) -> None:
    exports.run(Export.objects.select_related("owner").get(pk=export_id), at=now(), clock=timezone.now)


@shared_task(ignore_result=True)
def tend_jobs() -> int:
    """Send again what no worker has, delete what has expired; how many."""
    again = jobs.waiting(Export, queued=("waiting",), running=("running",), clock=timezone.now)
    for pk in again:
        write_export.delay(pk)
    return len(again) + exports.expire_due(at=now())


def begin_export(export: Export) -> Export:
    """A small one while the person waits, a large one by a worker."""
    if (export.rows or 0) <= exports.AT_ONCE:
        exports.run(export, at=now(), clock=timezone.now)
    else:
        transaction.on_commit(partial(write_export.delay, export.pk))
    return export


@shared_task(ignore_result=True)
def tell() -> int:
    """What has happened becomes notices and deliveries; how many."""
    at = now()
    told = outbox.read_on("notices", subjects=tuple(SUBJECTS), take=partial(telling.tell, at=at), at=at)
    delivered = partial(webhooks.deliver_events, sources=SOURCES, at=at)
    return told + outbox.read_on("webhooks", subjects=tuple(SOURCES), take=delivered, at=at)


@shared_task(ignore_result=True)
def send() -> int:
    """Send what is due: notices of one receiver together where they may be; how many arrived."""
    at = now()
    sent = send_due(due_notices(at=at), channels.send, at=at)
    due = (
        Delivery.objects.due(at=at).filter(webhook__state=Webhook.State.ACTIVE).select_related("webhook").order_by("next_attempt_at", "pk")
    )
    return sent + send_due(([row] for row in due[:AT_ONCE]), webhooks.send, at=at)
