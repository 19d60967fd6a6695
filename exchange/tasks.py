"""What workers do of exchange; each runs the same functions as people do, and running it twice changes nothing more."""

from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from exchange import exports, jobs
from exchange.models import Export
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
