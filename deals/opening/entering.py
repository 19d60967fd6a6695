"""What is entered of a loan of the stock, sheet by sheet: read from a workbook as a step's form is read from a page."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.steps import Param
from deals.models import Drawdown, Repayment
from deals.recovery.states import scheme_choices
from lenders.models import Branch
from organisations.models import Batch, FirmProfile, Industry, Region
from projects.models import Project

KNOWN = _("系统中已有该项目的可不填。")
CONTRACT_NO = Param("contract_no", "text", _("合同编号"), help=_("四张表以合同编号相连。"))
SLIP_NO = Param("slip_no", "text", _("借据号"))


def _codes(rows: Callable[[], Any]) -> Callable[[], list[tuple[str, str]]]:
    """By code, or by code and name as a cell shows both."""
    return lambda: [(code, f"{code} {name}") for code, name in rows()]


def regions() -> Any:
    counties = Region.objects.filter(level__in=[Region.Level.COUNTY, Region.Level.COUNTY_DIRECT], valid_to=None)
    return counties.order_by("code").values_list("code", "name")


LOAN = (
    Param("as_of", "date", _("截至日期"), help=_("此日以前的情况由本表导入，以后的在系统中办理。")),
    Param("firm_uscc", "text", _("企业统一社会信用代码")),
    Param("firm_name", "text", _("企业名称")),
    Param("size", "choice", _("企业规模"), required=False, choices=lambda: FirmProfile.Size.choices, help=_("系统中已有该企业的可不填。")),
    Param("ownership", "choice", _("所有制"), required=False, choices=lambda: FirmProfile.Ownership.choices),
    Param("project_code", "text", _("项目代码")),
    Param("project_name", "text", _("项目名称")),
    Param("track", "choice", _("渠道"), choices=lambda: Batch.Track.choices),
    Param("list_number", "text", _("清单批次")),
    Param("listed_on", "date", _("列入日期"), required=False),
    Param("region", "choice", _("建设地点"), required=False, choices=_codes(regions), help=KNOWN),
    Param(
        "industry",
        "choice",
        _("行业"),
        required=False,
        choices=_codes(lambda: Industry.objects.order_by("code").values_list("code", "name")),
    ),
    Param("action", "choice", _("申报方向"), required=False, choices=lambda: Project.Action.choices, help=KNOWN),
    Param("loan_purpose", "text", _("贷款用途"), required=False, help=KNOWN),
    Param("starts_on", "date", _("开工日期"), required=False, help=KNOWN),
    Param("completes_on", "date", _("竣工日期"), required=False, help=KNOWN),
    Param("total_investment", "wan", _("总投资（万元）"), required=False, help=KNOWN),
    Param("equipment_investment", "wan", _("设备投资（万元）"), required=False, help=KNOWN),
    Param(
        "branch",
        "choice",
        _("银行机构"),
        choices=_codes(lambda: Branch.objects.order_by("bank__code", "code").values_list("code", "organisation__name")),
    ),
    CONTRACT_NO,
    Param("contract_on", "date", _("签约日期")),
    Param("amount", "wan", _("合同金额（万元）")),
    Param("rate_bp", "percent", _("年利率（%）"), help=_("截至日执行的利率。")),
    Param("term_months", "integer", _("期限（月）")),
    Param("is_first_loan", "choice", _("首贷"), required=False, choices=lambda: ((True, _("是")), (False, _("否")))),
    Param("outstanding", "wan", _("贷款余额（万元）"), help=_("截至日的本金余额，须等于放款减还款。")),
    Param("interest_paid_to", "date", _("利息已付至"), required=False),
)
DRAWN = (
    CONTRACT_NO,
    SLIP_NO,
    Param("drawn_on", "date", _("放款日期")),
    Param("amount", "wan", _("放款金额（万元）")),
    Param("equipment_amount", "wan", _("其中设备款（万元）"), required=False, help=_("不填即全部为设备款。")),
    Param("payee", "text", _("收款供应商")),
    Param("payee_uscc", "text", _("供应商统一社会信用代码"), required=False),
    Param("paid_to_supplier_on", "date", _("划付供应商日期"), required=False, help=_("尚未划付的请留空。")),
    Param("invoice_no", "text", _("发票号码"), required=False),
    Param("relending", "choice", _("再贷款状态"), required=False, choices=lambda: Drawdown.Relending.choices),
)
BACK = (
    CONTRACT_NO,
    SLIP_NO,
    Param("on", "date", _("还款日期")),
    Param("amount", "wan", _("还款金额（万元）")),
    Param("voucher_no", "text", _("还款凭证号")),
    Param("kind", "choice", _("还款类型"), required=False, choices=lambda: Repayment.Kind.choices, help=_("不填即归还本金。")),
)
PAID = (
    CONTRACT_NO,
    Param("scheme", "choice", _("贴息政策"), choices=_codes(scheme_choices)),
    Param("period_start", "date", _("贴息期起")),
    Param(
        "period_end",
        "date",
        _("贴息期止"),
        help=_("未列出的日子视为尚未支付，系统将从起息日补计；已付的日子不再计算，也不更正。跨年度的按结息日年度分行。"),
    ),
    Param("amount", "wan", _("已付贴息（万元）")),
    Param("document_no", "text", _("资金文号"), required=False),
)
CODES = frozenset(
    {"firm_uscc", "project_code", "contract_no", "slip_no", "payee_uscc", "invoice_no", "voucher_no", "document_no", "list_number"}
)
