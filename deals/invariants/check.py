"""One rule as one query, and what several of them ask alike."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    rule: str
    table: str
    sql: str


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
