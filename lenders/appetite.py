"""银行意向额度: a bank or branch declares what it is willing to lend in a period; its money stands on a ledger account.

Limits bind what is promised. A branch that declared nothing is no candidate of a round but may be named and may sign.
"""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import record
from ledger import accounts
from ledger.models import LedgerAccount
from lenders.models import Appetite, Bank, Branch
from organisations.actors import Person
from organisations.models import Programme, Role


def may_declare(bank: Bank, branch: Branch | None, by: Person) -> bool:
    """The branch's own manager, or the provincial branch that looks after all of the bank's branches."""
    if by.is_system or by.seat(bank.organisation_id, Role.BANK_PROVINCIAL):
        return True
    return branch is not None and by.seat(branch.organisation_id, Role.BRANCH_MANAGER, Role.BANK_PROVINCIAL) is not None


def declare(
    bank: Bank,
    branch: Branch | None = None,
    *,
    programme: Programme,
    period: str,
    valid_from: dt.date,
    valid_to: dt.date,
    limit: Decimal | None,
    by: Person,
    at: dt.datetime,
    max_ticket: Decimal | None = None,
    case_load: int | None = None,
    may_fall: bool = True,
    note: str = "",
) -> Appetite:
    """Declare, or declare anew, the appetite of a bank or of one of its branches for a period.

    `limit=None` says "not declared": nothing is checked. A limit cannot fall below what is promised and done, nor at all while
    `may_fall` is False (a round is being computed on it). Declaring the same again changes nothing.
    """
    _check(bank, branch, valid_from=valid_from, valid_to=valid_to, limit=limit, by=by)
    with transaction.atomic():
        appetite = _opened(bank, branch, programme=programme, period=period, valid_from=valid_from, valid_to=valid_to)
        appetite = Appetite.objects.select_for_update(no_key=True, of=("self",)).select_related("account").get(pk=appetite.pk)
        old = LedgerAccount.objects.get(pk=appetite.account_id).limit
        terms = {"valid_from": valid_from, "valid_to": valid_to, "max_ticket": max_ticket, "case_load": case_load}
        changed = {name: [getattr(appetite, name), value] for name, value in terms.items() if getattr(appetite, name) != value}
        if not changed and limit == old:
            return appetite
        if not may_fall and _falls(old, limit):
            raise Conflict(
                _("推荐轮次正在计算，本期意向额度暂时只能调增，不能调减。"), code="round_open", remedy=_("请在本轮发布后再行调减。")
            )
        for name, value in terms.items():
            setattr(appetite, name, value)
        event = record(appetite, "declare", by=by, at=at, note=note, changes=changed | {"limit": [old, limit]})
        appetite.version += 1
        appetite.save(update_fields=[*terms, "version"])
        if limit != old:
            accounts.set_limit(
                appetite.account_id, limit, business_key=f"appetite:{appetite.pk}:declared:{event.pk}", by=by, at=at, note=note
            )
        appetite.account.refresh_from_db()
    return appetite


def of_branches(branch_ids: Iterable[int], *, programme_id: int, on: dt.date) -> dict[int, Appetite]:
    """The appetite in force on that day of each branch that has one, with its account."""
    rows = (
        Appetite.objects.filter(branch__in=set(branch_ids), programme=programme_id, valid_from__lte=on, valid_to__gte=on)
        .select_related("account")
        .order_by("valid_from", "pk")
    )
    return {row.branch_id: row for row in rows}


def account_of(branch: Branch, *, programme_id: int, on: dt.date) -> LedgerAccount | None:
    """The account a promise of that branch stands on; None when it declared nothing for that day."""
    appetite = of_branches([branch.pk], programme_id=programme_id, on=on).get(branch.pk)
    return appetite.account if appetite else None


def _check(bank: Bank, branch: Branch | None, *, valid_from: dt.date, valid_to: dt.date, limit: Decimal | None, by: Person) -> None:
    if not may_declare(bank, branch, by):
        raise NotAllowed(_("意向额度由银行自行申报：本机构负责人或省分行管理员办理。"))
    problems = []
    if branch is not None and branch.bank_id != bank.pk:
        problems.append(Problem("branch", "other_bank", _("%(branch)s 不是该行的机构。") % {"branch": branch}, _("请选择本行机构。")))
    if valid_to < valid_from:
        problems.append(Problem("valid_to", "before_start", _("截止日期早于开始日期。"), _("请核对期间。")))
    if limit is not None and limit < 0:
        problems.append(Problem("limit", "negative", _("意向额度不能为负数。"), _("不再接受推荐的，请申报为 0。")))
    if problems:
        raise Invalid(problems)


def _falls(old: Decimal | None, new: Decimal | None) -> bool:
    """Less than before; also withdrawing a declared limit, since the branch would no longer be a candidate."""
    return old is not None and (new is None or new < old)


def _opened(bank: Bank, branch: Branch | None, *, programme: Programme, period: str, valid_from: dt.date, valid_to: dt.date) -> Appetite:
    """The row and its account, made if they do not exist; a branch's account has its bank's as parent."""
    known = Appetite.objects.filter(programme=programme, bank=bank, branch=branch, period=period).first()
    if known is not None:
        return known
    parent = None
    if branch is not None:
        parent = _opened(bank, None, programme=programme, period=period, valid_from=valid_from, valid_to=valid_to).account
    owner = branch or bank
    kind = "branch" if branch else "bank"
    account = accounts.open_account(
        kind=LedgerAccount.Kind.APPETITE,
        code=f"appetite:{programme.code}:{kind}:{owner.code}:{period}",
        name=f"{owner} {period} 意向额度",
        province=owner.province,
        parent=parent,
    )
    appetite, _created = Appetite.objects.get_or_create(
        programme=programme,
        bank=bank,
        branch=branch,
        period=period,
        defaults={"valid_from": valid_from, "valid_to": valid_to, "account": account, "province": owner.province},
    )
    return appetite
