"""监测分析: how far the money came, whether banks answer, how evenly it falls. The figures: `deals.monitoring`."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deals.monitoring import answers, evenness, funnel, publishing
from deals.monitoring.asking import cut_of
from deals.monitoring.funnel import BANK, BRANCH, CITY, COUNTY, Cut
from deals.monitoring.scope import scope_of
from exchange import monitoring_report, workbooks
from organisations.actors import Person
from organisations.models import FirmProfile
from portal import figures
from portal.access import require, signed_in
from portal.page import attached, once, render

BELOW = {CITY: (COUNTY, "place"), BANK: (BRANCH, "bank")}  # what a row opens into


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """The funnel of all that one may see, and the same by place, bank, industry, size or quarter."""
    scope = scope_of(by)
    cut = cut_of(request.GET)
    total = funnel.total(scope, cut)
    stages = funnel.shown(scope, cut)
    context = {
        "cut": cut,
        "choices": funnel.BY.items(),
        "sizes": FirmProfile.Size.choices,
        "narrowed": _narrowed(cut),
        "stages": [(stage, funnel.LABELS[stage]) for stage in stages],
        "steps": figures.stages(total, stages),
        "rows": [_line(row, stages, cut) for row in funnel.rows(scope, cut)],
        "total": _cells(total, stages),
        "adds_up": cut.by not in funnel.OVERLAPPING,
        "days": scope.outstanding_days,
        "may_publish": publishing.publisher(by) is not None,
    }
    return render(request, "portal/monitoring/funnel.html", context, by=by)


@signed_in
def bank_answers(request: HttpRequest, by: Person) -> HttpResponse:
    found = answers.rows(scope_of(by))
    return render(request, "portal/monitoring/answers.html", {"rows": found, "reasons": answers.reasons(found)}, by=by)


@signed_in
def counties(request: HttpRequest, by: Person) -> HttpResponse:
    found = evenness.counties(scope_of(by))
    context = {"rows": found, "indexes": evenness.indexes(found)}
    return render(request, "portal/monitoring/evenness.html", context, by=by)


@signed_in
def report(request: HttpRequest, by: Person) -> HttpResponse:
    """What the funnel's page shows, with the other two, as a workbook."""
    content = monitoring_report.workbook(scope_of(by), cut_of(request.GET))
    return attached(content, name=f"monitoring-{by.at:%Y%m%d}.xlsx", content_type=workbooks.EXCEL)


@require_POST
@signed_in
def publish(request: HttpRequest, by: Person) -> HttpResponse:
    """The province's sums of today, for everybody to read; sent again, or on the same day, they stay as they are."""
    require(publishing.publisher(by) is not None)
    return redirect("published-figures", once(request, by, lambda: (201, publishing.publish(by).pk)))


def _narrowed(cut: Cut) -> list[tuple[str, Any]]:
    """What the figures are narrowed to, each to be taken away again."""
    told = {
        "place": cut.place,
        "bank": cut.bank and cut.bank.organisation.name,
        "industry": cut.industry and cut.industry.name,
        "size": dict(FirmProfile.Size.choices).get(cut.size),
        "period": cut.period,
    }
    return [(name, value) for name, value in told.items() if value]


def _cells(row: funnel.Row, stages: tuple[str, ...]) -> list[tuple[Any, int, Any]]:
    return [(funnel.LABELS[stage], row.filings[stage], row.amounts[stage]) for stage in stages]


def _line(row: funnel.Row, stages: tuple[str, ...], cut: Cut) -> dict[str, Any]:
    below, name = BELOW.get(cut.by, ("", ""))
    opens = f"by={below}&{name}={row.code}" if below and not row.is_direct else ""
    return {"row": row, "cells": _cells(row, stages), "opens": opens, "is_direct": row.is_direct}
