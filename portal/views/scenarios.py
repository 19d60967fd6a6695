"""情景测算: what a solved round would have been with other limits, weights or floors. Read by the provincial office and its readers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Invalid, Problem
from common.money import format_wan, parse_wan, yuan
from common.steps import Param
from exchange import scenario_report, workbooks
from matching import scenarios, tasks
from matching.actions import SCENARIO_ACTIONS
from matching.explain import TERM_NAMES
from matching.models import Round, Scenario
from matching.scoring import WEIGHTED
from matching.snapshot import NONE, Snapshot
from matching.states import SCENARIO_STEPS, by_provincial_office
from organisations.actors import Person
from organisations.entering import read
from organisations.idempotency import Answer
from portal import reads
from portal.access import require, signed_in
from portal.inputs import draw, unplaced
from portal.page import once, page_of, polled, render
from portal.panel import Refused, life

LIMIT_ROWS = 3
ROWS_SHOWN = 50
CASE_LOADS = "case_loads"


@signed_in
def index(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """The scenarios of a round, and a form for one more. A refusal keeps what was typed."""
    round_ = get_object_or_404(reads.rounds(by), pk=pk)
    may_ask = by_provincial_office(round_, by)
    if request.method != "POST":
        return _index(request, by, round_, may_ask=may_ask)
    require(may_ask)
    snapshot, _result = scenarios.stored(round_)
    try:
        number = once(request, by, lambda: _ask(round_, snapshot, read(_params(snapshot), request.POST), by))
    except DomainError as error:
        return _index(request, by, round_, may_ask=may_ask, error=error)
    return redirect("scenario", number)


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(reads.scenarios(by), pk=pk))


def page(request: HttpRequest, by: Person, scenario: Scenario, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    context = _shown(scenario) | {
        **life("scenarios", scenario, SCENARIO_STEPS, by, refused=refused, only=SCENARIO_ACTIONS),
    }
    return render(request, "portal/scenario/detail.html", context, by=by, status=status)


@signed_in
def status(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Asked for every second while a scenario is computed."""
    return polled(request, "portal/scenario/status.html", _shown(get_object_or_404(reads.scenarios(by), pk=pk)), by=by)


@signed_in
def export(_request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """The whole difference report as a workbook."""
    scenario = get_object_or_404(reads.scenarios(by), pk=pk)
    require(scenario.state == Scenario.State.SOLVED)
    answer = HttpResponse(scenario_report.workbook(scenario), content_type=workbooks.EXCEL)
    answer["Content-Disposition"] = f'attachment; filename="scenario-{scenario.round.number}-{scenario.pk}.xlsx"'
    return answer


def _shown(scenario: Scenario) -> dict[str, Any]:
    told = {"scenario": scenario, "is_running": scenario.state == Scenario.State.ASKED}
    if scenario.state != Scenario.State.SOLVED:
        return told
    report = scenario_report.read(scenario)
    return told | {
        "report": report,
        "groups": [(title, rows[:ROWS_SHOWN], len(rows)) for title, rows in report.changes if rows],
        "rows_shown": ROWS_SHOWN,
    }


def _index(request: HttpRequest, by: Person, round_: Round, *, may_ask: bool, error: DomainError | None = None) -> HttpResponse:
    rows = page_of(reads.scenarios(by).filter(round=round_).defer("report", "result").order_by("-pk"), request)
    context: dict[str, Any] = {"round": round_, "page": rows, "error": error, "may_ask": may_ask and round_.result_sha256 != ""}
    if context["may_ask"]:
        snapshot, _result = scenarios.stored(round_)
        params = _params(snapshot)
        problems: Sequence[Problem] = error.problems if error else ()
        context |= {
            "fields": draw(params, prefix="scenario", typed=request.POST if error else None, problems=problems, likely=_likely(snapshot)),
            "loose": unplaced(params, problems),
        }
    return render(request, "portal/scenario/list.html", context, by=by, status=error.status if error else 200)


def _params(snapshot: Snapshot) -> tuple[Param, ...]:
    """A name, a percentage on every appetite, some single limits, the points of each term, and each floor."""
    limits = list(_limits(snapshot))
    rows = (
        (
            Param(f"limit_{n}", "code", _("单项额度 %(n)s") % {"n": n}, required=False, choices=lambda: limits),
            Param(f"limit_{n}_to", "text", _("改为（万元或件）"), required=False),
        )
        for n in range(1, LIMIT_ROWS + 1)
    )
    weights = (Param(f"weight_{name}", "points", TERM_NAMES[name], required=False) for name in WEIGHTED)
    floors = (
        Param(f"floor_{floor['id']}", "wan", _("保底“%(name)s”（万元）") % {"name": floor["name"]}, required=False)
        for floor in snapshot.header["floors"]
    )
    return (
        Param("name", "text", _("名称"), help=_("例如“全省额度增加一成”。")),
        Param("percent", "integer", _("各行剩余意向额度（百分比）"), required=False, help=_("100 为不变，110 为各增一成。")),
        *(param for pair in rows for param in pair),
        *weights,
        *floors,
    )


def _limits(snapshot: Snapshot) -> Any:
    names = {row["id"]: row["name"] for row in snapshot.header["accounts"]}
    for account, free in zip(snapshot["account_id"].tolist(), snapshot["account_free"].tolist(), strict=True):
        if free != NONE:
            yield f"appetites:{account}", _("%(name)s（剩余 %(wan)s 万元）") % {"name": names[account], "wan": format_wan(yuan(free))}
    schemes = {version.scheme_id: version.scheme_name for version in snapshot.versions}
    for scheme, year, free in zip(*(snapshot[f"budget_{name}"].tolist() for name in ("scheme", "year", "free")), strict=True):
        told = {"name": schemes.get(scheme, scheme), "year": year, "wan": format_wan(yuan(free))}
        yield f"budgets:{scheme}:{year}", _("%(name)s %(year)s 年度预算（剩余 %(wan)s 万元）") % told
    for branch, load in zip(snapshot.header["branches"], snapshot["branch_case_load"].tolist(), strict=True):
        if load != NONE:
            yield f"{CASE_LOADS}:{branch['id']}", _("%(name)s可受理件数（剩余 %(n)s 件）") % {"name": branch["name"], "n": load}


def _likely(snapshot: Snapshot) -> dict[str, str]:
    weights = {f"weight_{name}": str(points) for name, points in snapshot.weights.items()}
    floors = {f"floor_{floor['id']}": format_wan(Decimal(floor["amount_yuan"])).replace(",", "") for floor in snapshot.header["floors"]}
    return {"percent": "100", **weights, **floors}


def _ask(round_: Round, snapshot: Snapshot, values: Mapping[str, Any], by: Person) -> Answer:
    scenario = scenarios.ask(round_, name=values["name"], changes=_changes(snapshot, values), by=by, at=by.at)
    tasks.dispatch_scenario(scenario)
    return 303, scenario.pk


def _changes(snapshot: Snapshot, values: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {"weights": {name: values[f"weight_{name}"] for name in WEIGHTED if f"weight_{name}" in values}}
    changes["floors"] = {
        str(floor["id"]): {"amount_yuan": int(values[f"floor_{floor['id']}"])}
        for floor in snapshot.header["floors"]
        if f"floor_{floor['id']}" in values
    }
    if "percent" in values:
        changes["appetite_percent"] = values["percent"]
    for n in range(1, LIMIT_ROWS + 1):
        limit, to = values.get(f"limit_{n}"), values.get(f"limit_{n}_to")
        if limit is None and to is None:
            continue
        if limit is None or to is None:
            raise Invalid([Problem(f"limit_{n}_to", "required", _("额度与新数值须同时填写。"), _("不调整的请两项都留空。"))])
        kind, _colon, key = limit.partition(":")
        changes.setdefault(kind, {})[key] = _cases(f"limit_{n}_to", to) if kind == CASE_LOADS else str(parse_wan(to, field=f"limit_{n}_to"))
    return changes


def _cases(field: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise Invalid([Problem(field, "not_an_integer", _("件数须为整数。"), _("只填数字，例如 20。"))])
    return int(text)
