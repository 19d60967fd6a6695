"""What a bank sees of a need before the firm's consent: industry, a band of amounts, the county. Nothing else leaves here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matching.api import band
from organisations.actors import Person
from projects.models import Disclosure, Need


@dataclass(frozen=True)
class Outline:
    industry: str
    band: Any
    county: str


def of_need(need: Need) -> Outline:
    """From a need loaded with its project's region and industry."""
    return Outline(need.project.industry.name, band(need.amount), need.project.region.name)


def awaiting_consent(by: Person) -> Iterator[Outline]:
    """Needs recommended to this bank whose firm has not yet agreed; rows carry no id by which more could be asked."""
    told = Disclosure.objects.filter(organisation__in=by.organisation_ids).current(at=by.at)
    outlines = told.filter(scope=Disclosure.Scope.OUTLINE).values("filing")
    files = told.filter(scope=Disclosure.Scope.FILE).values("filing")
    needs = (
        Need.objects.filter(filing__in=outlines)
        .exclude(filing__in=files)
        .select_related("project__region", "project__industry")
        .only("amount", "project__region__name", "project__industry__name")
        .order_by("project__region__code", "project__industry__code", "amount")
    )
    return map(of_need, needs[:200])
