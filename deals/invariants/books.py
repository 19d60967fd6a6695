"""The ledger itself: balances, sequence, parents and children, limits."""

# ruff: noqa: S608 -- queries are put together from constants of ours, nothing comes from outside

from deals.invariants.check import HOLDS, Check

LEDGER: tuple[Check, ...] = (
    Check(
        "an entry's balance is not the one before it moved by its amount",
        "ledger_entry",
        """
        SELECT id, CONCAT('held ', held_after, ' posted ', posted_after, ' limit ', limit_after) FROM (
            SELECT id, kind, amount, from_hold, held_after, posted_after, limit_after,
                   LAG(held_after, 1, 0::numeric) OVER line AS held,
                   LAG(posted_after, 1, 0::numeric) OVER line AS posted,
                   LAG(limit_after) OVER line AS "limit"
            FROM ledger_entry WINDOW line AS (PARTITION BY account_id ORDER BY seq)
        ) e
        WHERE held_after <> held + CASE kind WHEN 'hold' THEN amount WHEN 'post' THEN -from_hold WHEN 'release' THEN -amount ELSE 0 END
           OR posted_after <> posted + CASE kind WHEN 'post' THEN amount WHEN 'reverse' THEN -amount ELSE 0 END
           OR CASE kind WHEN 'limit' THEN COALESCE(limit_after, 0) <> COALESCE("limit", 0) + amount
                        ELSE limit_after IS DISTINCT FROM "limit" END
        """,
    ),
    Check(
        "the sequence of an account has a gap",
        "ledger_entry",
        """
        SELECT id, CONCAT('seq ', seq, ' at place ', place) FROM (
            SELECT id, seq, ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY seq) AS place FROM ledger_entry
        ) e WHERE seq <> place
        """,
    ),
    Check(
        "an account does not show the balance of its last entry",
        "ledger_ledgeraccount",
        """
        SELECT a.id, CONCAT('held ', a.held, ' posted ', a.posted, ' limit ', a."limit", ' seq ', a.last_seq)
        FROM ledger_ledgeraccount a
        LEFT JOIN (SELECT DISTINCT ON (account_id) * FROM ledger_entry ORDER BY account_id, seq DESC) e ON e.account_id = a.id
        WHERE a.held <> COALESCE(e.held_after, 0) OR a.posted <> COALESCE(e.posted_after, 0)
           OR a."limit" IS DISTINCT FROM e.limit_after OR a.last_seq <> COALESCE(e.seq, 0)
        """,
    ),
    Check(
        "promised and done exceed the limit",
        "ledger_ledgeraccount",
        """SELECT id, CONCAT(held, ' + ', posted, ' > ', "limit") FROM ledger_ledgeraccount WHERE held + posted > "limit" """,
    ),
    Check(
        "what is held is not the sum of open holds",
        "ledger_ledgeraccount",
        f"""
        SELECT a.id, CONCAT('held ', a.held, ' open ', COALESCE(SUM(h.open), 0))
        FROM ledger_ledgeraccount a LEFT JOIN ({HOLDS}) h ON h.account_id = a.id
        GROUP BY a.id HAVING a.held <> COALESCE(SUM(h.open), 0)
        """,
    ),
    Check(
        "more was taken from a hold than it held",
        "ledger_entry",
        f"SELECT id, CONCAT('open ', open) FROM ({HOLDS}) h WHERE open < 0 OR open > amount",
    ),
    Check(
        "a movement draws on a hold of another account",
        "ledger_entry",
        """
        SELECT e.id, CONCAT('hold ', h.id) FROM ledger_entry e JOIN ledger_entry h ON h.id = e.hold_id
        WHERE h.account_id <> e.account_id OR h.kind <> 'hold'
        """,
    ),
    Check(
        "a movement is missing on the account above",
        "ledger_entry",
        """
        SELECT e.id, CONCAT('key ', e.business_key)
        FROM ledger_entry e
        JOIN ledger_ledgeraccount a ON a.id = e.account_id
        LEFT JOIN ledger_entry up ON up.account_id = a.parent_id AND up.business_key = e.business_key
        WHERE a.parent_id IS NOT NULL AND e.kind <> 'limit'
          AND (up.id IS NULL OR (up.kind, up.amount, up.from_hold) IS DISTINCT FROM (e.kind, e.amount, e.from_hold))
        """,
    ),
    Check(
        "an account is not the sum of those below it and its own movements",
        "ledger_ledgeraccount",
        """
        WITH own AS (
            SELECT up.account_id,
                   SUM(CASE up.kind WHEN 'hold' THEN up.amount WHEN 'post' THEN -up.from_hold WHEN 'release' THEN -up.amount ELSE 0 END) AS held,
                   SUM(CASE up.kind WHEN 'post' THEN up.amount WHEN 'reverse' THEN -up.amount ELSE 0 END) AS posted
            FROM ledger_entry up
            WHERE up.kind <> 'limit' AND NOT EXISTS (
                SELECT FROM ledger_entry e JOIN ledger_ledgeraccount a ON a.id = e.account_id
                WHERE a.parent_id = up.account_id AND e.business_key = up.business_key
            )
            GROUP BY up.account_id
        ), below AS (
            SELECT parent_id, SUM(held) AS held, SUM(posted) AS posted FROM ledger_ledgeraccount
            WHERE parent_id IS NOT NULL GROUP BY parent_id
        )
        SELECT a.id, CONCAT('held ', a.held, ' posted ', a.posted, ', below ', below.held, ' and ', below.posted)
        FROM below JOIN ledger_ledgeraccount a ON a.id = below.parent_id LEFT JOIN own ON own.account_id = a.id
        WHERE a.held <> below.held + COALESCE(own.held, 0) OR a.posted <> below.posted + COALESCE(own.posted, 0)
        """,
    ),
    Check(
        "a budget has more than its documents brought",
        "schemes_budget",
        """
        SELECT b.id, CONCAT('limit ', a."limit", ' documents ', COALESCE(SUM(d.amount), 0))
        FROM schemes_budget b
        JOIN ledger_ledgeraccount a ON a.id = b.account_id
        LEFT JOIN schemes_budgetdocument d ON d.budget_id = b.id
        GROUP BY b.id, a."limit" HAVING COALESCE(a."limit", 0) > COALESCE(SUM(d.amount), 0)
        """,
    ),
)
