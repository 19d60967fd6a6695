"""Appetite of banks and budgets of schemes: limit, promised, used, and every movement."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse

from deals.subsidies.outlook import outlook_for
from ledger.models import Entry, LedgerAccount
from lenders.models import Appetite, Bank
from organisations.actors import Person
from portal import reads
from portal.access import is_bank, oversees, require, signed_in
from portal.page import page_of, render

ZERO = Decimal(0)
KINDS = Bank.Kind.values  # policy and state banks first, as officials list them


@dataclass(frozen=True)
class Line:
    """One account, or what a bank's branches in the province come to together."""

    name: str
    period: str
    limit: Decimal | None
    held: Decimal
    posted: Decimal
    account_id: int | None = None
    bank_id: int | None = None
    is_whole_bank: bool = False

    @property
    def free(self) -> Decimal | None:
        return None if self.limit is None else self.limit - self.held - self.posted


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """A province's reader sees one row for each bank, and its branches on request; a bank sees all its own."""
    require(oversees(by) or is_bank(by))
    rows = list(reads.appetites(by).order_by("bank__code", "branch__level", "branch__code", "pk"))
    rows.sort(key=lambda row: (KINDS.index(row.bank.kind), row.bank.code))
    chosen = [row for row in rows if str(row.bank_id) == request.GET.get("bank")]
    by_bank = oversees(by) and not chosen
    lines = _one_per_bank(rows) if by_bank else [_line(row) for row in chosen or rows]
    context = {
        "bank": chosen[0].bank if chosen else None,
        "appetites": lines,
        "total": _sum("", lines) if by_bank else None,
        "budgets": [] if chosen else list(reads.budgets(by).order_by("scheme__code", "fiscal_year")),
    }
    return render(request, "portal/account/list.html", context, by=by)


def _line(row: Appetite) -> Line:
    name = row.branch.organisation.name if row.branch else row.bank.organisation.name
    account = row.account
    return Line(name, row.period, account.limit, account.held, account.posted, account.pk, row.bank_id, is_whole_bank=row.branch is None)


def _one_per_bank(rows: Sequence[Appetite]) -> list[Line]:
    """A bank's own account contains its branches'; where a bank has none to be read, its branches here are added up."""
    lines = []
    for bank_id, group in groupby(rows, key=lambda row: row.bank_id):
        own = list(group)
        whole = [_line(row) for row in own if row.branch is None]
        lines += whole or [_sum(own[0].bank.organisation.name, [_line(row) for row in own], bank_id)]
    return lines


def _sum(name: str, lines: Sequence[Line], bank_id: int | None = None) -> Line:
    declared = [line.limit for line in lines if line.limit is not None]
    return Line(
        name,
        lines[0].period if lines else "",
        sum(declared, ZERO) if declared else None,
        sum((line.held for line in lines), ZERO),
        sum((line.posted for line in lines), ZERO),
        bank_id=bank_id,
    )


@signed_in
def outlook(request: HttpRequest, by: Person) -> HttpResponse:
    """预算测算: what each budget will be asked for, year by year, until the last subsidised loan ends."""
    return render(request, "portal/account/outlook.html", {"years": outlook_for(by)}, by=by)


@signed_in
def statement(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """One account's movements, newest first, with the balance after each."""
    seen = Q(appetite__in=reads.appetites(by).order_by().values("pk")) | Q(budget__in=reads.budgets(by).order_by().values("pk"))
    account: Any = LedgerAccount.objects.filter(seen, pk=pk).select_related("parent").first()
    if account is None:
        raise Http404
    rows = page_of(Entry.objects.filter(account=account).order_by("-seq"), request)
    return render(request, "portal/account/statement.html", {"account": account, "page": rows}, by=by)
