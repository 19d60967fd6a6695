"""替岗安排: who stands in for whom, and from when to when; named by the officer or the office's administrator."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.errors import DomainError
from organisations import covers
from organisations.actors import Person
from organisations.entering import read
from organisations.models import Cover
from portal.access import require, signed_in
from portal.inputs import draw
from portal.page import page_of, render


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(covers.may_name(by))
    error: DomainError | None = None
    params = covers.params(by)
    if request.method == "POST":
        try:
            row = covers.name(**read(params, request.POST), by=by, at=by.at)
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, _("已安排：%(cover)s。") % {"cover": row})
            return redirect("covers")
    rows = Cover.objects.visible_to(by).select_related("absent", "deputy", "organisation", "ended_by").order_by("-to_on", "-pk")
    page = page_of(rows, request)
    today = timezone.localdate(by.at)
    for row in page:
        row.is_over = row.ended_at is not None or row.to_on < today
        row.is_now = not row.is_over and row.from_on <= today
        row.may_end = covers.may_end(row, by)
    typed = request.POST if error else None
    context = {
        "page": page,
        "fields": draw(params, prefix="cover", typed=typed, problems=error.problems if error else (), likely=_likely(by)),
        "error": error,
    }
    return render(request, "portal/covers.html", context, by=by, status=error.status if error else 200)


@require_POST
@signed_in
def end(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    row = get_object_or_404(Cover.objects.visible_to(by), pk=pk)
    covers.end(row, by=by, at=by.at)
    messages.success(request, _("替岗已结束。"))
    return redirect("covers")


def _likely(by: Person) -> dict[str, str]:
    """One's own absence, from today."""
    own = next((seat for seat in by.seats if seat.absent_id is None), None)
    today = timezone.localdate(by.at).isoformat()
    return {"absent": f"{own.organisation_id}:{by.user_id}" if own else "", "from_on": today}
