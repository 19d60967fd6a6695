"""The life of an invitation and of a deal. Step modules: `invitations`, `bank_review`, `deal_steps`, `drawdowns`."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param, Step, same_state
from deals.models import Deal, DeclineCode, Invitation, Origin
from lenders.models import Branch
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


def by_choosing_firm(deal: Deal, by: Person) -> bool:
    """The firm chooses among offers; a direct deal is confirmed by the side that did not register it."""
    return deal.origin != Origin.DIRECT and by_firm(deal, by)


def by_other_side(deal: Deal, by: Person) -> bool:
    """Of a direct deal, whoever did not register it."""
    if deal.origin != Origin.DIRECT:
        return False
    return by_bank(deal, by) if deal.registered_by_id == deal.firm_id else by_firm(deal, by)


def by_system_or_firm(deal: Deal, by: Person) -> bool:
    return by.is_system or by_firm(deal, by)


def by_asking_bank(row: Invitation | Deal, by: Person) -> bool:
    return not row.is_waiting and by_bank(row, by)


def by_either_side(row: Invitation | Deal, by: Person) -> bool:
    """While the bank waits: the firm that hands in, the bank that has received; or time, when the firm's own term is over."""
    if not row.is_waiting:
        return False
    is_firms = by_firm_of_invitation(row, by) if isinstance(row, Invitation) else by_firm(row, by)
    return by.is_system or is_firms or by_bank(row, by)


def interested_in(deal: Deal, by: Person) -> bool:
    """Who has declared an interest in the firm, the branch or its bank decides nothing about the loan."""
    return bool(by.interests) and by.has_interest_in(deal.firm_id, deal.branch.organisation_id, deal.branch.bank.organisation_id)


def not_waiting(row: Invitation | Deal) -> Iterable[Problem]:
    if row.is_waiting:
        yield Problem("", "waiting", _("正在等待企业补充材料。"), _("请先登记“材料已补充”。"))


def shown_to_bank(invitation: Invitation) -> Iterable[Problem]:
    """One that ended before the firm let the bank look was never an offer to it: late intent presumes that the bank was shown the file."""
    if invitation.state == I.EXPIRED and invitation.contact_due_at is None:
        yield Problem("", "no_consent", _("企业尚未同意向贵行公开该需求。"), _("请等待企业重新邀请。"))


def after_drawdown(deal: Deal) -> str:
    """Completed once the whole signed amount has been drawn; the drawdown is written before the step is taken."""
    return D.COMPLETED if sum(row.amount for row in deal.drawdowns.all()) >= deal.signed_amount else D.DRAWING


def approval_present(deal: Deal) -> Iterable[Problem]:
    if deal.approved_amount is None:
        yield Problem("approved_amount", "required", _("尚未登记授信批复。"), _("请先登记授信金额、利率与期限。"))


def decline_choices() -> list[tuple[str, str]]:
    return list(DeclineCode.objects.order_by("category", "id").values_list("code", "sentence"))


WAITING_FOR = Param("waiting_for", "text", _("需补充的材料"), help=_("企业将看到这段文字；等待期间不计入银行办理时限。"))
DECLINE_CODE = Param("code", "code", _("谢绝原因"), choices=decline_choices, help=_("企业看到对应的说明和下一步建议；不得填写征信细节。"))
AMOUNT = Param("amount", "wan", _("金额（万元）"))
RATE = Param("rate_bp", "percent", _("年利率（%）"))
TERM = Param("term_months", "integer", _("期限（月）"))
APPROVAL = (AMOUNT, RATE, TERM, Param("until", "date", _("批复有效期至"), required=False))
CONTRACT = (
    Param("contract_no", "text", _("合同编号")),
    Param("contract_on", "date", _("签约日期")),
    AMOUNT,
    RATE,
    TERM,
)
DRAWDOWN = (
    Param("slip_no", "text", _("借据号"), help=_("同一借据号只登记一次。")),
    Param("drawn_on", "date", _("放款日期")),
    AMOUNT,
    Param("equipment_amount", "wan", _("其中设备款（万元）"), required=False, help=_("不填即全部为设备款。")),
    Param("payee", "text", _("收款供应商")),
    Param("payee_uscc", "text", _("供应商统一社会信用代码"), required=False),
    Param("paid_to_supplier_on", "date", _("划付供应商日期"), required=False),
    Param("is_entrusted", "choice", _("支付方式"), choices=lambda: ((True, _("受托支付")), (False, _("自主支付"))), required=False),
    Param("not_entrusted_reason", "text", _("未受托支付的理由"), required=False),
    Param("invoice_no", "text", _("发票号码"), required=False),
    Param("invoice_checked_on", "date", _("发票查验日期"), required=False, help=_("已在税务查验平台查验为正常的，填查验日期。")),
    Param("serial_nos", "text", _("设备编号"), required=False, help=_("设备铭牌上的出厂编号，多个用逗号分开。")),
)
ON, SLIP_NO = Param("on", "date", _("日期")), Param("slip_no", "text", _("凭证号"))
SLIP = (ON, SLIP_NO)
# Facts recorded beside the steps: principal come back, a supplier paid, interest paid.
COME_BACK = (ON, AMOUNT, SLIP_NO)
PAID_ON = Param("paid_on", "date", _("划付日期"))
RECEIPT = (
    Param("period_start", "date", _("计息期起")),
    Param("period_end", "date", _("计息期止")),
    Param("paid_on", "date", _("付息日期")),
    Param("amount", "wan", _("实付利息（万元）")),
    SLIP_NO,
)


EXTENSION = (
    Param("agreement_no", "text", _("展期协议编号")),
    Param("agreed_on", "date", _("展期协议日期")),
    Param("months", "integer", _("展期（月）"), help=_("在现到期日之后延长的月数。")),
)
NEW_LOAN = (Param("contract_no", "text", _("新合同编号")), Param("contract_on", "date", _("新合同签约日期")), RATE, TERM)


def branch_choices() -> list[tuple[str, str]]:
    rows = Branch.objects.filter(organisation__is_active=True).order_by("bank__code", "code")
    return list(rows.values_list("code", "organisation__name"))


INVITATION_STEPS: dict[str, Step] = {
    "consent": Step(frozenset({I.AWAITING_CONSENT}), I.OPEN, by_firm_of_invitation, _("同意向该银行公开")),
    "withhold": Step(frozenset({I.AWAITING_CONSENT, I.OPEN, I.VIEWED}), I.WITHHELD, by_firm_of_invitation, _("不同意公开")),
    "view": Step(frozenset({I.OPEN}), I.VIEWED, by_bank, _("已联系企业")),
    "ask": Step(frozenset({I.VIEWED}), same_state, by_asking_bank, _("请企业补充材料"), params=(WAITING_FOR,)),
    "answer": Step(frozenset({I.VIEWED}), same_state, by_either_side, _("材料已补充")),
    "accept": Step(
        frozenset({I.OPEN, I.VIEWED, I.EXPIRED}),
        I.ACCEPTED,
        by_bank,
        _("有意向"),
        missing=shown_to_bank,
        params=(Param("amount", "wan", _("意向金额（万元）"), required=False, help=_("不填即全额。")),),
    ),
    "decline": Step(frozenset({I.OPEN, I.VIEWED, I.ACCEPTED}), I.DECLINED, by_bank, _("谢绝"), params=(DECLINE_CODE,)),
    "expire": Step(frozenset({I.AWAITING_CONSENT, I.OPEN, I.VIEWED}), I.EXPIRED, by_system, _("逾期失效")),
    "lapse": Step(frozenset({I.AWAITING_CONSENT, I.OPEN, I.VIEWED, I.ACCEPTED}), I.LAPSED, by_system, _("企业已选其他银行")),
    "withdraw": Step(frozenset({I.AWAITING_CONSENT, I.OPEN, I.VIEWED, I.ACCEPTED}), I.WITHDRAWN, by_system, _("需求撤回")),
}

RUNNING = frozenset({D.SIGNED, D.DRAWING, D.COMPLETED})
BEFORE_SIGNING = frozenset({D.INTENT, D.CONFIRMED, D.DILIGENCE, D.REPORTED_UP, D.CREDIT_APPROVED})

DEAL_STEPS: dict[str, Step] = {
    "confirm": Step(frozenset({D.INTENT}), D.CONFIRMED, by_choosing_firm, _("选择该银行")),
    "confirm_direct": Step(frozenset({D.INTENT}), D.SIGNED, by_other_side, _("确认已签约")),
    "start_diligence": Step(frozenset({D.CONFIRMED}), D.DILIGENCE, by_bank, _("材料齐备，开始尽职调查")),
    "ask": Step(frozenset({D.DILIGENCE, D.REPORTED_UP}), same_state, by_asking_bank, _("请企业补充材料"), params=(WAITING_FOR,)),
    "answer": Step(frozenset({D.DILIGENCE, D.REPORTED_UP}), same_state, by_either_side, _("材料已补充")),
    "report_up": Step(
        frozenset({D.DILIGENCE}),
        D.REPORTED_UP,
        by_bank,
        _("上报上级行审批"),
        missing=not_waiting,
        params=(Param("expected_on", "date", _("预计批复日期")),),
    ),
    "approve_credit": Step(frozenset({D.DILIGENCE, D.REPORTED_UP}), D.CREDIT_APPROVED, by_bank, _("登记授信批复"), params=APPROVAL),
    "sign": Step(frozenset({D.CREDIT_APPROVED}), D.SIGNED, by_bank, _("登记签约"), missing=approval_present, params=CONTRACT),
    "draw": Step(frozenset({D.SIGNED, D.DRAWING}), after_drawdown, by_bank, _("登记放款"), params=DRAWDOWN),
    "close_drawing": Step(frozenset({D.SIGNED, D.DRAWING}), D.COMPLETED, by_bank, _("不再提款"), needs_note=True),
    "repay": Step(frozenset({D.COMPLETED, D.DRAWING}), D.REPAID, by_bank, _("登记结清"), params=SLIP),
    "extend": Step(RUNNING, same_state, by_bank, _("登记展期"), params=EXTENSION),
    "refinance": Step(frozenset({D.COMPLETED, D.DRAWING}), D.REPAID, by_bank, _("登记借新还旧"), params=(ON, SLIP_NO, *NEW_LOAN)),
    "move": Step(
        frozenset({D.COMPLETED, D.DRAWING}),
        same_state,
        by_firm,
        _("登记转贷"),
        params=(Param("branch", "code", _("转入银行"), choices=branch_choices), AMOUNT, *NEW_LOAN),
    ),
    "decline": Step(BEFORE_SIGNING, D.DECLINED, by_bank, _("谢绝"), params=(DECLINE_CODE,)),
    "withdraw": Step(BEFORE_SIGNING, D.WITHDRAWN, by_system_or_firm, _("企业退出"), needs_note=True),
    "lapse": Step(frozenset({D.INTENT}), D.LAPSED, by_system, _("企业已选其他银行")),
}
