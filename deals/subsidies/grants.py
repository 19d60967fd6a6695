"""Grants on the same project: registered by an office, and counted by each scheme as its rule says.

Additive: nothing changes. 取高: only what the subsidy comes to beyond the grants is paid. 不得兼享: from the grant's day no subsidy accrues.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import record
from deals.clocks import day
from deals.loans import Loan
from deals.models import OtherSupport, SubsidyClaim
from deals.subsidies import caps
from deals.subsidies.caps import Cuts
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit
from projects.models import Project
from schemes import formulas
from schemes.formulas import Cut, Period
from schemes.models import GrantStacking, Stacking, Support

ZERO = Decimal(0)
LINES = (Unit.Line.FINANCE, Unit.Line.INDUSTRY, Unit.Line.NDRC)


def may_register(province: str, by: Person) -> bool:
    """A provincial office of the lines that pay or know of grants."""
    return by.is_system or any(by.office(*REVIEW_ROLES, line=line, province=province) for line in LINES)


def register(project: Project, *, kind: str, document_no: str, amount: Decimal, on: dt.date, by: Person, at: dt.datetime) -> OtherSupport:
    """Write down a grant. The same document twice is registered once; with other figures it is refused."""
    if not may_register(project.province, by):
        raise NotAllowed(_("其他财政支持由省级财政或主管部门登记。"))
    problems = []
    if kind not in Support.values:
        problems.append(Problem("kind", "unknown_choice", _("没有此类财政支持。"), _("请从列出的类型中选择。")))
    if not document_no.strip():
        problems.append(Problem("document_no", "required", _("请填写资金文号。"), _("没有文号的资金不能登记。")))
    if amount <= 0:
        problems.append(Problem("amount", "not_positive", _("金额须大于 0。"), _("请按资金文件填写。")))
    if on > day(at):
        problems.append(Problem("on", "in_future", _("日期不能晚于今天。"), _("请按资金文件填写。")))
    if problems:
        raise Invalid(problems)
    with transaction.atomic():
        row, created = OtherSupport.objects.get_or_create(
            project=project, kind=kind, document_no=document_no.strip(), defaults={"amount": amount, "on": on, "province": project.province}
        )
        if created:
            record(row, "register", by=by, at=at, changes={"amount": [None, amount]})
        elif (row.amount, row.on) != (amount, on):
            raise Conflict(_("文号 %(number)s 已登记，金额或日期与本次填写的不一致。") % {"number": row.document_no}, code="other_facts")
    return row


class Grants:
    """The grants on the projects of some loans, and what each scheme makes of them: two queries."""

    def __init__(self, found: Iterable[Loan]) -> None:
        self.by_project: dict[int, list[OtherSupport]] = defaultdict(list)
        for row in OtherSupport.objects.filter(project__in={loan.deal.filing.project_id for loan in found}).order_by("on", "pk"):
            self.by_project[row.project_id].append(row)
        rules = GrantStacking.objects.all() if self.by_project else GrantStacking.objects.none()
        self.rules = {(row.scheme_id, row.kind): row.rule for row in rules}

    def excluded(self, loan: Loan, scheme: int) -> list[Period]:
        """From the first grant that the scheme does not go with."""
        days = [row.on for row in self._of(loan, scheme, Stacking.Rule.FORBIDDEN)]
        return [Period(min(days), dt.date.max)] if days else []

    def beyond(self, claim: SubsidyClaim, loan: Loan) -> tuple[Decimal, Cuts]:
        """What of a claim goes beyond the grants it is compared with."""
        counted = [row for row in self._of(loan, claim.scheme_id, Stacking.Rule.ONLY_HIGHER) if row.on <= claim.period_end]
        if not counted:
            return claim.requested, []
        granted = sum((row.amount for row in counted), ZERO)
        allowed, cut = formulas.beyond_grants(claim.requested, granted=granted, counted=_counted_before(claim, loan))
        return allowed, caps.plain([Cut(str(claim.pk), cut, formulas.COUNTED_GRANT)]) if cut else []

    def _of(self, loan: Loan, scheme: int, rule: str) -> list[OtherSupport]:
        return [row for row in self.by_project[loan.deal.filing.project_id] if self.rules.get((scheme, row.kind)) == rule]


def _counted_before(claim: SubsidyClaim, loan: Loan) -> Decimal:
    """What grants have cut of the project's earlier claims of the scheme, at any bank."""
    rows = SubsidyClaim.objects.filter(scheme=claim.scheme_id, deal__filing__project=loan.deal.filing.project_id)
    before = rows.filter(Q(period_end__lt=claim.period_end) | Q(period_end=claim.period_end, pk__lt=claim.pk))
    cuts = [cut for cuts in before.exclude(state=SubsidyClaim.State.REFUSED).values_list("cuts", flat=True) for cut in cuts]
    return sum((Decimal(cut["amount"]) for cut in cuts if cut["reason"] == formulas.COUNTED_GRANT), ZERO)
