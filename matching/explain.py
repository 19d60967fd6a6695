"""Why this bank, and why none: sentences made at reading time from the codes a round stored, so that every reader gets their language."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from matching.candidates import RULES
from matching.models import NonMatch, Recommendation
from matching.outcome import LIMITS_FULL, NO_CANDIDATE, OUTRANKED
from matching.problem import APPETITE, BUDGET, CASE_LOAD, TICKET

BP_PER_PERCENT = 100

TERMS: Mapping[str, Any] = {
    "coverage": _("使该需求获得推荐：%(points)s 分"),
    "policy_priority": _("符合政策优先方向：%(points)s 分"),
    "amount": _("融资金额：%(points)s 分"),
    "cost": _("贴息后综合成本约 %(cost)s%%：%(points)s 分"),
    "firm_ranking": _("企业的第 %(rank)s 意向银行：%(points)s 分"),
    "house_bank": _("企业基本账户开户银行：%(points)s 分"),
    "stability": _("与上一轮推荐一致：%(points)s 分"),
}
LACKS: Mapping[str, Any] = {
    "cost": _("综合成本约 %(cost)s%%，少 %(points)s 分"),
    "firm_ranking": _("企业意向靠后或未列为意向，少 %(points)s 分"),
    "house_bank": _("不是基本账户开户银行，少 %(points)s 分"),
    "stability": _("不是上一轮推荐的银行，少 %(points)s 分"),
    "full_stack": _("不能享受全部贴息"),
}
FULL: Mapping[str, Any] = {
    APPETITE: _("“%(name)s”剩余不足"),
    CASE_LOAD: _("%(name)s可受理件数已满"),
    TICKET: _("%(name)s对该企业的单户上限不足"),
    BUDGET: _("“%(name)s”%(year)s年度预算不足"),
}
PER_UNIT = _("每增加 1 万元，本轮总分约增 %(price)s 分")
WORTH: Mapping[str, Any] = {
    APPETITE: PER_UNIT,
    CASE_LOAD: _("每增加 1 件，本轮总分约增 %(price)s 分"),
    TICKET: PER_UNIT,
    BUDGET: PER_UNIT,
}
TERM_NAMES: Mapping[str, Any] = {
    "coverage": _("获得推荐"),
    "policy_priority": _("政策优先方向（每项）"),
    "amount": _("融资金额（每万元）"),
    "cost": _("综合成本（每低 1 个基点）"),
    "firm_ranking": _("企业意向排序"),
    "house_bank": _("基本账户开户银行"),
    "stability": _("与上一轮一致"),
}
LIMIT_NAMES: Mapping[str, Any] = {
    APPETITE: "%(name)s",
    CASE_LOAD: _("%(name)s可受理件数"),
    TICKET: _("%(name)s对一家企业的单户上限"),
    BUDGET: _("%(name)s %(year)s 年度预算"),
}
RAISES: Mapping[str, Any] = {
    APPETITE: _("“%(name)s”提高 %(units)s 万元"),
    CASE_LOAD: _("%(name)s可受理件数增加 %(units)s 件"),
    BUDGET: _("“%(name)s”%(year)s年度预算提高 %(units)s 万元"),
}
UNMATCHED: Mapping[str, Any] = {
    NO_CANDIDATE: _("没有同时符合全部条件的银行。"),
    LIMITS_FULL: _("有符合条件的银行，但其额度或受理能力已满。"),
    OUTRANKED: _("有符合条件的银行，但按公布的评分权重，本轮额度优先用于其他需求。"),
}
SENTENCES = {rule.code: rule.sentence for rule in RULES}


def why(recommendation: Recommendation) -> list[str]:
    """Why this bank, term by term; what the next one lacked; what a full budget took away."""
    reasons, terms = recommendation.explanation, recommendation.terms
    values = {"cost": _percent(recommendation.cost_bp), "rank": reasons.get("named_rank")}
    told = [str(sentence) % {**values, "points": _points(terms[name])} for name, sentence in TERMS.items() if terms.get(name)]
    told.append(now("合计 %(points)s 分。") % {"points": _points(recommendation.value)})
    if reasons.get("relending") == "not_eligible":
        told.append(now("该行为地方法人银行，可以放款，但不享受科技创新和技术改造再贷款。"))
    told += [_awaited(row) for row in reasons.get("awaiting_notice", ())]
    told += [_budget(row) for row in reasons.get("full_budgets", ())]
    runner_up = reasons.get("runner_up")
    told.append(_runner_up(runner_up) if runner_up else now("没有其他符合条件的银行可作候补。"))
    return told


def why_not(non_match: NonMatch) -> list[str]:
    """Why none: the main reason, the full limits with their price, the first failing rule of each other bank, and the next round."""
    explanation = non_match.explanation
    told = [str(UNMATCHED[non_match.code])]
    told += [_limit(row) for row in explanation.get("limits", ())]
    told += [
        now("%(banks)s：%(reason)s。") % {"banks": _listed(group["banks"]), "reason": str(SENTENCES[group["code"]])}
        for group in explanation.get("refused", ())
    ]
    told.append(
        now("下一轮推荐计划于 %(day)s 进行，届时自动再次参加。") % {"day": date_format(date.fromisoformat(explanation["next_round_on"]))}
    )
    return told


def smallest(non_match: NonMatch) -> list[str]:
    """What the search for the smallest change found, honestly: found is not proven."""
    told = non_match.smallest
    if told.get("phase") == "none":
        return [now("在限定时间内没有找到使本需求获得推荐的额度提高办法。")]
    if told.get("phase") == "failed":
        return [now("查找失败，可以重新查找。")]
    if told.get("phase") != "found":
        return []
    raises = now("，并且").join(str(RAISES[row["kind"]]) % row for row in told["raises"])
    label = (
        now("已证明：提高少 1 个单位时，最优方案不推荐本需求。")
        if told["is_proven"]
        else now("这是找到的改动，未证明是最小的；提高额度与否由银行或财政部门决定。")
    )
    return [now("%(raises)s，重新求解后本需求获得推荐。") % {"raises": raises}, label]


def _runner_up(row: Mapping[str, Any]) -> str:
    values = {"cost": _percent(row["cost_bp"])}
    lacks = [str(said) % {**values, "points": _points(row["lacks"][name])} for name, said in LACKS.items() if row["lacks"].get(name, 0) > 0]
    if not lacks:
        scarcer = row["price"] > row["own_price"]
        lacks = [now("条件相当，但其额度更紧张，留给其他需求更有价值") if scarcer else now("条件相当，按固定次序列为候补")]
    return now("候补第一位为%(branch)s：%(lacks)s。") % {"branch": row["branch"], "lacks": now("；").join(lacks)}


def _awaited(row: Mapping[str, Any]) -> str:
    days = {name: date_format(date.fromisoformat(row[name])) for name in ("until", "drawn_on")}
    return now("“%(name)s”现行政策只适用于%(until)s及以前发放的贷款；预计%(drawn_on)s以后放款，待国家通知，暂不计算此项贴息。") % {
        **row,
        **days,
    }


def _budget(row: Mapping[str, Any]) -> str:
    if not row["declared"]:
        return now("未计入“%(name)s”：%(year)s年度预算尚未下达。") % row
    return now("未计入“%(name)s”：%(year)s年度预算已用完或不足。") % row


def _limit(row: Mapping[str, Any]) -> str:
    """What is full; and what one more of it would be worth, where that is more than nothing."""
    told = [str(FULL[row["kind"]]) % row]
    if row["price"]:
        told.append(str(WORTH[row["kind"]]) % {"price": _points(row["price"])})
    return now("%(limit)s。") % {"limit": now("；").join(told)}


def _listed(banks: list[str]) -> str:
    return now("、").join(banks)


def _points(points: int) -> str:
    return f"{points:,}"


def _percent(bp: int) -> str:
    return f"{bp // BP_PER_PERCENT}.{bp % BP_PER_PERCENT:02d}"
