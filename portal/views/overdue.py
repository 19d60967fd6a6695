"""督办: what is overdue, whose it is and since when. Nothing is decided here and no case is taken away."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.models import Deadline
from common.steps import subject_of
from deals.models import Deal, Invitation, SecondDocking
from organisations.actors import Person
from organisations.models import Organisation
from portal import reads
from portal.access import require, sees_filings, signed_in
from portal.page import page_of, render
from projects.models import Filing

KINDS = {  # of clocks, as the officers call them
    "review": _("审核"),
    "correction": _("企业修改"),
    "escalation": _("多次退回关注"),
    "consultation": _("会商答复"),
    "contact": _("首次联系"),
    "consent": _("企业同意公开"),
    "decision": _("银行办理"),
    "choice": _("企业选择"),
    "materials": _("企业补充材料"),
    "meeting": _("四方会商"),
}
MOST = 1000  # each is looked up at its case before it counts
SUBJECTS = (
    (Filing, reads.filings, "filing"),
    (Invitation, reads.invitations, "invitation"),
    (Deal, reads.deals, "deal"),
    (SecondDocking, reads.dockings, "second-docking"),
)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(sees_filings(by))
    seen = Q(pk__in=[])
    for model, _rows, _page in SUBJECTS:
        seen |= Q(subject=subject_of(model())) & Q(Exists(model.objects.visible_to(by).filter(pk=OuterRef("subject_id"))))
    late = Deadline.objects.filter(seen, closed_at=None, paused_at=None, due_at__lt=by.at).order_by("due_at", "pk")
    rows = page_of(late, request, most=MOST)
    rows.object_list = _told(list(rows.object_list), by)
    return render(request, "portal/overdue.html", {"page": rows}, by=by)


def _told(late: Sequence[Deadline], by: Person) -> list[dict[str, Any]]:
    """Each clock with its case and its office: a handful of queries for a page of them."""
    offices = dict(Organisation.objects.filter(pk__in={row.organisation_id for row in late}).values_list("pk", "name"))
    found: dict[tuple[str, int], tuple[Any, str]] = {}
    for model, rows, page in SUBJECTS:
        subject = subject_of(model())
        wanted = [row.subject_id for row in late if row.subject == subject]
        for obj in rows(by).filter(pk__in=wanted) if wanted else ():
            found[subject, obj.pk] = obj, reverse(page, args=[obj.pk])
    return [
        {
            "case": getattr(obj, "filing", obj),
            "url": url,
            "office": offices.get(row.organisation_id, ""),
            "kind": KINDS.get(row.kind, row.kind),
            "due": row.due_at,
        }
        for row in late
        for obj, url in [found[row.subject, row.subject_id]]
    ]
