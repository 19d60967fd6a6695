"""Papers of a filing: taken in from the firm, handed out to whoever may see the filing, always as a download."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from exchange import case_file
from organisations.actors import Person
from portal import reads
from portal.access import require, signed_in
from portal.page import attached, take_uploads
from projects import attachments
from projects.models import ProjectFile
from projects.states import by_firm


@require_POST
@signed_in
def attach(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    filing = get_object_or_404(reads.filings(by), pk=pk)
    require(by_firm(filing, by))
    take_uploads(request, lambda upload: attachments.attach(filing, kind=request.POST.get("kind", ""), upload=upload, by=by, at=by.at))
    return redirect("filing", pk)


@require_POST
@signed_in
def detach(request: HttpRequest, by: Person, pk: int, file_pk: int) -> HttpResponse:
    filing = get_object_or_404(reads.filings(by), pk=pk)
    attachments.detach(get_object_or_404(ProjectFile, pk=file_pk, filing=filing), by=by, at=by.at)
    messages.success(request, _("已删除。"))
    return redirect("filing", pk)


@signed_in
def download(_request: HttpRequest, by: Person, pk: int, file_pk: int) -> HttpResponse:
    """As bytes to be saved, under its own name: no browser runs or shows it inside the site."""
    filing = get_object_or_404(reads.filings(by), pk=pk)
    row = get_object_or_404(ProjectFile, pk=file_pk, filing=filing)
    with row.content.open("rb") as stored:
        return attached(stored.read(), name=row.name)


@signed_in
def archive(_request: HttpRequest, by: Person, pk: int) -> StreamingHttpResponse:
    """The case's whole life as one archive, sent as it is written; that it was taken is on record."""
    filing = get_object_or_404(reads.filings(by), pk=pk)
    answer = StreamingHttpResponse(case_file.stream(case_file.pack(filing, by=by, at=by.at)), content_type="application/zip")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=case_file.file_name(filing))
    return answer
