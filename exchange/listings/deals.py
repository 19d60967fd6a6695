"""What became of it: invitations with columns for the bank's answer, deals, drawdowns, interest slips, subsidy claims."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from deals.api import Deals, Invitations
from deals.docking.api import DockingLists, SecondDockings
from deals.drawdowns_api import Drawdowns, Receipts
from deals.funding.api import FundingBatches
from deals.funding.words import cuts_in_words
from deals.models import Deal, DeclineCode, Invitation
from deals.recovery.api import Recoveries
from deals.subsidies.api import Claims
from exchange.columns import ID, STATE, VERSION, Shown, entered, shown
from exchange.decision_columns import AMOUNT, ANSWER, CODE, NOTE
from exchange.listings.listing import Listing, Part
from exchange.listings.rounds import OUTLINE, if_open


def invitation_columns() -> tuple[Shown, ...]:
    codes = DeclineCode.objects.order_by("category", "id").values_list("code", "sentence")
    return (
        ID,
        VERSION,
        STATE,
        shown("origin", _("来源"), "get_origin_display"),
        shown("branch", _("银行机构"), "branch.organisation.name"),
        *OUTLINE,
        shown("firm", _("企业"), if_open("filing.firm.name")),
        shown("firm_uscc", _("企业统一社会信用代码"), if_open("filing.firm.uscc"), "code"),
        shown("project", _("项目名称"), if_open("need.project.name")),
        shown("need_amount", _("融资需求（万元）"), if_open("need.amount"), "wan"),
        shown("term_months", _("期限（月）"), "need.term_months", "integer"),
        shown("firm_note", _("企业说明"), if_open("firm_note")),
        shown("officer", _("承办客户经理"), _officer),
        shown("contact_due_at", _("首次联系期限"), kind="moment"),
        shown("expires_at", _("有效期至"), kind="moment"),
        entered(ANSWER, _nothing, choices=[label for _value, label in ANSWER.choices()]),
        entered(AMOUNT, _nothing),
        entered(CODE, lambda row: row.decline_code and row.decline_code.code, choices=[f"{code} {sentence}" for code, sentence in codes]),
        entered(NOTE, _nothing),
    )


def _officer(row: Invitation | Deal) -> str:
    return str(row.officer) if row.officer else ""


def _nothing(_row: Invitation) -> None:
    return None


def docking_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("firm", _("企业"), "firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "firm.uscc", "code"),
        shown("project", _("项目名称"), "filing.title"),
        shown("filing", _("申报编号"), "filing_id", "integer"),
        shown("unit", _("办理单位"), "unit.organisation.name"),
        shown("amount", _("融资需求（万元）"), "need.amount", "wan"),
        shown("begun_at", _("列入时间"), kind="moment"),
        shown("since", _("本环节自"), kind="moment"),
        shown("rounds_used", _("已再对接轮数"), kind="integer"),
        shown("rounds_allowed", _("可再对接轮数"), kind="integer"),
        shown("is_of_rest", _("部分批复后的余额"), kind="yes_no"),
        shown("parked_reason", _("暂停对接原因"), "need.parked_reason"),
    )


def meeting_columns() -> tuple[Shown, ...]:
    return (
        shown("docking", _("二次对接编号"), "docking_id", "integer"),
        shown("number", _("次数"), kind="integer"),
        shown("owner", _("牵头人")),
        shown("meeting_on", _("会商日期"), kind="date"),
        shown("parties", _("参会各方")),
        shown("held_on", _("召开日期"), kind="date"),
        shown("outcome", _("结果"), "get_outcome_display"),
        shown("summary", _("会商意见")),
    )


def week_columns() -> tuple[Shown, ...]:
    return (
        ID,
        shown("unit", _("办理单位"), "unit.organisation.name"),
        shown("week", _("周（周一）"), kind="date"),
        shown("listed_at", _("列出时间"), kind="moment"),
        shown("number", _("项数"), lambda row: len(row.rows.all()), "integer"),
    )


def listed_columns() -> tuple[Shown, ...]:
    return (
        shown("week", _("周（周一）"), "list.week", "date"),
        shown("docking", _("二次对接编号"), "docking_id", "integer"),
        shown("firm", _("企业"), "docking.firm.name"),
        shown("project", _("项目名称"), "docking.filing.title"),
        shown("state", _("状态"), "get_state_display"),
        shown("since", _("本环节自"), kind="moment"),
        shown("left", _("尚待对接（万元）"), kind="wan"),
    )


def deal_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("origin", _("来源"), "get_origin_display"),
        shown("opening_as_of", _("期初截至"), kind="date"),
        shown("succession", _("承接方式"), "get_succession_display"),
        shown("succeeds", _("承接的对接项目编号"), "succeeds_id", "integer"),
        shown("firm", _("企业"), "firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "firm.uscc", "code"),
        shown("project", _("项目名称"), "filing.title"),
        shown("filing", _("申报编号"), "filing_id", "integer"),
        shown("branch", _("银行机构"), "branch.organisation.name"),
        shown("amount", _("意向金额（万元）"), kind="wan"),
        shown("approved_amount", _("授信金额（万元）"), kind="wan"),
        shown("approved_rate_bp", _("批复利率（%）"), kind="percent"),
        shown("signed_amount", _("签约金额（万元）"), kind="wan"),
        shown("rate_bp", _("合同利率（%）"), kind="percent"),
        shown("term_months", _("合同期限（月）"), kind="integer"),
        shown("contract_no", _("合同编号"), kind="code"),
        shown("contract_on", _("签约日期"), kind="date"),
        shown("drawn", _("已放款（万元）"), lambda deal: sum(row.amount for row in deal.drawdowns.all()), "wan"),
        shown("is_first_loan", _("首贷"), kind="yes_no"),
        shown("officer", _("承办客户经理"), _officer),
        shown("started_at", _("意向时间"), kind="moment"),
        shown("decline_code", _("谢绝原因"), "decline_code.sentence"),
    )


def drawdown_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        shown("deal", _("对接项目编号"), "deal_id", "integer"),
        shown("number", _("笔次"), kind="integer"),
        shown("slip_no", _("借据号"), kind="code"),
        shown("drawn_on", _("放款日期"), kind="date"),
        shown("amount", _("放款金额（万元）"), kind="wan"),
        shown("equipment_amount", _("其中设备款（万元）"), kind="wan"),
        shown("paid_to_supplier_on", _("划付供应商日期"), kind="date"),
        shown("payee", _("收款供应商")),
        shown("payee_uscc", _("供应商统一社会信用代码"), kind="code"),
        shown("is_entrusted", _("受托支付"), kind="yes_no"),
        shown("invoice_no", _("发票号码"), kind="code"),
        shown("invoice_status", _("发票状态"), "get_invoice_status_display"),
        shown("invoice_checked_on", _("发票查验日期"), kind="date"),
        shown("invoice_amount", _("发票价税合计（万元）"), kind="wan"),
        shown("relending", _("再贷款状态"), "get_relending_display"),
        shown("relending_month", _("上报月份"), kind="code"),
        shown("repaid", _("已归还（万元）"), lambda row: sum(one.amount for one in row.repayments.all()), "wan"),
    )


def receipt_columns() -> tuple[Shown, ...]:
    return (
        ID,
        shown("deal", _("对接项目编号"), "deal_id", "integer"),
        shown("slip_no", _("凭证号"), kind="code"),
        shown("period_start", _("计息期起"), kind="date"),
        shown("period_end", _("计息期止"), kind="date"),
        shown("paid_on", _("付息日期"), kind="date"),
        shown("amount", _("实付利息（万元）"), kind="wan"),
        shown("query", _("存疑")),
    )


def claim_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("scheme", _("政策"), "scheme.name"),
        shown("claimant", _("申领人"), "claimant.name"),
        shown("firm", _("企业"), "deal.firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "deal.firm.uscc", "code"),
        shown("project", _("项目名称"), "deal.filing.project.name"),
        shown("branch", _("银行机构"), "deal.branch.organisation.name"),
        shown("office", _("审批单位"), "office.organisation.name"),
        shown("period_start", _("计息期起"), kind="date"),
        shown("period_end", _("计息期止"), kind="date"),
        shown("fiscal_year", _("财政年度"), kind="integer"),
        shown("carried", _("结转次数"), kind="integer"),
        shown("requested", _("申请金额（万元）"), kind="wan"),
        shown("eligible", _("核定金额（万元）"), kind="wan"),
        shown("arranged", _("安排金额（万元）"), kind="wan"),
        shown("paid", _("已付金额（万元）"), kind="wan"),
        shown("is_opening", _("期初已付"), kind="yes_no"),
        shown("document_no", _("资金文号")),
    )


def batch_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("number", _("编号"), kind="code"),
        shown("scheme", _("政策"), "scheme.name"),
        shown("office", _("安排单位"), "office.organisation.name"),
        shown("fiscal_year", _("财政年度"), kind="integer"),
        shown("shortfall_rule", _("预算不足时"), "get_shortfall_rule_display"),
        shown("available", _("可用预算（万元）"), kind="wan"),
        shown("notice_from", _("公示自"), kind="date"),
        shown("notice_to", _("公示至"), kind="date"),
        shown("document_no", _("文号"), kind="code"),
        shown("issued_on", _("行文日期"), kind="date"),
        shown("paid_on", _("下达日期"), kind="date"),
    )


def arranged_columns() -> tuple[Shown, ...]:
    """One claim of a batch, as the finance bureau pays it: to whom, how much, what was cut and why."""
    return (
        shown("id", _("申领编号"), "pk", "integer"),
        shown("claimant", _("申领人"), "claimant.name"),
        shown("claimant_uscc", _("申领人统一社会信用代码"), "claimant.uscc", "code"),
        shown("firm", _("企业"), "deal.firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "deal.firm.uscc", "code"),
        shown("period_start", _("计息期起"), kind="date"),
        shown("period_end", _("计息期止"), kind="date"),
        shown("carried", _("结转次数"), kind="integer"),
        shown("requested", _("申请金额（万元）"), kind="wan"),
        shown("eligible", _("核定金额（万元）"), kind="wan"),
        shown("arranged", _("安排金额（万元）"), kind="wan"),
        shown("paid", _("已付金额（万元）"), kind="wan"),
        shown("cuts", _("核减及原因"), cuts_in_words),
        shown("state", _("状态"), "get_state_display"),
    )


def recovery_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("scheme", _("政策"), "scheme.name"),
        shown("firm", _("企业"), "deal.firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "deal.firm.uscc", "code"),
        shown("branch", _("银行机构"), "deal.branch.organisation.name"),
        shown("office", _("办理单位"), "office.organisation.name"),
        shown("payer", _("缴回人"), "payer.name"),
        shown("reason", _("事由")),
        shown("suspended_from", _("暂停计提自"), kind="date"),
        shown("due_on", _("说明期限"), kind="date"),
        shown("scope", _("追回范围"), "get_scope_display"),
        shown("document_no", _("决定文号"), kind="code"),
        shown("pay_by", _("缴回期限"), kind="date"),
        shown("amount", _("应追回（万元）"), kind="wan"),
        shown("recovered", _("已收回（万元）"), kind="wan"),
    )


LISTINGS = (
    Listing("invitations", pgettext_lazy("list", "对接邀请"), Invitations, invitation_columns),
    Listing(
        "second-dockings",
        _("二次对接"),
        SecondDockings,
        docking_columns,
        parts=(Part(_("四方会商"), meeting_columns, lambda docking: docking.meetings.all()),),
    ),
    Listing(
        "docking-lists",
        _("二次对接周清单"),
        DockingLists,
        week_columns,
        parts=(Part(_("周清单明细"), listed_columns, lambda week: week.rows.all()),),
    ),
    Listing("deals", pgettext_lazy("list", "对接项目"), Deals, deal_columns),
    Listing("drawdowns", _("提款"), Drawdowns, drawdown_columns),
    Listing("interest-receipts", _("付息凭证"), Receipts, receipt_columns),
    Listing("claims", pgettext_lazy("list", "贴息申领"), Claims, claim_columns),
    Listing(
        "funding-batches",
        _("资金安排方案"),
        FundingBatches,
        batch_columns,
        parts=(Part(_("逐件安排"), arranged_columns, lambda batch: batch.claims.all()),),
    ),
    Listing("recoveries", _("贴息追回"), Recoveries, recovery_columns),
)
