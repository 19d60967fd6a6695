"""Every kind of thing the API knows, and the scopes a machine's token may be given."""

from deals.api import Changes, Deals, DeclineCodes, Filings, Invitations, Rounds
from deals.costs.api import LoanCosts
from deals.crosschecks.api import Flags
from deals.docking.api import DockingLists, SecondDockings
from deals.drawdowns_api import Drawdowns, Receipts
from deals.funding.api import FundingBatches, Objections
from deals.ministry_answers_api import AnswerRows, Answers
from deals.opening.api import OpeningLoans
from deals.progress.api import ProgressReports, ReportingMonths
from deals.recovery.api import Recoveries
from deals.subsidies.api import Claims
from exchange.jobs_api import Exports, Imports
from exchange.outgoing_resources import Deliveries, Notices, Webhooks
from exchange.webhooks import Source
from lenders.api import Appetites, Banks, Branches
from matching.api import NonMatches, Recommendations, Scenarios
from organisations.api import Batches, Industries, Programmes, Regions
from organisations.covers_api import Covers
from organisations.resources import scopes_of
from projects.api import Needs
from projects.case.api import Appeals, Checks, Consultations, Remarks, SiteVisits, Unlocks
from projects.forwarding.api import Forwards
from schemes.api import Schemes

RESOURCES = (
    Filings,
    Needs,
    Consultations,
    Checks,
    SiteVisits,
    Remarks,
    Unlocks,
    Appeals,
    Changes,
    Rounds,
    Recommendations,
    NonMatches,
    Scenarios,
    Invitations,
    SecondDockings,
    DockingLists,
    Deals,
    Drawdowns,
    Receipts,
    LoanCosts,
    OpeningLoans,
    Claims,
    Recoveries,
    Flags,
    FundingBatches,
    Objections,
    DeclineCodes,
    Regions,
    Industries,
    Programmes,
    Batches,
    Banks,
    Branches,
    Appetites,
    Schemes,
    Forwards,
    Answers,
    AnswerRows,
    ProgressReports,
    ReportingMonths,
    Exports,
    Imports,
    Notices,
    Webhooks,
    Deliveries,
    Covers,
)
SCOPES = tuple(scope for resource in RESOURCES for scope in scopes_of(resource))
# What webhooks may be told of: each step of each kind, and what begins one.
SOURCES = {resource.model._meta.label_lower: Source(resource.kind, resource.model) for resource in RESOURCES if resource.steps}
HAPPENINGS = tuple(
    f"{resource.kind}.{verb}" for resource in RESOURCES if resource.steps for verb in (*resource.begins_with, *resource.steps)
)
