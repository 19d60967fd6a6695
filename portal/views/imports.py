"""导入: templates to take, workbooks to hand in, what is wrong with which cell, and what became of each row."""

from typing import Any

from django.db.models import Count
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Invalid, Problem
from exchange import dispatch, importing
from exchange.actions import IMPORT_ACTIONS
from exchange.importers import IMPORTERS
from exchange.jobs_api import template_of, workbook_of
from exchange.models import Import, ImportedRow
from exchange.states import IMPORT_STEPS
from organisations.actors import Person
from organisations.idempotency import Answer
from portal import reads
from portal.access import signed_in
from portal.page import once, page_of, polled, render
from portal.panel import Refused, life

I = Import.State  # noqa: E741 -- as in states
RUNNING = (I.WAITING, I.CHECKING, I.QUEUED, I.WRITING)
REFUSED_SHOWN = 200


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """What this person may bring in, and what they have brought. A refused file keeps the page."""
    if request.method != "POST":
        return _index(request, by)
    try:
        pk = once(request, by, lambda: _hand_in(request, by))
    except DomainError as error:
        return _index(request, by, error=error)
    return redirect("import", pk)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.imports(by), pk=pk))


def page(request: HttpRequest, by: Person, job: Import, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    counted = dict(ImportedRow.objects.filter(of_import=job).order_by().values_list("outcome").annotate(Count("pk")))
    context = _shown(job) | {
        "outcomes": [(label, counted[value]) for value, label in ImportedRow.Outcome.choices if value in counted],
        "not_written": list(ImportedRow.objects.filter(of_import=job, outcome="refused").order_by("number")[:REFUSED_SHOWN]),
        **life("imports", job, IMPORT_STEPS, by, refused=refused, only=IMPORT_ACTIONS),
    }
    return render(request, "portal/import/detail.html", context, by=by, status=status)


@signed_in
def status(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Asked for every second while it is checked or written."""
    return polled(request, "portal/import/status.html", _shown(get_object_or_404(reads.imports(by), pk=pk)), by=by)


@signed_in
def marked(_request: HttpRequest, by: Person, pk: int) -> FileResponse:
    return workbook_of(get_object_or_404(reads.imports(by), pk=pk), "marked")


@signed_in
def template(_request: HttpRequest, by: Person, kind: str) -> FileResponse:
    return template_of(kind, by)


def label_of(job: Import) -> Any:
    importer = IMPORTERS.get(job.kind)
    return importer.label if importer else job.kind


def _hand_in(request: HttpRequest, by: Person) -> Answer:
    upload = request.FILES.get("upload")
    if upload is None:
        raise Invalid([Problem("upload", "required", _("没有选择文件。"), _("请选择按模板填写的 Excel 文件。"))])
    job = importing.hand_in(request.POST.get("kind", ""), upload, by=by, at=by.at)
    return 303, dispatch.begin_check(job).pk


def _index(request: HttpRequest, by: Person, *, error: DomainError | None = None) -> HttpResponse:
    rows = page_of(reads.imports(by).order_by("-pk"), request)
    for row in rows:
        row.label = label_of(row)
    context = {
        "page": rows,
        "kinds": [(importer.kind, importer.label) for importer in IMPORTERS.values() if importer.may(by)],
        "chosen": request.POST.get("kind", ""),
        "error": error,
    }
    return render(request, "portal/import/list.html", context, by=by, status=error.status if error else 200)


def _shown(job: Import) -> dict[str, Any]:
    return {
        "job": job,
        "label": label_of(job),
        "is_running": job.state in RUNNING,
        "faults": max(job.faulty_cells, len(job.faults)),
        "more_faults": max(job.faulty_cells - len(job.faults), 0),
    }
