"""A deal: the firm chooses, the bank reports what it did, both see the money."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.money import format_wan
from deals import needs
from deals.actions import DEAL_ACTIONS
from deals.costs.sheet import sheets
from deals.models import Deal, InterestReceipt, Repayment
from deals.states import DEAL_STEPS
from deals.subsidies.models import AccrualLine
from organisations.actors import Person
from portal import entries, moves, reads
from portal.access import is_bank, is_firm, require, sees_filings, signed_in
from portal.history import events_of
from portal.page import page_of, render, tabs_of
from portal.panel import Refused, entry_forms, explained, panel

D = Deal.State
TRACK = (D.INTENT, D.CONFIRMED, D.DILIGENCE, D.CREDIT_APPROVED, D.SIGNED, D.DRAWING, D.COMPLETED)
PLACE = {D.REPORTED_UP: D.DILIGENCE, D.REPAID: D.COMPLETED}
TABS = (
    ("", _("进行中"), (D.INTENT, D.CONFIRMED, D.DILIGENCE, D.REPORTED_UP, D.CREDIT_APPROVED)),
    ("signed", _("已签约"), (D.SIGNED, D.DRAWING, D.COMPLETED, D.REPAID)),
    ("ended", _("未成"), Deal.GIVEN_UP),
)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """The deals a person may see: a bank its own, a firm its own, an office those of its cases."""
    require(is_bank(by) or is_firm(by) or sees_filings(by))
    tabs, tab, found = tabs_of(reads.deals(by), TABS, request)
    rows = page_of(found.order_by("-started_at", "-pk"), request, found=tab.rows)
    shown = list(rows)
    due = moves.open_deadlines(shown)
    for row in shown:
        row.move = moves.of_deal(row, by, due.get(row.pk))
    rows.object_list = shown
    return render(request, "portal/deal/list.html", {"page": rows, "tabs": tabs, "state": tab.value}, by=by)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.deals(by), pk=pk))


def page(request: HttpRequest, by: Person, deal: Deal, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    facts = entries.of_deal(deal, by)
    receipts = InterestReceipt.objects.filter(deal=deal).order_by("period_end", "pk")
    context: dict[str, Any] = {
        "deal": deal,
        "recommendation": deal.invitation.recommendation if deal.invitation_id else None,
        "can_read_filing": reads.filings(by).filter(pk=deal.filing_id).exists(),
        "move": moves.of_deal(deal, by, moves.open_deadlines([deal]).get(deal.pk)),
        "track": progress(deal),
        "rest": _rest(deal, by),
        **_cost_sheets(deal, by),
        "repayments": list(Repayment.objects.filter(drawdown__deal=deal).select_related("drawdown").order_by("on", "pk")),
        "receipts": list(receipts),
        "extensions": list(deal.extensions.order_by("agreed_on", "pk")),
        "linked": list(reads.deals(by).filter(Q(succeeds=deal) | Q(successors=deal)).exclude(state__in=Deal.GIVEN_UP).order_by("pk")),
        "claims": list(reads.claims(by).filter(deal=deal).order_by("scheme_id", "period_end")),
        "accrued": list(
            AccrualLine.objects.filter(drawdown__deal=deal)
            .order_by()
            .values("version__scheme__name", "period_end")
            .annotate(amount=Sum("amount"), balance_days=Sum("balance_days"))
            .order_by("version__scheme__name", "period_end")
        ),
        "timeline": events_of(deal, DEAL_STEPS, by),
        "steps": panel("deals", deal, DEAL_STEPS, by, refused=refused, only=DEAL_ACTIONS, likely=likely(deal, by)),
        "entries": entry_forms("deals", deal, facts, refused=refused),
        "refused": explained(refused, {**DEAL_STEPS, **facts}),
    }
    return render(request, "portal/deal/detail.html", context, by=by, status=status)


def _rest(deal: Deal, by: Person) -> Decimal:
    """What a partial approval leaves of the need, for the firm to know that it may offer it to others."""
    if deal.approved_amount is None or deal.state not in Deal.COMMITTED or by.seat(deal.firm_id) is None:
        return Decimal(0)
    return needs.left([deal.need])[deal.need_id]


def _cost_sheets(deal: Deal, by: Person) -> dict[str, Any]:
    """The sheet of this offer; for who may see them, beside those of other banks for the same need."""
    others = reads.deals(by).filter(need=deal.need_id, state__in=Deal.LIVE).exclude(pk=deal.pk)
    offers = [deal, *others.select_related("branch__organisation")]
    found = sheets(offers, on=timezone.localdate(by.at))
    compared = [(offer, found[offer.pk]) for offer in offers if offer.pk in found]
    compared.sort(key=lambda pair: pair[1].yearly_after_subsidy_bp)
    return {"sheet": found.get(deal.pk), "offers": compared if len(compared) > 1 else []}


def likely(deal: Deal, by: Person) -> dict[str, dict[str, str]]:
    """What the bank would otherwise copy from one screen to the next."""
    today = timezone.localdate(by.at).isoformat()
    offered = deal.invitation.recommendation if deal.invitation_id else None
    wanted = {"amount": deal.amount, "rate_bp": offered.rate_bp if offered else None, "term_months": deal.need.term_months}
    approved = {"amount": deal.approved_amount, "rate_bp": deal.approved_rate_bp, "term_months": deal.approved_term_months}
    return {
        "approve_credit": _as_typed(wanted),
        "sign": _as_typed(approved) | {"contract_on": today},
        "draw": {"drawn_on": today, "is_entrusted": "True"},
    }


def _as_typed(figures: Mapping[str, Any]) -> dict[str, str]:
    amount, rate_bp, term = figures["amount"], figures["rate_bp"], figures["term_months"]
    return {
        "amount": "" if amount is None else format_wan(amount).replace(",", ""),
        "rate_bp": "" if rate_bp is None else f"{rate_bp / 100:.2f}",
        "term_months": "" if term is None else str(term),
    }


def progress(deal: Deal) -> list[tuple[Any, str]]:
    state = PLACE.get(D(deal.state), D(deal.state))
    if state not in TRACK:
        return [(deal.get_state_display(), "now")]
    track = TRACK[TRACK.index(D.SIGNED) :] if _came_signed(deal) else TRACK
    here = track.index(state)
    over = deal.state == D.REPAID
    return [(name.label, "done" if place < here or over else "now" if place == here else "ahead") for place, name in enumerate(track)]


def _came_signed(deal: Deal) -> bool:
    """Of the stock, or in another loan's place at its bank: nobody was asked here before it was signed."""
    return deal.opening_as_of is not None or deal.succession == Deal.Succession.REFINANCED
