"""What rounds said: rounds, recommendations (a bank that may not open the file reads the outline), and why some needs got none."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from deals.api import Rounds
from exchange.columns import ID, STATE, VERSION, Shown, follow, shown
from exchange.listings.listing import Listing
from matching.api import NonMatches, Recommendations, band
from matching.explain import why_not


def if_open(path: str) -> Any:
    """Only for who may open the file (`may_open`, marked by the resource)."""
    value = follow(path)
    return lambda row: value(row) if row.may_open else None


OUTLINE = (
    shown("region", _("建设地点"), "need.project.region.name"),
    shown("industry", _("行业"), "need.project.industry.name"),
    shown("amount_band", _("金额区间"), lambda row: band(row.need.amount)),
)


def round_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("number", _("轮次编号")),
        shown("programme", _("政策项目"), "programme.name"),
        shown("parent", _("上级轮次"), "parent.number"),
        shown("reason", _("缘由")),
        shown("planned_for", _("计划日期"), kind="date"),
        shown("needs", _("需求数"), kind="integer"),
        shown("options", _("候选数"), kind="integer"),
        shown("matched", _("推荐数"), kind="integer"),
        shown("value", _("得分"), kind="integer"),
        shown("bound", _("上界"), kind="integer"),
        shown("published_at", _("发布时间"), kind="moment"),
        shown("result_sha256", _("结果摘要"), kind="code"),
    )


def recommendation_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("round", _("轮次"), "round.number"),
        shown("rank", _("顺位"), kind="integer"),
        shown("branch", _("银行机构"), "branch.organisation.name"),
        shown("product", _("产品"), "product.name"),
        *OUTLINE,
        shown("firm", _("企业"), if_open("need.firm.name")),
        shown("firm_uscc", _("企业统一社会信用代码"), if_open("need.firm.uscc"), "code"),
        shown("project", _("项目名称"), if_open("need.project.name")),
        shown("amount", _("金额（万元）"), if_open("amount"), "wan"),
        shown("rate_bp", _("产品利率（%）"), kind="percent"),
        shown("cost_bp", _("贴息后综合成本（%）"), kind="percent"),
        shown("is_named", _("企业意向银行"), kind="yes_no"),
    )


def non_match_columns() -> tuple[Shown, ...]:
    return (
        ID,
        shown("round", _("轮次"), "round.number"),
        shown("need", _("需求编号"), "need_id", "integer"),
        shown("firm", _("企业"), "need.firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "need.firm.uscc", "code"),
        shown("project", _("项目名称"), "need.project.name"),
        shown("amount", _("融资需求（万元）"), "need.amount", "wan"),
        shown("why_not", _("未获推荐的原因"), lambda row: "\n".join(why_not(row))),
    )


LISTINGS = (
    Listing("rounds", pgettext_lazy("list", "推荐轮次"), Rounds, round_columns),
    Listing("recommendations", pgettext_lazy("list", "推荐"), Recommendations, recommendation_columns),
    Listing("non-matches", _("未获推荐说明"), NonMatches, non_match_columns),
)
