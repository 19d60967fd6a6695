"""An invitation to look at a need: the bank's list and page, the firm's consent."""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from deals.actions import INVITATION_ACTIONS
from deals.models import Invitation
from deals.states import INVITATION_STEPS
from matching.explain import why
from matching.models import Recommendation
from organisations.actors import Person
from portal import entries, moves, outline, reads
from portal.access import is_bank, require, signed_in
from portal.page import page_of, render, tabs_of
from portal.panel import Refused, entry_forms, explained, panel
from portal.views.filings import tells_all
from projects.models import EquipmentItem, Filing

S = Invitation.State
TABS = (
    ("", _("待答复"), (S.OPEN, S.VIEWED)),
    ("accepted", _("有意向"), (S.ACCEPTED,)),
    ("ended", _("已结束"), (S.DECLINED, S.EXPIRED, S.LAPSED, S.WITHDRAWN)),
)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """What a bank has been invited to look at, soonest clock first, and the outlines that wait for a firm's consent."""
    require(is_bank(by))
    tabs, tab, found = tabs_of(reads.invitations(by).filter(branch__organisation__in=by.organisation_ids), TABS, request)
    rows = page_of(found.order_by("contact_due_at", "pk"), request, found=tab.rows)
    readable = readable_filings(by, rows)
    for row in rows:
        row.move = moves.of_invitation(row, by)
        row.is_readable = row.filing_id in readable
        row.outline = outline.of_need(row.need)
    context = {"page": rows, "tabs": tabs, "state": tab.value, "outlines": list(outline.awaiting_consent(by)) if tab.value == "" else []}
    return render(request, "portal/invitation/list.html", context, by=by)


def readable_filings(by: Person, rows: Iterable[Invitation]) -> set[int]:
    """Which of these filings were disclosed in full; of the others a bank reads the outline only, even with an invitation in hand."""
    return set(Filing.objects.visible_to(by).filter(pk__in=[row.filing_id for row in rows]).values_list("pk", flat=True))


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.invitations(by), pk=pk))


def page(request: HttpRequest, by: Person, invitation: Invitation, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    """The bank reads the file here if it was disclosed, else the outline; the firm reads why this bank was recommended."""
    filing = reads.filings(by).filter(pk=invitation.filing_id).first()
    need = invitation.need
    is_own = by.seat(invitation.filing.firm_id) is not None
    recommendation = (
        Recommendation.objects.visible_to(by).filter(pk=invitation.recommendation_id).select_related("product").first() if filing else None
    )
    tells_why = recommendation is not None and tells_all(by, filing)  # the reasons name the runner-up: not for another bank's eyes
    facts = entries.of_invitation(invitation, by)
    context = {
        "invitation": invitation,
        "filing": filing,
        "need": need,
        "is_own": is_own,
        "is_bank": by.seat(invitation.branch.organisation_id) is not None,
        "outline": outline.of_need(need),
        "equipment": list(EquipmentItem.objects.filter(project=filing.project_id).order_by("position")) if filing else [],
        "recommendation": recommendation,
        "reasons": why(recommendation) if tells_why else [],
        "move": moves.of_invitation(invitation, by),
        "steps": panel("invitations", invitation, INVITATION_STEPS, by, refused=refused, only=INVITATION_ACTIONS),
        "entries": entry_forms("invitations", invitation, facts, refused=refused),
        "refused": explained(refused, {**INVITATION_STEPS, **facts}),
    }
    return render(request, "portal/invitation/detail.html", context, by=by, status=status)
