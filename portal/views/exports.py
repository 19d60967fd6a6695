"""我的导出: what a person asked for as a workbook, how far it is, and the file, for its owner alone."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from exchange import dispatch, exports
from exchange.actions import EXPORT_ACTIONS
from exchange.jobs_api import file_of
from exchange.listings import LISTINGS
from exchange.models import Export
from exchange.states import EXPORT_STEPS
from organisations.actors import Person
from organisations.idempotency import Answer
from portal import reads
from portal.access import signed_in
from portal.page import once, page_of, polled, render
from portal.panel import Refused, life

E = Export.State
RUNNING = (E.WAITING, E.RUNNING)
FILTER = "filter."


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    rows = page_of(reads.exports(by).order_by("-pk"), request)
    for row in rows:
        row.label = label_of(row)
    return render(request, "portal/export/list.html", {"page": rows}, by=by)


@require_POST
@signed_in
def new(request: HttpRequest, by: Person) -> HttpResponse:
    """From a list page. A small one is there at once; for a large one the person is shown how far it is."""
    export = get_object_or_404(reads.exports(by), pk=once(request, by, lambda: _ask(request.POST, by)))
    if export.state == E.DONE:
        return redirect("export-file", export.pk)
    messages.info(request, _("已开始导出，共 %(rows)s 行，完成后在此下载。") % {"rows": export.rows})
    return redirect("export", export.pk)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.exports(by), pk=pk))


def page(request: HttpRequest, by: Person, export: Export, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    context = _shown(export) | {
        **life("exports", export, EXPORT_STEPS, by, refused=refused, only=EXPORT_ACTIONS),
    }
    return render(request, "portal/export/detail.html", context, by=by, status=status)


@signed_in
def status(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Asked for every second while it is written."""
    return polled(request, "portal/export/status.html", _shown(get_object_or_404(reads.exports(by), pk=pk)), by=by)


@signed_in
def file(_request: HttpRequest, by: Person, pk: int) -> FileResponse:
    return file_of(get_object_or_404(reads.exports(by), pk=pk), by)


def label_of(export: Export) -> Any:
    listing = LISTINGS.get(export.kind)
    return listing.label if listing else export.kind


def _ask(sent: QueryDict, by: Person) -> Answer:
    names = [name for name in sent if name.startswith(FILTER)]
    filters = {name.removeprefix(FILTER): sent.getlist(name) for name in names}
    return 303, dispatch.begin_export(exports.ask(sent.get("kind", ""), filters, by=by, at=by.at)).pk


def _shown(export: Export) -> dict[str, Any]:
    filters = [(name, "、".join(values)) for name, values in export.filters.items()]
    return {"export": export, "label": label_of(export), "filters": filters, "is_running": export.state in RUNNING}
