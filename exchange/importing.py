"""Imports: a file is checked whole before anything is written; then its rows take effect in batches, by the steps people take.

The unit of atomicity is the row: with all that hangs on it, it is written whole or not at all, and so is what is told of it. A batch of
rows is one transaction together with the import's place in the file: interrupted, it goes on where it stopped and writes no row twice.
A file with a single faulty cell writes nothing. Whoever changed a row between the check and the writing has it refused and named.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from common.steps import record, take
from exchange import jobs, templates, workbooks
from exchange.models import Import
from exchange.states import IMPORT_STEPS
from organisations import scanning
from organisations.actors import Person
from organisations.uploads import shown_name

I = Import.State  # noqa: E741 -- as in states
FILES_AT_ONCE = 500
PARAMS = frozenset({"programme", "track"})


def hand_in(kind: str, upload: Any, *, by: Person, at: dt.datetime, params: Mapping[str, str] | None = None) -> Import:
    """Take in a workbook, unread. Raises Invalid if it is none, or would unpack to too much."""
    templates.find(kind, by)
    jobs.few_under_way(Import, (I.WAITING, I.CHECKING, I.QUEUED, I.WRITING), by=by)
    with workbooks.opened(upload):
        pass
    upload.seek(0)
    scanning.check(upload.read())
    upload.seek(0)
    sha256 = hashlib.file_digest(upload, "sha256").hexdigest()
    size = upload.tell()
    upload.seek(0)
    with transaction.atomic():
        job = Import(
            owner_id=by.user_id,
            organisation_id=by.organisation_id,
            province=by.seats[0].province,
            kind=kind,
            language=translation.get_language() or "zh-hans",
            params={name: value for name, value in (params or {}).items() if name in PARAMS and value},
            file_name=shown_name(getattr(upload, "name", "") or "", "xlsx"),
            size=size,
            sha256=sha256,
            asked_at=at,
            expires_at=at + jobs.KEPT,
        )
        job.file.save(f"{uuid.uuid4().hex}.xlsx", File(upload), save=False)
        job.save(force_insert=True)
        record(job, "hand_in", by=by, at=at, changes={"kind": kind, "file": job.file_name, "sha256": sha256})
    return job


def commit(job: Import, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Import:
    """The owner has read the check and wants it written. The same content, handed in again, is not written a second time."""
    twin = Import.objects.filter(
        organisation_id=job.organisation_id, kind=job.kind, content_sha256=job.content_sha256, state__in=Import.TAKEN
    )
    earlier = twin.exclude(pk=job.pk).select_related("owner").first()
    if earlier is not None:
        raise _once_already(earlier)
    try:
        with transaction.atomic():
            return take(IMPORT_STEPS, "commit", job, by=by, at=at, seen=seen, note=note)
    except IntegrityError:
        raise _once_already(twin.exclude(pk=job.pk).get()) from None


def stop(job: Import, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Import:
    """Between two batches. What is written stays; committed again it goes on."""
    return take(IMPORT_STEPS, "stop", job, by=by, at=at, seen=seen, note=note)


def cancel(job: Import, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Import:
    return take(IMPORT_STEPS, "cancel", job, by=by, at=at, seen=seen, note=note, changes={"finished_at": at})


def forget_files(*, at: dt.datetime) -> int:
    """Delete the files whose time is over; what became of each row stays. How many."""
    due = list(
        Import.objects.filter(expires_at__lte=at).exclude(file="").exclude(state__in=(I.QUEUED, I.WRITING)).order_by("pk")[:FILES_AT_ONCE]
    )
    for job in due:
        names = [name for name in (job.file.name, job.marked.name) if name]
        Import.objects.filter(pk=job.pk).update(file="", marked="")
        for name in names:
            job.file.storage.delete(name)
    return len(due)


def _once_already(earlier: Import) -> Conflict:
    told = {"file": earlier.file_name, "at": f"{timezone.localtime(earlier.asked_at):%Y-%m-%d %H:%M}"}
    return Conflict(
        _("内容相同的文件已经导入过：%(at)s 的“%(file)s”。") % told,
        code="imported_already",
        remedy=_("同一内容只写入一次；如需再次修改，请重新导出最新的内容。"),
    )
