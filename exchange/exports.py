"""Exports: what a list shows this person under these filters, written by a worker, kept a week, for its owner alone.

Asked again at each download: whether the owner may still see every row that stands in the file.
"""

import datetime as dt
import hashlib
import logging
import tempfile
import uuid
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import IO, Any

from django.core.files import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Problem
from common.steps import record, take
from exchange import jobs
from exchange.jobs import Clock
from exchange.listings import LISTINGS, Listing
from exchange.models import Export
from exchange.states import EXPORT_STEPS
from exchange.writing import Writer
from organisations.actors import Person, system

log = logging.getLogger(__name__)

AT_ONCE = 1_000  # rows written while the person waits
ROWS_MAX = 200_000
CHUNK = 500
HEARTBEAT_S = 1.0
Filters = Mapping[str, Sequence[str]]


def ask(kind: str, filters: Filters, *, by: Person, at: dt.datetime) -> Export:
    """Ask for a list as a workbook, in the reader's language. Recorded: who, which list, which filters, how many rows."""
    listing = LISTINGS.get(kind)
    if listing is None:
        raise NotFound(_("没有名为“%(kind)s”的列表。") % {"kind": kind})
    if by.user_id is None or not by.seats:
        raise NotAllowed
    jobs.few_under_way(Export, (Export.State.WAITING, Export.State.RUNNING), by=by)
    kept = {name: list(values) for name, values in filters.items()}
    rows = listing.rows(by, kept).count()
    if rows > ROWS_MAX:
        message = _("共 %(rows)s 行，超过一次导出的上限 %(limit)s 行。") % {"rows": rows, "limit": ROWS_MAX}
        raise Invalid([Problem("filters", "too_many_rows", message, _("请缩小筛选范围，分几次导出。"))])
    with transaction.atomic():
        export = Export.objects.create(
            owner_id=by.user_id,
            organisation_id=by.organisation_id,
            province=by.seats[0].province,
            kind=kind,
            language=translation.get_language() or "zh-hans",
            filters=kept,
            rows=rows,
            asked_at=at,
        )
        record(export, "ask", by=by, at=at, changes={"kind": kind, "filters": kept, "rows": rows})
    return export


def run(export: Export, *, at: dt.datetime, clock: Clock) -> None:
    """Write it. Delivered twice, late or to a second worker it changes nothing: the state and the attempt decide."""
    if not jobs.begin(EXPORT_STEPS, "begin", export, running=Export.State.RUNNING, at=at, clock=clock):
        return
    try:
        with tempfile.TemporaryFile() as kept, translation.override(export.language):
            written = _write(export, kept, at=at, clock=clock)
            _land(export, written, kept, at=at, clock=clock)
    except jobs.Superseded:
        log.info("export %s was cancelled or taken over", export.pk)
    except DomainError as error:
        jobs.give_up(EXPORT_STEPS, "fail", export, str(error), at=at, finished_at=at)
    except Exception:
        log.exception("export %s broke", export.pk)
        jobs.give_up(EXPORT_STEPS, "fail", export, str(jobs.BROKEN), at=at, finished_at=at)


def cancel(export: Export, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Export:
    return take(EXPORT_STEPS, "cancel", export, by=by, at=at, seen=seen, note=note, changes={"finished_at": at})


def open_file(export: Export, *, by: Person, at: dt.datetime) -> IO[bytes]:
    """The file, for its owner, as long as they may see all of what stands in it. Each download is recorded."""
    if export.state != Export.State.DONE or export.expires_at is None or export.expires_at <= at:
        raise Conflict(_("文件尚未生成，或已过期删除。"), code="no_file", remedy=_("请重新导出。"))
    if not _may_still_see(export, by):
        raise NotAllowed(_("文件中有您现在已无权查看的内容，不能下载。"), code="rights_changed", remedy=_("请按现在的权限重新导出。"))
    record(export, "download", by=by, at=at)
    return export.file.open("rb")


def expire_due(*, at: dt.datetime) -> int:
    """Delete the files whose time is over; how many."""
    due = list(Export.objects.filter(state=Export.State.DONE, expires_at__lte=at).order_by("pk")[:CHUNK])
    for export in due:
        stored = export.file.name
        with transaction.atomic():
            Export.objects.filter(pk=export.pk).update(file="", row_ids=[], open_ids=[])
            take(EXPORT_STEPS, "expire", export, by=system(at), at=at, seen=export.version)
        Export.file.field.storage.delete(stored)
    return len(due)


def file_name(export: Export) -> str:
    return f"{LISTINGS[export.kind].label}-{timezone.localtime(export.asked_at):%Y%m%d-%H%M}.xlsx"


@dataclass
class _Written:
    """Which rows went out, and of which of them the whole file was shown."""

    ids: "array[int]" = field(default_factory=lambda: array("q"))
    open_ids: "array[int]" = field(default_factory=lambda: array("q"))


def _write(export: Export, kept: IO[bytes], *, at: dt.datetime, clock: Clock) -> _Written:
    by = jobs.owner_of(export, at=at)
    listing = LISTINGS[export.kind]
    written = _Written()
    columns = listing.columns()
    with Writer() as writer:
        sheet = writer.sheet(str(listing.label), columns, validated=True)
        parts = [(part, shown := part.columns(), writer.sheet(str(part.title), shown)) for part in listing.parts]
        for row in _heard(export, listing.rows(by, export.filters), written, clock):
            writer.append(sheet, columns, row)
            for part, shown, inner in parts:
                for item in part.rows(row):
                    writer.append(inner, shown, item)
        writer.note(now("说明"), _about(export, listing, by, len(written.ids)))
        writer.save(kept)
    return written


def _heard(export: Export, rows: QuerySet[Any], written: _Written, clock: Clock) -> Iterator[Any]:
    """The rows through one cursor, as the list stood when it began; the owner hears how far it is, and may cancel."""
    told = monotonic()
    with transaction.atomic():
        for row in rows.iterator(chunk_size=CHUNK):
            yield row
            written.ids.append(row.pk)
            if getattr(row, "may_open", False):
                written.open_ids.append(row.pk)
            if monotonic() - told > HEARTBEAT_S:
                jobs.heard(export, clock=clock, rows_done=len(written.ids))
                told = monotonic()


def _about(export: Export, listing: Listing, by: Person, rows: int) -> list[tuple[str, str]]:
    filters = "；".join(f"{name} = {'、'.join(values)}" for name, values in export.filters.items() if any(values))
    return [
        (now("列表"), str(listing.label)),
        (now("导出人"), by.label),
        (now("导出时间"), f"{timezone.localtime(export.asked_at):%Y-%m-%d %H:%M}"),
        (now("筛选条件"), filters or now("无")),
        (now("行数"), str(rows)),
        (now("单位"), now("金额为万元，利率为百分数。")),
        (now("再导入"), now("黄色表头的列可以修改后导入；请保留“编号”和“版本”两列，他人已更新的行会被拒绝并指明。")),
    ]


def _land(export: Export, written: _Written, kept: Any, *, at: dt.datetime, clock: Clock) -> None:
    size = kept.tell()
    kept.seek(0)
    sha256 = hashlib.file_digest(kept, "sha256").hexdigest()
    kept.seek(0)
    stored = export.file.storage.save(export.file.field.generate_filename(export, f"{uuid.uuid4().hex}.xlsx"), File(kept))
    facts = {"rows": len(written.ids), "sha256": sha256}
    try:
        with transaction.atomic():
            jobs.heard(
                export,
                clock=clock,
                file=stored,
                size=size,
                sha256=sha256,
                row_ids=list(written.ids),
                open_ids=list(written.open_ids),
                rows=len(written.ids),
                rows_done=len(written.ids),
                finished_at=at,
                expires_at=at + jobs.KEPT,
            )
            take(EXPORT_STEPS, "finish", export, by=system(at), at=at, seen=export.version, facts=facts)
    except BaseException:
        export.file.storage.delete(stored)
        raise


def _may_still_see(export: Export, by: Person) -> bool:
    visible = LISTINGS[export.kind].resource.visible(by)
    whole = set(export.row_ids)
    if _count(visible.filter(pk__in=whole)) != len(whole):
        return False
    return not export.open_ids or _count(visible.filter(pk__in=export.open_ids, may_open=True)) == len(export.open_ids)


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by().values("pk").distinct().count()
