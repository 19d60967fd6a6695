"""What every API resource shares: the actor, reading only what it may see, versions, and one address per step.

    class Filings(Resource):                      # GET /api/filings/, GET /api/filings/7/
        kind, model = "filings", Filing
        steps, actions = FILING_STEPS, FILING_ACTIONS   # POST /api/filings/7/pass/ {"seen": 3, "note": "…", …}

A view parses, makes one call, and presents. `seen` (or If-Match) is the version that was looked at; a stale one gets 409 with what
changed. A repeated request with the same Idempotency-Key gets the same answer.
"""

from organisations.resources.description import IDEMPOTENCY_KEY, IF_MATCH, ResourceSchema, StepSchema, entry, typed
from organisations.resources.pages import Pages
from organisations.resources.requests import body_of, note_of, once, seen_of
from organisations.resources.resource import Acting, Resource, present, scopes_of
from organisations.resources.shapes import ChoiceShown, Presented, ProblemDocument
from organisations.resources.steps import StepView, step_paths, step_tables

__all__ = [
    "IDEMPOTENCY_KEY",
    "IF_MATCH",
    "Acting",
    "ChoiceShown",
    "Pages",
    "Presented",
    "ProblemDocument",
    "Resource",
    "ResourceSchema",
    "StepSchema",
    "StepView",
    "body_of",
    "entry",
    "note_of",
    "once",
    "present",
    "scopes_of",
    "seen_of",
    "step_paths",
    "step_tables",
    "typed",
]
