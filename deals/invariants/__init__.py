"""What must hold at any moment, recomputed from the rows themselves: balances, promises and what stands for them, sums, audit, consent.

Each check is one query over whole tables that yields the rows which break it as (id, what was found). Entries of the ledger are taken
in their sequence; "leaf" is the account a movement was asked for, as against those above it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from deals.invariants.amounts import AMOUNTS, OPENING
from deals.invariants.books import LEDGER
from deals.invariants.check import Check
from deals.invariants.dockings import DOCKINGS
from deals.invariants.promises import PROMISES
from deals.invariants.traces import TRACES

SHOWN_MAX = 50  # rows named for each broken rule; the rest are counted


@dataclass(frozen=True)
class Breach:
    rule: str
    table: str
    row: int
    found: str

    def __str__(self) -> str:
        return f"{self.table} #{self.row}: {self.rule} ({self.found})"


CHECKS: tuple[Check, ...] = (*LEDGER, *PROMISES, *AMOUNTS, *OPENING, *TRACES, *DOCKINGS)


def breaches() -> Iterator[Breach]:
    """Everything that does not hold, at most `SHOWN_MAX` rows of a rule. Whoever wants all checks to see one moment opens a transaction."""
    for check in CHECKS:
        for row, found in _rows(f"{check.sql} ORDER BY 1 LIMIT {SHOWN_MAX}"):
            yield Breach(check.rule, check.table, row, found)


def _rows(sql: str) -> list[tuple[int, str]]:
    """Whole tables are joined by hashing: the planner would choose loops on tables it has no statistics of yet, and take minutes."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(sql)
        found = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = on")
    return found
