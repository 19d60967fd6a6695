"""What every maker of rows shares: the moment, the place, the world as a test finds its rows in it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from common.workdays import SHANGHAI
from deals.models import DeclineCode
from ledger.models import Entry, LedgerAccount
from lenders.models import Appetite, Bank, Branch, Product
from matching.models import Weights
from organisations.models import (
    Batch,
    Industry,
    Organisation,
    Programme,
    Region,
    Unit,
)
from schemes.models import Budget, SchemeVersion

HUBEI = "420000"
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)  # a Monday
TODAY = NOW.date()
SINCE = dt.date(2024, 1, 1)
WAN = Decimal(10_000)


@dataclass
class World:
    """One province with everything a case needs on its way. Rows are found by the codes above."""

    programme: Programme
    regions: dict[str, Region]
    units: dict[str, Unit]
    industries: dict[str, Industry]
    batches: list[Batch]
    banks: dict[str, Bank] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    appetites: dict[str, Appetite] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    central: SchemeVersion | None = None
    addon: SchemeVersion | None = None
    budgets: dict[int, Budget] = field(default_factory=dict)
    weights: Weights | None = None
    decline_codes: dict[str, DeclineCode] = field(default_factory=dict)

    def __getitem__(self, code: str) -> Any:
        """A unit, branch, region or bank by its code."""
        return next(rows[code] for rows in (self.units, self.branches, self.regions, self.banks) if code in rows)


def organisations(kind: str, names: Iterable[str], regions: Iterable[Region | None], usccs: Iterable[str] = ()) -> list[Organisation]:
    names, codes = list(names), list(usccs)
    codes += [""] * (len(names) - len(codes))
    return Organisation.objects.bulk_create(
        Organisation(kind=kind, name=name, region=region, uscc=uscc, province=HUBEI)
        for name, region, uscc in zip(names, regions, codes, strict=True)
    )


def accounts(kind: str, rows: Iterable[tuple[str, Decimal | None, LedgerAccount | None]]) -> list[LedgerAccount]:
    """Accounts with their limit declared by a first entry, as `ledger.accounts.set_limit` writes it."""
    made = LedgerAccount.objects.bulk_create(
        LedgerAccount(kind=kind, code=code, name=code, limit=limit, parent=parent, last_seq=int(limit is not None), province=HUBEI)
        for code, limit, parent in rows
    )
    Entry.objects.bulk_create(
        Entry(
            account=account,
            seq=1,
            kind=Entry.Kind.LIMIT,
            amount=account.limit,
            limit_after=account.limit,
            held_after=0,
            posted_after=0,
            business_key=f"limit:{account.code}",
            at=NOW,
            by_label="测试",
            province=HUBEI,
        )
        for account in made
        if account.limit is not None
    )
    return made
