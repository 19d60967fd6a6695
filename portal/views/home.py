"""My work: what waits for this person, the soonest deadline first, and how much lies where."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deals import dispatching
from deals.models import Deal, Invitation, Recovery, SecondDocking, SubsidyClaim
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Batch, Unit
from organisations.paging import counted, picked, told
from portal import matters, moves, reads
from portal.access import is_bank, is_finance, is_firm, is_provincial, is_reviewer, sees_filings, signed_in
from portal.page import render
from portal.views import dockings
from portal.views.filings import waiting_for
from portal.views.invitations import readable_filings
from projects.models import Filing

Claim = SubsidyClaim.State
SHOWN = 30
TIER_CLOSES: Mapping[str, str] = {Unit.Kind.CITY: "city_closes_at", Unit.Kind.PROVINCE: "province_closes_at"}
FAR = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Item:
    """One thing to do."""

    title: str
    what: Any
    about: str
    url: str
    due: dt.datetime | None


@dataclass(frozen=True)
class Heap:
    """How many things lie somewhere, and where to see them."""

    label: Any
    number: int
    url: str

    @property
    def told(self) -> str:
        return told(self.number)


@signed_in
def home(request: HttpRequest, by: Person) -> HttpResponse:
    items = sorted(
        [*_firm(by), *_reviewer(by), *_bank(by), *_province(by), *_money(by), *_recoveries(by), *_dockings(by)],
        key=lambda item: item.due or FAR,
    )
    context = {
        "items": items[:SHOWN],
        "more": max(len(items) - SHOWN, 0),
        "heaps": list(_heaps(by)),
        "closing": _closing(by),
        "is_firm": is_firm(by),
    }
    return render(request, "portal/home/home.html", context, by=by)


def _filing_item(filing: Filing, move: moves.Move) -> Item:
    place = filing.project.region.name if filing.project else ""
    return Item(str(filing), move.what, " · ".join(filter(None, [filing.firm.name, place])), reverse("filing", args=[filing.pk]), move.due)


def _firm(by: Person) -> Iterator[Item]:
    if not is_firm(by):
        return
    firms = [seat.organisation_id for seat in by.seats if seat.role in FIRM_ROLES]
    filings = list(reads.filings(by).filter(firm__in=firms, state__in=[Filing.State.DRAFT, Filing.State.RETURNED]).order_by("-pk")[:SHOWN])
    due = moves.open_deadlines(filings)
    yield from (_filing_item(row, moves.of_filing(row, by, due.get(row.pk))) for row in filings)
    asked = reads.invitations(by).filter(filing__firm__in=firms, state=Invitation.State.AWAITING_CONSENT).order_by("expires_at")[:SHOWN]
    for row in asked:
        move = moves.of_invitation(row, by)
        yield Item(str(row.filing), move.what, row.branch.organisation.name, reverse("invitation", args=[row.pk]), move.due)
    offers = list(reads.deals(by).filter(firm__in=firms, state=Deal.State.INTENT).order_by("pk")[:SHOWN])
    yield from _deal_items(offers, by)


def _deal_items(deals: list[Deal], by: Person) -> Iterator[Item]:
    due = moves.open_deadlines(deals)
    for row in deals:
        move = moves.of_deal(row, by, due.get(row.pk))
        other = row.branch.organisation.name if by.seat(row.firm_id) else row.firm.name
        yield Item(str(row.filing), move.what, other, reverse("deal", args=[row.pk]), move.due)


def _reviewer(by: Person) -> Iterator[Item]:
    for item in (*matters.waiting_at(by, most=SHOWN), *matters.escalated_to(by, most=SHOWN)):
        if item.move.is_mine:
            yield Item(str(item.filing), item.move.what, item.filing.firm.name, item.url, item.move.due)
    if not is_reviewer(by):
        return
    for row in picked(waiting_for(by), 0, SHOWN + 1):
        yield _filing_item(row, moves.of_filing(row, by))


def _bank(by: Person) -> Iterator[Item]:
    if not is_bank(by):
        return
    own = by.organisation_ids
    invited = (
        reads.invitations(by)
        .filter(dispatching.on_desk_of(by), branch__organisation__in=own, state__in=[Invitation.State.OPEN, Invitation.State.VIEWED])
        .order_by("contact_due_at", "pk")[: SHOWN + 1]
    )
    rows = list(invited)
    readable = readable_filings(by, rows)
    for row in rows:
        move = moves.of_invitation(row, by)
        known = row.filing_id in readable
        title = str(row.filing) if known else _("未公开的项目")
        about = row.filing.firm.name if known else row.filing.project.region.name
        yield Item(str(title), move.what, about, reverse("invitation", args=[row.pk]), move.due)
    states = [state for state in moves.DEAL_MOVES if state not in (Deal.State.INTENT, Deal.State.COMPLETED)]
    deals = list(
        reads.deals(by).filter(dispatching.on_desk_of(by), branch__organisation__in=own, state__in=states).order_by("pk")[: SHOWN + 1]
    )
    yield from _deal_items(deals, by)


def _province(by: Person) -> Iterator[Item]:
    if not is_provincial(by):
        return
    visible = Filing.objects.visible_to(by).order_by()
    for state, what in ((Filing.State.IN_POOL, _("择批上报")), (Filing.State.REPORTED, _("列入备选项目清单"))):
        number = counted(visible.filter(state=state))
        if number:
            title = _("%(state)s %(number)s 件") % {"state": state.label, "number": told(number)}
            yield Item(str(title), what, "", f"{reverse('filings')}?state={state}", None)
    for row in reads.rounds(by).filter(state__in=["planned", "solved"]).order_by("planned_for")[:SHOWN]:
        move = moves.of_round(row, by)
        if move.is_mine:
            yield Item(str(_("推荐轮次 %(number)s") % {"number": row.number}), move.what, "", reverse("round", args=[row.pk]), None)


def _money(by: Person) -> Iterator[Item]:
    states = []
    if is_finance(by):
        states = [Claim.EVIDENCED, Claim.REVIEWED, Claim.APPROVED]
    elif any(seat.line == Unit.Line.INDUSTRY and seat.unit_kind == Unit.Kind.PROVINCE for seat in by.seats):
        states = [Claim.FILED]
    if not states:
        return
    for row in reads.claims(by).filter(state__in=states).order_by("period_end", "pk")[:SHOWN]:
        move = moves.of_claim(row, by)
        yield Item(row.deal.firm.name, move.what, row.scheme.name, reverse("claim", args=[row.pk]), None)


def _recoveries(by: Person) -> Iterator[Item]:
    """What this person's office, bank or firm has to explain, decide or pay back."""
    if not (is_bank(by) or is_firm(by) or is_finance(by)):
        return
    rows = list(reads.recoveries(by).exclude(state__in=Recovery.ENDED).order_by("pk")[:SHOWN])
    due = moves.open_deadlines(rows)
    for row in rows:
        move = moves.of_recovery(row, by, due.get(row.pk))
        if move.is_mine:
            yield Item(row.deal.firm.name, move.what, row.scheme.name, reverse("recovery", args=[row.pk]), move.due)


def _dockings(by: Person) -> Iterator[Item]:
    """Banks to be asked again by the firm, meetings to be called or held by its office."""
    if not (is_firm(by) or is_reviewer(by)):
        return
    state = SecondDocking.State
    rows = list(reads.dockings(by).filter(state__in=(state.ADJUSTING, state.MEETING_DUE, state.CONVENED)).order_by("since", "pk")[:SHOWN])
    for row, move in zip(rows, dockings.of_rows(rows, by), strict=True):
        if move.is_mine:
            yield Item(str(row.filing), move.what, row.firm.name, reverse("second-docking", args=[row.pk]), move.due)


def _heaps(by: Person) -> Iterator[Heap]:
    if is_reviewer(by):
        yield Heap(_("待我办理"), counted(waiting_for(by)), reverse("inbox"))
    if sees_filings(by):
        visible = Filing.objects.visible_to(by).order_by()
        for state, label in (("in_pool", _("储备库")), ("reported", _("已上报")), ("listed", _("清单内"))):
            yield Heap(label, counted(visible.filter(state=state)), f"{reverse('filings')}?state={state}")
    if is_firm(by):
        yield Heap(_("我的申报"), counted(Filing.objects.visible_to(by)), reverse("my-filings"))
    if is_firm(by) or is_bank(by):
        live = Deal.objects.visible_to(by).filter(state__in=Deal.LIVE)
        yield Heap(_("进行中的对接"), counted(live), reverse("deals"))
    if is_bank(by):
        waiting = Invitation.objects.visible_to(by).filter(state__in=["open", "viewed"], branch__organisation__in=by.organisation_ids)
        yield Heap(_("待答复邀请"), counted(waiting), reverse("invitations"))
    if is_finance(by):
        claims = SubsidyClaim.objects.visible_to(by).filter(state__in=["filed", "evidenced", "reviewed"])
        yield Heap(_("办理中的贴息申领"), counted(claims), reverse("claims"))


def _closing(by: Person) -> Batch | None:
    """The batch that closes next for the tier a reviewer sits in; a firm's is the county's."""
    if not (is_firm(by) or is_reviewer(by)):
        return None
    provinces = {seat.province for seat in by.seats}
    tiers = [TIER_CLOSES[seat.unit_kind] for seat in by.seats if seat.unit_kind in TIER_CLOSES]
    closes = tiers[0] if tiers else "county_closes_at"
    return Batch.objects.filter(province__in=provinces, **{f"{closes}__gt": by.at}).order_by(closes).first()
