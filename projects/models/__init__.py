"""WHAT IS ASKED FOR: the project, its passage through one track (a filing, which is reviewed), and the needs that rounds match.

While a filing is a draft its form is kept exactly as typed (`Filing.form`); `projects.application` reads it into typed rows at
submit, so that nothing a person typed is ever lost to a rule.
"""

from projects.models.answer import AnswerRow, AnswerRowQuerySet, MinistryAnswer, MinistryAnswerQuerySet
from projects.models.appeal import Appeal
from projects.models.change import ChangedField, ChangeRequest, ChangeRule
from projects.models.consultation import Consultation, ConsultationQuerySet
from projects.models.disclosure import Disclosure, DisclosureQuerySet
from projects.models.files import FILE_KINDS, ProjectFile
from projects.models.filing import Filing, FilingQuerySet, FilingVersion
from projects.models.forwarding import ForwardBatch, ForwardBatchQuerySet, ForwardedCase, ForwardScan
from projects.models.need import IntendedBank, Need, NeedQuerySet
from projects.models.presence import Presence
from projects.models.project import EquipmentItem, Project
from projects.models.record import CaseFile, CheckKind, CheckRecord, Remark, SiteVisit
from projects.models.review import ReviewStep, passed_through
from projects.models.unlock import UnlockRequest

__all__ = [
    "FILE_KINDS",
    "AnswerRow",
    "AnswerRowQuerySet",
    "Appeal",
    "CaseFile",
    "ChangeRequest",
    "ChangeRule",
    "ChangedField",
    "CheckKind",
    "CheckRecord",
    "Consultation",
    "ConsultationQuerySet",
    "Disclosure",
    "DisclosureQuerySet",
    "EquipmentItem",
    "Filing",
    "FilingQuerySet",
    "FilingVersion",
    "ForwardBatch",
    "ForwardBatchQuerySet",
    "ForwardScan",
    "ForwardedCase",
    "IntendedBank",
    "MinistryAnswer",
    "MinistryAnswerQuerySet",
    "Need",
    "NeedQuerySet",
    "Presence",
    "Project",
    "ProjectFile",
    "Remark",
    "ReviewStep",
    "SiteVisit",
    "UnlockRequest",
    "passed_through",
]
