"""What is promised and booked in the ledger stands for a recommendation, a deal or a claim, and for nothing else."""

# ruff: noqa: S608 -- queries are put together from constants of ours, nothing comes from outside

from deals.invariants.check import DRAWN, HOLDS, SIGNED, UNSIGNED, WAITING, Check

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
            OR COALESCE(v.amount, 0) <> CASE WHEN d.state IN ('completed', 'repaid') THEN d.signed_amount - COALESCE(w.sum, 0) ELSE COALESCE(v.amount, 0) END
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
