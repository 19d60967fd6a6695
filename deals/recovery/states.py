"""The life of a recovery on one screen. A doubt is raised by an office (`steps.raise_doubt`); receipts are recorded until nothing is left.

Four eyes: nobody decides what they found, nor clears what they raised or found.
"""

from django.utils.translation import gettext_lazy as _

from common.steps import Param, Step, same_state
from deals.recovery.models import Recovery
from deals.states import SLIP, by_system
from deals.subsidies.states import FINANCE, by_branch, by_claimant_firm, interested
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit
from schemes.models import Scheme, SchemeVersion

R = Recovery.State


def may_raise(province: str, by: Person) -> bool:
    """Finance at any tier, or the province's line department or central-bank branch, which look after the loans as well."""
    lines = (Unit.Line.INDUSTRY, Unit.Line.NDRC, Unit.Line.CENTRAL_BANK)
    if any(seat.line == Unit.Line.FINANCE and seat.role in FINANCE and seat.province == province for seat in by.seats):
        return True
    return any(by.office(*REVIEW_ROLES, line=line, kind=Unit.Kind.PROVINCE, province=province) for line in lines)


def by_office(recovery: Recovery, by: Person) -> bool:
    return by.unit_seat(recovery.office_id, *FINANCE) is not None


def by_somebody_else(recovery: Recovery, by: Person) -> bool:
    """Of the office, whoever did not find it."""
    return by_office(recovery, by) and not by.speaks_for(recovery.found_by_id)


def by_who_did_neither(recovery: Recovery, by: Person) -> bool:
    return by_somebody_else(recovery, by) and not by.speaks_for(recovery.raised_by_id)


def scheme_choices() -> list[tuple[str, str]]:
    return list(Scheme.objects.order_by("code").values_list("code", "name"))


DOUBT = (
    Param("deal", "integer", _("对接项目编号")),
    Param("scheme", "choice", _("政策"), choices=scheme_choices),
    Param("reason", "long_text", _("事由"), help=_("银行和企业将看到这段文字。")),
    Param("suspended_from", "date", _("暂停计提自"), help=_("疑点发生之日；此后不再计提，待付的贴息暂停办理。")),
)
EXPLANATION = Param("explanation", "long_text", _("情况说明"), help=_("资金去向、凭证和已采取的措施。"))
STATEMENT = Param("statement", "long_text", _("陈述意见"))
FINDING = (
    Param("finding", "long_text", _("认定意见")),
    Param("drawdown", "integer", _("涉事提款（第几笔）"), required=False, help=_("不填即涉及整笔贷款。")),
    Param("diverted_amount", "wan", _("挪用金额（万元）"), required=False),
    Param("diverted_from", "date", _("挪用自"), required=False),
)
DECISION = (
    Param("document_no", "text", _("决定文号")),
    Param("decided_on", "date", _("决定日期")),
    Param("pay_by", "date", _("缴回期限")),
    Param(
        "scope",
        "choice",
        _("追回范围"),
        required=False,
        choices=lambda: SchemeVersion.ClawbackScope.choices,
        help=_("不填即按政策版本的规定；中央资金一般为整笔贷款。"),
    ),
    Param("amount", "wan", _("应追回金额（万元）"), required=False, help=_("不填即按范围计算的全额；少于全额的须在意见中写明理由。")),
)
RECEIVED = (*SLIP, Param("amount", "wan", _("收回金额（万元）")))

RECOVERY_STEPS: dict[str, Step] = {
    "explain": Step(frozenset({R.DOUBT, R.EXPLAINED}), R.EXPLAINED, by_branch, _("提交说明"), params=(EXPLANATION,)),
    "state": Step(frozenset({R.DOUBT, R.EXPLAINED, R.FOUND}), same_state, by_claimant_firm, _("提交陈述"), params=(STATEMENT,)),
    "find": Step(frozenset({R.DOUBT, R.EXPLAINED}), R.FOUND, by_office, _("认定挪用"), params=FINDING, recuses=interested),
    "clear": Step(
        frozenset({R.DOUBT, R.EXPLAINED, R.FOUND}),
        R.CLEARED,
        by_who_did_neither,
        _("排除疑点"),
        needs_note=True,
        recuses=interested,
    ),
    "decide": Step(frozenset({R.FOUND}), R.DECIDED, by_somebody_else, _("作出追回决定"), params=DECISION, recuses=interested),
    "receive": Step(frozenset({R.DECIDED, R.REFERRED}), same_state, by_office, _("登记追回入账"), params=RECEIVED, recuses=interested),
    "close": Step(frozenset({R.DECIDED, R.REFERRED}), R.CLOSED, by_system, _("收回完毕")),
    "refer": Step(frozenset({R.DECIDED}), R.REFERRED, by_office, _("移送处理"), needs_note=True, recuses=interested),
}
