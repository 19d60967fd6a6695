"""Where a job is done: a small one while the person waits, a large one by a worker once it is committed.

Tasks are sent by name: they stand above everything that calls this.
"""

from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from exchange import checking, committing, exports, importing
from exchange.models import Export, Import
from organisations.clock import now

CHECKED_AT_ONCE_BYTES = 100_000
WRITTEN_AT_ONCE_ROWS = 100


def begin_export(export: Export) -> Export:
    if (export.rows or 0) <= exports.AT_ONCE:
        exports.run(export, at=now(), clock=timezone.now)
    else:
        _send("write_export", export)
    return export


def begin_check(job: Import) -> Import:
    if job.size <= CHECKED_AT_ONCE_BYTES:
        checking.check(job, at=now(), clock=timezone.now)
    else:
        _send("check_import", job)
    return job


def commit(job: Import, **how: Any) -> Import:
    """The owner's step, and what follows of it."""
    importing.commit(job, **how)
    if (job.rows or 0) <= WRITTEN_AT_ONCE_ROWS:
        committing.write(job, at=now(), clock=timezone.now)
    else:
        _send("write_import", job)
    return job


def _send(task: str, job: Any) -> None:
    transaction.on_commit(partial(current_app.send_task, f"exchange.tasks.{task}", args=[job.pk]))
