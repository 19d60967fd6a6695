"""What may be done to a progress report once it stands, and to a month; and what is entered in them."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from common.steps import Param, Step
from deals.models import ProgressReport, ReportingMonth
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Batch, Unit

S, M = ProgressReport.State, ReportingMonth.State
K = ProgressReport.Kind

WEEKLY = (
    Param("contacted", "choice", _("银行已联系"), choices=lambda: ((True, _("是")), (False, _("否")))),
    Param("stage", "choice", _("进展"), choices=lambda: ProgressReport.Stage.choices),
    Param("approved", "wan", _("累计授信（万元）")),
    Param("signed", "wan", _("累计签约（万元）")),
    Param("drawn", "wan", _("累计放款（万元）")),
    Param("paid", "wan", _("累计划付供应商（万元）")),
    Param("problem", "choice", _("问题"), choices=lambda: ProgressReport.Problem.choices),
    Param("help_asked", "text", _("需协调事项"), required=False),
)
CORRECTION = Param("correction", "text", _("核减说明"), required=False, help=_("累计数低于上期的，须说明原因。"))
MONTHLY = (
    *WEEKLY,
    Param("invested", "wan", _("累计完成投资（万元）")),
    Param("physical_percent", "integer", _("形象进度（%）"), required=False),
    Param("milestone", "text", _("下一节点"), required=False),
)
PARAMS: Mapping[str, tuple[Param, ...]] = {K.WEEKLY: (*WEEKLY, CORRECTION), K.MONTHLY: (*MONTHLY, CORRECTION)}


def by_reporting_unit(report: ProgressReport, by: Person) -> bool:
    return by.unit_seat(report.unit_id, *REVIEW_ROLES) is not None


def by_provincial_office(month: ReportingMonth, by: Person) -> bool:
    lines = Batch.Track.values
    return any(by.office(*REVIEW_ROLES, line=line, kind=Unit.Kind.PROVINCE, province=month.province) for line in lines)


ANY = tuple(replace(param, required=False) for param in (*MONTHLY, CORRECTION))  # what a correction may touch

REPORT_STEPS: dict[str, Step] = {
    "correct": Step(frozenset({S.REPORTED, S.CORRECTED}), S.CORRECTED, by_reporting_unit, _("更正"), needs_note=True, params=ANY),
}
MONTH_STEPS: dict[str, Step] = {
    "close": Step(frozenset({M.OPEN}), M.CLOSED, by_provincial_office, _("锁账")),
}
