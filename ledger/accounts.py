"""The only writer of balances: two-phase movements on accounts and all their ancestors, under ordered row locks.

A movement is named by its business key: sent twice, it answers with what was written the first time and writes nothing.
Limits bind what is promised (`hold`); a fact (`post(…, fact=True)`) is never refused: it raises the limits that lack room, flagged.
Whoever makes several movements in one transaction calls `lock` with all accounts first, so that two such never wait for each other.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.money import FEN, format_wan
from common.steps import Actor
from ledger.book import ZERO, Book, line_of, lock, open_book
from ledger.models import Entry, LedgerAccount
from ledger.refusals import BelowCommitted, NoRoom, WrongAmount

__all__ = [
    "OVER_APPETITE",
    "BelowCommitted",
    "Hold",
    "NoRoom",
    "Post",
    "Release",
    "Reverse",
    "WrongAmount",
    "balance_at",
    "change_limit",
    "hold",
    "hold_many",
    "lock",
    "open_account",
    "post",
    "post_many",
    "release",
    "release_many",
    "reverse",
    "reverse_many",
    "room",
    "set_limit",
    "set_limit_many",
    "statement",
]  # fmt: skip

OVER_APPETITE = "over_appetite"


@dataclass(frozen=True)
class Hold:
    """A promise to be written: on which account, how much, under which business key."""

    account_id: int
    amount: Decimal
    business_key: str
    expires_at: dt.datetime | None = None


@dataclass(frozen=True)
class Post:
    """A done amount to be written, against the promise of `hold_key` or, without one, at once."""

    account_id: int
    amount: Decimal
    business_key: str
    hold_key: str = ""


@dataclass(frozen=True)
class Reverse:
    """A correction to be written: part of what was posted is taken back."""

    account_id: int
    amount: Decimal
    business_key: str


Release = tuple[int, str, str]  # account, key of the hold, business key


def open_account(*, kind: str, code: str, name: str, province: str, parent: LedgerAccount | None = None) -> LedgerAccount:
    """The account of that code, made if it does not exist. Its limit starts as not declared."""
    account, _created = LedgerAccount.objects.get_or_create(
        code=code, defaults={"kind": kind, "name": name, "province": province, "parent": parent}
    )
    return account


def room(account_id: int) -> Decimal | None:
    """What may still be promised on the account, its ancestors counted in; None when nobody declared a limit. Locks them."""
    free = [account.free for account in line_of(lock([account_id]), account_id) if account.limit is not None]
    return min(free, default=None)


def set_limit(
    account_id: int, limit: Decimal | None, *, business_key: str, by: Actor, at: dt.datetime, note: str = "", flag: str = ""
) -> None:
    """Declare a new limit. A cut below what is promised and done is refused (BelowCommitted)."""
    with transaction.atomic():
        book = open_book([account_id], [business_key], by=by, at=at, note=note)
        if (account_id, business_key) not in book.known:
            _declare(book, account_id, limit, business_key, flag=flag)
            book.save()


def set_limit_many(limits: Mapping[int, tuple[Decimal | None, str]], *, by: Actor, at: dt.datetime, note: str = "") -> None:
    """`set_limit` for many accounts in one transaction: account → (limit, business key)."""
    with transaction.atomic():
        book = open_book(limits, [key for _limit, key in limits.values()], by=by, at=at, note=note)
        for account_id, (limit, business_key) in limits.items():
            if (account_id, business_key) not in book.known:
                _declare(book, account_id, limit, business_key)
        book.save()


def change_limit(account_id: int, by_amount: Decimal, *, business_key: str, by: Actor, at: dt.datetime, note: str = "") -> None:
    """Raise or cut the limit by an amount, from nothing if none was declared: what a document brings."""
    with transaction.atomic():
        book = open_book([account_id], [business_key], by=by, at=at, note=note)
        if (account_id, business_key) not in book.known:
            _declare(book, account_id, (book.accounts[account_id].limit or ZERO) + by_amount, business_key)
            book.save()


def hold(request: Hold, *, by: Actor, at: dt.datetime, note: str = "") -> None:
    """Promise an amount on an account and its ancestors. Raises NoRoom, having written nothing."""
    refused = hold_many([request], by=by, at=at, note=note)
    if refused:
        raise refused[request.business_key]


def hold_many(requests: Sequence[Hold], *, by: Actor, at: dt.datetime, note: str = "") -> dict[str, NoRoom]:
    """Many promises in one transaction, in the order given; those that do not fit are left out and returned, by key, with the reason."""
    refused: dict[str, NoRoom] = {}
    with transaction.atomic():
        book = open_book([r.account_id for r in requests], [r.business_key for r in requests], by=by, at=at, note=note)
        for request in requests:
            _check_amount(request.amount)
            key = request.business_key
            if (request.account_id, key) in book.known:
                continue
            line = book.line(request.account_id)
            full = next((account for account in line if account.limit is not None and account.free < request.amount), None)
            if full is not None:
                refused[key] = NoRoom(full, request.amount)
                continue
            for account in line:
                account.held += request.amount
                book.write(account, Entry.Kind.HOLD, request.amount, key, expires_at=request.expires_at)
        book.save()
    return refused


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
) -> None:
    """Turn a promise (or part of it) into a done amount; without `hold_key` post at once.

    `fact=True`: what happened is never refused. The part beyond the hold and beyond the limit is written together with a dated
    raise flagged `over_appetite`, on the account and on each ancestor that lacks room.
    """
    post_many([Post(account_id, amount, business_key, hold_key)], by=by, at=at, fact=fact, note=note)


def post_many(requests: Sequence[Post], *, by: Actor, at: dt.datetime, fact: bool = False, note: str = "") -> None:
    """`post` for a list in one transaction; one that is refused refuses them all."""
    with transaction.atomic():
        book = open_book(
            [r.account_id for r in requests],
            [r.business_key for r in requests],
            hold_keys=[r.hold_key for r in requests],
            by=by,
            at=at,
            note=note,
        )
        for request in requests:
            _check_amount(request.amount)
            if (request.account_id, request.business_key) in book.known:
                continue
            for account in book.line(request.account_id):
                _post_on(book, account, request, fact=fact)
        book.save()


def release(account_id: int, *, hold_key: str, business_key: str, by: Actor, at: dt.datetime, note: str = "") -> None:
    """Give back what is left of a hold."""
    release_many([(account_id, hold_key, business_key)], by=by, at=at, note=note)


def release_many(requests: Iterable[Release], *, by: Actor, at: dt.datetime, note: str = "") -> None:
    """`release` for (account, hold key, business key) triples in one transaction; of what had nothing left nothing is written."""
    requests = list(dict.fromkeys(requests))
    with transaction.atomic():
        book = open_book(
            [account for account, _hold, _key in requests],
            [key for _account, _hold, key in requests],
            hold_keys=[hold for _account, hold, _key in requests],
            by=by,
            at=at,
            note=note,
        )
        for account_id, hold_key, key in requests:
            if (account_id, key) in book.known:
                continue
            for account in book.line(account_id):
                open_hold = book.hold_of(account, hold_key)
                if open_hold is not None and open_hold.left:
                    account.held -= open_hold.left
                    book.write(account, Entry.Kind.RELEASE, open_hold.left, key, hold=open_hold.id, from_hold=open_hold.left)
                    open_hold.left = ZERO
        book.save()


def reverse(account_id: int, amount: Decimal, *, business_key: str, by: Actor, at: dt.datetime, note: str = "") -> None:
    """Take back part of what was posted, as a correction entry."""
    reverse_many([Reverse(account_id, amount, business_key)], by=by, at=at, note=note)


def reverse_many(requests: Sequence[Reverse], *, by: Actor, at: dt.datetime, note: str = "") -> None:
    with transaction.atomic():
        book = open_book([r.account_id for r in requests], [r.business_key for r in requests], by=by, at=at, note=note)
        for request in requests:
            _check_amount(request.amount)
            if (request.account_id, request.business_key) in book.known:
                continue
            for account in book.line(request.account_id):
                if account.posted < request.amount:
                    raise WrongAmount(
                        _("冲回金额 %(amount)s 万元超过已用金额 %(posted)s 万元。")
                        % {"amount": format_wan(request.amount), "posted": format_wan(account.posted)},
                        field="amount",
                        remedy=_("请核对冲回金额。"),
                    )
                account.posted -= request.amount
                book.write(account, Entry.Kind.REVERSE, request.amount, request.business_key)
        book.save()


def balance_at(account_id: int, at: dt.datetime) -> tuple[Decimal | None, Decimal, Decimal]:
    """(limit, held, posted) of an account at a past moment: one index look-up."""
    entry = Entry.objects.filter(account=account_id, at__lte=at).order_by("-at", "-seq").first()
    return (entry.limit_after, entry.held_after, entry.posted_after) if entry else (None, ZERO, ZERO)


def statement(account_id: int, *, since: dt.datetime | None = None, until: dt.datetime | None = None) -> list[Entry]:
    """The movements of an account in the order they were written, between two moments."""
    rows = Entry.objects.filter(account=account_id).order_by("seq")
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lte=until)
    return list(rows)


def _declare(book: Book, account_id: int, limit: Decimal | None, business_key: str, *, flag: str = "") -> None:
    account = book.accounts[account_id]
    if limit is not None and limit < account.held + account.posted:
        raise BelowCommitted(account, limit)
    difference = (limit or ZERO) - (account.limit or ZERO)
    account.limit = limit
    book.write(account, Entry.Kind.LIMIT, difference, business_key, flag=flag)


def _post_on(book: Book, account: LedgerAccount, request: Post, *, fact: bool) -> None:
    open_hold = book.hold_of(account, request.hold_key)
    left = open_hold.left if open_hold else ZERO
    if open_hold is not None and request.amount > left and not fact:
        raise WrongAmount(
            _("记账金额 %(amount)s 万元超过预留余额 %(left)s 万元。") % {"amount": format_wan(request.amount), "left": format_wan(left)},
            field="amount",
            remedy=_("请核对金额，或先补充预留。"),
        )
    from_hold = min(request.amount, left)
    beyond = request.amount - from_hold
    if account.limit is not None and account.free < beyond:
        if not fact:
            raise NoRoom(account, beyond)
        raised = beyond - account.free
        account.limit += raised
        book.write(account, Entry.Kind.LIMIT, raised, f"{request.business_key}:raise", flag=OVER_APPETITE)
    account.held -= from_hold
    account.posted += request.amount
    book.write(
        account,
        Entry.Kind.POST,
        request.amount,
        request.business_key,
        hold=open_hold.id if open_hold else None,
        from_hold=from_hold,
    )
    if open_hold is not None:
        open_hold.left -= from_hold


def _check_amount(amount: Decimal) -> None:
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(FEN):
        raise WrongAmount(_("金额须为正数，且精确到分。"), field="amount", remedy=_("请核对金额。"))
