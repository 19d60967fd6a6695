"""WHO: people, the organisations they act for, the regions and units of a province, and the chain a case climbs.

An `Organisation` is a tenant: a firm, a review unit, a bank, a bank branch. A `Membership` gives a user one role in one of them.
"""

from organisations.models.aboard import AccessCode, Registration, WrongCode
from organisations.models.covers import Cover, CoverQuerySet
from organisations.models.firms import FirmBar, FirmProfile, FirmYear
from organisations.models.interests import DeclaredInterest, DeclaredInterestQuerySet
from organisations.models.notices import PolicyNotice
from organisations.models.people import Membership, Role, User
from organisations.models.reference import Batch, Industry, IndustryTag, PolicyParameter, Programme, ReviewReason
from organisations.models.regions import Region, RegionTag
from organisations.models.tenants import Organisation
from organisations.models.tokens import Token, TokenQuerySet
from organisations.models.units import ReviewChain, Unit, UnitCovers

__all__ = [
    "AccessCode",
    "Batch",
    "Cover",
    "CoverQuerySet",
    "DeclaredInterest",
    "DeclaredInterestQuerySet",
    "FirmBar",
    "FirmProfile",
    "FirmYear",
    "Industry",
    "IndustryTag",
    "Membership",
    "Organisation",
    "PolicyNotice",
    "PolicyParameter",
    "Programme",
    "Region",
    "RegionTag",
    "Registration",
    "ReviewChain",
    "ReviewReason",
    "Role",
    "Token",
    "TokenQuerySet",
    "Unit",
    "UnitCovers",
    "User",
    "WrongCode",
]
