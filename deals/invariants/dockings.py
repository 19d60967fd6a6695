"""Second docking: each row is where its need is."""

# ruff: noqa: S608 -- queries are put together from constants of ours, nothing comes from outside

from deals.invariants.check import FILLING, TAKEN, Check

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
