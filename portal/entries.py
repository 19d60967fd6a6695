"""Facts that are recorded beside the steps: a supplier paid, principal come back, interest paid, a rate fixed anew, a loan agreed directly.

Each is a form like a step's, for those who may record it; the domain function refuses what cannot be.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.steps import Param
from deals import dispatching
from deals.costs.telling import COST, may_tell, tell_cost
from deals.direct import register_direct
from deals.docking import beginning
from deals.drawdowns import pay_supplier, refund, repay
from deals.interest import change_rate, record_receipt
from deals.invoices import CHECK, check_invoice
from deals.models import Deal, Drawdown, Invitation
from deals.states import COME_BACK, CONTRACT, OFFICERS, PAID_ON, RECEIPT
from lenders.models import Branch
from organisations.actors import FIRM_ROLES, Person
from portal.application_form import branches_serving
from projects.case.entries import offered
from projects.models import Filing, Need

D = Deal.State
RUNNING = (D.SIGNED, D.DRAWING, D.COMPLETED)
RATE = (Param("valid_from", "date", _("自")), Param("rate_bp", "percent", _("年利率（%）")))


@dataclass(frozen=True)
class Entry:
    """`record` takes the typed values and `by`, `at`."""

    label: Any
    params: tuple[Param, ...]
    record: Callable[..., Any]


def of_invitation(invitation: Invitation, by: Person) -> dict[str, Entry]:
    return _dispatch(invitation, by)


def _dispatch(case: Invitation | Deal, by: Person) -> dict[str, Entry]:
    if not dispatching.may_dispatch(case, by):
        return {}
    return {"dispatch": Entry(_("派单"), dispatching.params(case, at=by.at), partial(dispatching.dispatch, case))}


def of_deal(deal: Deal, by: Person) -> dict[str, Entry]:
    """What the bank's officers may record of an offer or a signed loan; its drawdowns are prefetched."""
    costs = _dispatch(deal, by)
    if may_tell(deal, by):
        costs["cost"] = Entry(_("登记贷款费用"), COST, partial(tell_cost, deal))
    if deal.state not in RUNNING or by.seat(deal.branch.organisation_id, *OFFICERS) is None:
        return costs
    rows = list(deal.drawdowns.all())
    unpaid = [row for row in rows if row.paid_to_supplier_on is None]
    found = {}
    billed = [row for row in rows if row.invoice_no]
    if billed:
        found["invoice"] = Entry(_("登记发票查验"), (_which(billed), *CHECK), _check(deal))
    if unpaid:
        found["pay-supplier"] = Entry(_("登记划付供应商"), (_which(unpaid), PAID_ON), _pay(deal))
    if rows:
        found["repay"] = Entry(_("登记归还本金"), (_which(rows), *COME_BACK), _come_back(deal, repay))
        found["refund"] = Entry(_("登记供应商退款"), (_which(rows), *COME_BACK), _come_back(deal, refund))
        found["receipt"] = Entry(_("登记付息"), RECEIPT, lambda **values: record_receipt(deal, **values))
    found["rate"] = Entry(_("登记利率调整"), RATE, lambda **values: change_rate(deal, **values))
    return found | costs


def _which(rows: Sequence[Drawdown]) -> Param:
    told = [(row.pk, _("第 %(n)s 笔（%(slip)s）") % {"n": row.number, "slip": row.slip_no}) for row in rows]
    return Param("drawdown", "choice", _("提款"), choices=lambda: told)


def _find(deal: Deal, pk: int) -> Drawdown:
    return Drawdown.objects.select_related("deal__branch").get(deal=deal, pk=pk)


def _pay(deal: Deal) -> Callable[..., Any]:
    def record(*, drawdown: int, paid_on: dt.date, by: Person, at: dt.datetime) -> Drawdown:
        row = _find(deal, drawdown)
        return pay_supplier(row, paid_on=paid_on, by=by, at=at, seen=row.version)

    return record


def _check(deal: Deal) -> Callable[..., Any]:
    def record(*, drawdown: int, by: Person, at: dt.datetime, **told: Any) -> Drawdown:
        row = _find(deal, drawdown)
        return check_invoice(row, by=by, at=at, seen=row.version, **told)

    return record


def _come_back(deal: Deal, act: Callable[..., Any]) -> Callable[..., Any]:
    def record(*, drawdown: int, **values: Any) -> Any:
        return act(_find(deal, drawdown), **values)

    return record


def of_filing(filing: Filing, needs: Sequence[Need], by: Person) -> dict[str, Entry]:
    """What may be asked or put on record at the case, and a loan that was agreed outside any round."""
    return (
        _direct(filing, needs, by)
        | _docking(filing, needs, by)
        | {
            name: Entry(entry.label, entry.params(filing, by.at), partial(entry.record, filing))
            for name, entry in offered(filing, by).items()
        }
    )


def _direct(filing: Filing, needs: Sequence[Need], by: Person) -> dict[str, Entry]:
    """A loan that bank and firm agreed outside any round: either registers it, the other confirms."""
    if filing.state != Filing.State.LISTED or not needs or Deal.objects.filter(filing=filing, state__in=Deal.COMMITTED).exists():
        return {}
    offered = _branches(filing, by)
    if not offered:
        return {}
    which = _which_need(needs)
    where = Param("branch", "choice", _("银行机构"), choices=lambda: offered)
    first = Param("is_first_loan", "boolean", _("首贷"), required=False)

    def record(*, need: int, branch: str, **values: Any) -> Deal:
        return register_direct(
            next(row for row in needs if row.pk == need), Branch.objects.select_related("organisation", "bank").get(code=branch), **values
        )

    return {"direct": Entry(_("登记自行达成的贷款"), (which, where, *CONTRACT, first), record)}


def _docking(filing: Filing, needs: Sequence[Need], by: Person) -> dict[str, Entry]:
    """All banks of a need have ended, or one approved a part of it: firm or office lists it at once, the firm offers the rest."""
    if filing.state != Filing.State.LISTED:
        return {}
    for need in needs:
        need.filing = filing
    rows = beginning.offered(needs, by)
    if not rows:
        return {}
    which = _which_need(rows)

    def record(*, need: int, by: Person, at: dt.datetime) -> Any:
        return beginning.begin(next(row for row in rows if row.pk == need), by=by, at=at)

    return {"second-docking": Entry(_("列入二次对接"), (which,), record)}


def _which_need(rows: Sequence[Need]) -> Param:
    told = [(need.pk, _("%(year)s 年") % {"year": need.year}) for need in rows]
    return Param("need", "choice", _("融资需求"), choices=lambda: told)


def _branches(filing: Filing, by: Person) -> list[tuple[str, Any]]:
    """The firm names any bank that serves the place, a bank's officer their own branch."""
    if by.seat(filing.firm_id, *FIRM_ROLES) is not None:
        assert filing.project is not None
        return [option for _label, options in branches_serving(filing.project.region) for option in options]
    own = [seat.organisation_id for seat in by.seats if seat.role in OFFICERS]
    return list(Branch.objects.filter(organisation__in=own).order_by("code").values_list("code", "organisation__name")) if own else []


Entries = Mapping[str, Entry]
