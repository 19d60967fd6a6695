"""企业入驻核验: the unit of the place, and the province where a claim is disputed, look at the papers and decide."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from organisations.actors import Person
from organisations.models import Membership, Registration, Role
from organisations.registering import PAPERS, REGISTRATION_ACTIONS, claims_of
from organisations.states import REGISTRATION_STEPS
from portal.access import require, sees_filings, signed_in
from portal.page import attached, page_of, render, tabs_of
from portal.panel import Refused, life

S = Registration.State
TABS = (("", _("待办"), Registration.OPEN), ("ended", _("已办结"), (S.ADMITTED, S.REFUSED)))


def rows(by: Person) -> QuerySet[Registration]:
    return Registration.objects.visible_to(by).select_related("unit__organisation", "region", "firm")


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(sees_filings(by))
    tabs, tab, found = tabs_of(rows(by), TABS, request)
    shown = page_of(found.order_by("asked_at", "pk"), request, found=tab.rows)
    return render(request, "portal/aboard/list.html", {"page": shown, "tabs": tabs, "state": tab.value}, by=by)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(rows(by), pk=pk))


def page(request: HttpRequest, by: Person, row: Registration, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    context = {
        "row": row,
        "papers": PAPERS,
        "owner": _owner_of(row) if row.state == S.DISPUTED else None,
        "rivals": [other for other in claims_of(row.uscc) if other.pk != row.pk and row.state in Registration.OPEN],
        **life("registrations", row, REGISTRATION_STEPS, by, refused=refused, only=REGISTRATION_ACTIONS),
    }
    return render(request, "portal/aboard/detail.html", context, by=by, status=status)


@signed_in
def paper(_request: HttpRequest, by: Person, pk: int, name: str) -> HttpResponse:
    row = get_object_or_404(rows(by), pk=pk)
    if name not in dict(PAPERS):
        raise Http404
    stored = getattr(row, name)
    with stored.open("rb") as content:
        return attached(content.read(), name=f"{row.firm_name}-{dict(PAPERS)[name]}.{stored.name.rpartition('.')[2]}")


def _owner_of(row: Registration) -> Membership | None:
    owners = Membership.objects.filter(organisation=row.firm_id, role=Role.FIRM_OWNER, valid_to=None)
    return owners.select_related("user").order_by("id").first()
