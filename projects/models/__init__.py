"""WHAT IS ASKED FOR: the project, its passage through one track (a filing, which is reviewed), and the needs that rounds match.

While a filing is a draft its form is kept exactly as typed (`Filing.form`); `projects.application` reads it into typed rows at
submit, so that nothing a person typed is ever lost to a rule.
"""

from projects.models.disclosure import Disclosure, DisclosureQuerySet
from projects.models.files import FILE_KINDS, ProjectFile
from projects.models.filing import Filing, FilingQuerySet, FilingVersion
from projects.models.need import IntendedBank, Need, NeedQuerySet
from projects.models.project import EquipmentItem, Project
from projects.models.review import ReviewStep, passed_through

__all__ = [
    "FILE_KINDS",
    "Disclosure",
    "DisclosureQuerySet",
    "EquipmentItem",
    "Filing",
    "FilingQuerySet",
    "FilingVersion",
    "IntendedBank",
    "Need",
    "NeedQuerySet",
    "Project",
    "ProjectFile",
    "ReviewStep",
    "passed_through",
]
