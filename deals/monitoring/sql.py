"""The funnel in one statement: what each need came to, summed by whatever is compared.

A need stands in a stage with the most that it reached there or further on, so that no stage holds less than the next, whichever way the
money went (a loan that firm and bank agreed by themselves was never sent out, and yet was drawn). A loan that took the place of another
(借新还旧, 转贷) was counted with that one; what is outstanding of it is outstanding.
"""

from collections.abc import Mapping

STAGES = ("reserve", "listed", "invited", "docked", "intent", "approved", "signed", "drawn", "paid", "outstanding")

KEYS: Mapping[str, str] = {  # what is compared → the column of `asked` or `thing` that tells it
    "whole": "NULL::bigint",
    "city": "asked.municipal_id",
    "county": "asked.region_id",
    "industry": "asked.industry_id",
    "size": "asked.size",
    "period": "asked.period",
    "bank": "thing.lender",
    "branch": "thing.lender",
}
LENDERS: Mapping[str, str] = {"bank": "branch.bank_id", "branch": "branch.id"}
NO_LENDER = "NULL::bigint"

FUNNEL = """
WITH seen_filing AS ({filings}), seen_invitation AS ({invitations}), seen_deal AS ({deals}),
today AS (SELECT %s::date AS is, %s::date AS long_ago),
back AS (
    SELECT drawdown_id, SUM(amount) AS amount, COALESCE(SUM(amount) FILTER (WHERE kind = 'refunded'), 0) AS refunded
    FROM deals_repayment, today WHERE "on" <= today.is GROUP BY drawdown_id
),
money AS (
    SELECT deal_id, SUM(drawn.amount) AS drawn,
        SUM(drawn.amount - COALESCE(back.refunded, 0)) FILTER (WHERE paid_to_supplier_on <= today.is) AS paid,
        SUM(GREATEST(drawn.amount - COALESCE(back.amount, 0), 0)) FILTER (WHERE paid_to_supplier_on <= today.long_ago) AS outstanding
    FROM deals_drawdown AS drawn CROSS JOIN today LEFT JOIN back ON back.drawdown_id = drawn.id
    WHERE drawn_on <= today.is GROUP BY deal_id
),
touched AS (
    SELECT need_id, branch_id, viewed_at IS NOT NULL OR state = 'accepted' AS docked,
        0 AS intent, 0 AS approved, 0 AS signed, 0 AS drawn, 0 AS paid, 0 AS outstanding
    FROM deals_invitation WHERE id IN (SELECT pk FROM seen_invitation)
    UNION ALL
    SELECT need_id, branch_id, TRUE, CASE WHEN succeeds_id IS NULL THEN amount ELSE 0 END,
        CASE WHEN succeeds_id IS NULL AND state = ANY(%s) THEN COALESCE(approved_amount, signed_amount, 0) ELSE 0 END,
        CASE WHEN succeeds_id IS NULL AND state = ANY(%s) THEN COALESCE(signed_amount, 0) ELSE 0 END,
        CASE WHEN succeeds_id IS NULL THEN COALESCE(money.drawn, 0) ELSE 0 END,
        CASE WHEN succeeds_id IS NULL THEN COALESCE(money.paid, 0) ELSE 0 END,
        CASE WHEN state = 'repaid' THEN 0 ELSE COALESCE(money.outstanding, 0) END
    FROM deals_deal AS deal LEFT JOIN money ON money.deal_id = deal.id
    WHERE deal.id IN (SELECT pk FROM seen_deal) AND state <> ALL(%s)
),
thing AS MATERIALIZED (
    SELECT need_id, {lender} AS lender, BOOL_OR(docked) AS docked, SUM(intent) AS intent, SUM(approved) AS approved,
        SUM(signed) AS signed, SUM(drawn) AS drawn, SUM(paid) AS paid, SUM(outstanding) AS outstanding
    FROM touched JOIN lenders_branch AS branch ON branch.id = touched.branch_id
    WHERE {of_bank} GROUP BY 1, 2
),
asked AS MATERIALIZED (
    SELECT need.id, need.amount, filing.id AS filing_id, filing.state, project.region_id,
        COALESCE(region.municipal_id, region.id) AS municipal_id, project.industry_id, COALESCE(firm.size, '') AS size,
        COALESCE(to_char(filing.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY"Q"Q'), '') AS period
    FROM projects_need AS need
    JOIN projects_filing AS filing ON filing.id = need.filing_id
    JOIN projects_project AS project ON project.id = need.project_id
    JOIN organisations_region AS region ON region.id = project.region_id
    LEFT JOIN organisations_firmprofile AS firm ON firm.organisation_id = filing.firm_id
    WHERE {seen}
),
reached AS (
    SELECT {key} AS key, asked.filing_id,
        CASE WHEN asked.state = ANY(%s) THEN asked.amount ELSE 0 END AS reserve,
        CASE WHEN asked.state = 'listed' THEN asked.amount ELSE 0 END AS listed,
        CASE WHEN thing.need_id IS NOT NULL THEN asked.amount ELSE 0 END AS invited,
        CASE WHEN thing.docked THEN asked.amount ELSE 0 END AS docked,
        LEAST(asked.amount, COALESCE(thing.intent, 0)) AS intent,
        COALESCE(thing.approved, 0) AS approved, COALESCE(thing.signed, 0) AS signed, COALESCE(thing.drawn, 0) AS drawn,
        COALESCE(thing.paid, 0) AS paid, COALESCE(thing.outstanding, 0) AS outstanding
    FROM asked {join} thing ON thing.need_id = asked.id
    WHERE {within}
),
filed AS (SELECT key, {most} FROM reached GROUP BY key, filing_id)
SELECT key, {figures} FROM filed GROUP BY key
"""


MOST = ", ".join("SUM(GREATEST({})) AS {}".format(", ".join(STAGES[place:]), stage) for place, stage in enumerate(STAGES))
FIGURES = ", ".join(f"COUNT(*) FILTER (WHERE {stage} > 0), COALESCE(SUM({stage}), 0)" for stage in STAGES)
