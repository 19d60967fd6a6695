"""A docking follows what banks, firm and office do elsewhere: each step that ends or begins a letter, an offer or a deal calls this last.

Whoever calls holds the locks of the needs, so that two never move one docking at once: its rows are reached under those locks alone,
and so come after the ledger without harm. Called again it moves nothing.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q

from common.steps import among, lock, take_many
from deals import needs
from deals.docking import arriving
from deals.docking.models import SecondDocking
from deals.docking.states import DOCKING_STEPS
from deals.models import Deal, Invitation
from matching.models import NonMatch, Recommendation, Round
from organisations.actors import system
from projects.models import Filing

S, I = SecondDocking.State, Invitation.State  # noqa: E741 -- as in states
LOOKING = (I.AWAITING_CONSENT, I.OPEN, I.VIEWED)  # one that was accepted is told by its deal
VERBS: Mapping[str, str] = {S.SEEKING: "seek", S.SETTLED: "settle", S.ENDED: "end"}
RELATED = ("need", "filing__firm", "unit__organisation")


def follow(need_ids: Collection[int], *, at: dt.datetime) -> list[SecondDocking]:
    """Bring the dockings of these needs to where they belong now; those that moved."""
    known = SecondDocking.objects.filter(need__in=among(need_ids)).exclude(state=S.ENDED)
    rows = lock(known.select_related(*RELATED))
    return _bring(rows, at=at) if rows else []


def _bring(rows: Sequence[SecondDocking], *, at: dt.datetime) -> list[SecondDocking]:
    standing = Standing(rows)
    ways: dict[str, list[SecondDocking]] = defaultdict(list)
    for row in rows:
        if (verb := standing.way_of(row)) is not None:
            ways[verb].append(row)
    moved: list[SecondDocking] = []
    for verb, going in ways.items():
        changes = {row.pk: standing.changes(verb, row, at=at) for row in going}
        take_many(DOCKING_STEPS, verb, going, by=system(at), at=at, changes=changes)
        moved += going
    if moved:
        arriving.arrive(moved, at=at)
    return moved


class Standing:
    """Who looks at the needs of some dockings, who has offered, who has been chosen, and what is left."""

    def __init__(self, rows: Sequence[SecondDocking]) -> None:
        ids = [row.need_id for row in rows]
        self.left = needs.left([row.need for row in rows])
        self.letters = set(Invitation.objects.filter(need__in=ids, state__in=LOOKING).values_list("need", flat=True))
        self.offers = set(Deal.objects.filter(need__in=ids, state=Deal.State.INTENT).values_list("need", flat=True))
        chosen = Deal.objects.filter(need__in=ids, state__in=needs.FILLING).order_by().values("need").annotate(last=Max("pk"))
        self.chosen: Mapping[int, int] = dict(chosen.values_list("need", "last"))
        self.answered = _answered([row for row in rows if row.seeks_round])

    def way_of(self, row: SecondDocking) -> str | None:
        """The step by which it gets to where it belongs; None where it is."""
        place = self._place_of(row)
        if place is not None:
            has_come = place == S.SEEKING and row.seeks_round and row.need_id in self.letters
            return VERBS[place] if place != row.state or has_come else None
        return "return" if row.state in (S.SEEKING, S.SETTLED) else None

    def changes(self, verb: str, row: SecondDocking, *, at: dt.datetime) -> dict[str, Any]:
        """A round that reached the firm before it asked for one is one of its rounds as well."""
        found: dict[str, Any] = {"since": at}
        if verb == "seek" and row.state == S.ADJUSTING and row.need_id in self.letters:
            found["rounds_used"] = row.rounds_used + 1
        return found if verb == "seek" and row.need_id not in self.letters else found | {"seeks_round": False}

    def _place_of(self, row: SecondDocking) -> str | None:
        if row.filing.state != Filing.State.LISTED:
            return S.ENDED
        if self.left[row.need_id] <= 0 or self.chosen.get(row.need_id, 0) > (row.rest_of_id or 0):
            return S.SETTLED
        if row.need_id in self.letters or row.need_id in self.offers:
            return S.SEEKING
        return S.SEEKING if row.state == S.SEEKING and row.seeks_round and row.pk not in self.answered else None


def _answered(rows: Sequence[SecondDocking]) -> set[int]:
    """Those that wait for a round and have had one since."""
    if not rows:
        return set()
    since = Q(round__state=Round.State.PUBLISHED, round__published_at__gt=OuterRef("since"))
    told = [Exists(model.objects.filter(since, need=OuterRef("need"))) for model in (Recommendation, NonMatch)]
    return set(SecondDocking.objects.filter(told[0] | told[1], pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
