"""WHAT BECOMES OF IT: invitations to look, deals, drawdowns and the interest really paid; subsidies and their recovery in packages of their own."""

from deals.models.deal import Deal, DealQuerySet, visible_deals
from deals.models.drawdown import Drawdown, EquipmentSerial, Extension, InterestReceipt, RatePeriod, Repayment
from deals.models.invitation import DeclineCode, Invitation, InvitationQuerySet, Origin, Waiting
from deals.models.progress import ProgressReport, ProgressReportQuerySet, ReportingMonth, ReportingMonthQuerySet

__all__ = [
    "AccrualLine",
    "BatchObjection",
    "CompanyRecord",
    "CrossCheckFlag",
    "Deal",
    "DealQuerySet",
    "DeclineCode",
    "DockingList",
    "Drawdown",
    "EquipmentSerial",
    "Extension",
    "FourPartyMeeting",
    "FundingBatch",
    "InterestReceipt",
    "Invitation",
    "InvitationQuerySet",
    "ListedDocking",
    "LoanCost",
    "OpeningLoan",
    "Origin",
    "OtherSupport",
    "ProgressReport",
    "ProgressReportQuerySet",
    "PublishedFigures",
    "RatePeriod",
    "Recovery",
    "RecoveryPart",
    "RecoveryReceipt",
    "Repayment",
    "ReportingMonth",
    "ReportingMonthQuerySet",
    "SecondDocking",
    "Shareholding",
    "SubsidyClaim",
    "Waiting",
    "visible_deals",
]

# At the end: these build upon the above, and Django finds an app's models through its models module.
from deals.costs.models import LoanCost
from deals.crosschecks.models import CompanyRecord, CrossCheckFlag, Shareholding
from deals.docking.models import DockingList, FourPartyMeeting, ListedDocking, SecondDocking
from deals.funding.models import BatchObjection, FundingBatch
from deals.monitoring.models import PublishedFigures
from deals.opening.models import OpeningLoan
from deals.recovery.models import Recovery, RecoveryPart, RecoveryReceipt
from deals.subsidies.models import AccrualLine, OtherSupport, SubsidyClaim
