"""Audit and consent: every state was led to by an audited step, every bank that reads was let in."""

# ruff: noqa: S608 -- queries are put together from constants of ours, nothing comes from outside

from deals.invariants.check import Check


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
