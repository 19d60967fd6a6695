"""What goes up and what is reported of it: forward batches, the ministry's rows, weekly sheets and monthly reports."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from deals.ministry_answers_api import AnswerRows
from deals.progress.api import ProgressReports
from exchange.columns import ID, STATE, VERSION, Shown, shown
from exchange.listings.listing import Listing
from projects.forwarding.api import Forwards


def forward_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("batch", _("批次"), "batch.name"),
        shown("unit", _("上报单位"), "unit.organisation.name"),
        shown("receiver", _("主送单位")),
        shown("cases", _("项目数"), lambda row: len(row.content), "integer"),
        shown("list_version", _("清单版次"), kind="integer"),
        shown("sha256", _("清单摘要"), kind="code"),
        shown("number", _("文号")),
        shown("dated_on", _("成文日期"), kind="date"),
        shown("sent_at", _("上报时间"), kind="moment"),
    )


def row_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("answer", _("来文文号"), "answer.number"),
        shown("line", _("行号"), kind="integer"),
        shown("project_code", _("项目代码"), kind="code"),
        shown("uscc", _("统一社会信用代码"), kind="code"),
        shown("firm_name", _("企业名称")),
        shown("project_name", _("项目名称")),
        shown("verdict", _("结论"), "get_verdict_display"),
        shown("reason", _("未列入原因")),
        shown("doubt", _("存疑"), "get_doubt_display"),
        shown("told", _("说明")),
        shown("filing", _("申报编号"), "filing_id", "integer"),
    )


def report_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("kind", _("类型"), "get_kind_display"),
        shown("period_start", _("期间起"), kind="date"),
        shown("unit", _("报送单位"), "unit.organisation.name"),
        shown("region", _("建设地点"), "filing.project.region.name"),
        shown("firm", _("企业"), "filing.firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "filing.firm.uscc", "code"),
        shown("project", _("项目名称"), "filing.title"),
        shown("filing", _("申报编号"), "filing_id", "integer"),
        shown("contacted", _("银行已联系"), kind="yes_no"),
        shown("stage", _("进展"), "get_stage_display"),
        shown("approved", _("累计授信（万元）"), kind="wan"),
        shown("signed", _("累计签约（万元）"), kind="wan"),
        shown("drawn", _("累计放款（万元）"), kind="wan"),
        shown("paid", _("累计划付供应商（万元）"), kind="wan"),
        shown("problem", _("问题"), "get_problem_display"),
        shown("help_asked", _("需协调事项")),
        shown("invested", _("累计完成投资（万元）"), kind="wan"),
        shown("physical_percent", _("形象进度（%）"), kind="integer"),
        shown("milestone", _("下一节点")),
        shown("is_unchanged", _("无变化"), kind="yes_no"),
        shown("correction", _("核减说明")),
        shown("reported_at", _("报送时间"), kind="moment"),
    )


LISTINGS = (
    Listing("forwards", pgettext_lazy("list", "上报批次"), Forwards, forward_columns),
    Listing("answer-rows", _("反馈条目"), AnswerRows, row_columns),
    Listing("progress-reports", _("调度报表"), ProgressReports, report_columns),
)
