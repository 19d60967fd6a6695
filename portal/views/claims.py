"""Subsidy claims: who asked for what, what was cut and why, whose decision it is. Approval itself is made in the admin."""

from django.contrib.admin.sites import site
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deals.subsidies import caps
from deals.subsidies.actions import CLAIM_ACTIONS
from deals.subsidies.carrying import lines_of
from deals.subsidies.models import SubsidyClaim
from deals.subsidies.states import STEPS_OF_CHANNEL
from organisations.actors import Person
from portal import moves, reads
from portal.access import is_bank, is_finance, is_firm, require, sees_filings, signed_in
from portal.page import page_of, render, tabs_of
from portal.panel import Refused, life

C = SubsidyClaim.State
TABS = (
    ("", _("办理中"), (C.FILED, C.EVIDENCED, C.REVIEWED)),
    ("forecast", _("已测算"), (C.FORECAST,)),
    ("approved", _("待拨付"), (C.APPROVED, C.RECORDED)),
    ("ended", _("已办结"), (C.SETTLED, C.REFUSED)),
)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(is_firm(by) or is_bank(by) or is_finance(by) or sees_filings(by))
    tabs, tab, found = tabs_of(reads.claims(by), TABS, request)
    rows = page_of(found.order_by("period_end", "pk"), request, found=tab.rows)
    for row in rows:
        row.move = moves.of_claim(row, by)
    context = {
        "page": rows,
        "tabs": tabs,
        "state": tab.value,
        "total": found.order_by().aggregate(requested=Sum("requested", filter=Q(carried=0)), eligible=Sum("eligible"), paid=Sum("paid")),
        "is_finance": is_finance(by),
        "admin": admin_url() if request.user.is_staff else "",  # type: ignore[union-attr]  # signed in
    }
    return render(request, "portal/claim/list.html", context, by=by)


def admin_url(claim: SubsidyClaim | None = None) -> str:
    """Where the deciding office approves, if the admin knows claims."""
    if not site.is_registered(SubsidyClaim):
        return ""
    return reverse("admin:deals_subsidyclaim_change", args=[claim.pk]) if claim else reverse("admin:deals_subsidyclaim_changelist")


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.claims(by), pk=pk))


def page(request: HttpRequest, by: Person, claim: SubsidyClaim, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    steps = STEPS_OF_CHANNEL[claim.scheme.channel]
    context = {
        "claim": claim,
        "move": moves.of_claim(claim, by),
        "doubt": reads.recoveries(by).filter(deal=claim.deal_id, scheme=claim.scheme_id).order_by("-pk").first(),
        "lines": list(lines_of(claim)),
        "cuts": caps.told(claim.cuts),
        "siblings": list(
            reads.claims(by).filter(deal=claim.deal_id, scheme=claim.scheme_id, period_end=claim.period_end).exclude(pk=claim.pk)
        ),
        **life("claims", claim, steps, by, refused=refused, only=CLAIM_ACTIONS),
        "admin": admin_url(claim) if request.user.is_staff else "",  # type: ignore[union-attr]  # signed in
    }
    return render(request, "portal/claim/detail.html", context, by=by, status=status)
