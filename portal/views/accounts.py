"""Appetite of banks and budgets of schemes: limit, promised, used, and every movement."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse

from ledger.models import Entry, LedgerAccount
from lenders.models import Bank
from organisations.actors import Person
from portal import reads
from portal.access import is_bank, oversees, require, signed_in
from portal.page import page_of, render

ZERO = Decimal(0)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """A province's reader sees one row for each bank, and its branches on request; a bank sees all its own."""
    require(oversees(by) or is_bank(by))
    rows = reads.appetites(by).order_by("bank__kind", "bank__code", "branch__level", "branch__code", "pk")
    wanted = request.GET.get("bank", "")
    bank = Bank.objects.filter(pk=int(wanted)).first() if wanted.isdecimal() else None
    if bank is not None:
        rows = rows.filter(bank=bank)
    elif oversees(by):
        rows = rows.filter(Q(branch=None) | ~Q(bank__appetites__branch=None)).distinct()
    shown = list(rows)
    budgets = [] if bank else list(reads.budgets(by).order_by("scheme__code", "fiscal_year"))
    context = {
        "bank": bank,
        "appetites": [(row, shares(row.account)) for row in shown],
        "total": total([row.account for row in shown if row.branch_id is None]),
        "opens_banks": bank is None and oversees(by),
        "budgets": [(row, shares(row.account)) for row in budgets],
    }
    return render(request, "portal/account/list.html", context, by=by)


def total(accounts: Sequence[LedgerAccount]) -> dict[str, Decimal]:
    """Of whole banks: what lies below them is contained in theirs."""
    return {
        "limit": sum((row.limit or ZERO for row in accounts), ZERO),
        "held": sum((row.held for row in accounts), ZERO),
        "posted": sum((row.posted for row in accounts), ZERO),
        "free": sum((row.free or ZERO for row in accounts), ZERO),
    }


def shares(account: LedgerAccount) -> dict[str, float]:
    """Used and promised as parts of the limit, for the bar."""
    if not account.limit:
        return {"posted": 0.0, "held": 0.0}
    return {"posted": float(account.posted / account.limit), "held": float(account.held / account.limit)}


@signed_in
def statement(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """One account's movements, newest first, with the balance after each."""
    seen = Q(appetite__in=reads.appetites(by).order_by().values("pk")) | Q(budget__in=reads.budgets(by).order_by().values("pk"))
    account: Any = LedgerAccount.objects.filter(seen, pk=pk).select_related("parent").first()
    if account is None:
        raise Http404
    rows = page_of(Entry.objects.filter(account=account).order_by("-seq"), request)
    return render(request, "portal/account/statement.html", {"account": account, "page": rows, "shares": shares(account)}, by=by)
