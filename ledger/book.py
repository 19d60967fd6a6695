"""The accounts locked for one set of movements: what was written under the same keys before, and what is to be written now."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Sum
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from common.steps import Actor, among, copy_rows, update_rows
from ledger.models import Entry, LedgerAccount

ZERO = Decimal(0)

# An account and everything above it.
LINES = """
WITH RECURSIVE line (id, parent_id) AS (
    SELECT id, parent_id FROM ledger_ledgeraccount WHERE id = ANY(%s)
    UNION
    SELECT above.id, above.parent_id FROM ledger_ledgeraccount above JOIN line ON above.id = line.parent_id
)
SELECT id FROM line
"""


def lock(account_ids: Iterable[int]) -> dict[int, LedgerAccount]:
    """The accounts and all above them, locked in id order until the transaction ends."""
    wanted = sorted(set(account_ids))
    if not wanted:
        return {}
    rows = LedgerAccount.objects.filter(pk__in=RawSQL(LINES, [wanted])).order_by("pk").select_for_update(no_key=True)  # noqa: S611 -- constant
    return {account.pk: account for account in rows}


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

    def load_holds(self, keys: Iterable[str]) -> None:
        """The holds of these keys on the locked accounts, with what is still open of each."""
        wanted = set(keys) - {""}
        rows = Entry.objects.filter(account__in=self.accounts, business_key__in=wanted, kind=Entry.Kind.HOLD)
        for entry in rows.annotate(moved=Sum("movements__from_hold", default=ZERO)) if wanted else ():
            self.holds[entry.account_id, entry.business_key] = OpenHold(entry.pk, entry.amount - entry.moved)

    def hold_of(self, account: LedgerAccount, key: str) -> OpenHold | None:
        if not key:
            return None
        if (account.pk, key) not in self.holds:
            raise Conflict(_("没有找到对应的预留。"), code="no_hold")
        return self.holds[account.pk, key]

    def write(self, account: LedgerAccount, kind: str, amount: Decimal, business_key: str, **rest: Any) -> None:
        account.last_seq += 1
        balance = (account.limit, account.held, account.posted)
        self.fresh.append(Movement(account.pk, account.last_seq, kind, amount, *balance, business_key, account.province, **rest))
        self.known.add((account.pk, business_key))

    def save(self) -> None:
        if self.fresh:
            moved = {movement.account for movement in self.fresh}
            rows = [account for pk, account in sorted(self.accounts.items()) if pk in moved]
            update_rows(rows, ["limit", "held", "posted", "last_seq"])
            same = {"at": self.at, "by_label": self.by.label, "note": str(self.note)}
            copy_rows(Entry, Movement._fields, self.fresh, same=same)


def open_book(account_ids: Iterable[int], business_keys: Iterable[str], *, by: Actor, at: dt.datetime, note: str) -> Book:
    accounts = lock(account_ids)
    keys = among(set(business_keys), "text")
    written = Entry.objects.filter(account__in=among(accounts), business_key__in=keys) if accounts else Entry.objects.none()
    return Book(accounts, set(written.values_list("account", "business_key")), by, at, note)
