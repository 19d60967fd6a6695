"""“李四 正在办理”: who has a case open. It locks nothing, decides nothing and ends by itself, so it is no audited fact."""

import datetime as dt
from collections.abc import Sequence

from organisations.actors import REVIEW_ROLES, Person
from projects.models import Filing, Presence
from projects.models.presence import LASTS


def seat_at(filing: Filing, by: Person) -> int | None:
    """The unit for which this officer would be at the case now: where it lies."""
    step = filing.current_step
    if filing.state != Filing.State.IN_REVIEW or step is None or by.seat(filing.firm_id) is not None:
        return None
    return step.unit_id if by.unit_seat(step.unit_id, *REVIEW_ROLES) is not None else None


def touch(filing: Filing, *, by: Person, at: dt.datetime) -> None:
    """An officer is at the case: said again and again while the page is open."""
    unit = seat_at(filing, by)
    if unit is None or by.user_id is None:
        return
    row, made = Presence.objects.get_or_create(
        filing_id=filing.pk, user_id=by.user_id, defaults={"unit_id": unit, "since": at, "seen_at": at, "province": filing.province}
    )
    if not made:
        row.since = row.since if row.seen_at > at - LASTS else at
        row.seen_at, row.unit_id = at, unit
        row.save(update_fields=["since", "seen_at", "unit"])


def leave(filing: Filing, *, by: Person) -> None:
    Presence.objects.filter(filing=filing.pk, user=by.user_id).delete()


def others(filings: Sequence[Filing], *, by: Person, at: dt.datetime) -> dict[int, list[Presence]]:
    """Filing → colleagues of the same unit who have it open, the first to have come first; one query for any number."""
    found: dict[int, list[Presence]] = {}
    rows = Presence.objects.current(at=at).filter(filing__in=[row.pk for row in filings], unit__in=by.unit_ids).exclude(user=by.user_id)
    for row in rows.select_related("user").order_by("since", "id"):
        found.setdefault(row.filing_id, []).append(row)
    return found
