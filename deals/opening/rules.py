"""What cannot be in what is told of a loan of the stock: each problem at its cell. Read against what Fulcrum knows, in a few queries for many.

Amounts above a need or an appetite are no problem: the loan was signed before anybody declared either.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.models import NATION
from common.money import format_wan
from deals.clocks import day
from deals.drawdowns import invoice_problems
from deals.models import Deal
from deals.opening.facts import ZERO, LoanTold, PaidTold
from lenders.models import Branch
from organisations.identifiers import parse_uscc
from organisations.models import Industry, Organisation, Region, Unit
from projects.identifiers import parse_project_code
from projects.models import Filing, Project
from projects.routing import Routes, load_routes
from schemes.models import Scheme

OF_NEW_PROJECT = (
    "region", "industry", "action", "loan_purpose", "starts_on", "completes_on", "total_investment", "equipment_investment",
)  # fmt: skip
OF_NEW_FIRM = ("size", "ownership")
DAYS_MAX = 366  # of one row of subsidies paid: caps count it in the year of its last day


class Ground:
    """What some loans are read against: firms, projects, live filings, branches, schemes, contracts on record."""

    def __init__(self, told: Collection[LoanTold], *, province: str, on: dt.date) -> None:
        self.province = province
        firms = Organisation.objects.filter(kind=Organisation.Kind.FIRM, uscc__in={one.firm_uscc for one in told})
        self.firms = {row.uscc: row for row in firms.select_related("firm")}
        projects = Project.objects.filter(firm__in=firms, code__in={one.project_code for one in told}).select_related("region", "industry")
        self.projects = {(row.firm_id, row.code): row for row in projects}
        filings = Filing.objects.filter(project__in=projects, state__in=Filing.LIVE)
        self.filings = {(row.project_id, row.track): row for row in filings}
        self.branches = {row.code: row for row in Branch.objects.filter(province=province).select_related("organisation", "bank")}
        self.regions = {row.code: row for row in Region.objects.filter(province=province, valid_to=None)}
        self.industries = {row.code: row for row in Industry.objects.order_by("edition")}
        self.schemes = {row.code: row for row in Scheme.objects.filter(province__in=[province, NATION])}
        self.routes: Routes = load_routes({one.track for one in told}, on=on)
        lent = Deal.objects.filter(contract_no__in={one.contract_no for one in told}).exclude(state__in=Deal.GIVEN_UP)
        self.contracts = set(lent.values_list("branch__code", "contract_no"))

    def firm_of(self, told: LoanTold) -> Organisation | None:
        return self.firms.get(told.firm_uscc)

    def project_of(self, told: LoanTold) -> Project | None:
        firm = self.firm_of(told)
        return self.projects.get((firm.pk, told.project_code)) if firm else None

    def filing_of(self, told: LoanTold) -> Filing | None:
        project = self.project_of(told)
        return self.filings.get((project.pk, told.track)) if project else None

    def units_of(self, told: LoanTold) -> list[Unit]:
        """The units whose case it would have been. Raises Invalid where the rows name none."""
        project = self.project_of(told)
        region = project.region if project else self.regions[told.region]
        unit = self.routes.receiving_unit(region, project.zone if project else None, line=told.track)
        return [stop for stop, _stage, _days in self.routes.chain(unit, process=told.track)]


def problems(told: LoanTold, ground: Ground, *, at: dt.datetime) -> list[Problem]:
    return [
        *_identity_problems(told, ground),
        *_contract_problems(told, ground, at=at),
        *_drawdown_problems(told),
        *_repayment_problems(told),
        *_outstanding_problems(told),
        *_paid_problems(told, ground),
    ]


def _identity_problems(told: LoanTold, ground: Ground) -> Iterable[Problem]:
    for read, value, name in ((parse_uscc, told.firm_uscc, "firm_uscc"), (parse_project_code, told.project_code, "project_code")):
        try:
            read(value, field=name)
        except Invalid as error:
            yield from error.problems
    firm, project, filing = ground.firm_of(told), ground.project_of(told), ground.filing_of(told)
    if firm is not None and firm.name != told.firm_name:
        yield Problem(
            "firm_name",
            "other_name",
            _("该代码的企业在系统中名为“%(name)s”。") % {"name": firm.name},
            _("请核对代码；企业已更名的，填写系统中的名称。"),
        )
    if firm is None or not hasattr(firm, "firm"):
        yield from _needed(told, OF_NEW_FIRM, _("系统中没有该企业的概况，须填写此项。"))
    if project is None:
        yield from _needed(told, OF_NEW_PROJECT, _("系统中没有该项目，须填写此项。"))
        yield from _project_problems(told)
    if filing is not None and filing.state != Filing.State.LISTED:
        yield Problem(
            "project_code",
            "not_listed",
            _("该项目在本系统的申报当前为“%(state)s”。") % {"state": filing.get_state_display()},
            _("请先办结该申报，列入清单后再导入贷款。"),
        )
    if filing is None and (project is not None or told.region in ground.regions):
        try:
            ground.units_of(told)
        except Invalid as error:
            yield from error.problems


def _needed(told: LoanTold, names: Sequence[str], message: Any) -> Iterable[Problem]:
    return (Problem(name, "required", message, _("请按清单或申报材料填写。")) for name in names if getattr(told, name) in (None, ""))


def _project_problems(told: LoanTold) -> Iterable[Problem]:
    total, equipment = told.total_investment, told.equipment_investment
    if total is not None and equipment is not None and equipment > total:
        yield Problem("equipment_investment", "out_of_range", _("设备投资大于总投资。"), _("请核对金额。"))
    if told.starts_on and told.completes_on and told.completes_on < told.starts_on:
        yield Problem("completes_on", "before_start", _("竣工日期早于开工日期。"), _("请核对日期。"))


def _contract_problems(told: LoanTold, ground: Ground, *, at: dt.datetime) -> Iterable[Problem]:
    if told.as_of > day(at):
        yield Problem("as_of", "in_future", _("截至日期晚于今天。"), _("期初只记录已经发生的情况。"))
    if told.branch not in ground.branches:
        yield Problem("branch", "unknown_choice", _("没有此银行机构。"), _("请从列出的选项中选择。"))
    if (told.branch, told.contract_no) in ground.contracts:
        yield Problem(
            "contract_no",
            "used",
            _("合同编号 %(number)s 已登记在一笔贷款下。") % {"number": told.contract_no},
            _("系统中已有的贷款不再导入。"),
        )
    if told.contract_on > told.as_of:
        yield Problem("contract_on", "out_of_range", _("签约日期晚于截至日期。"), _("截至日期以后签订的贷款请在系统中办理。"))
    if told.amount <= 0:
        yield Problem("amount", "not_positive", _("合同金额须大于 0。"), _("请按借款合同填写。"))
    if told.term_months < 1:
        yield Problem("term_months", "too_short", _("期限至少为 1 个月。"), _("请核对期限。"))
    paid_to = told.interest_paid_to
    if paid_to is not None and not told.contract_on <= paid_to <= told.as_of:
        yield Problem("interest_paid_to", "out_of_range", _("利息已付至的日期须在签约日期与截至日期之间。"), _("请按付息凭证填写。"))


def _drawdown_problems(told: LoanTold) -> Iterable[Problem]:
    seen: set[str] = set()
    for place, row in enumerate(told.drawdowns):
        at = f"drawdowns.{place}"
        if row.slip_no in seen:
            yield Problem(f"{at}.slip_no", "row_repeated", _("借据号重复。"), _("每笔放款一行。"))
        seen.add(row.slip_no)
        if row.amount <= 0:
            yield Problem(f"{at}.amount", "not_positive", _("放款金额须大于 0。"), _("请按借据填写。"))
        if not told.contract_on <= row.drawn_on <= told.as_of:
            yield Problem(f"{at}.drawn_on", "out_of_range", _("放款日期须在签约日期与截至日期之间。"), _("请按借据填写。"))
        if row.paid_to_supplier_on is not None and not row.drawn_on <= row.paid_to_supplier_on <= told.as_of:
            yield Problem(
                f"{at}.paid_to_supplier_on", "out_of_range", _("划付供应商日期须在放款日期与截至日期之间。"), _("尚未划付的请留空。")
            )
        if row.equipment_amount is not None and not 0 <= row.equipment_amount <= row.amount:
            yield Problem(f"{at}.equipment_amount", "out_of_range", _("其中设备款须在 0 与放款金额之间。"), _("请填写本笔用于设备的部分。"))
        yield from invoice_problems(row.invoice_no, field=f"{at}.invoice_no")
    if told.drawn > told.amount:
        figures = {"drawn": format_wan(told.drawn), "amount": format_wan(told.amount)}
        yield Problem(
            "amount", "out_of_range", _("放款合计 %(drawn)s 万元超过合同金额 %(amount)s 万元。") % figures, _("请核对合同与借据。")
        )


def _repayment_problems(told: LoanTold) -> Iterable[Problem]:
    slips = {row.slip_no: row for row in told.drawdowns}
    back: dict[str, Decimal] = dict.fromkeys(slips, ZERO)
    seen: set[tuple[str, str]] = set()
    for place, row in enumerate(told.repayments):
        at, slip = f"repayments.{place}", slips.get(row.slip_no)
        if slip is None:
            yield Problem(f"{at}.slip_no", "not_found", _("放款表中没有此借据号。"), _("借据号须与“存量放款”表一致。"))
            continue
        if (row.slip_no, row.voucher_no) in seen:
            yield Problem(f"{at}.voucher_no", "row_repeated", _("凭证号重复。"), _("每笔还款一行。"))
        seen.add((row.slip_no, row.voucher_no))
        if not slip.drawn_on <= row.on <= told.as_of:
            yield Problem(f"{at}.on", "out_of_range", _("日期须在放款日期与截至日期之间。"), _("请按凭证填写。"))
        back[row.slip_no] += row.amount
        if row.amount <= 0 or back[row.slip_no] > slip.amount:
            yield Problem(f"{at}.amount", "out_of_range", _("金额须大于 0，且合计不超过该笔放款。"), _("请核对金额与借据号。"))


def _outstanding_problems(told: LoanTold) -> Iterable[Problem]:
    """The balance as the bank's books have it is the control total of all that was drawn and came back."""
    if told.outstanding != told.drawn - told.back:
        figures = {"told": format_wan(told.outstanding), "found": format_wan(told.drawn - told.back)}
        yield Problem(
            "outstanding",
            "does_not_add_up",
            _("贷款余额 %(told)s 万元与明细不符：放款减还款为 %(found)s 万元。") % figures,
            _("请补齐“存量放款”和“存量还款”表中的明细。"),
        )


def _paid_problems(told: LoanTold, ground: Ground) -> Iterable[Problem]:
    first = min((row.drawn_on for row in told.drawdowns), default=None)
    reached: dict[str, list[PaidTold]] = {}
    for place, row in enumerate(told.paid):
        at = f"paid.{place}"
        if row.scheme not in ground.schemes:
            yield Problem(f"{at}.scheme", "unknown_choice", _("没有此贴息政策。"), _("请从列出的选项中选择。"))
        if row.amount <= 0:
            yield Problem(f"{at}.amount", "not_positive", _("金额须大于 0。"), _("没有支付的不要填写。"))
        if row.period_end < row.period_start or (row.period_end - row.period_start).days >= DAYS_MAX:
            yield Problem(
                f"{at}.period_end", "out_of_range", _("每行的期间须首尾正确且不超过一年。"), _("跨年度的请按结息日年度分行填写。")
            )
        if first is None or row.period_start < first:
            yield Problem(f"{at}.period_start", "out_of_range", _("贴息期间早于首笔放款。"), _("请按资金文件或结算单填写。"))
        limit = told.interest_paid_to or told.as_of
        if row.period_end > min(limit, told.as_of):
            yield Problem(
                f"{at}.period_end", "out_of_range", _("贴息期间晚于利息已付至的日期或截至日期。"), _("贴息不超过已付利息的期间，请核对。")
            )
        if any(row.period_start <= other.period_end and other.period_start <= row.period_end for other in reached.get(row.scheme, ())):
            yield Problem(f"{at}.period_start", "overlaps", _("与同一政策的另一行期间重叠。"), _("同一天的贴息只支付一次。"))
        reached.setdefault(row.scheme, []).append(row)
