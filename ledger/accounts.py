"""The only writer of balances: two-phase movements on accounts and all their ancestors, under ordered row locks.

A movement is named by its business key: sent twice, it answers with what was written the first time and writes nothing.
Limits bind what is promised (`hold`); a fact (`post(…, fact=True)`) is never refused: it raises the limits that lack room, flagged.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError
from common.steps import Actor
from ledger.models import Entry, LedgerAccount

OVER_APPETITE = "over_appetite"
ZERO = Decimal(0)


class NoRoom(DomainError):
    """A promise does not fit into the limit of an account; `account` and `free` say which and what is left."""

    status = 409
    default_code = "no_room"

    def __init__(self, account: LedgerAccount, amount: Decimal) -> None:
        self.account, self.amount = account, amount
        super().__init__(
            _("%(account)s 剩余 %(free)s 元，不足以预留 %(amount)s 元。")
            % {"account": account.name, "free": account.free, "amount": amount},
            remedy=_("请减少金额，或请额度所有方追加后再办理。"),
        )


class WrongAmount(DomainError):
    default_code = "wrong_amount"


@dataclass(frozen=True)
class Hold:
    """A promise to be written: on which account, how much, under which business key."""

    account_id: int
    amount: Decimal
    business_key: str
    expires_at: dt.datetime | None = None


def open_account(*, kind: str, code: str, name: str, province: str, parent: LedgerAccount | None = None) -> LedgerAccount:
    """The account of that code, made if it does not exist. Its limit starts as not declared."""
    account, _created = LedgerAccount.objects.get_or_create(
        code=code, defaults={"kind": kind, "name": name, "province": province, "parent": parent}
    )
    return account


def set_limit(
    account_id: int, limit: Decimal | None, *, business_key: str, by: Actor, at: dt.datetime, note: str = "", flag: str = ""
) -> Entry:
    """Declare a new limit. A cut below what is promised and done is refused (NoRoom)."""
    with transaction.atomic():
        (account,) = _lock([account_id])
        if (known := _written(account_id, business_key)) is not None:
            return known
        old = account.limit
        account.limit = limit
        if limit is not None and account.free < 0:
            account.limit = old
            raise NoRoom(account, account.held + account.posted - limit)
        entry = _append(account, Entry.Kind.LIMIT, (limit or ZERO) - (old or ZERO), business_key, by=by, at=at, note=note, flag=flag)
        _save([account], [entry])
        return entry


def hold(request: Hold, *, by: Actor, at: dt.datetime, note: str = "") -> Entry:
    """Promise an amount on an account and its ancestors. Raises NoRoom, having written nothing."""
    entries, refused = hold_many([request], by=by, at=at, note=note)
    if refused:
        raise refused[request.business_key]
    return entries[request.business_key]


def hold_many(requests: Sequence[Hold], *, by: Actor, at: dt.datetime, note: str = "") -> tuple[dict[str, Entry], dict[str, NoRoom]]:
    """Many promises in one transaction, in the order given; those that do not fit are left out and returned with the reason."""
    with transaction.atomic():
        accounts = {account.pk: account for account in _lock({request.account_id for request in requests})}
        known = _written_many(requests)
        done: dict[str, Entry] = {}
        refused: dict[str, NoRoom] = {}
        fresh: list[Entry] = []
        for request in requests:
            key = request.business_key
            if key in known or key in done:
                done.setdefault(key, known.get(key) or done[key])
                continue
            line = _line(accounts, request.account_id)
            full = next((a for a in line if a.limit is not None and a.free < request.amount), None)
            if full is not None:
                refused[key] = NoRoom(full, request.amount)
                continue
            for account in line:
                account.held += request.amount
                entry = _append(account, Entry.Kind.HOLD, request.amount, key, by=by, at=at, note=note, expires_at=request.expires_at)
                fresh.append(entry)
                if account.pk == request.account_id:
                    done[key] = entry
        _save(accounts.values(), fresh)
    return done, refused


def post(
    account_id: int,
    amount: Decimal,
    *,
    business_key: str,
    by: Actor,
    at: dt.datetime,
    hold_key: str = "",
    fact: bool = False,
    note: str = "",
) -> Entry:
    """Turn a promise (or part of it) into a done amount; without `hold_key` post at once.

    `fact=True`: what happened is never refused. The part beyond the hold and beyond the limit is written together with a dated
    raise flagged `over_appetite`, on the account and on each ancestor that lacks room.
    """
    with transaction.atomic():
        locked = {account.pk: account for account in _lock([account_id])}
        if (known := _written(account_id, business_key)) is not None:
            return known
        fresh: list[Entry] = []
        first: Entry | None = None
        for account in _line(locked, account_id):
            open_hold, left = _open_hold(account.pk, hold_key)
            if open_hold is not None and amount > left and not fact:
                raise WrongAmount(
                    _("记账金额 %(amount)s 元超过预留余额 %(left)s 元。") % {"amount": amount, "left": left},
                    field="amount",
                    remedy=_("请核对金额，或先补充预留。"),
                )
            from_hold = min(amount, left)
            beyond = amount - from_hold
            if account.limit is not None and account.free < beyond:
                if not fact:
                    raise NoRoom(account, beyond)
                raised = beyond - account.free
                account.limit += raised
                fresh.append(
                    _append(account, Entry.Kind.LIMIT, raised, f"{business_key}:raise", by=by, at=at, flag=OVER_APPETITE, note=note)
                )
            account.held -= from_hold
            account.posted += amount
            entry = _append(account, Entry.Kind.POST, amount, business_key, by=by, at=at, note=note, hold=open_hold, from_hold=from_hold)
            fresh.append(entry)
            first = first or entry
        _save(locked.values(), fresh)
    return first


def release(account_id: int, *, hold_key: str, business_key: str, by: Actor, at: dt.datetime, note: str = "") -> Entry | None:
    """Give back what is left of a hold; None when nothing is left."""
    with transaction.atomic():
        locked = {account.pk: account for account in _lock([account_id])}
        if (known := _written(account_id, business_key)) is not None:
            return known
        fresh: list[Entry] = []
        for account in _line(locked, account_id):
            open_hold, left = _open_hold(account.pk, hold_key)
            if open_hold is None or left == 0:
                continue
            account.held -= left
            fresh.append(_append(account, Entry.Kind.RELEASE, left, business_key, by=by, at=at, note=note, hold=open_hold, from_hold=left))
        _save(locked.values(), fresh)
    return fresh[0] if fresh else None


def release_many(requests: Iterable[tuple[int, str, str]], *, by: Actor, at: dt.datetime, note: str = "") -> None:
    """`release` for (account, hold key, business key) triples in one transaction."""
    requests = sorted(set(requests))
    with transaction.atomic():
        _lock({account_id for account_id, _hold_key, _key in requests})
        for account_id, hold_key, business_key in requests:
            release(account_id, hold_key=hold_key, business_key=business_key, by=by, at=at, note=note)


def reverse(account_id: int, amount: Decimal, *, business_key: str, by: Actor, at: dt.datetime, note: str = "") -> Entry:
    """Take back part of what was posted, as a correction entry."""
    with transaction.atomic():
        locked = {account.pk: account for account in _lock([account_id])}
        if (known := _written(account_id, business_key)) is not None:
            return known
        fresh: list[Entry] = []
        for account in _line(locked, account_id):
            if account.posted < amount:
                raise WrongAmount(
                    _("冲回金额 %(amount)s 元超过已用金额 %(posted)s 元。") % {"amount": amount, "posted": account.posted}, field="amount"
                )
            account.posted -= amount
            fresh.append(_append(account, Entry.Kind.REVERSE, amount, business_key, by=by, at=at, note=note))
        _save(locked.values(), fresh)
    return fresh[0]


def balance_at(account_id: int, at: dt.datetime) -> tuple[Decimal | None, Decimal, Decimal]:
    """(limit, held, posted) of an account at a past moment: one index look-up."""
    entry = Entry.objects.filter(account=account_id, at__lte=at).order_by("-at", "-seq").first()
    return (entry.limit_after, entry.held_after, entry.posted_after) if entry else (None, ZERO, ZERO)


def _lock(account_ids: Iterable[int]) -> list[LedgerAccount]:
    """The accounts and all their ancestors, locked in id order."""
    wanted = set(account_ids)
    parents = dict(LedgerAccount.objects.exclude(parent=None).values_list("pk", "parent")) if wanted else {}
    for pk in list(wanted):
        while (pk := parents.get(pk)) is not None:
            wanted.add(pk)
    return list(LedgerAccount.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True))


def _line(accounts: dict[int, LedgerAccount], account_id: int) -> list[LedgerAccount]:
    """The account, its parent, and so on to the top."""
    line = []
    current: int | None = account_id
    while current is not None:
        line.append(accounts[current])
        current = accounts[current].parent_id
    return line


def _append(account: LedgerAccount, kind: str, amount: Decimal, business_key: str, *, by: Actor, at: dt.datetime, **rest) -> Entry:
    account.last_seq += 1
    return Entry(
        account=account,
        seq=account.last_seq,
        kind=kind,
        amount=amount,
        limit_after=account.limit,
        held_after=account.held,
        posted_after=account.posted,
        business_key=business_key,
        at=at,
        by_label=by.label,
        province=account.province,
        **rest,
    )


def _save(accounts: Iterable[LedgerAccount], entries: list[Entry]) -> None:
    if entries:
        LedgerAccount.objects.bulk_update(sorted(accounts, key=lambda a: a.pk), ["limit", "held", "posted", "last_seq"], batch_size=500)
        Entry.objects.bulk_create(entries, batch_size=1000)


def _written(account_id: int, business_key: str) -> Entry | None:
    return Entry.objects.filter(account=account_id, business_key=business_key).first()


def _written_many(requests: Sequence[Hold]) -> dict[str, Entry]:
    wanted = {(request.account_id, request.business_key) for request in requests}
    rows = Entry.objects.filter(business_key__in={key for _account, key in wanted}).order_by("id")
    return {row.business_key: row for row in rows if (row.account_id, row.business_key) in wanted}


def _open_hold(account_id: int, hold_key: str) -> tuple[Entry | None, Decimal]:
    """The hold of that key and what is still open of it."""
    if not hold_key:
        return None, ZERO
    held = Entry.objects.filter(account=account_id, business_key=hold_key, kind=Entry.Kind.HOLD).first()
    if held is None:
        raise Conflict(_("没有找到对应的预留。"), code="no_hold")
    moved = held.movements.aggregate(total=Sum("from_hold"))["total"] or ZERO
    return held, held.amount - moved
