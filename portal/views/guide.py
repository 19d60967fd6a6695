"""Before anybody signs in: may we apply, with which papers; and the notices of the policy."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from common.errors import DomainError
from organisations.clock import now
from organisations.entering import read
from organisations.models import PolicyNotice
from portal.inputs import draw
from portal.page import page_of, render
from projects import asking


@require_http_methods(["GET", "POST"])
def can_i_apply(request: HttpRequest) -> HttpResponse:
    """A few questions; nothing of the answers is kept."""
    error: DomainError | None = None
    found = None
    if request.method == "POST":
        try:
            values = read(asking.QUESTIONS, request.POST)
            found = asking.answer(values, on=timezone.localdate(now()))
        except DomainError as refused:
            error = refused
    problems = error.problems if error else found or ()
    context = {
        "fields": draw(asking.QUESTIONS, prefix="ask", typed=request.POST if request.method == "POST" else None, problems=problems),
        "answered": found is not None,
        "problems": found,
        "papers": asking.PAPERS,
        "error": error,
    }
    return render(request, "portal/guide/can_i_apply.html", context, status=error.status if error else 200)


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate(now())
    rows = PolicyNotice.objects.in_force(on=today).order_by("-published_on", "-pk")
    return render(request, "portal/guide/notices.html", {"page": page_of(rows, request)})


@require_safe
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """One that is out of force can still be read, and says so."""
    today = timezone.localdate(now())
    row = get_object_or_404(PolicyNotice, pk=pk, published_on__lte=today)
    return render(request, "portal/guide/notice.html", {"row": row, "is_over": row.valid_to is not None and row.valid_to < today})
