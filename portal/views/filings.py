"""A filing: its page for each reader, the ledger of filings, the inbox."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.steps import allowed_verbs
from deals import consents
from deals.actions import FILING_ACTIONS
from deals.models import Deal
from matching.explain import why
from matching.models import NonMatch, Recommendation
from organisations.actors import Person
from organisations.models import Batch, Region, Unit
from portal import case, entries, moves, reads
from portal.access import is_firm, is_reviewer, require, sees_filings, signed_in
from portal.page import number_in, page_of, render, tabs_of
from portal.panel import Refused, entry_forms, explained, panel
from portal.unmatched import with_reasons
from projects import queries
from projects.attachments import may_attach
from projects.batches import cut_off, load_batches, submit_by
from projects.case import changes, consultations, presence
from projects.history import sees_all, timeline
from projects.models import FILE_KINDS, Disclosure, EquipmentItem, Filing, ProjectFile
from projects.states import FILING_STEPS

S = Filing.State
# By when a case must have arrived at the next tier: the same for all cases of one unit and batch (`projects.batches.cut_off`).
NEXT_CLOSING = Case(
    When(current_step__unit__kind__in=[Unit.Kind.COUNTY, Unit.Kind.ZONE], then="batch__city_closes_at"), default="batch__province_closes_at"
)
AT_THE_FORM = {"submit", "resubmit"}  # taken where the form is filled in, so that what was typed is saved first
TRACK = ("draft", "in_review", "in_pool", "reported", "listed")
TABS = (
    ("", _("全部"), tuple(state for state in Filing.State.values if state != "draft")),
    ("in_review", _("审核中"), ("in_review",)),
    ("returned", _("已退回修改"), ("returned",)),
    ("in_pool", _("储备库"), ("in_pool", "held")),
    ("reported", _("已上报"), ("reported",)),
    ("listed", _("备选项目清单"), ("listed",)),
    ("ended", _("已终止"), ("not_listed", "not_accepted", "refused", "withdrawn", "removed", "retired")),
)
BULK_OF_TAB = {"in_pool": ("report",), "reported": ("list",)}


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.filings(by), pk=pk))


def page(request: HttpRequest, by: Person, filing: Filing, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    """The page of one filing. A bank reads what was disclosed to it and nothing of other banks; the firm and its units read all."""
    is_inside = tells_all(by, filing)
    needs = reads.needs_of(filing)
    if not is_inside:
        for need in needs:
            need.own_banks = [row for row in need.intended_banks.all() if row.branch.organisation_id in by.organisation_ids]
    facts = entries.of_filing(filing, needs, by)
    steps = panel("filings", filing, FILING_STEPS, by, refused=refused, only=FILING_ACTIONS.keys() - AT_THE_FORM)
    context: dict[str, Any] = {
        "filing": filing,
        "needs": needs,
        "is_inside": is_inside,
        "is_own": by.seat(filing.firm_id) is not None,
        "equipment": list(EquipmentItem.objects.filter(project=filing.project_id).order_by("position")) if filing.project_id else [],
        "files": list(ProjectFile.objects.filter(filing=filing).order_by("kind", "id")),
        "can_attach": may_attach(filing, by),
        "file_kinds": FILE_KINDS,
        "move": moves.of_filing(filing, by, moves.open_deadlines([filing]).get(filing.pk)),
        "makes": makes(filing, by),
        "track": progress(filing),
        "steps": steps,
        "asked_others": consultations.open_of(filing) if any(step.verb == "pass" for step in steps) else [],
        "is_present_at": presence.seat_at(filing, by) is not None,
        "can_change": changes.may_ask(filing, by),
        "can_edit": any(verb in AT_THE_FORM for verb in allowed_verbs(FILING_STEPS, filing, by)),
        "entries": entry_forms("filings", filing, facts, refused=refused),
        "refused": explained(refused, {**FILING_STEPS, **facts}),
    }
    context |= case.of_filing(filing, by)
    if is_inside:
        context |= _inside(filing, by)
        docking = moves.of_docking(row.move for row in [*context["invitations"], *context["deals"], *context["dockings"]])
        context["move"] = docking if docking and filing.state == S.LISTED else context["move"]
    return render(request, "portal/filing/detail.html", context, by=by, status=status)


def makes(filing: Filing, by: Person) -> tuple[Batch, dt.datetime] | None:
    """For whoever has to hand it in: which batch it can still make, and by when."""
    if filing.state not in (S.DRAFT, S.RETURNED) or by.seat(filing.firm_id) is None:
        return None
    return submit_by(filing, load_batches([filing]), at=by.at)


def tells_all(by: Person, filing: Filing) -> bool:
    """The firm, the units of its chain and the province's readers see the history and every bank; a bank only the file."""
    return by.seat(filing.firm_id) is not None or sees_all(filing, by)


def _inside(filing: Filing, by: Person) -> dict[str, Any]:
    events = [event for event in timeline(filing, by) if event.verb != "save"]
    invitations = list(reads.invitations(by).filter(filing=filing).order_by("sent_at", "rank"))
    deals = list(reads.deals(by).filter(filing=filing).order_by("started_at"))
    recommendations = list(
        reads.recommendations(by)
        .filter(need__filing=filing, state__in=[Recommendation.State.PUBLISHED, Recommendation.State.STANDBY])
        .order_by("-round_id", "rank")
    )
    latest = recommendations[0].round_id if recommendations else 0
    missed = (
        NonMatch.objects.visible_to(by)
        .filter(need__filing=filing, round__state="published", round_id__gt=latest)
        .select_related("round", "need")
    )
    dockings = list(reads.dockings(by).filter(filing=filing).order_by("need__year"))
    clocks = moves.open_deadlines(dockings)
    for docking in dockings:
        docking.move = moves.of_second_docking(docking, by, clocks.get(docking.pk))
    claims = list(reads.claims(by).filter(deal__filing=filing).order_by("deal_id", "scheme_id", "period_end"))
    due = moves.open_deadlines(deals)
    for deal in deals:
        deal.move = moves.of_deal(deal, by, due.get(deal.pk))
    for invitation in invitations:
        invitation.move = moves.of_invitation(invitation, by)
    offers = [deal for deal in deals if deal.state == Deal.State.INTENT]
    return {
        "timeline": events[::-1],
        "returned": next((event for event in reversed(events) if event.verb == "return"), None) if filing.state == S.RETURNED else None,
        "invitations": invitations,
        "asked": [row for row in invitations if row.state == row.State.AWAITING_CONSENT],
        "deals": deals,
        "dockings": dockings,
        "offers": offers,
        "best": min((cost for cost in map(all_in_cost, offers) if cost is not None), default=None) if len(offers) > 1 else None,
        "recommendations": [(row, why(row)) for row in recommendations],
        "missed": with_reasons(missed.order_by("-round_id")[:1], at=by.at),
        "claims": claims,
        "disclosures": _disclosures(filing),
    }


def _disclosures(filing: Filing) -> list[Disclosure]:
    """Who may see the filing, and could; an outline is not told beside the file itself."""
    rows = list(Disclosure.objects.filter(filing=filing).select_related("organisation").order_by("valid_from", "id"))
    whole = {row.organisation_id for row in rows if row.scope == Disclosure.Scope.FILE}
    return [row for row in rows if row.scope == Disclosure.Scope.FILE or row.organisation_id not in whole]


def all_in_cost(deal: Deal) -> int | None:
    """What the firm would pay in a year after subsidy, in basis points, where a round computed it."""
    recommendation = deal.invitation.recommendation if deal.invitation_id else None
    return recommendation.cost_bp if recommendation else None


@require_POST
@signed_in
def withdraw_disclosure(request: HttpRequest, by: Person, pk: int, disclosure_pk: int) -> HttpResponse:
    """The firm takes back its consent to one bank."""
    filing = get_object_or_404(reads.filings(by).filter(firm__in=by.organisation_ids), pk=pk)
    disclosure = get_object_or_404(Disclosure, filing=filing, pk=disclosure_pk)
    consents.withdraw_disclosure(disclosure, by=by, at=by.at)
    messages.success(request, _("已撤回：该银行不再能看到申报全文。"))
    return redirect("filing", pk)


def progress(filing: Filing) -> list[tuple[Any, str]]:
    """The main road with what is done and where it stands; a case that left the road shows where it ended."""
    state = {"returned": "in_review", "held": "in_pool"}.get(filing.state, filing.state)
    if state not in TRACK:
        return [(filing.get_state_display(), "now")]
    here = TRACK.index(state)
    return [(Filing.State(name).label, "done" if place < here else "now" if place == here else "ahead") for place, name in enumerate(TRACK)]


@signed_in
def mine(request: HttpRequest, by: Person) -> HttpResponse:
    """A firm's own filings."""
    require(is_firm(by))
    rows = reads.filings(by).filter(firm__in=by.organisation_ids).order_by("-id")
    page_rows = page_of(rows, request)
    return render(request, "portal/filing/mine.html", {"page": with_moves(page_rows, by)}, by=by)


@signed_in
def ledger(request: HttpRequest, by: Person) -> HttpResponse:
    """Every filing a reviewer or reader may see, by state, unit and words."""
    require(sees_filings(by))
    tabs, tab, found = tabs_of(_filtered(reads.filings(by), request), TABS, request)
    page_rows = with_moves(page_of(found.order_by(F("submitted_at").desc(nulls_last=True), "-id"), request, found=tab.rows), by)
    context = {
        "page": page_rows,
        "tabs": tabs,
        "state": tab.value,
        "municipals": municipals(by),
        "bulk": [
            (verb, FILING_STEPS[verb])
            for verb in BULK_OF_TAB.get(tab.value, ())
            if any(verb in allowed_verbs(FILING_STEPS, row, by) for row in page_rows)
        ],
    }
    return render(request, "portal/filing/ledger.html", context, by=by)


def _filtered(rows: QuerySet[Filing], request: HttpRequest) -> QuerySet[Filing]:
    words, place = request.GET.get("q", "").replace("\x00", "").strip(), request.GET.get("place", "")
    if words:
        rows = rows.filter(queries.named(words))
    if (municipal := number_in(place)) is not None:
        rows = rows.filter(project__region__municipal=municipal)
    return rows


def municipals(by: Person) -> QuerySet[Region]:
    """The municipal-level units of the reader's provinces: 17 in Hubei, those directly under the province among them."""
    provinces = {seat.province for seat in by.seats}
    return Region.objects.filter(province__in=provinces, municipal=F("pk"), valid_to=None).order_by("code")


def with_moves(rows: Iterable[Filing], by: Person) -> Any:
    """Give each row whose move it is; one query for all deadlines."""
    rows_list = list(rows)
    due = moves.open_deadlines(rows_list)
    for row in rows_list:
        row.move = moves.of_filing(row, by, due.get(row.pk))
    if hasattr(rows, "object_list"):
        rows.object_list = rows_list
    return rows


@signed_in
def inbox(request: HttpRequest, by: Person) -> HttpResponse:
    """What lies with this person's unit and stage: by the batch's cut-off, then by the clock."""
    require(is_reviewer(by))
    page_rows = with_moves(page_of(waiting_for(by), request), by)
    present = presence.others(page_rows.object_list, by=by, at=by.at)
    for row in page_rows.object_list:
        row.cut_off = cut_off(row)
        row.present = present.get(row.pk, [])
    context = {
        "page": page_rows,
        "can_pass": any("pass" in allowed_verbs(FILING_STEPS, row, by) for row in page_rows),
    }
    return render(request, "portal/filing/inbox.html", context, by=by)


def waiting_for(by: Person) -> QuerySet[Filing]:
    waiting = reads.filings(by).filter(queries.waiting_for(by))
    return waiting.annotate(closes_at=NEXT_CLOSING).order_by("closes_at", "current_step__due_at", "id")
