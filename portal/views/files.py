"""Papers of a filing: taken in from the firm, handed out to whoever may see the filing, always as a download."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.errors import DomainError
from organisations.actors import Person
from portal import reads
from portal.access import signed_in
from projects import attachments
from projects.models import ProjectFile


@require_POST
@signed_in
def attach(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    filing = get_object_or_404(reads.filings(by), pk=pk)
    chosen = request.FILES.getlist("upload")
    for upload in chosen:
        try:
            row = attachments.attach(filing, kind=request.POST.get("kind", ""), upload=upload, by=by, at=by.at)
        except DomainError as error:
            messages.error(request, _("“%(name)s”未上传：%(why)s") % {"name": upload.name, "why": error})
        else:
            messages.success(request, _("已上传：%(name)s") % {"name": row.name})
    if not chosen:
        messages.error(request, _("没有选择文件。"))
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
        answer = HttpResponse(stored.read(), content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=row.name)
    return answer
