"""What workers do of exchange; each runs the same functions as people do, and running it twice changes nothing more."""

from functools import partial

from celery import shared_task
from django.utils import timezone

from exchange import channels, checking, committing, exports, importing, jobs, outbox, telling, webhooks
from exchange.api import SOURCES
from exchange.channels import due_notices
from exchange.models import Delivery, Export, Import, Webhook
from exchange.sending import AT_ONCE, send_due
from exchange.subjects import SUBJECTS
from organisations.clock import now


@shared_task(ignore_result=True)
def write_export(export_id: int) -> None:
    exports.run(Export.objects.select_related("owner").get(pk=export_id), at=now(), clock=timezone.now)


@shared_task(ignore_result=True)
def check_import(import_id: int) -> None:
    checking.check(Import.objects.select_related("owner").get(pk=import_id), at=now(), clock=timezone.now)


@shared_task(ignore_result=True)
def write_import(import_id: int) -> None:
    committing.write(Import.objects.select_related("owner").get(pk=import_id), at=now(), clock=timezone.now)


WATCHED = (
    (Export, ("waiting",), ("running",), write_export),
    (Import, ("waiting",), ("checking",), check_import),
    (Import, ("queued",), ("writing",), write_import),
)


@shared_task(ignore_result=True)
def tend_jobs() -> int:
    """Send again what no worker has, delete the files whose time is over; how many."""
    sent = 0
    for model, queued, running, task in WATCHED:
        for pk in jobs.waiting(model, queued=queued, running=running, clock=timezone.now):
            task.delay(pk)
            sent += 1
    return sent + exports.expire_due(at=now()) + importing.forget_files(at=now())


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
