"""银行意向额度: a bank or branch declares what it is willing to lend in a period; its money stands on a ledger account.

Limits bind what is promised. A branch that declared nothing is no candidate of a round but may be named and may sign.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import record, stale
from ledger import accounts
from ledger.models import LedgerAccount
from lenders.models import Appetite, AppetiteLetter, Bank, Branch
from organisations.actors import Person
from organisations.models import Programme, Role

NEW = -1  # `seen` of a declaration for a period in which nothing stood declared


@dataclass(frozen=True)
class Place:
    """What an appetite is declared for: a branch, or without one the whole bank."""

    bank: Bank
    branch: Branch | None = None

    @property
    def code(self) -> str:
        return self.branch.code if self.branch else self.bank.code


def may_declare(bank: Bank, branch: Branch | None, by: Person) -> bool:
    """The branch's own manager, or the administrator at the head or provincial branch, who looks after all of the bank's branches."""
    if by.is_system or by.seat(bank.organisation_id, Role.BANK_PROVINCIAL):
        return True
    if branch is not None and by.seat(branch.organisation_id, Role.BRANCH_MANAGER, Role.BANK_PROVINCIAL):
        return True
    return Branch.objects.filter(bank=bank, level=Branch.Level.PROVINCIAL, organisation__in=_heads(by)).exists()


def places(by: Person) -> list[Place]:
    """All that this person may declare for, whole banks first: three queries."""
    provincial = Branch.objects.filter(level=Branch.Level.PROVINCIAL, organisation__in=_heads(by)).values("bank")
    banks = Bank.objects.filter(Q(organisation__in=_heads(by)) | Q(pk__in=provincial)).select_related("organisation").order_by("code")
    own = {seat.organisation_id for seat in by.seats if seat.role in (Role.BRANCH_MANAGER, Role.BANK_PROVINCIAL)}
    whole = list(banks)
    branches = Branch.objects.filter(Q(organisation__in=own) | Q(bank__in=[bank.pk for bank in whole]), organisation__is_active=True)
    rows = branches.select_related("bank__organisation", "organisation").order_by("bank__code", "code")
    return [*(Place(bank) for bank in whole), *(Place(row.bank, row) for row in rows)]


def _heads(by: Person) -> set[int]:
    return {seat.organisation_id for seat in by.seats if seat.role == Role.BANK_PROVINCIAL}


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
    letter: AppetiteLetter | None = None,
    seen: int | None = None,
) -> Appetite:
    """Declare, or declare anew, the appetite of a bank or of one of its branches for a period.

    `limit=None` says "not declared": nothing is checked. A limit cannot fall below what is promised and done, nor at all while
    `may_fall` is False (a round is being computed on it). Declaring the same again changes nothing. A registered `letter` speaks for
    the bank where nobody of the bank does. `seen` is the version looked at, NEW where there was none; without it the last word counts.
    """
    _check(bank, branch, valid_from=valid_from, valid_to=valid_to, limit=limit, by=by, letter=letter)
    with transaction.atomic():
        if seen is not None:
            _unchanged(bank, branch, programme=programme, period=period, seen=seen, by=by)
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


def _check(
    bank: Bank,
    branch: Branch | None,
    *,
    valid_from: dt.date,
    valid_to: dt.date,
    limit: Decimal | None,
    by: Person,
    letter: AppetiteLetter | None,
) -> None:
    spoken = letter is not None and (letter.bank_id, letter.state) == (bank.pk, AppetiteLetter.State.REGISTERED)
    if not spoken and not may_declare(bank, branch, by):
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


def _unchanged(bank: Bank, branch: Branch | None, *, programme: Programme, period: str, seen: int, by: Person) -> None:
    """Refuse a declaration begun before somebody else's; an account opened only as a parent is not declared yet."""
    rows = Appetite.objects.select_for_update(no_key=True, of=("self",)).select_related("account")
    known = rows.filter(programme=programme, bank=bank, branch=branch, period=period).first()
    if known is None or seen == known.version:
        return
    if seen != NEW:
        raise stale(known, seen, by=by, allowed=True)
    if known.version or known.account.limit is not None:
        raise Conflict(
            _("%(appetite)s 已申报。") % {"appetite": known},
            code="declared_already",
            field="period",
            remedy=_("请在列表中选择该期间后修改。"),
        )


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
