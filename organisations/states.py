"""The life of a registration (企业入驻申请), on one screen. `organisations.registering` wraps these steps."""

from django.utils.translation import gettext_lazy as _

from common.steps import Param, Step
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Registration, Unit

S = Registration.State

REASONS = (
    ("papers_unreadable", _("营业执照或授权书不清晰、不完整。请重新拍照或扫描后再次申请。")),
    ("names_differ", _("企业名称、统一社会信用代码与营业执照不一致。请按营业执照填写后再次申请。")),
    ("not_authorised", _("授权书未加盖公章，或未写明经办人姓名。请按模板出具授权书后再次申请。")),
    ("elsewhere", _("企业不在本辖区。请选择营业执照住所所在的县（市、区）后再次申请。")),
    ("already_aboard", _("企业已有负责人账号。请由企业负责人邀请您加入；负责人已离职的，请在授权书中写明后再次申请。")),
)


def by_system(_registration: Registration, by: Person) -> bool:
    return by.is_system


def by_unit(registration: Registration, by: Person) -> bool:
    return by.unit_seat(registration.unit_id, *REVIEW_ROLES) is not None


def by_unit_or_province(registration: Registration, by: Person) -> bool:
    """A dispute is decided by the county, or by the province above it."""
    above = by.office(*REVIEW_ROLES, line=Unit.Line.INDUSTRY, kind=Unit.Kind.PROVINCE, province=registration.province)
    return above is not None or by_unit(registration, by)


def interested(registration: Registration, by: Person) -> bool:
    return by.has_interest_in(registration.firm_id)


REASON = Param("code", "code", _("原因"), required=False, choices=lambda: REASONS)

REGISTRATION_STEPS: dict[str, Step] = {
    "admit": Step(frozenset({S.SUBMITTED}), S.ADMITTED, by_unit, _("核验通过并开通"), recuses=interested),
    "refuse": Step(frozenset({S.SUBMITTED}), S.REFUSED, by_unit, _("不予通过"), needs_note=True, params=(REASON,), recuses=interested),
    "contest": Step(frozenset({S.SUBMITTED}), S.DISPUTED, by_system, _("转入争议")),
    "uphold": Step(frozenset({S.DISPUTED}), S.ADMITTED, by_unit_or_province, _("裁定由申请人负责"), needs_note=True, recuses=interested),
    "dismiss": Step(
        frozenset({S.DISPUTED}),
        S.REFUSED,
        by_unit_or_province,
        _("裁定维持原负责人"),
        needs_note=True,
        params=(REASON,),
        recuses=interested,
    ),
}
