"""Why this bank and why none, in words, in the reader's language."""

import datetime as dt

import pytest
from django.utils import translation

from ledger.models import LedgerAccount
from matching import explain, outcome, refusals
from matching.models import NonMatch, Recommendation
from projects.models import Need
from schemes.models import Budget, Scheme, SchemeVersion
from tests.factories import NOW
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def chinese():
    with translation.override("zh-hans"):
        yield


def why(round_, need):
    return explain.why(Recommendation.objects.get(round=round_, need=need, rank=0))


def why_not(round_, need):
    return explain.why_not(NonMatch.objects.get(round=round_, need=need))


def test_recommendation_tells_its_terms_and_what_the_runner_up_lacks(world, cast):
    (need,) = provinces.needs(world, branches=("ICBC-WH",))

    told = why(provinces.solved(world, cast), need)

    assert told == [
        "使该需求获得推荐：1,000,000,000 分",
        "符合政策优先方向：4,000 分",
        "融资金额：2,000 分",
        "贴息后综合成本约 2.09%：1,410 分",
        "企业的第 1 意向银行：3,000 分",
        "合计 1,000,010,411 分。",
        "候补第一位为建设银行武汉分行：企业意向靠后或未列为意向，少 3,000 分。",
    ]


def test_recommendation_tells_which_budget_was_full(world, cast):
    (need,) = provinces.needs(world, branches=("ICBC-WH",), open_to_other_banks=False)
    LedgerAccount.objects.filter(code="budget:HB-ADDON:2027").update(limit=0)

    told = why(provinces.solved(world, cast), need)

    assert "未计入“湖北省设备更新贷款省级贴息（示例）”：2027年度预算已用完或不足。" in told
    assert told[-1] == "没有其他符合条件的银行可作候补。"


def test_recommendation_tells_which_budget_is_not_declared(world, cast):
    (need,) = provinces.needs(world)
    Budget.objects.filter(fiscal_year=2028).update(fiscal_year=2038)

    assert "未计入“湖北省设备更新贷款省级贴息（示例）”：2028年度预算尚未下达。" in why(provinces.solved(world, cast), need)


def test_recommendation_of_a_local_bank_tells_that_relending_is_not_to_be_had(world, cast):
    (need,) = provinces.needs(world, branches=("HBB-WH",))

    assert "该行为地方法人银行，可以放款，但不享受科技创新和技术改造再贷款。" in why(provinces.solved(world, cast), need)


def test_need_of_a_year_without_a_notice_is_recommended_and_told_that_no_subsidy_is_computed(world, cast):
    need, ahead = provinces.needs(world, 2)
    Need.objects.filter(pk=ahead.pk).update(year=2027)
    SchemeVersion.objects.filter(scheme__level="central").update(drawdown_to=dt.date(2026, 12, 31))
    central = Scheme.objects.filter(level="central").values_list("pk", flat=True)

    round_ = provinces.solved(world, cast)

    lead = Recommendation.objects.get(round=round_, need=ahead, rank=0)
    assert not {str(pk) for pk in central} & set(lead.subsidy_by_year)
    assert [told for told in why(round_, ahead) if "待国家通知" in told] == [
        f"“{name}”现行政策只适用于2026年12月31日及以前发放的贷款；预计2027年1月1日以后放款，待国家通知，暂不计算此项贴息。"
        for name in Scheme.objects.filter(level="central").order_by("pk").values_list("name", flat=True)
    ]
    with translation.override("en"):
        assert any("awaiting the nation's notice" in told for told in why(round_, ahead))
    assert not [told for told in why(round_, need) if "待国家通知" in told]


def test_lead_with_fewer_points_than_its_standby_tells_of_scarcity(world, cast):
    """ICBC has room for one; the need that names CCB too gives way."""
    (fixed,) = provinces.needs(world, branches=("ICBC-WH",), open_to_other_banks=False)
    (moves,) = provinces.needs(world, branches=("ICBC-WH", "CCB-WH"), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 2000)

    round_ = provinces.solved(world, cast)

    assert provinces.leads(round_) == {fixed.pk: "ICBC-WH", moves.pk: "CCB-WH"}
    assert why(round_, moves)[-1] == "候补第一位为工商银行武汉分行：条件相当，但其额度更紧张，留给其他需求更有价值。"


def test_unmatched_need_hears_the_first_failing_rule_of_each_bank_and_the_next_round(world, cast):
    (need,) = provinces.needs(world, branches=("ICBC-WH",), open_to_other_banks=False)
    refusals.refuse(need, world["ICBC-WH"], code="own_funds", by=cast.bai, at=NOW)

    told = why_not(provinces.solved(world, cast), need)

    assert told == [
        "没有同时符合全部条件的银行。",
        "工商银行：该行已谢绝此需求，情况未变不再重复推荐。",
        "建设银行、湖北银行：企业未填为意向银行，也未同意向其他银行公开。",
        "下一轮推荐计划于 2026年4月1日 进行，届时自动再次参加。",
    ]


def test_unmatched_need_hears_which_limit_is_full_and_what_more_would_be_worth(world, cast):
    small = provinces.needs(world, 2, wan=1000, branches=("ICBC-WH",), open_to_other_banks=False)
    (large,) = provinces.needs(world, wan=1500, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 2000)

    round_ = provinces.solved(world, cast)
    told = why_not(round_, large)

    assert set(provinces.leads(round_)) == {need.pk for need in small}
    assert told[0] == "有符合条件的银行，但其额度或受理能力已满。"
    assert told[1].startswith("“appetite:ICBC-WH:2026”剩余不足；每增加 1 万元，本轮总分约增 ")
    assert told[2] == "建设银行、湖北银行：企业未填为意向银行，也未同意向其他银行公开。"


def test_full_case_load_is_told_too(world, cast):
    provinces.needs(world, 21, wan=200, branches=("ICBC-WH",), open_to_other_banks=False)

    round_ = provinces.solved(world, cast)

    (row,) = NonMatch.objects.filter(round=round_)
    assert "可受理件数已满" in explain.why_not(row)[1]


def test_what_a_firm_reads_does_not_tell_how_much_a_bank_has_left(world, cast):
    provinces.needs(world, 2, wan=1000, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 1234)

    round_ = provinces.solved(world, cast)

    (row,) = NonMatch.objects.filter(round=round_)
    assert "1,234" not in "".join(explain.why_not(row))
    assert "234" not in str(row.explanation)


def test_every_code_has_a_sentence():
    from matching.candidates import RULES
    from matching.scoring import TERMS

    assert set(explain.SENTENCES) == {rule.code for rule in RULES}
    assert set(explain.TERMS) | {"full_stack"} == set(TERMS)


def test_full_limit_that_is_worth_nothing_more_says_only_that_it_is_full():
    limit = {"kind": "appetite", "name": "工行武汉", "price": 0}
    non_match = NonMatch(code=outcome.LIMITS_FULL, explanation={"limits": [limit], "next_round_on": "2026-12-01"})

    assert explain.why_not(non_match)[1] == "“工行武汉”剩余不足。"
