"""The province at a glance: reserve by municipal unit, the funnel, the tiles."""

from django.http import HttpRequest, HttpResponse

from organisations.actors import Person
from portal import figures
from portal.access import is_reviewer, oversees, require, signed_in
from portal.page import render
from portal.views.filings import municipals


@signed_in
def adequacy(request: HttpRequest, by: Person) -> HttpResponse:
    """Is there enough in reserve, unit by unit? A county directly under the province stands here as a municipal unit, once."""
    require(is_reviewer(by) or oversees(by))
    rows = figures.places(by, list(municipals(by)))
    if not oversees(by):
        rows = [row for row in rows if row.filings]
    return render(request, "portal/province/adequacy.html", {"rows": rows, "total": figures.total(rows)}, by=by)


@signed_in
def progress(request: HttpRequest, by: Person) -> HttpResponse:
    require(oversees(by))
    rows = figures.places(by, list(municipals(by)))
    context = {"funnel": figures.funnel(by), "places": rows, "is_mapped": all(row.tile for row in rows), "total": figures.total(rows)}
    return render(request, "portal/province/progress.html", context, by=by)
