"""A scenario's difference report with names for its ids: read for the page, and as an Excel workbook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook
from openpyxl.styles import Font

from lenders.models import Branch
from matching.explain import LIMIT_NAMES, TERM_NAMES
from matching.models import Scenario
from matching.overrides import APPETITE_PERCENT
from organisations.models import Region
from projects.models import Need

WAN = Decimal(10_000)
KIND_NAMES: Mapping[str, Any] = {
    "weights": _("评分权重"),
    "appetites": _("意向额度（元）"),
    "case_loads": _("可受理件数"),
    "budgets": _("贴息预算（元）"),
    "floors": _("区域保底（元 × 罚分）"),
    APPETITE_PERCENT: _("各行意向额度（百分比）"),
}
TOTALS: Mapping[str, Any] = {
    "matched": _("获推荐需求（项）"),
    "amount": _("首推金额（万元）"),
    "subsidy": _("预计贴息（万元）"),
    "cost_bp": _("加权综合成本（基点）"),
    "named": _("推荐给企业意向银行（项）"),
    "value": _("得分"),
    "bound": _("可证上界"),
}
IN_WAN = ("amount", "subsidy")
CHANGES: Mapping[str, Any] = {"gained": _("新获推荐"), "lost": _("不再获推荐"), "moved": _("改由其他银行")}


@dataclass(frozen=True)
class Change:
    need: Need
    before: str
    after: str
    amount: Decimal
    cost_bp: int


@dataclass(frozen=True)
class Report:
    """`totals`, `limits`, `weights`: (name, before, after); `regions`: (name, needs, before, after, amount before, amount after)."""

    totals: Sequence[tuple[Any, Any, Any]]
    changes: Sequence[tuple[Any, Sequence[Change]]]
    regions: Sequence[tuple[str, int, int, int, Decimal, Decimal]]
    limits: Sequence[tuple[str, int, int]]
    floors: Sequence[Mapping[str, Any]]
    weights: Sequence[Mapping[str, Any]]
    overrides: Sequence[tuple[Any, str, str, str]]
    noise: int
    gaps: tuple[float, float]
    impossible_pins: int


def read(scenario: Scenario) -> Report:
    """The stored report with names. Four queries, whatever its length."""
    told = scenario.report
    rows = [row for name in CHANGES for row in told[name]]
    needs = Need.objects.select_related("firm", "filing", "project__region").in_bulk({row["need"] for row in rows})
    ids = {row[side] for row in rows for side in ("before", "after")} - {None}
    branches = dict(Branch.objects.filter(pk__in=ids).values_list("pk", "organisation__name"))
    regions = dict(Region.objects.filter(pk__in=[row["region"] for row in told["regions"]]).values_list("pk", "name"))
    return Report(
        totals=[(label, *(_total(told[side], name) for side in ("base", "scenario"))) for name, label in TOTALS.items()],
        changes=[(label, [_change(row, needs, branches) for row in told[name]]) for name, label in CHANGES.items()],
        regions=[
            (
                regions.get(row["region"], ""),
                row["needs"],
                row["before"],
                row["after"],
                Decimal(row["before_amount"]),
                Decimal(row["after_amount"]),
            )
            for row in told["regions"]
        ],
        limits=[(_limit(row), row["before"], row["after"]) for row in told["limits"]],
        floors=told["floors"],
        weights=[{**row, "name": TERM_NAMES[row["term"]]} for row in told["weights"]],
        overrides=[
            (KIND_NAMES[kind], str(TERM_NAMES.get(name, name)) if kind == "weights" else name, before, after)
            for kind, name, before, after in told["overrides"]
        ],
        noise=max(told[side]["bound"] - told[side]["value"] for side in ("base", "scenario")),
        gaps=(float(told["base"]["gap"]), float(told["scenario"]["gap"])),
        impossible_pins=len(told["impossible_pins"]),
    )


def workbook(scenario: Scenario) -> bytes:
    """One sheet for each part of the report."""
    report = read(scenario)
    book = Workbook()
    book.remove(book.active)
    before, after = now("基准"), now("测算")
    head = [(now("名称"), scenario.name), (now("基准轮次"), scenario.round.number), (now("结果摘要"), scenario.result_sha256)]
    _sheet(book, now("概要"), [now("项目"), before, after], [*head, *report.totals, (now("差距"), *report.gaps)])
    _sheet(book, now("调整"), [now("类别"), now("对象"), before, after], report.overrides)
    for title, rows in report.changes:
        headings = [now("企业"), now("项目"), now("区县"), now("金额（万元）"), now("原推荐银行"), now("测算银行"), now("综合成本（基点）")]
        _sheet(
            book,
            str(title),
            headings,
            [
                (
                    row.need.firm.name,
                    str(row.need.filing),
                    row.need.project.region.name,
                    row.amount / WAN,
                    row.before,
                    row.after,
                    row.cost_bp,
                )
                for row in rows
            ],
        )
    headings = [now("区县"), now("需求"), before, after, now("基准金额（万元）"), now("测算金额（万元）")]
    _sheet(book, now("区县"), headings, [(*row[:4], row[4] / WAN, row[5] / WAN) for row in report.regions])
    _sheet(book, now("额度价格"), [now("额度"), now("基准（分/万元或件）"), now("测算（分/万元或件）")], report.limits)
    weights = [
        (row["name"], row["before"]["weight"], row["before"]["points"], row["after"]["weight"], row["after"]["points"])
        for row in report.weights
    ]
    _sheet(book, now("权重"), [now("评分项"), now("基准分值"), now("基准得分"), now("测算分值"), now("测算得分")], weights)
    floors = [
        (
            row["name"],
            *((row[side] or {}).get(name) for side in ("before", "after") for name in ("asked_yuan", "reached_yuan", "penalty", "price")),
        )
        for row in report.floors
    ]
    parts = [now("保底（元）"), now("已推荐（元）"), now("罚分"), now("价格（分/万元）")]
    _sheet(book, now("保底"), [now("名称"), *(f"{side} {part}" for side in (before, after) for part in parts)], floors)
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def _sheet(book: Workbook, title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    sheet = book.create_sheet(title[:31])
    sheet.append(headings)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    """Numbers as numbers; any other as text that no spreadsheet takes for a formula."""
    if value is None or isinstance(value, int | float | Decimal):
        return value
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


def _total(side: Mapping[str, Any], name: str) -> Any:
    return (Decimal(side[name]) / WAN).normalize() if name in IN_WAN else side[name]


def _change(row: Mapping[str, Any], needs: Mapping[int, Need], branches: Mapping[int, str]) -> Change:
    before, after = (branches.get(row[side], "") for side in ("before", "after"))
    return Change(needs[row["need"]], before, after, Decimal(row["amount"]), row["cost_bp"])


def _limit(row: Mapping[str, Any]) -> str:
    return str(LIMIT_NAMES[row["kind"]]) % {"name": row["name"], "year": row.get("year", "")}
