"""The province at a glance: reserve by municipal unit, the funnel, the tiles."""

from django.http import HttpRequest, HttpResponse

from organisations.actors import Person
from portal import adequacy as reserve
from portal import figures
from portal.access import oversees, require, sees_filings, signed_in
from portal.page import render
from portal.views.filings import municipals


@signed_in
def adequacy(request: HttpRequest, by: Person) -> HttpResponse:
    """Is there enough in reserve for what the banks would lend: by city, county or bank, for each reader what is theirs to compare."""
    require(sees_filings(by))
    offered = reserve.offered(by)
    wanted = request.GET.get("by", "")
    wanted = wanted if wanted in dict(offered) else offered[0][0]
    rows = reserve.rows(by, wanted)
    context = {
        "rows": rows,
        "wanted": wanted,
        "offered": offered if len(offered) > 1 else (),
        "total": figures.total([row.place for row in rows if row.place]),
        "sum": reserve.total(rows) if wanted == reserve.CITY else None,
    }
    return render(request, "portal/province/adequacy.html", context, by=by)


@signed_in
def progress(request: HttpRequest, by: Person) -> HttpResponse:
    require(oversees(by))
    rows = figures.places(by, list(municipals(by)))
    context = {"funnel": figures.funnel(by), "places": rows, "is_mapped": all(row.tile for row in rows), "total": figures.total(rows)}
    return render(request, "portal/province/progress.html", context, by=by)
