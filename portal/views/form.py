"""Filling in an application: saved as typed at any moment, checked on request, submitted when every rule is met."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_part
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.errors import DomainError, Invalid, NotAllowed, Problem, Stale
from common.steps import allowed_verbs
from deals.actions import FILING_ACTIONS
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Batch, Organisation, Programme
from portal import application_form, reads
from portal.access import is_firm, require, signed_in
from portal.page import once, render, seen_in
from portal.panel import Refused, explained
from portal.views.filings import makes
from projects import application, drafting
from projects.form_fields import FIELDS
from projects.models import Filing
from projects.states import FILING_STEPS

SUBMITTING = ("submit", "resubmit")


@signed_in
def new(request: HttpRequest, by: Person) -> HttpResponse:
    """Choose the track, then a draft exists and is saved from then on."""
    require(is_firm(by))
    firm = get_object_or_404(Organisation.objects.select_related("firm__industry", "region"), pk=_own_firm(by))
    programmes = list(Programme.objects.order_by("pk"))
    if request.method != "POST" or request.POST.get("track") not in Batch.Track.values:
        context = {"firm": firm, "tracks": Batch.Track.choices, "programmes": programmes}
        return render(request, "portal/filing/new.html", context, by=by)
    programme = next((row for row in programmes if str(row.pk) == request.POST.get("programme")), programmes[0])

    def start() -> tuple[int, Any]:
        filing = drafting.start_filing(firm, programme=programme, track=request.POST["track"], by=by, at=by.at, form=_begun(firm, by))
        return 303, filing.pk

    pk = once(request, by, start)
    return redirect("filing-edit", pk)


def _own_firm(by: Person) -> int:
    return next(seat.organisation_id for seat in by.seats if seat.role in FIRM_ROLES)


def _begun(firm: Organisation, by: Person) -> dict[str, Any]:
    """What is known of the firm already, for it to correct."""
    begun: dict[str, Any] = {"year": str(timezone.localdate(by.at).year)}
    if firm.region is not None and firm.region.level in ("county", "county_direct"):
        begun["region"] = firm.region.code
    if hasattr(firm, "firm"):
        begun["industry"] = firm.firm.industry.code
    return begun


def _editable(by: Person, pk: int) -> Filing:
    """The filing, if this person may submit it now; else 404 for strangers and a refusal for the firm's own that is under review."""
    filing = get_object_or_404(reads.filings(by), pk=pk)
    if by.seat(filing.firm_id, *FIRM_ROLES) is None:
        raise Http404
    return filing


def _verb(filing: Filing, by: Person) -> str:
    verb = next((verb for verb in allowed_verbs(FILING_STEPS, filing, by) if verb in SUBMITTING), "")
    if not verb:
        raise NotAllowed(_("此件正在办理，暂不能修改。"), remedy=_("如需修改，请联系当前审核单位退回，或撤回后重新申报。"))
    return verb


@signed_in
def edit(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    filing = _editable(by, pk)
    try:
        verb = _verb(filing, by)
    except NotAllowed as error:
        return _closed(request, by, filing, error)
    return _sent(request, by, filing, verb) if request.method == "POST" else _page(request, by, filing, verb, filing.form)


def _sent(request: HttpRequest, by: Person, filing: Filing, verb: str) -> HttpResponse:
    """Saved, and what the button asks for done with it."""
    pk = filing.pk
    form = application_form.read(request.POST, kept=filing.form, open_fields=drafting.editable_fields(filing))
    go = request.POST.get("go", "save")
    try:
        seen = seen_in(request)
        saved = _save_and_submit(filing, verb, form, by, seen) if go == "submit" else _save(filing, form, by, seen)
    except DomainError as error:
        return _again(request, by, _editable(by, pk), verb, form, error)
    if go == "submit":
        messages.success(request, _("已提交。受理单位和期限见下方。"))
        return redirect("filing", pk)
    if go == "check":
        return _checked(request, by, saved, verb, form)
    if go.startswith("add:"):
        return _page(request, by, saved, verb, form, more={go.removeprefix("add:"): 3})
    messages.success(request, _("已保存。"))
    return redirect("filing-edit", pk)


def _closed(request: HttpRequest, by: Person, filing: Filing, error: NotAllowed) -> HttpResponse:
    """It was handed in or withdrawn meanwhile: whoever was still typing keeps what they wrote before their eyes."""
    if request.method != "POST":
        raise error
    form = application_form.read(request.POST, kept=filing.form, open_fields=FIELDS)
    return _page(request, by, filing, "", form, error=error, open_fields=FIELDS)


def _again(request: HttpRequest, by: Person, filing: Filing, verb: str, form: Mapping[str, Any], error: DomainError) -> HttpResponse:
    """The form once more, with what was typed. After a failed submission it is saved too, unless somebody else has changed it."""
    if isinstance(error, Stale):
        return _page(request, by, filing, verb, form, error=error, refused=Refused(verb, request.POST, error))
    if request.POST.get("go") == "submit":
        filing = _save_after_refusal(filing, form, by)
    return _page(request, by, filing, verb, form, error=error)


def _save(filing: Filing, form: Mapping[str, Any], by: Person, seen: int) -> Filing:
    return drafting.save_form(filing, form=dict(form), by=by, at=by.at, seen=seen)


def _save_and_submit(filing: Filing, verb: str, form: Mapping[str, Any], by: Person, seen: int) -> Filing:
    """Both or neither: a refused submission must not half-save; the typed form is saved by itself afterwards."""
    with transaction.atomic():
        saved = _save(filing, form, by, seen)
        return FILING_ACTIONS[verb](saved, by=by, at=by.at, seen=saved.version)


def _save_after_refusal(filing: Filing, form: Mapping[str, Any], by: Person) -> Filing:
    """What was typed is kept even though it cannot be submitted yet."""
    try:
        return _save(filing, form, by, filing.version)
    except DomainError:
        return filing


def _checked(request: HttpRequest, by: Person, filing: Filing, verb: str, form: Mapping[str, Any]) -> HttpResponse:
    on = timezone.localdate(by.at)
    firm = filing.firm
    try:
        known = application.load_known([firm], province=filing.province, on=on)
        application.parse(form, firm=firm, on=on, known=known, filed_on=filing.filed_on)
    except Invalid as error:
        return _page(request, by, filing, verb, form, error=error, status=200)
    messages.success(request, _("已保存，并通过全部核对，可以提交。"))
    return redirect("filing-edit", filing.pk)


def _page(
    request: HttpRequest,
    by: Person,
    filing: Filing,
    verb: str,
    form: Mapping[str, Any],
    *,
    error: DomainError | None = None,
    refused: Refused | None = None,
    more: Mapping[str, int] | None = None,
    status: int | None = None,
    open_fields: Container[str] | None = None,
) -> HttpResponse:
    problems: Sequence[Problem] = () if error is None or isinstance(error, Stale | NotAllowed) else error.problems
    choices = application_form.load_choices(filing.province, region_code=str(form.get("region", "")))
    context = {
        "filing": filing,
        "verb": verb,
        "sections": application_form.sections(
            form, choices, problems=problems, open_fields=open_fields or drafting.editable_fields(filing), more=more
        ),
        "problems": list(application_form.named(problems)),
        "error": error,
        "refused": explained(refused, FILING_STEPS),
        "makes": makes(filing, by),
    }
    return render(request, "portal/filing/form.html", context, by=by, status=status or (error.status if error else 200))


@require_POST
@signed_in
def autosave(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Save as typed and answer with the time and the new version; on a stale page say so and stop saving over another's work."""
    filing = _editable(by, pk)
    form = application_form.read(request.POST, kept=filing.form, open_fields=drafting.editable_fields(filing))
    moved = form.get("region") != filing.form.get("region")
    try:
        _verb(filing, by)
        filing = _save(filing, form, by, seen_in(request))
    except DomainError as error:
        return render_part(request, "portal/filing/saved.html", {"error": error, "filing": filing}, status=error.status)
    context: dict[str, Any] = {"filing": filing}
    if moved:
        choices = application_form.load_choices(filing.province, region_code=str(form.get("region", "")))
        drawn = application_form.sections(form, choices, open_fields=drafting.editable_fields(filing))
        context["banks"] = next(entry for section in drawn for entry in section.inputs if entry.field.kind == "branches")
    return render_part(request, "portal/filing/saved.html", context)
