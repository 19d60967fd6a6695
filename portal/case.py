"""What happens at a case, for its page: what is asked of others and of its firm, what is on record, who wrote what to whom."""

from collections.abc import Mapping
from typing import Any

from common.steps import subject_of
from organisations.actors import Person
from portal import matters
from projects.case import files
from projects.models import CheckRecord, Filing, Remark, SiteVisit

SHOWN_MAX = 100


def of_filing(filing: Filing, by: Person) -> Mapping[str, Any]:
    """Each row only for its readers; the same number of queries for one row or a hundred."""
    people = ("unit__organisation", "by_user")
    checks = list(CheckRecord.objects.visible_to(by).filter(filing=filing).select_related("kind", *people).order_by("-id")[:SHOWN_MAX])
    visits = list(SiteVisit.objects.visible_to(by).filter(filing=filing).select_related(*people).order_by("-id")[:SHOWN_MAX])
    kept = files.files_of([*checks, *visits])
    for row in (*checks, *visits):
        row.files = kept.get((subject_of(row), row.pk), [])
    remarks = Remark.objects.visible_to(by).filter(filing=filing).select_related(*people).order_by("-id")[:SHOWN_MAX]
    return {"matters": matters.at_case(filing, by), "checks": checks, "visits": visits, "remarks": list(remarks)}
