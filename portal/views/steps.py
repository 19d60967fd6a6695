"""One address for every step of every kind: read what was typed, call the step, answer with the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.errors import DomainError
from common.steps import Step
from deals.actions import ANSWER_ACTIONS, ANSWER_ROW_ACTIONS, DEAL_ACTIONS, FILING_ACTIONS, INVITATION_ACTIONS, ROUND_ACTIONS
from deals.docking.steps import DOCKING_ACTIONS
from deals.models import Deal, ReportingMonth, SecondDocking
from deals.progress import steps as reporting
from deals.progress.states import MONTH_STEPS, REPORT_STEPS
from deals.recovery.actions import RECOVERY_ACTIONS
from deals.recovery.states import RECOVERY_STEPS
from deals.states import DEAL_STEPS, INVITATION_STEPS
from deals.subsidies.actions import CLAIM_ACTIONS
from deals.subsidies.states import STEPS_OF_CHANNEL
from exchange.actions import EXPORT_ACTIONS, IMPORT_ACTIONS
from exchange.states import EXPORT_STEPS, IMPORT_STEPS
from exchange.webhook_states import WEBHOOK_STEPS
from exchange.webhooks import WEBHOOK_ACTIONS
from matching.actions import SCENARIO_ACTIONS
from matching.states import ROUND_STEPS, SCENARIO_STEPS
from organisations.actors import Person
from organisations.entering import note_in, read
from organisations.idempotency import Answer
from organisations.registering import REGISTRATION_ACTIONS
from organisations.states import REGISTRATION_STEPS
from portal import entries, reads
from portal.access import signed_in
from portal.matters import MATTERS
from portal.page import once, seen_in
from portal.panel import Refused
from portal.views import (
    answers,
    claims,
    deals,
    dockings,
    exports,
    filings,
    forwards,
    imports,
    invitations,
    matters,
    recoveries,
    registrations,
    rounds,
    scenarios,
    sheets,
    webhooks,
)
from projects.actions import FORWARD_ACTIONS
from projects.answers.states import ANSWER_STEPS, ROW_STEPS
from projects.forwarding.states import FORWARD_STEPS
from projects.models import AnswerRow, Filing
from projects.states import FILING_STEPS

Detail = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Kind:
    """What the address calls it: the rows a person may see, its state table, its step functions, its page."""

    rows: Callable[[Person], QuerySet[Any]]
    steps: Callable[[Any], Mapping[str, Step]]
    actions: Mapping[str, Callable[..., Any]]
    page: Detail


KINDS: Mapping[str, Kind] = {
    "filings": Kind(reads.filings, lambda _filing: FILING_STEPS, FILING_ACTIONS, filings.page),
    "forwards": Kind(reads.forwards, lambda _forward: FORWARD_STEPS, FORWARD_ACTIONS, forwards.page),
    "progress-reports": Kind(reads.progress_reports, lambda _report: REPORT_STEPS, {"correct": reporting.correct}, sheets.page),
    "reporting-months": Kind(reads.reporting_months, lambda _month: MONTH_STEPS, {"close": reporting.close}, sheets.months_page),
    "answers": Kind(reads.answers, lambda _answer: ANSWER_STEPS, ANSWER_ACTIONS, answers.page),
    "answer-rows": Kind(reads.answer_rows, lambda _row: ROW_STEPS, ANSWER_ROW_ACTIONS, answers.row_page),
    **{kind: Kind(matter.rows, lambda _row, steps=matter.steps: steps, matter.actions, matters.page) for kind, matter in MATTERS.items()},
    "invitations": Kind(reads.invitations, lambda _invitation: INVITATION_STEPS, INVITATION_ACTIONS, invitations.page),
    "deals": Kind(reads.deals, lambda _deal: DEAL_STEPS, DEAL_ACTIONS, deals.page),
    "second-dockings": Kind(reads.dockings, dockings.steps_of, DOCKING_ACTIONS, dockings.page),
    "claims": Kind(reads.claims, lambda claim: STEPS_OF_CHANNEL[claim.scheme.channel], CLAIM_ACTIONS, claims.page),
    "recoveries": Kind(reads.recoveries, lambda _row: RECOVERY_STEPS, RECOVERY_ACTIONS, recoveries.page),
    "rounds": Kind(reads.rounds, lambda _round: ROUND_STEPS, ROUND_ACTIONS, rounds.page),
    "webhooks": Kind(webhooks.rows, lambda _webhook: WEBHOOK_STEPS, WEBHOOK_ACTIONS, webhooks.page),
    "registrations": Kind(registrations.rows, lambda _row: REGISTRATION_STEPS, REGISTRATION_ACTIONS, registrations.page),
    "scenarios": Kind(reads.scenarios, lambda _scenario: SCENARIO_STEPS, SCENARIO_ACTIONS, scenarios.page),
    "exports": Kind(reads.exports, lambda _export: EXPORT_STEPS, EXPORT_ACTIONS, exports.page),
    "imports": Kind(reads.imports, lambda _job: IMPORT_STEPS, IMPORT_ACTIONS, imports.page),
}


FACTS: Mapping[str, Callable[[Any, Person], entries.Entries]] = {
    "deals": entries.of_deal,
    "invitations": entries.of_invitation,
    "filings": lambda filing, by: entries.of_filing(filing, reads.needs_of(filing), by),
}


@require_POST
@signed_in
def act(request: HttpRequest, by: Person, kind: str, pk: int, verb: str) -> HttpResponse:
    """Take one step. A refusal shows the page again, what was typed kept; a repeated form gets the first answer."""
    entry, obj = _found(by, kind, pk)
    step = entry.steps(obj).get(verb)
    if step is None or verb not in entry.actions:
        raise Http404

    def take() -> Answer:
        how = {"by": by, "at": by.at, "seen": seen_in(request), "note": note_in(request.POST)}
        result = entry.actions[verb](obj, **how, **read(step.params, _sent(request)))
        return 303, {"url": _next(request, kind, obj, result), "message": _("已办理：%(step)s。") % {"step": step.label}}

    return _attempt(request, by, kind, obj, verb, take)


@require_POST
@signed_in
def enter(request: HttpRequest, by: Person, kind: str, pk: int, name: str) -> HttpResponse:
    """Record one fact that is no step."""
    _entry, obj = _found(by, kind, pk)
    fact = FACTS[kind](obj, by).get(name)
    if fact is None:
        raise Http404

    def record() -> Answer:
        result = fact.record(**read(fact.params, _sent(request)), by=by, at=by.at)
        return 303, {"url": _next(request, kind, obj, result), "message": _("已办理：%(step)s。") % {"step": fact.label}}

    return _attempt(request, by, kind, obj, name, record)


def _sent(request: HttpRequest) -> MultiValueDict[str, Any]:
    """What was typed, with the files that were chosen."""
    return MultiValueDict({**dict(request.POST.lists()), **dict(request.FILES.lists())})


def _found(by: Person, kind: str, pk: int) -> tuple[Kind, Any]:
    entry = KINDS.get(kind)
    if entry is None:
        raise Http404
    return entry, get_object_or_404(entry.rows(by), pk=pk)


def _attempt(request: HttpRequest, by: Person, kind: str, obj: Any, verb: str, do: Callable[[], Answer]) -> HttpResponse:
    try:
        answer = once(request, by, do)
    except DomainError as error:
        fresh = get_object_or_404(KINDS[kind].rows(by), pk=obj.pk)
        return KINDS[kind].page(request, by, fresh, refused=Refused(verb, request.POST, error), status=error.status)
    messages.success(request, answer["message"])
    return redirect(answer["url"])


def _next(request: HttpRequest, kind: str, obj: Any, result: Any) -> str:
    """Where the work goes on: where the form said, at what the step began, at the worklist, or at the object itself."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    if isinstance(result, Deal | SecondDocking):
        return reverse("deal" if isinstance(result, Deal) else "second-docking", args=[result.pk])
    if isinstance(result, AnswerRow):
        return reverse("answer", args=[result.answer_id])
    if isinstance(result, ReportingMonth):
        return reverse("reporting-months")
    if isinstance(result, Filing) and result.state == Filing.State.DRAFT:
        return reverse("filing-edit", args=[result.pk])
    return reverse(f"{kind.removesuffix('ies')}y" if kind.endswith("ies") else kind.removesuffix("s"), args=[obj.pk])
