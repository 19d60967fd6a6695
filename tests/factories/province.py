"""The whole small province."""

from deals.models import DeclineCode
from matching.models import Weights
from tests.factories.lenders import lenders
from tests.factories.review import reviewers
from tests.factories.schemes import schemes
from tests.factories.world import HUBEI, SINCE, World

WEIGHTS = {
    "coverage": 1_000_000_000,
    "policy_priority": 4000,
    "amount": 1,
    "cost": 10,
    "firm_ranking": 3000,
    "house_bank": 1500,
    "stability": 2000,
}


def province() -> World:
    """Regions, units and chains, industries, batches, policy numbers; banks with branches, appetite and products; schemes and budgets."""
    world = reviewers()
    lenders(world)
    schemes(world)
    world.weights = Weights.objects.create(
        programme=world.programme, document_no="【示例】评分权重", valid_from=SINCE, state="approved", points=WEIGHTS, province=HUBEI
    )
    world.decline_codes = decline_codes()
    return world


def decline_codes() -> dict[str, DeclineCode]:
    rows = [
        DeclineCode(code=code, category=category, sentence=sentence, sentence_en=code, next_step=step, next_step_en=code)
        for code, category, sentence, step in (
            ("own_funds", "need", "企业拟以自有资金实施，暂不借款。", "以后需要贷款时可再次申请推荐。"),
            ("weak_cash_flow", "financials", "项目还款现金流暂不能覆盖贷款。", "可降低金额或延长期限。"),
            ("collateral_short", "security", "可提供的担保不足。", "可改用其他担保方式。"),
        )
    ]
    return {row.code: row for row in DeclineCode.objects.bulk_create(rows)}
