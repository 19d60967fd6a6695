"""The accounts locked for one set of movements: what was written under the same keys before, and what is to be written now."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from common.steps import Actor
from ledger.models import Entry, LedgerAccount

ZERO = Decimal(0)

# Accounts and everything above them, locked in id order.
LOCKED = """
WITH RECURSIVE line (id, parent_id) AS (
    SELECT id, parent_id FROM ledger_ledgeraccount WHERE id = ANY(%s)
    UNION
    SELECT above.id, above.parent_id FROM ledger_ledgeraccount above JOIN line ON above.id = line.parent_id
)
SELECT * FROM ledger_ledgeraccount WHERE id IN (SELECT id FROM line) ORDER BY id FOR NO KEY UPDATE
"""
# What was written under some keys, and how much of each has been taken from it since, were it a hold.
WRITTEN = """
SELECT entry.id, entry.account_id, entry.business_key, entry.kind, entry.amount,
    (SELECT COALESCE(SUM(movement.from_hold), 0) FROM ledger_entry movement WHERE movement.hold_id = entry.id)
FROM ledger_entry entry WHERE entry.account_id = ANY(%s) AND entry.business_key = ANY(%s)
"""
# New balances and the movements that made them, in one statement: a promise is made on the way of a page, and each statement is a wait.
MOVED = """
WITH balance AS (
    UPDATE ledger_ledgeraccount AS account
    SET "limit" = new."limit", held = new.held, posted = new.posted, last_seq = new.last_seq
    FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::integer[]) AS new (id, "limit", held, posted, last_seq)
    WHERE account.id = new.id
)
INSERT INTO ledger_entry (
    account_id, seq, kind, amount, limit_after, held_after, posted_after, business_key, province, hold_id, from_hold, expires_at, flag,
    at, by_label, note
)
SELECT new.*, %s, %s, %s
FROM unnest(
    %s::bigint[], %s::integer[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::text[], %s::text[],
    %s::bigint[], %s::numeric[], %s::timestamptz[], %s::text[]
) AS new
"""


def lock(account_ids: Iterable[int]) -> dict[int, LedgerAccount]:
    """The accounts and all above them, locked in id order until the transaction ends."""
    wanted = sorted(set(account_ids))
    return {account.pk: account for account in LedgerAccount.objects.raw(LOCKED, [wanted])} if wanted else {}


def line_of(accounts: dict[int, LedgerAccount], account_id: int) -> list[LedgerAccount]:
    """The account, its parent, and so on to the top."""
    line = []
    current: int | None = account_id
    while current is not None:
        line.append(accounts[current])
        current = accounts[current].parent_id
    return line


@dataclass
class OpenHold:
    id: int
    left: Decimal


class Movement(NamedTuple):
    """The fields of an entry in which those of one set differ."""

    account: int
    seq: int
    kind: str
    amount: Decimal
    limit_after: Decimal | None
    held_after: Decimal
    posted_after: Decimal
    business_key: str
    province: str
    hold: int | None = None
    from_hold: Decimal = ZERO
    expires_at: dt.datetime | None = None
    flag: str = ""


@dataclass
class Book:
    """`known` are the (account, key) pairs that are written already, `fresh` the movements to come: plain rows, for a round makes thousands."""

    accounts: dict[int, LedgerAccount]
    known: set[tuple[int, str]]
    by: Actor
    at: dt.datetime
    note: str
    holds: dict[tuple[int, str], OpenHold] = field(default_factory=dict)
    fresh: list[Movement] = field(default_factory=list)

    def line(self, account_id: int) -> list[LedgerAccount]:
        return line_of(self.accounts, account_id)

    def hold_of(self, account: LedgerAccount, key: str) -> OpenHold | None:
        if not key:
            return None
        if (account.pk, key) not in self.holds:
            raise Conflict(_("没有找到对应的预留。"), code="no_hold")
        return self.holds[account.pk, key]

    def write(self, account: LedgerAccount, kind: str, amount: Decimal, business_key: str, **rest: Any) -> None:
        account.last_seq += 1
        balance = (account.limit, account.held, account.posted)
        self.fresh.append(Movement(account.pk, account.last_seq, str(kind), amount, *balance, business_key, account.province, **rest))
        self.known.add((account.pk, business_key))

    def save(self) -> None:
        if self.fresh:
            moved = {movement.account for movement in self.fresh}
            rows = [(a.pk, a.limit, a.held, a.posted, a.last_seq) for pk, a in sorted(self.accounts.items()) if pk in moved]
            same = (self.at, self.by.label, str(self.note))
            with connection.cursor() as cursor:
                cursor.execute(MOVED, [*_columns(rows), *same, *_columns(self.fresh)])


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def open_book(
    account_ids: Iterable[int], business_keys: Iterable[str], *, hold_keys: Iterable[str] = (), by: Actor, at: dt.datetime, note: str
) -> Book:
    """The accounts locked; and then, for nothing may come in between, what stands under these keys, with what is still open of the holds."""
    book = Book(lock(account_ids), set(), by, at, note)
    keys, holding = set(business_keys), set(hold_keys) - {""}
    if book.accounts:
        with connection.cursor() as cursor:
            cursor.execute(WRITTEN, [list(book.accounts), [*keys | holding]])
            for pk, account, key, kind, amount, taken in cursor.fetchall():
                if key in keys:
                    book.known.add((account, key))
                if key in holding and kind == Entry.Kind.HOLD:
                    book.holds[account, key] = OpenHold(pk, amount - taken)
    return book
