"""公开数据: what a province published of its figures, for anybody to read and to check by its digest."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from deals.models import PublishedFigures
from deals.monitoring import evenness, publishing
from deals.monitoring.funnel import LABELS
from deals.monitoring.sql import STAGES
from portal.page import attached, page_of, render


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    rows = PublishedFigures.objects.order_by("-on", "-pk")
    return render(request, "portal/figures/list.html", {"page": page_of(rows, request)})


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(PublishedFigures, pk=pk)
    told = publishing.read(row)
    context = {
        "row": row,
        "told": told,
        "stages": [(LABELS[stage], told["total"][stage]) for stage in STAGES],
        "labels": [LABELS[stage] for stage in STAGES],
        "cities": [(city["name"], [(LABELS[stage], city["stages"][stage]) for stage in STAGES]) for city in told["cities"]],
        "indexes": [(evenness.OF[one["what"]], one) for one in told["indexes"]],
    }
    return render(request, "portal/figures/detail.html", context)


@require_safe
def data(_request: HttpRequest, pk: int) -> HttpResponse:
    """Byte for byte what the digest is of."""
    row = get_object_or_404(PublishedFigures, pk=pk)
    return attached(row.text.encode(), name=f"figures-{row.on}.json", content_type="application/json")
