"""The writing of a checked import, batch by batch: each batch one transaction with the import's own place in the file."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count
from django.utils import translation

from common.steps import insert_rows, take
from exchange import checking, jobs
from exchange.importers import Entry, Importer, Written
from exchange.importers.importer import Mark, Outcome
from exchange.jobs import Clock
from exchange.models import Import, ImportedRow
from exchange.states import IMPORT_STEPS
from organisations.actors import system

TOLD_MAX = 500


def write(job: Import, *, at: dt.datetime, clock: Clock) -> None:
    """Write the rows after the last one written. Delivered twice, late or to a second worker it writes no row twice."""
    if not jobs.begin(IMPORT_STEPS, "begin", job, running=Import.State.WRITING, at=at, clock=clock):
        return
    with checking.worker(job, "break_off", at=at), translation.override(job.language):
        refused: list[Mark] = []
        done = ImportedRow.objects.filter(of_import=job).count()
        with checking.opened(job, by=jobs.owner_of(job, at=at), at=at) as importer:
            for rows in checking.chunks(importer.table.rows()):
                entries = [entry for entry in importer.read(rows) if entry.row.number > job.written_to]
                done += len(entries)
                refused += _write_batch(job, importer, entries, done, clock=clock)
        _finish(job, refused, at=at)


def _write_batch(job: Import, importer: Importer, entries: Sequence[Entry], done: int, *, clock: Clock) -> list[Mark]:
    """Rows, what became of each, and how far the file has been written: all of it or none. Marks for what was refused."""
    if not entries:
        return []
    with transaction.atomic():
        jobs.heard(job, clock=clock, written_to=entries[-1].row.number, rows_done=done)
        results = importer.write([entry for entry in entries if entry.is_sound])
        refused = [entry for entry in entries if not entry.is_sound]
        told = {result.number for result in results}
        results += [_refused(entry) for entry in refused if entry.row.number not in told]
        insert_rows([_as_row(job, result) for result in results])
    return [one for entry in refused for one in importer.marks(entry)]


def _refused(entry: Entry) -> Written:
    return Written(entry.row.number, Outcome.REFUSED, getattr(entry.obj, "pk", None), " ".join(map(str, entry.problems)))


def _as_row(job: Import, result: Written) -> ImportedRow:
    return ImportedRow(of_import=job, number=result.number, outcome=result.outcome, object_id=result.object_id, told=result.told[:TOLD_MAX])


def _finish(job: Import, refused: Sequence[Mark], *, at: dt.datetime) -> None:
    counted = outcomes(job)
    marked = checking.keep_marked(job, refused)
    changes = {"finished_at": at}
    with transaction.atomic():
        if refused:
            Import.objects.filter(pk=job.pk).update(marked=marked, faults=checking.shown(refused), faulty_cells=len(refused))
        take(IMPORT_STEPS, "finish", job, by=system(at), at=at, seen=job.version, changes=changes, facts=counted)


def outcomes(job: Import) -> dict[str, int]:
    """How many rows were created, changed, left as they were, refused."""
    counted = dict(ImportedRow.objects.filter(of_import=job).values_list("outcome").annotate(Count("pk")).order_by())
    return {outcome: counted.get(outcome, 0) for outcome in Outcome.values}
