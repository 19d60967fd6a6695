"""Whether what is asked for is a loan of this programme."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.money import format_wan

YEARS_AHEAD_MAX = 5
VAGUE = re.compile(r"(用于)?(本)?(项目|投资|建设|项目投资|项目建设|流动资金|补充流动资金|经营周转|资金周转|贷款|其他)[。.]?")


def need_is_positive(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    rows = [("amount", values["amount"])]
    rows += [(f"later_needs.{place}.amount", row["amount"]) for place, row in enumerate(values["later_needs"])]
    for path, amount in rows:
        if amount <= 0:
            yield Problem(path, "need_not_positive", _("融资需求须大于零。"), _("当年没有贷款需求的，暂不申报。"))


def need_within_investment(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    need = total_need(values)
    if need > values["total_investment"]:
        yield Problem(
            "amount",
            "need_above_investment",
            _("融资需求 %(need)s 万元，大于总投资 %(total)s 万元。")
            % {"need": format_wan(need), "total": format_wan(values["total_investment"])},
            _("请核对金额单位（万元）；融资需求各年合计不得超过总投资。"),
        )


def years_follow(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    """The first need is of this year or a near one; later ones of later years, each once. New Year alone makes no case wrong."""
    first, last = (known.filed_on or known.on).year, known.on.year + YEARS_AHEAD_MAX
    if not first <= values["year"] <= last:
        yield Problem(
            "year",
            "year_out_of_range",
            _("需求年度 %(year)s 不在 %(first)s 年至 %(last)s 年之间。") % {"year": values["year"], "first": first, "last": last},
            _("请填写贷款需求发生的年度。"),
        )
    taken = {values["year"]}
    for place, row in enumerate(values["later_needs"]):
        if row["year"] in taken or not values["year"] < row["year"] <= last:
            yield Problem(
                f"later_needs.{place}.year",
                "year_out_of_order",
                _("以后年度需求的年度 %(year)s 重复，或不晚于首个需求年度，或超过 %(last)s 年。") % {"year": row["year"], "last": last},
                _("每个年度只填一行。"),
            )
        taken.add(row["year"])


def term_is_long_enough(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    minimum = int(known.policy["min_term_months"])
    if values["term_months"] < minimum:
        yield Problem(
            "term_months",
            "term_too_short",
            _("贷款期限 %(term)s 个月，短于要求的 %(minimum)s 个月。") % {"term": values["term_months"], "minimum": minimum},
            _("本渠道只支持一年期以上的贷款；以“年”为单位填写的，请换算成月。"),
        )


def not_too_many_banks(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    limit = int(known.policy["max_intended_banks"])
    banks = values["intended_banks"]
    if len(banks) > limit:
        yield Problem(
            f"intended_banks.{limit}",
            "too_many_banks",
            _("填写了 %(number)s 家意向银行，最多 %(limit)s 家。") % {"number": len(banks), "limit": limit},
            _("请按意愿先后保留前 %(limit)s 家；愿意接触更多银行的，可选择“愿向其他银行公开需求”。") % {"limit": limit},
        )


def somebody_is_asked(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    if not (values["intended_banks"] or values["open_to_other_banks"] or values["asks_for_suggestions"]):
        yield Problem(
            "intended_banks",
            "nobody_asked",
            _("没有填写意向银行，也没有选择向其他银行公开需求。"),
            _("请至少填写一家意向银行，或选择“愿向其他银行公开需求”。"),
        )


def purpose_names_what_is_bought(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    if VAGUE.fullmatch(values["loan_purpose"]):
        yield Problem(
            "loan_purpose",
            "purpose_vague",
            _("贷款用途“%(purpose)s”没有写明购置什么。") % {"purpose": values["loan_purpose"]},
            _("请写明所购设备，例如“购置数控加工中心四十台”。"),
        )


def total_need(values: Mapping[str, Any]) -> Decimal:
    return sum((row["amount"] for row in values["later_needs"]), values["amount"])
