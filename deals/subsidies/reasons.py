"""Why a drawdown is not subsidised, or a claim cut: codes in the rows, sentences here."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from schemes import formulas

AWAITING_NOTICE = "awaiting_notice"
OUT_OF_DATES = "out_of_dates"
BANK_NOT_ADMITTED = "bank_not_admitted"
FIRM_NOT_ADMITTED = "firm_not_admitted"
NOT_LISTED = "not_listed"
RELENDING_MISSING = "relending_missing"
NOT_PAID = "not_paid"
OTHER_REGION = "other_region"
NOT_TOGETHER = "not_together"
WINDOW_OVER = "window_over"
TAKEN_BACK = "taken_back"
REFINANCED = "refinanced"
MOVED = "moved"

SENTENCES: dict[str, Any] = {
    AWAITING_NOTICE: _("待国家通知：现行政策不适用于此日期之后发放的贷款，暂不计算贴息。"),
    OUT_OF_DATES: _("合同、放款或划付日期不在政策适用范围内。"),
    BANK_NOT_ADMITTED: _("经办银行不在该政策的银行名单内。"),
    FIRM_NOT_ADMITTED: _("企业规模或所有制不符合该政策的条件。"),
    NOT_LISTED: _("项目不在备选项目清单内。"),
    RELENDING_MISSING: _("该笔贷款尚未获得再贷款支持。"),
    NOT_PAID: _("资金尚未划付供应商账户。"),
    OTHER_REGION: _("项目不在该政策的适用地区。"),
    NOT_TOGETHER: _("与其他贴息不得兼享，已按较优的一项计算。"),
    WINDOW_OVER: _("贴息期限已满。"),
    REFINANCED: _("借新还旧的贷款不是新的设备更新贷款，不再贴息。"),
    MOVED: _("转贷后的贷款不是新的设备更新贷款，不再贴息。"),
    TAKEN_BACK: _("按追回决定，涉及部分不再支付。"),
    formulas.CAP_REASONS["per_loan"]: _("超过单笔贷款贴息上限。"),
    formulas.CAP_REASONS["project_year"]: _("超过项目年度贴息上限。"),
    formulas.CAP_REASONS["firm_year"]: _("超过企业年度贴息上限。"),
    formulas.CAP_FIRM_LOAN: _("超过企业可贴息贷款总额。"),
    formulas.COUNTED_GRANT: _("项目已获财政补助，贴息与补助取高，补助以内的部分不再支持。"),
    formulas.EXCEEDS_INTEREST_PAID: _("贴息合计不得超过实付利息。"),
    formulas.BUDGET_EXHAUSTED: _("当年预算已用完。"),
    formulas.PRO_RATA_SHARE: _("预算不足，按比例安排。"),
    formulas.LOWER_PRIORITY: _("预算不足，优先安排其他申领。"),
    formulas.CARRIED_OVER: _("当年预算不足，结转下一资金文件优先安排。"),
}
