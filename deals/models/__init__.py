"""WHAT BECOMES OF IT: invitations to look, deals, drawdowns and the interest really paid; subsidies in `deals.subsidies.models`."""

from deals.models.deal import Deal, DealQuerySet, visible_deals
from deals.models.drawdown import Drawdown, InterestReceipt, RatePeriod, Repayment
from deals.models.invitation import DeclineCode, Invitation, InvitationQuerySet, Origin, Waiting
from deals.models.progress import ProgressReport, ProgressReportQuerySet, ReportingMonth, ReportingMonthQuerySet

__all__ = [
    "AccrualLine",
    "Deal",
    "DealQuerySet",
    "DeclineCode",
    "Drawdown",
    "FundingBatch",
    "InterestReceipt",
    "Invitation",
    "InvitationQuerySet",
    "Origin",
    "OtherSupport",
    "ProgressReport",
    "ProgressReportQuerySet",
    "RatePeriod",
    "Recovery",
    "RecoveryReceipt",
    "Repayment",
    "ReportingMonth",
    "ReportingMonthQuerySet",
    "SubsidyClaim",
    "Waiting",
    "visible_deals",
]

# At the end: these build upon the above, and Django finds an app's models through its models module.
from deals.subsidies.models import (
    AccrualLine,
    FundingBatch,
    OtherSupport,
    Recovery,
    RecoveryReceipt,
    SubsidyClaim,
)
