"""Sums of needs, deals, drawdowns, claims, recoveries and batches; loans entered in mid-life."""

# ruff: noqa: S608 -- queries are put together from constants of ours, nothing comes from outside

from deals.invariants.check import DRAWN, FILLING, TAKEN, Check

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
