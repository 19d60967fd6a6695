"""What must hold at any moment, recomputed from the rows themselves: balances, promises and what stands for them, sums, audit, consent.

Each check is one query over whole tables that yields the rows which break it as (id, what was found). Entries of the ledger are taken
in their sequence; "leaf" is the account a movement was asked for, as against those above it.
"""

# ruff: noqa: S608 -- queries are put together from the constants of this module, nothing comes from outside

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

SHOWN_MAX = 50  # rows named for each broken rule; the rest are counted


@dataclass(frozen=True)
class Check:
    rule: str
    table: str
    sql: str


@dataclass(frozen=True)
class Breach:
    rule: str
    table: str
    row: int
    found: str

    def __str__(self) -> str:
        return f"{self.table} #{self.row}: {self.rule} ({self.found})"


# Open part of every hold.
HOLDS = """
    SELECT h.id, h.account_id, h.business_key, h.amount, h.amount - COALESCE(m.moved, 0) AS open
    FROM ledger_entry h
    LEFT JOIN (SELECT hold_id, SUM(from_hold) AS moved FROM ledger_entry WHERE hold_id IS NOT NULL GROUP BY hold_id) m ON m.hold_id = h.id
    WHERE h.kind = 'hold'
"""
# What a deal takes of its need, and the deals that take something.
TAKEN = "COALESCE(d.signed_amount, d.approved_amount, d.amount)"
FILLING = "('confirmed', 'diligence', 'reported_up', 'credit_approved', 'signed', 'drawing', 'completed', 'repaid')"
UNSIGNED = "('intent', 'confirmed', 'diligence', 'reported_up', 'credit_approved')"
SIGNED = "('signed', 'drawing', 'completed', 'repaid')"
DRAWN = "(SELECT deal_id, SUM(amount) AS sum FROM deals_drawdown GROUP BY deal_id)"
# The hold on a bank's own account of each recommendation whose letter is still unanswered.
WAITING = "('awaiting_consent', 'open', 'viewed')"


def _audited(table: str, subject: str, *, always: bool) -> Check:
    """The last change of state that was audited led to the state the row has; `always`: every row has at least one event."""
    missing = "OR e.target IS NULL" if always else ""
    return Check(
        "the last audited step led to another state",
        table,
        f"""
        SELECT r.id, CONCAT('state ', r.state, ', audited ', COALESCE(e.target, 'nothing'))
        FROM {table} r
        LEFT JOIN (
            SELECT DISTINCT ON (subject_id) subject_id, target FROM common_auditevent
            WHERE subject = '{subject}' ORDER BY subject_id, (source = ''), id DESC
        ) e ON e.subject_id = r.id
        WHERE e.target <> r.state {missing}
        """,
    )


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

PROMISES: tuple[Check, ...] = (
    Check(
        "an unanswered recommendation is not held for in full",
        "matching_recommendation",
        f"""
        SELECT r.id, CONCAT('amount ', r.amount, ' held ', COALESCE(h.open, 0))
        FROM deals_invitation i
        JOIN matching_recommendation r ON r.id = i.recommendation_id AND r.hold_key <> ''
        LEFT JOIN (
            SELECT h.business_key, h.open FROM ({HOLDS}) h JOIN lenders_appetite p ON p.account_id = h.account_id AND p.branch_id IS NOT NULL
        ) h ON h.business_key = r.hold_key
        WHERE i.state IN {WAITING} AND COALESCE(h.open, 0) <> r.amount
        """,
    ),
    Check(
        "an unsigned deal is not held for in full",
        "deals_deal",
        f"""
        SELECT d.id, CONCAT('amount ', d.amount, ' held ', COALESCE(h.open, 0))
        FROM deals_deal d LEFT JOIN ({HOLDS}) h ON h.account_id = d.account_id AND h.business_key = d.hold_key
        WHERE d.state IN {UNSIGNED} AND d.hold_key <> '' AND COALESCE(h.open, 0) <> d.amount
        """,
    ),
    Check(
        "an approved claim is not held for as arranged",
        "deals_subsidyclaim",
        f"""
        SELECT c.id, CONCAT('arranged ', c.arranged, ' held ', COALESCE(h.open, 0))
        FROM deals_subsidyclaim c
        JOIN schemes_budget b ON b.scheme_id = c.scheme_id AND b.fiscal_year = c.fiscal_year
        LEFT JOIN ({HOLDS}) h ON h.account_id = b.account_id AND h.business_key = CONCAT('claim:', c.id, ':hold')
        WHERE c.state = 'approved' AND COALESCE(h.open, 0) <> c.arranged
        """,
    ),
    Check(
        "something is held for what has ended",
        "ledger_entry",
        f"""
        SELECT h.id, CONCAT(h.business_key, ' open ', h.open) FROM ({HOLDS}) h
        WHERE h.open > 0 AND (
            (h.business_key ~ '^recommendation:[0-9]+:hold$' AND NOT EXISTS (
                SELECT FROM deals_invitation i
                WHERE i.recommendation_id = SPLIT_PART(h.business_key, ':', 2)::bigint AND i.state IN {WAITING}
            ))
            OR (h.business_key ~ '^deal:[0-9]+:hold$' AND NOT EXISTS (
                SELECT FROM deals_deal d WHERE d.id = SPLIT_PART(h.business_key, ':', 2)::bigint AND d.state IN {UNSIGNED}
            ))
            OR (h.business_key ~ '^claim:[0-9]+:hold$' AND NOT EXISTS (
                SELECT FROM deals_subsidyclaim c WHERE c.id = SPLIT_PART(h.business_key, ':', 2)::bigint AND c.state = 'approved'
            ))
        )
        """,
    ),
    Check(
        "a signed loan is not posted as signed and drawn",
        "deals_deal",
        f"""
        SELECT d.id, CONCAT('signed ', d.signed_amount, ' posted ', COALESCE(p.amount, 0), ' taken back ', COALESCE(v.amount, 0))
        FROM deals_deal d
        LEFT JOIN ledger_entry p ON p.account_id = d.account_id AND p.kind = 'post' AND p.business_key = CONCAT('deal:', d.id, ':sign')
        LEFT JOIN ledger_entry v ON v.account_id = d.account_id AND v.kind = 'reverse' AND v.business_key = CONCAT('deal:', d.id, ':undrawn')
        LEFT JOIN {DRAWN} w ON w.deal_id = d.id
        WHERE d.state IN {SIGNED} AND d.account_id IS NOT NULL AND (
            COALESCE(p.amount, 0) <> d.signed_amount
            OR COALESCE(v.amount, 0) <> CASE WHEN d.state = 'completed' THEN d.signed_amount - COALESCE(w.sum, 0) ELSE COALESCE(v.amount, 0) END
        )
        """,
    ),
    Check(
        "a settled claim is not posted as paid",
        "deals_subsidyclaim",
        """
        SELECT c.id, CONCAT('paid ', c.paid, ' posted ', COALESCE(p.amount, 0))
        FROM deals_subsidyclaim c
        JOIN schemes_budget b ON b.scheme_id = c.scheme_id AND b.fiscal_year = c.fiscal_year
        LEFT JOIN ledger_entry p ON p.account_id = b.account_id AND p.kind = 'post' AND p.business_key = CONCAT('claim:', c.id, ':settle')
        WHERE c.state = 'settled' AND NOT c.is_opening AND COALESCE(p.amount, 0) <> c.paid
        """,
    ),
    Check(
        "what came back did not go back to the budget",
        "deals_recovery",
        """
        SELECT r.id, CONCAT('recovered ', r.recovered, ' reversed ', COALESCE(v.sum, 0))
        FROM deals_recovery r
        LEFT JOIN (
            SELECT SPLIT_PART(business_key, ':', 2)::bigint AS id, SUM(amount) AS sum FROM ledger_entry
            WHERE kind = 'reverse' AND business_key ~ '^recovery:[0-9]+:' GROUP BY 1
        ) v ON v.id = r.id
        WHERE r.recovered <> COALESCE(v.sum, 0) AND NOT EXISTS (
            SELECT FROM deals_recoverypart p JOIN deals_subsidyclaim c ON c.id = p.claim_id AND NOT p.is_withheld
            LEFT JOIN schemes_budget b ON b.scheme_id = c.scheme_id AND b.fiscal_year = c.fiscal_year
            WHERE p.recovery_id = r.id AND (b.id IS NULL OR c.is_opening)
        )
        """,
    ),
)

AMOUNTS: tuple[Check, ...] = (
    Check(
        "drawn, signed, approved are not in order",
        "deals_deal",
        f"""
        SELECT d.id, CONCAT('drawn ', COALESCE(w.sum, 0), ' signed ', d.signed_amount, ' approved ', d.approved_amount)
        FROM deals_deal d LEFT JOIN {DRAWN} w ON w.deal_id = d.id
        WHERE COALESCE(w.sum, 0) > COALESCE(d.signed_amount, 0) OR d.signed_amount > d.approved_amount
        """,
    ),
    Check(
        "more came back than was drawn",
        "deals_drawdown",
        """
        SELECT d.id, CONCAT('drawn ', d.amount, ' back ', SUM(r.amount))
        FROM deals_drawdown d JOIN deals_repayment r ON r.drawdown_id = d.id GROUP BY d.id HAVING SUM(r.amount) > d.amount
        """,
    ),
    Check(
        "confirmed deals exceed the need",
        "projects_need",
        f"""
        SELECT n.id, CONCAT('need ', n.amount, ' confirmed ', SUM({TAKEN}))
        FROM projects_need n JOIN deals_deal d ON d.need_id = n.id AND d.state IN {FILLING} AND d.succeeds_id IS NULL
        GROUP BY n.id HAVING SUM({TAKEN}) > n.amount
        """,
    ),
    Check(
        "more banks look at a need than may",
        "projects_need",
        """
        SELECT need_id, CONCAT(COUNT(*), ' invitations') FROM deals_invitation
        WHERE state IN ('awaiting_consent', 'open', 'viewed', 'accepted')
        GROUP BY need_id
        HAVING COUNT(*) > (SELECT COALESCE(MAX(value), 3) FROM organisations_policyparameter WHERE key = 'max_live_invitations')
        """,
    ),
    Check(
        "a recovery is not the sum of its receipts",
        "deals_recovery",
        """
        SELECT r.id, CONCAT('recovered ', r.recovered, ' receipts ', COALESCE(b.sum, 0), ' amount ', r.amount)
        FROM deals_recovery r
        LEFT JOIN (SELECT recovery_id, SUM(amount) AS sum FROM deals_recoveryreceipt GROUP BY recovery_id) b ON b.recovery_id = r.id
        WHERE r.recovered <> COALESCE(b.sum, 0) OR COALESCE(b.sum, 0) > COALESCE(r.amount, 0)
        """,
    ),
    Check(
        "a recovery is closed though something is left, or open though nothing is",
        "deals_recovery",
        """
        SELECT id, CONCAT('state ', state, ' amount ', amount, ' recovered ', recovered) FROM deals_recovery
        WHERE (state = 'closed' AND recovered <> amount) OR (state IN ('decided', 'referred') AND recovered = amount)
        """,
    ),
    Check(
        "a recovery asks for other than its parts",
        "deals_recovery",
        """
        SELECT r.id, CONCAT('amount ', r.amount, ' parts ', COALESCE(SUM(p.amount), 0))
        FROM deals_recovery r LEFT JOIN deals_recoverypart p ON p.recovery_id = r.id AND NOT p.is_withheld
        WHERE r.amount IS NOT NULL GROUP BY r.id HAVING r.amount <> COALESCE(SUM(p.amount), 0)
        """,
    ),
    Check(
        "more is taken back of a claim than was paid",
        "deals_subsidyclaim",
        """
        SELECT c.id, CONCAT('paid ', c.paid, ' taken back ', SUM(p.amount))
        FROM deals_subsidyclaim c JOIN deals_recoverypart p ON p.claim_id = c.id AND NOT p.is_withheld
        GROUP BY c.id HAVING SUM(p.amount) > COALESCE(c.paid, 0)
        """,
    ),
    Check(
        "a batch arranges more than there was",
        "deals_fundingbatch",
        """
        SELECT b.id, CONCAT('available ', b.available, ' arranged ', SUM(c.arranged))
        FROM deals_fundingbatch b JOIN deals_subsidyclaim c ON c.batch_id = b.id
        GROUP BY b.id HAVING SUM(c.arranged) > b.available
        """,
    ),
    Check(
        "a batch is paid and a claim of it is not",
        "deals_fundingbatch",
        """
        SELECT b.id, CONCAT('claim ', MIN(c.id)) FROM deals_fundingbatch b JOIN deals_subsidyclaim c ON c.batch_id = b.id
        WHERE b.state = 'paid' AND c.state NOT IN ('settled', 'refused') GROUP BY b.id
        """,
    ),
    Check(
        "a claim asks for other than its accrued lines",
        "deals_subsidyclaim",
        """
        SELECT c.id, CONCAT('requested ', c.requested, ' accrued ', COALESCE(SUM(l.amount), 0))
        FROM deals_subsidyclaim c LEFT JOIN deals_accrualline l ON l.claim_id = c.id
        WHERE c.carried = 0 GROUP BY c.id HAVING c.requested <> COALESCE(SUM(l.amount), 0)
        """,
    ),
    Check(
        "what a budget owes is not carried over as it was cut",
        "deals_subsidyclaim",
        """
        SELECT c.id, CONCAT('owed ', owed.sum, ' carried over ', COALESCE(n.requested, 0))
        FROM deals_subsidyclaim c
        CROSS JOIN LATERAL (
            SELECT COALESCE(SUM((cut ->> 'amount')::numeric), 0) AS sum FROM jsonb_array_elements(c.cuts) cut WHERE cut ->> 'reason' = 'carried_over'
        ) owed
        LEFT JOIN deals_subsidyclaim n
            ON (n.deal_id, n.scheme_id, n.period_end, n.carried) = (c.deal_id, c.scheme_id, c.period_end, c.carried + 1)
        WHERE COALESCE(n.requested, 0) <> CASE WHEN c.state = 'settled' THEN owed.sum ELSE 0 END
        """,
    ),
    Check(
        "a claim holds lines of another deal or scheme",
        "deals_accrualline",
        """
        SELECT l.id, CONCAT('claim ', c.id)
        FROM deals_accrualline l
        JOIN deals_subsidyclaim c ON c.id = l.claim_id
        JOIN deals_drawdown d ON d.id = l.drawdown_id
        JOIN schemes_schemeversion v ON v.id = l.version_id
        WHERE d.deal_id <> c.deal_id OR v.scheme_id <> c.scheme_id
        """,
    ),
)

OPENING: tuple[Check, ...] = (
    Check(
        "a loan of the stock is not as it was confirmed",
        "deals_openingloan",
        f"""
        SELECT o.id, CONCAT('signed ', d.signed_amount, ' drawn ', w.sum, ' paid before ', p.sum)
        FROM deals_openingloan o
        JOIN deals_deal d ON d.id = o.deal_id
        LEFT JOIN {DRAWN} w ON w.deal_id = d.id
        LEFT JOIN (SELECT deal_id, SUM(paid) AS sum FROM deals_subsidyclaim WHERE is_opening GROUP BY deal_id) p ON p.deal_id = d.id
        WHERE d.opening_as_of <> o.as_of OR d.signed_amount <> o.amount
           OR COALESCE(w.sum, 0) < o.drawn OR COALESCE(p.sum, 0) <> o.paid_before
        """,
    ),
    Check(
        "what was before moved an account",
        "ledger_entry",
        """
        SELECT e.id, e.business_key FROM ledger_entry e
        WHERE (e.business_key ~ '^deal:[0-9]+:' AND EXISTS (
                SELECT FROM deals_deal d WHERE d.id = SPLIT_PART(e.business_key, ':', 2)::bigint AND d.origin = 'opening'
            ))
            OR (e.business_key ~ '^claim:[0-9]+:' AND EXISTS (
                SELECT FROM deals_subsidyclaim c WHERE c.id = SPLIT_PART(e.business_key, ':', 2)::bigint AND c.is_opening
            ))
        """,
    ),
    Check(
        "what was paid before stands among what we booked, or the other way round",
        "deals_accrualline",
        """
        SELECT l.id, CONCAT('claim ', l.claim_id) FROM deals_accrualline l LEFT JOIN deals_subsidyclaim c ON c.id = l.claim_id
        WHERE (l.kind = 'opening') <> COALESCE(c.is_opening, FALSE)
        """,
    ),
)

TRACES: tuple[Check, ...] = (
    _audited("projects_filing", "projects.filing", always=False),
    _audited("matching_round", "matching.round", always=False),
    _audited("matching_recommendation", "matching.recommendation", always=False),
    _audited("deals_invitation", "deals.invitation", always=True),
    _audited("deals_deal", "deals.deal", always=True),
    _audited("deals_subsidyclaim", "deals.subsidyclaim", always=True),
    _audited("deals_recovery", "deals.recovery", always=True),
    _audited("deals_openingloan", "deals.openingloan", always=True),
    _audited("deals_fundingbatch", "deals.fundingbatch", always=True),
    _audited("deals_batchobjection", "deals.batchobjection", always=True),
    _audited("deals_crosscheckflag", "deals.crosscheckflag", always=True),
    _audited("deals_seconddocking", "deals.seconddocking", always=True),
    Check(
        "a bank has a file before it without a basis",
        "deals_invitation",
        """
        SELECT i.id, CONCAT('state ', i.state)
        FROM deals_invitation i JOIN lenders_branch b ON b.id = i.branch_id
        WHERE i.state IN ('open', 'viewed', 'accepted') AND NOT EXISTS (
            SELECT FROM projects_disclosure d
            WHERE d.filing_id = i.filing_id AND d.organisation_id = b.organisation_id AND d.scope = 'file' AND d.withdrawn_at IS NULL
        )
        """,
    ),
    Check(
        "a bank opened a file without a basis",
        "deals_invitation",
        """
        SELECT i.id, CONCAT('viewed ', i.viewed_at)
        FROM deals_invitation i JOIN lenders_branch b ON b.id = i.branch_id
        WHERE i.viewed_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM projects_disclosure d
            WHERE d.filing_id = i.filing_id AND d.organisation_id = b.organisation_id AND d.scope = 'file'
              AND d.valid_from <= i.viewed_at AND (d.withdrawn_at IS NULL OR d.withdrawn_at >= i.viewed_at)
        )
        """,
    ),
)

# Of a docking's need: whether a bank looks at it or offers, and whether one was chosen that its docking counts.
LOOKED_AT = """(
    EXISTS (SELECT FROM deals_invitation i WHERE i.need_id = s.need_id AND i.state IN ('awaiting_consent', 'open', 'viewed'))
    OR EXISTS (SELECT FROM deals_deal d WHERE d.need_id = s.need_id AND d.state = 'intent')
)"""
CHOSEN = f"EXISTS (SELECT FROM deals_deal d WHERE d.need_id = s.need_id AND d.state IN {FILLING} AND d.id > COALESCE(s.rest_of_id, 0))"
DOCKINGS: tuple[Check, ...] = (
    Check(
        "a need rests against its second docking",
        "deals_seconddocking",
        """
        SELECT s.id, CONCAT('state ', s.state, ', need rests: ', n.parked_reason)
        FROM deals_seconddocking s JOIN projects_need n ON n.id = s.need_id
        WHERE (n.parked_reason <> '') <> (s.state IN ('meeting_due', 'convened', 'parked'))
        """,
    ),
    Check(
        "a second docking waits for banks and none looks, or for others and one does",
        "deals_seconddocking",
        f"""
        SELECT s.id, CONCAT('state ', s.state) FROM deals_seconddocking s
        WHERE (s.state = 'seeking' AND NOT s.seeks_round AND NOT {LOOKED_AT})
           OR (s.state IN ('adjusting', 'meeting_due', 'convened', 'parked') AND {LOOKED_AT})
        """,
    ),
    Check(
        "a second docking is settled without a bank, or goes on with one",
        "deals_seconddocking",
        f"""
        SELECT s.id, CONCAT('state ', s.state)
        FROM deals_seconddocking s JOIN projects_need n ON n.id = s.need_id
        WHERE (s.state = 'settled' AND NOT {CHOSEN} AND n.amount > COALESCE(
                  (SELECT SUM({TAKEN}) FROM deals_deal d WHERE d.need_id = s.need_id AND d.state IN {FILLING}), 0))
           OR (s.state NOT IN ('settled', 'ended') AND {CHOSEN})
        """,
    ),
    Check(
        "a meeting is to be held for a second docking that has none called, or none for one that has",
        "deals_seconddocking",
        """
        SELECT s.id, CONCAT('state ', s.state) FROM deals_seconddocking s
        WHERE (s.state = 'convened') <> EXISTS (SELECT FROM deals_fourpartymeeting m WHERE m.docking_id = s.id AND m.outcome = 'open')
        """,
    ),
    Check(
        "a second docking outlasts its project's place on the list",
        "deals_seconddocking",
        """
        SELECT s.id, CONCAT('state ', s.state, ', filing ', f.state)
        FROM deals_seconddocking s JOIN projects_filing f ON f.id = s.filing_id WHERE (s.state = 'ended') <> (f.state <> 'listed')
        """,
    ),
)

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
