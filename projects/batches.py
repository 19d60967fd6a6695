"""Candidate-list batches: a case belongs to the first one that is still open for the tier where it lies, and moves on by itself."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from organisations.models import Batch, Unit
from projects.models import Filing

CLOSES: Mapping[str, Callable[[Batch], dt.datetime]] = {
    Unit.Kind.COUNTY: attrgetter("county_closes_at"),
    Unit.Kind.ZONE: attrgetter("county_closes_at"),
    Unit.Kind.CITY: attrgetter("city_closes_at"),
    Unit.Kind.PROVINCE: attrgetter("province_closes_at"),
}


def load_batches(filings: Iterable[Filing]) -> list[Batch]:
    """The batches of the filings' provinces, in the order in which they close."""
    return list(Batch.objects.filter(province__in={filing.province for filing in filings}).order_by("province_closes_at", "id"))


def batch_for(filing: Filing, batches: Sequence[Batch], *, tier: str, at: dt.datetime) -> Batch | None:
    """The batch of a case that lies at `tier` now: never an earlier one than it was in; None when no later one has been announced."""
    own = [b for b in batches if (b.province, b.programme_id, b.track) == (filing.province, filing.programme_id, filing.track)]
    current = next((place for place, batch in enumerate(own) if batch.pk == filing.batch_id), 0)
    return next((batch for batch in own[current:] if CLOSES[tier](batch) >= at), None)
