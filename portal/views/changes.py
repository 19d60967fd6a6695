"""变更申请: what is to change is chosen first, then typed into the same form the firm once filled in; the rules of the form answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from common.errors import DomainError, NotAllowed
from deals import changes
from organisations.actors import Person
from portal import application_form, reads
from portal.access import signed_in
from portal.page import once, render
from projects.case.change_rules import CANCELLATION, LEGAL_REPRESENTATIVE, kinds_offered, opened
from projects.case.changes import may_ask
from projects.models import ChangeRule, Filing


@signed_in
def new(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    filing = get_object_or_404(reads.filings(by), pk=pk)
    if not may_ask(filing, by):
        raise NotAllowed(_("只有入库或列入清单之后，由企业申请变更。"))
    kinds = [kind for kind, _label, _tier in _offered(filing, by) if kind in _sent(request, "kinds")]
    form = application_form.read(request.POST, kept=filing.form, open_fields=opened(kinds)) if request.method == "POST" else filing.form
    if request.method != "POST" or "ask" not in request.POST:
        return _page(request, by, filing, kinds, form)
    try:
        answer = once(request, by, lambda: _ask(request, by, filing, kinds, form))
    except DomainError as error:
        return _page(request, by, filing, kinds, form, error=error)
    messages.success(request, _("变更已生效。") if answer["is_made"] else _("已提出变更申请，等待决定。"))
    return redirect("change", answer["pk"])


def _sent(request: HttpRequest, name: str) -> list[str]:
    return request.POST.getlist(name) if request.method == "POST" else request.GET.getlist(name)


def _offered(filing: Filing, by: Person) -> list[tuple[str, Any, str]]:
    return kinds_offered(filing, on=timezone.localdate(by.at))


def _ask(request: HttpRequest, by: Person, filing: Filing, kinds: Sequence[str], form: Mapping[str, Any]) -> tuple[int, Any]:
    row = changes.ask(
        filing,
        kinds=kinds,
        form=form,
        reason=request.POST.get("reason", ""),
        legal_representative=request.POST.get(LEGAL_REPRESENTATIVE, ""),
        by=by,
        at=by.at,
    )
    return 303, {"pk": row.pk, "is_made": row.state == row.State.GRANTED}


def _page(
    request: HttpRequest, by: Person, filing: Filing, kinds: Sequence[str], form: Mapping[str, Any], *, error: DomainError | None = None
) -> HttpResponse:
    fields = opened(kinds)
    problems = error.problems if error else ()
    choices = application_form.load_choices(filing.province, region_code=str(form.get("region", "")))
    added = request.POST.get("go", "").removeprefix("add:")
    drawn = application_form.sections(form, choices, problems=problems, open_fields=fields, more={added: 1})
    context = {
        "filing": filing,
        "offered": [(kind, label, ChangeRule.Tier(tier).label, kind in kinds) for kind, label, tier in _offered(filing, by)],
        "kinds": kinds,
        "sections": [(section.label, shown) for section in drawn if (shown := [one for one in section.inputs if one.is_open])],
        "asks_legal": LEGAL_REPRESENTATIVE in kinds,
        "is_cancellation": CANCELLATION in kinds,
        "legal": request.POST.get(LEGAL_REPRESENTATIVE, "") or getattr(getattr(filing.firm, "firm", None), LEGAL_REPRESENTATIVE, ""),
        "reason": request.POST.get("reason", ""),
        "problems": list(application_form.named(problems)),
        "error": error,
    }
    return render(request, "portal/filing/change.html", context, by=by, status=error.status if error else 200)
