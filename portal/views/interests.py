"""回避申报: an officer declares an interest in a firm or bank, and from then on leaves its cases to others."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common.errors import DomainError
from organisations import interests
from organisations.actors import Person
from organisations.entering import read
from organisations.models import DeclaredInterest
from portal.access import require, signed_in
from portal.inputs import draw
from portal.page import render


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(interests.may_declare(by))
    error: DomainError | None = None
    if request.method == "POST":
        try:
            values = read(interests.PARAMS, request.POST)
            row = interests.declare(interests.find_party(values["party"]), reason=values["reason"], by=by, at=by.at)
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, _("已申报，此后不再办理%(party)s的事项。") % {"party": row.organisation.name})
            return redirect("interests")
    context = {
        "rows": DeclaredInterest.objects.filter(user=by.user_id).select_related("organisation", "ended_by").order_by("ended_at", "-pk"),
        "fields": draw(
            interests.PARAMS, prefix="interest", typed=request.POST if error else None, problems=error.problems if error else ()
        ),
        "error": error,
    }
    return render(request, "portal/interests.html", context, by=by, status=error.status if error else 200)
