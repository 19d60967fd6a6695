"""The life of a filing, on one screen. `projects.review` and `projects.candidate_list` wrap these steps with what belongs to them."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param, Step, same_state
from organisations.actors import FIRM_ROLES, REVIEW_ROLES, Person
from organisations.models import ReviewReason, Unit
from projects.form_fields import field_choices
from projects.models import Filing

S = Filing.State


def by_firm(filing: Filing, by: Person) -> bool:
    return by.seat(filing.firm_id, *FIRM_ROLES) is not None


def by_firm_or_system(filing: Filing, by: Person) -> bool:
    return by.is_system or by_firm(filing, by)


def by_system(_filing: Filing, by: Person) -> bool:
    return by.is_system


def by_current_reviewer(filing: Filing, by: Person) -> bool:
    """Someone of the unit and stage where the case lies who may look at it with fresh eyes.

    Nobody reviews what their own firm filed, nor in a second unit what they passed in a first. Inside a unit nobody takes a second
    stage while another holder of that role has not acted, nor an early stage that others can take if they alone hold a later one:
    so four eyes see the case wherever the unit has them, and a unit of one or two people is never stuck. Whoever stands in for a
    colleague is one person with them, and in their place takes no stage at all where that would leave one pair of eyes, unless nobody
    else is left in the unit: a unit of two with one away works like a unit of one, and the record says for whom.
    """
    step = filing.current_step
    if step is None or by.seat(filing.firm_id) is not None:
        return False
    seat = by.unit_seat(step.unit_id, step.stage)
    if seat is None:
        return False
    done = [(one.unit_id, passed) for one in filing.steps.all() for passed in (one.passed_by_id, one.passed_for_id) if passed is not None]
    own_units = {unit for unit, passed in done if by.speaks_for(passed)}
    if seat.absent_id is not None:
        if _is_left_alone(filing, by):
            return own_units <= {step.unit_id}
        return not own_units and not _is_needed_later(filing, by)
    others = {user for user in seat.holders_for(filing.firm_id) if not by.speaks_for(user)} - {passed for _unit, passed in done}
    if own_units:
        return own_units == {step.unit_id} and not others and (not _stood_in(filing, by) or _is_left_alone(filing, by))
    return not (others and _is_needed_later(filing, by))


def _is_left_alone(filing: Filing, by: Person) -> bool:
    """Whether this person and whom they stand in for are all who hold the stages of the unit."""
    step = filing.current_step
    held = [seat.holders_for(filing.firm_id) for seat in by.seats if seat.unit_id == step.unit_id and seat.role in REVIEW_ROLES]
    return bool(by.covers) and all(by.speaks_for(user) for holders in held for user in holders)


def _stood_in(filing: Filing, by: Person) -> bool:
    return any(done.passed_by_id == by.user_id and done.passed_for_id is not None for done in filing.steps.all())


def _is_needed_later(filing: Filing, by: Person) -> bool:
    """A later stage of the same unit has no other holder."""
    step = filing.current_step
    later = [other.stage for other in filing.steps.all() if other.unit_id == step.unit_id and other.position > step.position]
    seats = [by.unit_seat(step.unit_id, stage) for stage in later]
    return any(seat is not None and seat.holders_for(filing.firm_id) <= {by.user_id} for seat in seats)


def interested(filing: Filing, by: Person) -> bool:
    """Who has declared an interest in the firm leaves its cases to others."""
    return by.has_interest_in(filing.firm_id)


def by_provincial_office(filing: Filing, by: Person) -> bool:
    """The province's office of the filing's own track."""
    return by.office(*REVIEW_ROLES, line=filing.track, kind=Unit.Kind.PROVINCE, province=filing.province) is not None


def by_system_or_provincial_office(filing: Filing, by: Person) -> bool:
    return by.is_system or by_provincial_office(filing, by)


def after_pass(filing: Filing) -> str:
    """In review while a later step is left, then the reserve pool."""
    last = max(step.position for step in filing.steps.all())
    return S.IN_REVIEW if filing.current_step.position < last else S.IN_POOL


def project_code_known(filing: Filing) -> Iterable[Problem]:
    if not filing.project.code:
        yield Problem(
            "project_code", "required", _("上报备选项目清单须有项目代码。"), _("请通知企业补填投资项目在线审批监管平台赋码后再上报。")
        )


def reason_param(verb: str) -> Param:
    """A coded reason; its sentence becomes the note where none is written."""
    return Param("code", "code", _("原因"), required=False, choices=lambda: [(row.code, row.sentence) for row in _reasons(verb)])


def _reasons(verb: str) -> Iterable[ReviewReason]:
    return ReviewReason.objects.filter(verb=verb).order_by("id")


RETURN_PARAMS = (
    Param("fields", "fields", _("需要修改的内容"), required=False, help=_("关联的字段一并开放；不选则按原因开放"), choices=field_choices),
    reason_param("return"),
)
LIST_PARAMS = (
    Param("list_number", "text", _("清单批次"), help=_("照下发的备选项目清单填写")),
    Param("listed_on", "date", _("列入日期"), required=False, help=_("不填则为今天")),
)

FILING_STEPS: dict[str, Step] = {
    "submit": Step(frozenset({S.DRAFT}), S.IN_REVIEW, by_firm, _("提交")),
    "resubmit": Step(frozenset({S.RETURNED}), S.IN_REVIEW, by_firm, _("重新提交")),
    "withdraw": Step(
        frozenset({S.DRAFT, S.IN_REVIEW, S.RETURNED, S.IN_POOL, S.HELD, S.REPORTED, S.LISTED}),
        S.WITHDRAWN,
        by_firm_or_system,
        _("撤回"),
        needs_note=True,
    ),
    "pass": Step(frozenset({S.IN_REVIEW}), after_pass, by_current_reviewer, _("通过"), recuses=interested),
    "return": Step(
        frozenset({S.IN_REVIEW}), S.RETURNED, by_current_reviewer, _("退回修改"), needs_note=True, params=RETURN_PARAMS, recuses=interested
    ),
    "refuse": Step(
        frozenset({S.IN_REVIEW}),
        S.REFUSED,
        by_current_reviewer,
        _("不通过"),
        needs_note=True,
        params=(reason_param("refuse"),),
        recuses=interested,
    ),
    "not_accept": Step(
        frozenset({S.IN_REVIEW}),
        S.NOT_ACCEPTED,
        by_current_reviewer,
        _("不予受理"),
        needs_note=True,
        params=(reason_param("not_accept"),),
        recuses=interested,
    ),
    "reinstate": Step(frozenset({S.REFUSED, S.NOT_ACCEPTED}), S.IN_REVIEW, by_system, _("恢复审核")),
    "report": Step(frozenset({S.IN_POOL}), S.REPORTED, by_provincial_office, _("上报"), missing=project_code_known, recuses=interested),
    "roll": Step(frozenset({S.IN_REVIEW, S.RETURNED}), same_state, by_system, _("转入下一批次")),
    "hold": Step(frozenset({S.IN_POOL}), S.HELD, by_provincial_office, _("暂缓上报"), needs_note=True, recuses=interested),
    "release": Step(frozenset({S.HELD}), S.IN_POOL, by_provincial_office, _("恢复上报"), recuses=interested),
    "list": Step(frozenset({S.REPORTED}), S.LISTED, by_provincial_office, _("列入备选项目清单"), params=LIST_PARAMS, recuses=interested),
    "leave_out": Step(
        frozenset({S.REPORTED}),
        S.NOT_LISTED,
        by_provincial_office,
        _("登记未列入"),
        needs_note=True,
        params=(reason_param("leave_out"),),
        recuses=interested,
    ),
    "remove": Step(frozenset({S.LISTED}), S.REMOVED, by_provincial_office, _("移出清单"), needs_note=True, recuses=interested),
    "refile": Step(frozenset({S.NOT_LISTED, S.RETIRED}), same_state, by_firm, _("再次申报")),
    "retire": Step(frozenset({S.IN_POOL, S.HELD, S.NOT_LISTED}), S.RETIRED, by_system_or_provincial_office, _("退库"), recuses=interested),
}
