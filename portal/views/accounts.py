"""Appetite of banks and budgets of schemes: limit, promised, used, and every movement."""

from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse

from ledger.models import Entry, LedgerAccount
from organisations.actors import Person
from portal import reads
from portal.access import is_bank, oversees, require, signed_in
from portal.page import page_of, render

ZERO = Decimal(0)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    require(oversees(by) or is_bank(by))
    rows = list(reads.appetites(by).order_by("bank__kind", "bank__code", "branch__code", "pk"))
    budgets = list(reads.budgets(by).order_by("scheme__code", "fiscal_year"))
    context = {"appetites": [(row, shares(row.account)) for row in rows], "budgets": [(row, shares(row.account)) for row in budgets]}
    return render(request, "portal/account/list.html", context, by=by)


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
