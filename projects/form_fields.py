"""The application form as a table: pages, API documents and Excel templates are drawn from it, `projects.application` reads by it.

Field lists of the two tracks (domain §3.1–3.2). Amounts are typed in 万元, the rate in percent; everything is kept as typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from lenders.models import Security
from projects.models import Project


@dataclass(frozen=True)
class FormField:
    """One field of the form.

    `kind` names the reader (`projects.reading.READERS`): text, long_text, wan, percent, integer, number, date, yes_no, choice, choices,
    region, zone, industry, branches, project_code, uscc, rows, group. `fields` are those of each row or of the group.
    """

    name: str
    label: Any
    kind: str
    required: bool = True
    help: Any = ""
    section: str = ""
    max_length: int = 200
    choices: type[Any] | None = None
    fields: tuple["FormField", ...] = ()


SECTIONS = (
    ("project", _("项目情况")),
    ("investment", _("投资情况")),
    ("need", _("融资需求")),
    ("banks", _("意向银行")),
    ("equipment", _("设备清单")),
    ("benefits", _("预期效益")),
)

EQUIPMENT_FIELDS = (
    FormField("name", _("设备名称"), "text"),
    FormField("model", _("型号"), "text", required=False, max_length=100),
    FormField("unit_price", _("单价（万元）"), "wan"),
    FormField("quantity", _("数量"), "integer"),
    FormField("amount", _("金额（万元）"), "wan"),
    FormField("supplier", _("供应商"), "text", required=False),
    FormField("supplier_uscc", _("供应商统一社会信用代码"), "uscc", required=False),
    FormField("replaces", _("拟淘汰设备"), "text", required=False),
    FormField("is_software", _("是否软件"), "yes_no", required=False),
)

LATER_NEED_FIELDS = (FormField("year", _("年度"), "integer"), FormField("amount", _("融资需求（万元）"), "wan"))

BENEFIT_FIELDS = (
    FormField("energy_saved_tce", _("年节能量（吨标准煤）"), "number", required=False),
    FormField("co2_saved_t", _("年减排二氧化碳（吨）"), "number", required=False),
    FormField("output_gain", _("年新增产值（万元）"), "wan", required=False),
    FormField("jobs", _("新增就业（人）"), "integer", required=False),
)

FORM_FIELDS = (
    FormField("name", _("项目名称"), "text", section="project", help=_("与备案（核准）文件一致")),
    FormField(
        "project_code", _("项目代码"), "project_code", required=False, section="project", help=_("投资项目在线审批监管平台赋码，上报前必填")
    ),
    FormField("region", _("建设地点"), "region", section="project", help=_("项目建设地所在的县（市、区）")),
    FormField("zone", _("开发区"), "zone", required=False, section="project", help=_("项目在开发区内的，选择开发区")),
    FormField("industry", _("行业"), "industry", section="project", help=_("国民经济行业分类代码")),
    FormField("action", _("申报方向"), "choice", section="project", choices=Project.Action),
    FormField("content", _("建设内容"), "long_text", section="project", max_length=5000, help=_("写明购置的设备，如“购置××设备”")),
    FormField("loan_purpose", _("贷款用途"), "long_text", section="project", max_length=2000, help=_("写明购置什么，不写“项目投资”")),
    FormField("starts_on", _("开工日期"), "date", section="project"),
    FormField("completes_on", _("竣工日期"), "date", section="project"),
    FormField("total_investment", _("总投资（万元）"), "wan", section="investment"),
    FormField("equipment_investment", _("其中设备（含软件）投资（万元）"), "wan", section="investment"),
    FormField("own_capital", _("自有资金（万元）"), "wan", section="investment"),
    FormField("invested", _("已完成投资（万元）"), "wan", required=False, section="investment"),
    FormField("amount", _("本年度融资需求（万元）"), "wan", section="need"),
    FormField("year", _("需求年度"), "integer", section="need"),
    FormField("later_needs", _("以后年度融资需求"), "rows", required=False, section="need", fields=LATER_NEED_FIELDS),
    FormField("term_months", _("贷款期限（月）"), "integer", section="need"),
    FormField("rate_cap", _("期望利率上限（%）"), "percent", required=False, section="need", help=_("年利率，例如 3.50")),
    FormField("securities", _("担保方式"), "choices", section="need", choices=Security),
    FormField("intended_banks", _("意向银行"), "branches", required=False, section="banks", help=_("按意愿先后填写，最多三家")),
    FormField("open_to_other_banks", _("愿向其他银行公开需求"), "yes_no", required=False, section="banks"),
    FormField("asks_for_suggestions", _("请求推荐其他银行"), "yes_no", required=False, section="banks"),
    FormField("equipment", _("设备清单"), "rows", section="equipment", fields=EQUIPMENT_FIELDS),
    FormField("benefits", _("预期效益"), "group", required=False, section="benefits", fields=BENEFIT_FIELDS),
)

FIELDS: Mapping[str, FormField] = {field.name: field for field in FORM_FIELDS}

# A field that a reviewer opens opens those tied to it: an equipment row changes totals and need, a place changes the zone.
TIES: Mapping[str, frozenset[str]] = {
    "equipment": frozenset({"equipment_investment", "total_investment", "own_capital", "amount", "later_needs", "content", "loan_purpose"}),
    "equipment_investment": frozenset({"equipment", "total_investment", "own_capital", "amount", "later_needs"}),
    "total_investment": frozenset({"equipment_investment", "equipment", "own_capital", "invested", "amount", "later_needs"}),
    "own_capital": frozenset({"amount", "later_needs"}),
    "amount": frozenset({"year", "later_needs", "own_capital"}),
    "later_needs": frozenset({"amount", "year"}),
    "year": frozenset({"amount", "later_needs"}),
    "region": frozenset({"zone"}),
    "zone": frozenset({"region"}),
    "starts_on": frozenset({"completes_on"}),
    "completes_on": frozenset({"starts_on"}),
    "content": frozenset({"loan_purpose"}),
    "intended_banks": frozenset({"open_to_other_banks", "asks_for_suggestions"}),
}


def opened_by(names: list[str]) -> frozenset[str]:
    """The named fields and those tied to them."""
    return frozenset(names).union(*(TIES.get(name, frozenset()) for name in names))


def field_choices() -> list[tuple[str, Any]]:
    return [(field.name, field.label) for field in FORM_FIELDS]
