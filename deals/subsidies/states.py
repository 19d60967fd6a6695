"""Two money flows, two tables: the bank nets the central subsidy when it collects interest; the firm reclaims others afterwards."""

from django.utils.translation import gettext_lazy as _

from common.steps import Param, Step, same_state
from deals.recovery.models import Recovery
from deals.states import OFFICERS, by_system, interested_in
from deals.subsidies.models import SubsidyClaim
from organisations.actors import FIRM_ROLES, REVIEW_ROLES, Person
from organisations.models import Role, Unit
from schemes.models import Scheme

C = SubsidyClaim.State
OfLoan = SubsidyClaim | Recovery
FINANCE = (Role.HANDLER, Role.CHECKER, Role.SIGNER)


def by_claimant_firm(claim: OfLoan, by: Person) -> bool:
    return by.seat(claim.deal.firm_id, *FIRM_ROLES) is not None


def by_branch(claim: OfLoan, by: Person) -> bool:
    return by.seat(claim.deal.branch.organisation_id, *OFFICERS) is not None


def by_industry_office(claim: SubsidyClaim, by: Person) -> bool:
    """The line department checks the claim before money is decided on."""
    return by.office(*REVIEW_ROLES, line=Unit.Line.INDUSTRY, kind=Unit.Kind.PROVINCE, province=claim.province) is not None


def by_deciding_office(claim: SubsidyClaim, by: Person) -> bool:
    """Only the finance office that the scheme's authority and the project's place name; external money is decided by nobody here.

    Whoever filed or reviewed the claim does not decide it too.
    """
    if claim.office_id is None or by.speaks_for(claim.prepared_by_id):
        return False
    return by.unit_seat(claim.office_id, *FINANCE) is not None


def by_finance(claim: SubsidyClaim, by: Person) -> bool:
    return claim.office_id is not None and by.unit_seat(claim.office_id, *FINANCE) is not None


def by_recorder(claim: SubsidyClaim, by: Person) -> bool:
    """What is decided outside, and only that, is recorded by the bank that received it, or by the province's finance office."""
    if claim.scheme.authority != Scheme.Authority.EXTERNAL:
        return False
    return by_branch(claim, by) or by.office(*FINANCE, line=Unit.Line.FINANCE, province=claim.province) is not None


def by_settler(claim: SubsidyClaim, by: Person) -> bool:
    return by_recorder(claim, by) or (claim.scheme.authority != Scheme.Authority.EXTERNAL and by_finance(claim, by))


def interested(claim: OfLoan, by: Person) -> bool:
    return interested_in(claim.deal, by)


AMOUNT = Param("amount", "wan", _("核定金额（万元）"))
DOCUMENT = Param("document_no", "text", _("资金文号"))
YEAR = Param("fiscal_year", "integer", _("预算年度"), required=False, help=_("不填即本年度。"))
PAID = Param("paid", "wan", _("实拨金额（万元）"), required=False, help=_("不填即安排金额。"))

OPEN = frozenset({C.FORECAST, C.FILED, C.EVIDENCED, C.REVIEWED, C.APPROVED, C.RECORDED})
ON_THE_WAY = frozenset({C.FILED, C.EVIDENCED, C.REVIEWED, C.APPROVED})


def by_whoever_checks(claim: SubsidyClaim, by: Person) -> bool:
    return by_finance(claim, by) or by_industry_office(claim, by)


CROSS_CHECK = Step(ON_THE_WAY, same_state, by_whoever_checks, _("重新核查"), recuses=interested)
DROP = Step(OPEN, C.REFUSED, by_system, _("按追回决定不再支付"))

FIRM_CLAIM_STEPS: dict[str, Step] = {
    "file": Step(frozenset({C.FORECAST}), C.FILED, by_claimant_firm, _("申领")),
    "review": Step(frozenset({C.FILED}), C.REVIEWED, by_industry_office, _("审核"), recuses=interested),
    "approve": Step(frozenset({C.REVIEWED}), C.APPROVED, by_deciding_office, _("批准"), params=(YEAR,), recuses=interested),
    "refuse": Step(frozenset({C.FILED, C.REVIEWED}), C.REFUSED, by_deciding_office, _("不予支持"), needs_note=True, recuses=interested),
    "settle": Step(frozenset({C.APPROVED}), C.SETTLED, by_finance, _("登记拨付"), params=(DOCUMENT, PAID), recuses=interested),
    "cross_check": CROSS_CHECK,
    "drop": DROP,
}

BANK_CLAIM_STEPS: dict[str, Step] = {
    "evidence": Step(frozenset({C.FORECAST}), C.EVIDENCED, by_branch, _("报送凭证")),
    "review": Step(frozenset({C.EVIDENCED}), C.REVIEWED, by_deciding_office, _("审核"), recuses=interested),
    "record": Step(
        frozenset({C.FORECAST, C.EVIDENCED, C.REVIEWED}),
        C.RECORDED,
        by_recorder,
        _("登记外部审批结果"),
        params=(AMOUNT, DOCUMENT),
        recuses=interested,
    ),
    "approve": Step(frozenset({C.REVIEWED}), C.APPROVED, by_deciding_office, _("批准"), params=(YEAR,), recuses=interested),
    "settle": Step(frozenset({C.APPROVED, C.RECORDED}), C.SETTLED, by_settler, _("结算"), params=(DOCUMENT, PAID), recuses=interested),
    "refuse": Step(frozenset({C.EVIDENCED, C.REVIEWED}), C.REFUSED, by_deciding_office, _("不予支持"), needs_note=True, recuses=interested),
    "cross_check": CROSS_CHECK,
    "drop": DROP,
}

STEPS_OF_CHANNEL: dict[str, dict[str, Step]] = {
    Scheme.Channel.FIRM_REIMBURSE: FIRM_CLAIM_STEPS,
    Scheme.Channel.BANK_NET: BANK_CLAIM_STEPS,
}
