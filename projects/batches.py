"""Candidate-list batches: a case belongs to the first one that is still open for the tier where it lies, and moves on by itself."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from django.db.models import Prefetch, Q

from common.steps import take_many
from organisations.actors import system
from organisations.models import Batch, Unit
from projects.models import Filing, ReviewStep
from projects.states import FILING_STEPS

CLOSES: Mapping[str, Callable[[Batch], dt.datetime]] = {
    Unit.Kind.COUNTY: attrgetter("county_closes_at"),
    Unit.Kind.ZONE: attrgetter("county_closes_at"),
    Unit.Kind.CITY: attrgetter("city_closes_at"),
    Unit.Kind.PROVINCE: attrgetter("province_closes_at"),
}
AT_ONCE = 500


def load_batches(filings: Iterable[Filing]) -> list[Batch]:
    """The batches of the filings' provinces, in the order in which they close."""
    return list(Batch.objects.filter(province__in={filing.province for filing in filings}).order_by("province_closes_at", "id"))


def batch_for(filing: Filing, batches: Sequence[Batch], *, tier: str, at: dt.datetime) -> Batch | None:
    """The batch of a case that lies at `tier` now: never an earlier one than it was in; None when no later one has been announced.

    Closings are told to the second, and the whole of that second is in time.
    """
    at = at.replace(microsecond=0)
    own = [b for b in batches if (b.province, b.programme_id, b.track) == (filing.province, filing.programme_id, filing.track)]
    current = next((place for place, batch in enumerate(own) if batch.pk == filing.batch_id), 0)
    return next((batch for batch in own[current:] if CLOSES[tier](batch) >= at), None)


def next_tier(filing: Filing) -> str:
    """The tier where a case under review has to arrive next: the unit after the one it lies with, at the top that one. Steps are loaded."""
    here = filing.current_step
    above = next((step for step in filing.steps.all() if step.position > here.position and step.unit_id != here.unit_id), None)
    return str((above or here).unit.kind)


def cut_off(filing: Filing) -> dt.datetime | None:
    """By when a case under review must be sent up to stay in its batch. No queries: batch, step and steps are loaded."""
    if filing.batch is None or filing.current_step is None or filing.state not in (Filing.State.IN_REVIEW, Filing.State.RETURNED):
        return None
    return CLOSES[next_tier(filing)](filing.batch)


def submit_by(filing: Filing, batches: Sequence[Batch], *, at: dt.datetime) -> tuple[Batch, dt.datetime] | None:
    """Which batch a case that is with the firm can still make, and by when it must be handed in: the receiving tier's closing.

    A returned case has arrived already; it must be back in time to be sent up.
    """
    tier = Unit.Kind.COUNTY if filing.current_step is None else next_tier(filing)
    found = batch_for(filing, batches, tier=tier, at=at)
    return (found, CLOSES[tier](found)) if found else None


def roll_late(*, at: dt.datetime) -> int:
    """Put every case that has missed its batch where it lies into the next one that is open; how many. Nothing is typed again."""
    closed = Q(batch=None) | Q(batch__county_closes_at__lt=at)
    late = (
        Filing.objects.filter(closed, state__in=[Filing.State.IN_REVIEW, Filing.State.RETURNED]).exclude(current_step=None).order_by("pk")
    )
    rolled = 0
    for chunk in _chunks(list(late.values_list("pk", flat=True))):
        steps = Prefetch("steps", ReviewStep.objects.select_related("unit").order_by("position"))
        filings = list(late.filter(pk__in=chunk).select_related("batch", "current_step__unit").prefetch_related(steps))
        batches = load_batches(filings)
        found = {filing.pk: batch_for(filing, batches, tier=next_tier(filing), at=at) for filing in filings}
        moving = [filing for filing in filings if getattr(found[filing.pk], "pk", None) != filing.batch_id]
        changes = {filing.pk: {"batch": found[filing.pk]} for filing in moving}
        results = take_many(FILING_STEPS, "roll", moving, by=system(at), at=at, changes=changes)
        rolled += sum(result.error is None for result in results)
    return rolled


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
