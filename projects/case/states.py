"""The lives of what is asked at a case, on one screen: a consultation, an unlocking, an appeal, a change."""

from django.utils.translation import gettext_lazy as _

from common.steps import Param, Step
from organisations.actors import REVIEW_ROLES, Person
from projects.models import Appeal, ChangeRequest, Consultation, Filing, ReviewStep, UnlockRequest
from projects.states import by_current_reviewer, by_firm, by_system, interested

C, U, A, X = Consultation.State, UnlockRequest.State, Appeal.State, ChangeRequest.State
Asked = Consultation | UnlockRequest | Appeal | ChangeRequest


def step_in_charge(filing: Filing) -> ReviewStep | None:
    """The stage where the case lies; of an admitted one, the last that passed it."""
    return filing.current_step or max(filing.steps.all(), key=lambda step: step.position, default=None)


def by_unit_in_charge(filing: Filing, by: Person) -> bool:
    """Any officer of the unit where the case lies, but for whoever belongs to its firm."""
    step = step_in_charge(filing)
    return step is not None and by.unit_seat(step.unit_id, *REVIEW_ROLES) is not None and by.seat(filing.firm_id) is None


def in_its_chain(filing: Filing, by: Person) -> bool:
    """An officer of a unit that the case goes, or went, through."""
    return any(by.unit_seat(step.unit_id, *REVIEW_ROLES) is not None for step in filing.steps.all()) and by.seat(filing.firm_id) is None


def by_asked_unit(row: Consultation, by: Person) -> bool:
    return by.unit_seat(row.to_unit_id, *REVIEW_ROLES) is not None and by.seat(row.filing.firm_id) is None


def by_asking_unit(row: Consultation, by: Person) -> bool:
    """Or the system, when the case has ended."""
    return by.is_system or by.unit_seat(row.from_unit_id, *REVIEW_ROLES) is not None


def by_its_reviewer(row: UnlockRequest, by: Person) -> bool:
    return by_current_reviewer(row.filing, by)


def by_somebody_else(row: Appeal, by: Person) -> bool:
    """Of the unit that looks at it again, anybody but who decided."""
    return (
        by.unit_seat(row.unit_id, *REVIEW_ROLES) is not None
        and not by.speaks_for(row.decided_by_id)
        and by.seat(row.filing.firm_id) is None
    )


def by_deciding_stage(row: ChangeRequest, by: Person) -> bool:
    return row.unit_id is not None and by.unit_seat(row.unit_id, row.stage) is not None and by.seat(row.filing.firm_id) is None


def by_its_firm(row: Appeal | ChangeRequest, by: Person) -> bool:
    return by_firm(row.filing, by)


def by_its_firm_or_system(row: ChangeRequest, by: Person) -> bool:
    return by.is_system or by_its_firm(row, by)


def interested_in_case(row: Asked, by: Person) -> bool:
    return interested(row.filing, by)


UPLOADS = Param("upload", "files", _("附件"), required=False, help=_("可上传 PDF、JPG、PNG，或不含宏的 Word（docx）、Excel（xlsx）文件。"))
ANSWER_PARAMS = (
    Param("opinion", "choice", _("意见"), choices=lambda: Consultation.Opinion.choices),
    Param("answer", "long_text", _("意见内容"), required=False, help=_("有修改意见或不同意的，请写明")),
    UPLOADS,
)

CONSULTATION_STEPS: dict[str, Step] = {
    "answer": Step(frozenset({C.OPEN}), C.ANSWERED, by_asked_unit, _("答复会商"), params=ANSWER_PARAMS, recuses=interested_in_case),
    "recall": Step(frozenset({C.OPEN}), C.RECALLED, by_asking_unit, _("收回会商"), needs_note=True),
}
UNLOCK_STEPS: dict[str, Step] = {
    "grant": Step(frozenset({U.ASKED}), U.GRANTED, by_its_reviewer, _("同意开放"), recuses=interested_in_case),
    "refuse": Step(frozenset({U.ASKED}), U.REFUSED, by_its_reviewer, _("不同意开放"), needs_note=True, recuses=interested_in_case),
    "lapse": Step(frozenset({U.ASKED}), U.LAPSED, by_system, _("失效")),
}
APPEAL_STEPS: dict[str, Step] = {
    "uphold": Step(frozenset({A.OPEN}), A.UPHELD, by_somebody_else, _("异议成立"), needs_note=True, recuses=interested_in_case),
    "dismiss": Step(frozenset({A.OPEN}), A.DISMISSED, by_somebody_else, _("维持原决定"), needs_note=True, recuses=interested_in_case),
    "withdraw": Step(frozenset({A.OPEN}), A.WITHDRAWN, by_its_firm, _("撤回异议")),
}
CHANGE_STEPS: dict[str, Step] = {
    "grant": Step(frozenset({X.ASKED}), X.GRANTED, by_deciding_stage, _("同意变更"), recuses=interested_in_case),
    "refuse": Step(frozenset({X.ASKED}), X.REFUSED, by_deciding_stage, _("不同意变更"), needs_note=True, recuses=interested_in_case),
    "withdraw": Step(frozenset({X.ASKED}), X.WITHDRAWN, by_its_firm_or_system, _("撤回变更申请")),
    "make": Step(frozenset({X.ASKED}), X.GRANTED, by_its_firm, _("企业自行变更")),
}
