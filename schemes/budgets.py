"""The money of a discretionary scheme for one fiscal year: opened at nothing, raised only by a document."""

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import record
from ledger import accounts
from ledger.models import LedgerAccount
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit
from schemes.models import Budget, BudgetDocument, Scheme


def may_register(scheme: Scheme, by: Person) -> bool:
    """The finance office of the province or city whose money it is."""
    if by.is_system:
        return True
    if scheme.level == Scheme.Level.CENTRAL:
        return False
    units = Unit.objects.filter(line=Unit.Line.FINANCE, province=scheme.province)
    own = units.filter(region=scheme.region) if scheme.level == Scheme.Level.CITY else units.filter(kind=Unit.Kind.PROVINCE)
    return any(by.unit_seat(unit, *REVIEW_ROLES) for unit in own.values_list("pk", flat=True))


def open_budget(scheme: Scheme, *, fiscal_year: int, by: Person, at: dt.datetime) -> Budget:
    """The budget of that year, made if it does not exist, with a limit of nothing until a document arrives."""
    if not may_register(scheme, by):
        raise NotAllowed(_("贴息预算由主管该项资金的财政部门登记。"))
    with transaction.atomic():
        account = accounts.open_account(
            kind=LedgerAccount.Kind.BUDGET,
            code=f"budget:{scheme.code}:{fiscal_year}",
            name=f"{scheme} {fiscal_year} 年预算",
            province=scheme.province,
        )
        budget, created = Budget.objects.get_or_create(
            scheme=scheme, fiscal_year=fiscal_year, defaults={"account": account, "province": scheme.province}
        )
        if created:
            record(budget, "open", by=by, at=at)
            accounts.set_limit(account.pk, Decimal(0), business_key=f"budget:{budget.pk}:open", by=by, at=at)
    return budget


def add_document(
    scheme: Scheme,
    *,
    fiscal_year: int,
    number: str,
    amount: Decimal,
    issued_on: dt.date,
    by: Person,
    at: dt.datetime,
    is_sample: bool = False,
) -> BudgetDocument:
    """Register a budget document: the year's limit rises by its amount. The same document twice is registered once."""
    problems = []
    if not number.strip():
        problems.append(Problem("number", "required", _("请填写预算文件的文号。"), _("没有文号的资金不能登记。")))
    if amount <= 0:
        problems.append(Problem("amount", "not_positive", _("预算金额须大于 0。"), _("请按文件填写金额。")))
    if problems:
        raise Invalid(problems)
    with transaction.atomic():
        budget = open_budget(scheme, fiscal_year=fiscal_year, by=by, at=at)
        document, created = BudgetDocument.objects.get_or_create(
            budget=budget,
            number=number.strip(),
            defaults={"amount": amount, "issued_on": issued_on, "is_sample": is_sample, "province": scheme.province},
        )
        if not created:
            return _same(document, amount=amount, issued_on=issued_on)
        record(document, "register", by=by, at=at, changes={"amount": [None, amount]})
        accounts.change_limit(budget.account_id, amount, business_key=f"budget_document:{document.pk}", by=by, at=at, note=document.number)
    return document


def _same(document: BudgetDocument, *, amount: Decimal, issued_on: dt.date) -> BudgetDocument:
    if (document.amount, document.issued_on) != (amount, issued_on):
        raise Conflict(
            _("文号 %(number)s 已登记，金额 %(amount)s 元，与本次填写的不一致。") % {"number": document.number, "amount": document.amount},
            code="other_facts",
            remedy=_("请核对文号、金额和日期。"),
        )
    return document
