"""监测报表: the figures of the monitoring pages as a workbook, one sheet for each."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from deals.monitoring import answers, evenness, funnel
from deals.monitoring.funnel import Cut
from deals.monitoring.scope import Scope
from exchange.columns import Shown, shown
from exchange.writing import Writer


def funnel_columns(scope: Scope, cut: Cut) -> tuple[Shown, ...]:
    stages = funnel.shown(scope, cut)
    return (
        shown("code", _("代码"), kind="code"),
        shown("name", funnel.BY[cut.by]),
        *(shown(f"{stage}_n", _("%(stage)s（项目数）") % {"stage": funnel.LABELS[stage]}, _filings(stage), "integer") for stage in stages),
        *(shown(stage, _("%(stage)s（万元）") % {"stage": funnel.LABELS[stage]}, _amount(stage), "wan") for stage in stages),
    )


ANSWERS = (
    shown("code", _("代码"), kind="code"),
    shown("name", _("银行")),
    shown("sent", _("收到邀请"), kind="integer"),
    shown("answered", _("已答复"), kind="integer"),
    shown("in_time", _("按时"), kind="integer"),
    shown("late", _("超时"), kind="integer"),
    shown("silent", _("逾期未答复"), kind="integer"),
    shown("median_days", _("首次答复中位数（工作日）"), kind="number"),
    shown("refused", _("谢绝"), kind="integer"),
    shown("reasons", _("谢绝原因"), lambda row: "；".join(f"{kind} {number}" for kind, number in row.reasons)),
)
COUNTIES = (
    shown("code", _("代码"), "row.code", "code"),
    shown("name", _("县市区"), "row.name"),
    shown("need", _("清单内需求（万元）"), kind="wan"),
    shown("paid", _("已划付供应商（万元）"), "loans", "wan"),
    shown("outstanding", _("划付后在贷（万元）"), kind="wan"),
    shown("subsidy", _("已拨付贴息（万元）"), kind="wan"),
)
INDEXES = (
    shown("label", _("指标")),
    shown("gini", _("不均衡指数"), kind="number"),
    shown("counties", _("县市区数"), kind="integer"),
    shown("without", _("其中为零"), kind="integer"),
)


def workbook(scope: Scope, cut: Cut) -> bytes:
    """The funnel as it is asked for, with its total; banks' answers; the counties with the indexes."""
    counties = evenness.counties(scope)
    kept = BytesIO()
    with Writer() as book:
        columns = funnel_columns(scope, cut)
        _sheet(book, now("漏斗"), columns, [*funnel.rows(scope, cut), funnel.total(scope, cut)])
        _sheet(book, now("银行答复"), ANSWERS, answers.rows(scope))
        _sheet(book, now("区域均衡"), COUNTIES, counties)
        _sheet(book, now("不均衡指数"), INDEXES, evenness.indexes(counties))
        book.note(now("说明"), _notes(scope, cut))
        book.save(kept)
    return kept.getvalue()


def _notes(scope: Scope, cut: Cut) -> list[tuple[Any, Any]]:
    told = [
        (_("统计时点"), scope.by.at.strftime("%Y-%m-%d")),
        (_("在贷口径"), _("划付供应商满 %(days)s 日、扣除已还本金后的余额") % {"days": scope.outstanding_days}),
        (_("不均衡指数"), _("各县市区“所得÷清单内需求”的加权基尼系数：0 为均等，越接近 1 越集中")),
    ]
    if cut.by in funnel.OVERLAPPING:
        told.append((_("合计"), _("同一需求可送达多家银行，各行相加会重复；合计按需求只计一次")))
    return told


def _filings(stage: str) -> Any:
    return lambda row: row.filings[stage]


def _amount(stage: str) -> Any:
    return lambda row: row.amounts[stage]


def _sheet(book: Writer, title: str, columns: Sequence[Shown], rows: Iterable[Any]) -> None:
    sheet = book.sheet(title, columns)
    for row in rows:
        book.append(sheet, columns, row)
