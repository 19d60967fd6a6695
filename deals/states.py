"""The life of an invitation and of a deal. Step modules: `invitations`, `bank_review`, `deal_steps`, `drawdowns`."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Step
from deals.models import Deal, Invitation
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Role

I = Invitation.State  # noqa: E741 -- the table reads better with one letter
D = Deal.State
OFFICERS = (Role.ACCOUNT_MANAGER, Role.BRANCH_MANAGER)


def by_system(_row: object, by: Person) -> bool:
    return by.is_system


def by_bank(row: Invitation | Deal, by: Person) -> bool:
    return by.seat(row.branch.organisation_id, *OFFICERS) is not None


def by_firm_of_invitation(invitation: Invitation, by: Person) -> bool:
    return by.seat(invitation.filing.firm_id, *FIRM_ROLES) is not None


def by_firm(deal: Deal, by: Person) -> bool:
    return by.seat(deal.firm_id, *FIRM_ROLES) is not None


def by_system_or_firm(deal: Deal, by: Person) -> bool:
    return by.is_system or by_firm(deal, by)


def after_drawdown(deal: Deal) -> str:
    """Completed once the whole signed amount has been drawn; the drawdown is written before the step is taken."""
    return D.COMPLETED if sum(row.amount for row in deal.drawdowns.all()) >= deal.signed_amount else D.DRAWING


def approval_present(deal: Deal) -> Iterable[Problem]:
    if deal.approved_amount is None:
        yield Problem("approved_amount", "required", _("尚未登记授信批复。"), _("请先登记授信金额、利率与期限。"))


INVITATION_STEPS: dict[str, Step] = {
    "consent": Step(frozenset({I.AWAITING_CONSENT}), I.OPEN, by_firm_of_invitation, _("同意向该银行公开")),
    "withhold": Step(frozenset({I.AWAITING_CONSENT}), I.WITHHELD, by_firm_of_invitation, _("不同意公开")),
    "view": Step(frozenset({I.OPEN}), I.VIEWED, by_bank, _("查看")),
    "accept": Step(frozenset({I.OPEN, I.VIEWED, I.EXPIRED}), I.ACCEPTED, by_bank, _("有意向")),
    "decline": Step(frozenset({I.OPEN, I.VIEWED, I.ACCEPTED}), I.DECLINED, by_bank, _("谢绝")),
    "expire": Step(frozenset({I.AWAITING_CONSENT, I.OPEN, I.VIEWED}), I.EXPIRED, by_system, _("逾期失效")),
    "lapse": Step(frozenset({I.AWAITING_CONSENT, I.OPEN, I.VIEWED, I.ACCEPTED}), I.LAPSED, by_system, _("企业已选其他银行")),
    "withdraw": Step(frozenset({I.AWAITING_CONSENT, I.OPEN, I.VIEWED, I.ACCEPTED}), I.WITHDRAWN, by_system, _("需求撤回")),
}

BEFORE_SIGNING = frozenset({D.INTENT, D.CONFIRMED, D.DILIGENCE, D.REPORTED_UP, D.CREDIT_APPROVED})

DEAL_STEPS: dict[str, Step] = {
    "confirm": Step(frozenset({D.INTENT}), D.CONFIRMED, by_firm, _("选择该银行")),
    "start_diligence": Step(frozenset({D.CONFIRMED}), D.DILIGENCE, by_bank, _("材料齐备，开始尽职调查")),
    "report_up": Step(frozenset({D.DILIGENCE}), D.REPORTED_UP, by_bank, _("上报上级行审批")),
    "approve_credit": Step(frozenset({D.DILIGENCE, D.REPORTED_UP}), D.CREDIT_APPROVED, by_bank, _("登记授信批复")),
    "sign": Step(frozenset({D.CREDIT_APPROVED}), D.SIGNED, by_bank, _("登记签约"), missing=approval_present),
    "draw": Step(frozenset({D.SIGNED, D.DRAWING}), after_drawdown, by_bank, _("登记放款")),
    "close_drawing": Step(frozenset({D.SIGNED, D.DRAWING}), D.COMPLETED, by_bank, _("不再提款"), needs_note=True),
    "repay": Step(frozenset({D.COMPLETED, D.DRAWING}), D.REPAID, by_bank, _("登记结清")),
    "decline": Step(BEFORE_SIGNING, D.DECLINED, by_bank, _("谢绝")),
    "withdraw": Step(BEFORE_SIGNING, D.WITHDRAWN, by_system_or_firm, _("企业退出"), needs_note=True),
    "lapse": Step(frozenset({D.INTENT}), D.LAPSED, by_system, _("企业已选其他银行")),
}
