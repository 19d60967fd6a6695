"""What is asked at a case: the page of one matter, the list of what waits at a unit, the files kept with a record, who is there."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.shortcuts import render as render_part
from django.views.decorators.http import require_POST

from organisations.actors import Person
from organisations.interests import may_declare
from portal import reads, told
from portal.access import require, signed_in
from portal.history import events_of
from portal.matters import MATTERS, asked_by, escalated_to, waiting_at
from portal.page import attached, render
from portal.panel import Refused, explained, panel
from projects.case import files, presence
from projects.models import ChangeRequest, Filing

MOST = 100


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """What waits at this person's units, what they sent to others, and what they are asked to look into."""
    require(may_declare(by))
    waiting = sorted(waiting_at(by, most=MOST), key=lambda item: (not item.move.is_mine, item.move.due is None, item.move.due or by.at))
    context = {"waiting": waiting, "asked": asked_by(by, most=MOST), "escalated": escalated_to(by, most=MOST)}
    return render(request, "portal/matter/list.html", context, by=by)


@signed_in
def detail(request: HttpRequest, by: Person, kind: str, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(MATTERS[kind].rows(by), pk=pk))


def page(request: HttpRequest, by: Person, row: Any, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    kind, matter = next((kind, matter) for kind, matter in MATTERS.items() if isinstance(row, matter.model))
    context = {
        "matter": matter,
        "kind": kind,
        "row": row,
        "filing": row.filing,
        "may_open": Filing.objects.visible_to(by).filter(pk=row.filing_id).exists(),
        "move": matter.move(row, by),
        "steps": panel(kind, row, matter.steps, by, only=matter.actions, refused=refused),
        "refused": explained(refused, matter.steps),
        "changed": _changed(row) if isinstance(row, ChangeRequest) else (),
        "fields": [told.label_of(name) for name in getattr(row, "fields", getattr(row, "kinds", ()))],
        "files": [kept for rows in files.files_of([row]).values() for kept in rows],
        "timeline": events_of(row, matter.steps, by),
    }
    return render(request, "portal/matter/detail.html", context, by=by, status=status)


def _changed(row: ChangeRequest) -> list[tuple[Any, list[str], list[str]]]:
    pairs = list(row.rows.order_by("id"))
    codes = {code for pair in pairs if pair.field == "intended_banks" for side in (pair.before, pair.after) for code in side or ()}
    names = told.branch_names(codes) if codes else {}
    return [
        (told.label_of(pair.field), told.lines(pair.field, pair.before, names), told.lines(pair.field, pair.after, names)) for pair in pairs
    ]


@signed_in
def file(_request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    row = files.find(pk, by=by)
    with row.content.open("rb") as stored:
        return attached(stored.read(), name=row.name)


@require_POST
@signed_in
def present(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Said by an open page every minute; answers with the colleagues who have the same case open."""
    filing = get_object_or_404(reads.filings(by), pk=pk)
    presence.touch(filing, by=by, at=by.at)
    others = presence.others([filing], by=by, at=by.at).get(filing.pk, [])
    return render_part(request, "portal/filing/present.html", {"present": others})
