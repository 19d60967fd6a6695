"""The dry run of an import: every cell read, every rule asked, nothing kept; what is wrong comes back in the file itself."""

import datetime as dt
import hashlib
import json
import logging
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.core.files import File
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import translation
from openpyxl.utils import get_column_letter

from common.errors import DomainError, Invalid, Problem
from common.steps import take
from exchange import jobs, workbooks
from exchange.importers import IMPORTERS, Entry, Importer
from exchange.importers.importer import Mark
from exchange.jobs import Clock
from exchange.marking import mark
from exchange.models import Import
from exchange.outliers import Amounts
from exchange.states import IMPORT_STEPS
from exchange.tables import Row
from organisations.actors import Person, system

log = logging.getLogger(__name__)

CHUNK = 500
MARKS_MAX = 5_000
TOLD_MAX = 200


@dataclass
class Found:
    """What a check has found. Marks beyond MARKS_MAX are counted and no more."""

    rows: int = 0
    digest: str = ""
    faults: int = 0
    marks: list[Mark] = field(default_factory=list)
    doubtful: list[Mark] = field(default_factory=list)
    of_file: list[Problem] = field(default_factory=list)

    def add(self, marks: Iterable[Mark]) -> None:
        for one in marks:
            self.faults += 1
            if len(self.marks) < MARKS_MAX:
                self.marks.append(one)

    @property
    def is_sound(self) -> bool:
        return not (self.faults or self.of_file)


def check(job: Import, *, at: dt.datetime, clock: Clock) -> None:
    """Delivered twice, late or to a second worker it is done once."""
    if not jobs.begin(IMPORT_STEPS, "check", job, running=Import.State.CHECKING, at=at, clock=clock):
        return
    with worker(job, "fail", at=at), translation.override(job.language):
        try:
            with opened(job, by=jobs.owner_of(job, at=at), at=at) as importer:
                found = examine(importer, heard=lambda rows: jobs.heard(job, clock=clock, rows_done=rows))
        except Invalid as refused:
            found = Found(of_file=list(refused.problems))
        _land(job, found, at=at, clock=clock)


@contextmanager
def worker(job: Import, verb: str, *, at: dt.datetime) -> Iterator[None]:
    """Whatever happens to a worker ends in a state that its owner can read; of its insides nothing is told."""
    try:
        yield
    except jobs.Superseded:
        log.info("import %s was stopped or taken over", job.pk)
    except DomainError as error:
        jobs.give_up(IMPORT_STEPS, verb, job, str(error), at=at)
    except Exception:
        log.exception("import %s broke", job.pk)
        jobs.give_up(IMPORT_STEPS, verb, job, str(jobs.BROKEN), at=at)


@contextmanager
def opened(job: Import, *, by: Person, at: dt.datetime) -> Iterator[Importer]:
    with job.file.open("rb") as stored, workbooks.opened(stored) as book:
        yield IMPORTERS[job.kind](book, by=by, at=at, params=job.params)


def chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def examine(importer: Importer, *, heard: Any) -> Found:
    """Read all of it. `heard` is told how many rows were read, and may end it by raising."""
    found, digest, amounts = Found(), hashlib.sha256(), Amounts(importer.table)
    for rows in chunks(importer.table.rows()):
        entries = importer.read(rows)
        if importer.rehearses:
            _rehearse(importer, entries)
        amounts.add(rows)
        for entry in entries:
            digest.update(_content(entry))
            if entry.problems:
                found.add(importer.marks(entry))
        found.rows += len(rows)
        heard(found.rows)
    found.add(importer.left_over())
    found.doubtful = amounts.doubtful()
    found.digest = digest.hexdigest()
    return found


def _rehearse(importer: Importer, entries: Sequence[Entry]) -> None:
    """Take the steps, and take them back: what would refuse a row now is said now, by the step itself."""
    with transaction.atomic():
        importer.write([entry for entry in entries if entry.is_sound])
        transaction.set_rollback(True)


def _content(entry: Entry) -> bytes:
    """What a row says, whatever program saved it: so that the same content is known again."""
    said = [entry.row.cells, *(row.cells for row in entry.hanging)]
    return json.dumps(said, sort_keys=True, cls=DjangoJSONEncoder, ensure_ascii=False).encode()


def _land(job: Import, found: Found, *, at: dt.datetime, clock: Clock) -> None:
    marked = keep_marked(job, found.marks, found.doubtful)
    told = {
        "rows": found.rows,
        "rows_done": found.rows,
        "content_sha256": found.digest,
        "faulty_cells": found.faults,
        "faults": [*(_told(0, problem.field, problem) for problem in found.of_file), *shown(found.marks)],
        "warnings": shown(found.doubtful),
        "marked": marked,
    }
    facts = {"rows": found.rows, "faulty_cells": found.faults, "content_sha256": found.digest}
    with transaction.atomic():
        jobs.heard(job, clock=clock, **told)
        verb = "find_sound" if found.is_sound and found.rows else "find_faulty"
        take(IMPORT_STEPS, verb, job, by=system(at), at=at, seen=job.version, facts=facts)


def keep_marked(job: Import, wrong: Sequence[Mark], doubtful: Sequence[Mark] = ()) -> str:
    """The file with its marks, kept beside it; its name, empty if there is nothing to mark."""
    if not (wrong or doubtful):
        return ""
    with job.file.open("rb") as stored, tempfile.TemporaryFile() as kept:
        mark(stored, kept, wrong=wrong, doubtful=doubtful)
        kept.seek(0)
        return str(job.marked.storage.save(job.marked.field.generate_filename(job, f"{uuid.uuid4().hex}.xlsx"), File(kept)))


def shown(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """The first of them for the page, sheet by sheet and row by row."""
    return [_told(one.row, one.column, one.problem, sheet=one.sheet, place=one.place) for one in marks[:TOLD_MAX]]


def _told(row: int, name: str, problem: Problem, *, sheet: str = "", place: int = 0) -> dict[str, Any]:
    words = {"code": problem.code, "message": str(problem.message), "remedy": str(problem.remedy)}
    return {"sheet": sheet, "row": row, "letter": get_column_letter(place) if place else "", "field": name} | words
