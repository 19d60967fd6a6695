"""追回: what is asked of whom, by when and why; what a decision takes of each claim; what came back."""

from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from deals.models import Recovery, RecoveryPart, RecoveryReceipt
from deals.recovery.actions import RECOVERY_ACTIONS
from deals.recovery.states import RECOVERY_STEPS
from organisations.actors import Person
from portal import moves, reads
from portal.access import is_bank, is_finance, is_firm, require, sees_filings, signed_in
from portal.page import page_of, render, tabs_of
from portal.panel import Refused, life

R = Recovery.State
TABS = (
    ("", _("办理中"), Recovery.IN_DOUBT),
    ("decided", _("待收回"), (R.DECIDED, R.REFERRED)),
    ("ended", _("已办结"), Recovery.ENDED),
)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(is_firm(by) or is_bank(by) or is_finance(by) or sees_filings(by))
    tabs, tab, found = tabs_of(reads.recoveries(by), TABS, request)
    rows = page_of(found.order_by("-id"), request, found=tab.rows)
    shown = list(rows)
    due = moves.open_deadlines(shown)
    for row in shown:
        row.move = moves.of_recovery(row, by, due.get(row.pk))
    rows.object_list = shown
    total = found.order_by().aggregate(due=Sum("amount"), back=Sum("recovered"), left=Sum(F("amount") - F("recovered")))
    return render(request, "portal/recovery/list.html", {"page": rows, "tabs": tabs, "state": tab.value, "total": total}, by=by)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.recoveries(by), pk=pk))


def page(request: HttpRequest, by: Person, recovery: Recovery, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    context = {
        "recovery": recovery,
        "move": moves.of_recovery(recovery, by, moves.open_deadlines([recovery]).get(recovery.pk)),
        "parts": list(RecoveryPart.objects.filter(recovery=recovery).select_related("claim").order_by("claim__period_end", "pk")),
        "receipts": list(RecoveryReceipt.objects.filter(recovery=recovery).order_by("on", "pk")),
        **life("recoveries", recovery, RECOVERY_STEPS, by, refused=refused, only=RECOVERY_ACTIONS),
    }
    return render(request, "portal/recovery/detail.html", context, by=by, status=status)
