"""The lives of a funding batch and of an objection to it. Above an amount of policy whoever drafted a batch does not publish it."""

from django.utils.translation import gettext_lazy as _

from common.steps import Param, Step, same_state
from deals.models import BatchObjection, FundingBatch
from deals.recovery.states import scheme_choices
from deals.subsidies.states import FINANCE
from organisations.actors import Person

B, O = FundingBatch.State, BatchObjection.State  # noqa: E741 -- the table reads better with one letter


def may_draft(office_id: int | None, by: Person) -> bool:
    return by.unit_seat(office_id, *FINANCE) is not None


def by_office(batch: FundingBatch, by: Person) -> bool:
    return may_draft(batch.office_id, by)


def by_checker(batch: FundingBatch, by: Person) -> bool:
    return by_office(batch, by) and not (batch.is_large and by.speaks_for(batch.drafted_by_id))


def by_office_of_objection(objection: BatchObjection, by: Person) -> bool:
    return by_office(objection.batch, by)


DRAFT = (
    Param("scheme", "choice", _("政策"), choices=scheme_choices),
    Param("fiscal_year", "integer", _("预算年度")),
    Param("number", "text", _("方案编号")),
    Param("claims", "text", _("申领编号"), required=False, help=_("多个用逗号分开；不填即本单位全部待安排的申领。")),
)
NOTICE = (Param("notice_from", "date", _("公示自")), Param("phone", "text", _("异议电话")))
DOCUMENT = (Param("document_no", "text", _("文号")), Param("issued_on", "date", _("行文日期")))
PAID_ON = Param("paid_on", "date", _("下达日期"))
CLAIM = Param("claim", "integer", _("申领编号"))
OBJECTION = (
    CLAIM,
    Param("objector", "text", _("提出人")),
    Param("text", "long_text", _("异议内容")),
    Param("received_on", "date", _("收到日期")),
)

BATCH_STEPS: dict[str, Step] = {
    "publish": Step(frozenset({B.DRAFT}), B.NOTICE, by_checker, _("安排并公示"), params=NOTICE),
    "object": Step(frozenset({B.NOTICE}), same_state, by_office, _("登记异议"), params=OBJECTION),
    "issue": Step(frozenset({B.NOTICE}), B.ISSUED, by_checker, _("行文"), params=DOCUMENT),
    "pay": Step(frozenset({B.ISSUED}), B.PAID, by_office, _("下达"), params=(PAID_ON,)),
    "leave": Step(frozenset({B.DRAFT}), same_state, by_office, _("移出申领"), params=(CLAIM,), needs_note=True),
    "void": Step(frozenset({B.DRAFT}), B.VOID, by_office, _("撤销方案"), needs_note=True),
}
OBJECTION_STEPS: dict[str, Step] = {
    "dismiss": Step(frozenset({O.OPEN}), O.DISMISSED, by_office_of_objection, _("异议不成立"), needs_note=True),
    "uphold": Step(frozenset({O.OPEN}), O.UPHELD, by_office_of_objection, _("异议成立"), needs_note=True),
}
