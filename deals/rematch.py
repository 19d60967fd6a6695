"""After refusals: a child round that fills free capacity with the needs of its parent that still seek, and moves nothing else."""

import datetime as dt

from django.db.models import Q

from deals import commitments
from deals.commitments import compute
from deals.invitations import publish_round
from matching import rounds
from matching.models import NonMatch, Recommendation, Round
from matching.rounds import Published
from organisations.actors import Person, system
from projects.models import Need


def seeking(parent: Round, *, at: dt.datetime) -> list[Need]:
    """Needs of the parent round that seek again: recommended and not settled, or without a recommendation; open by what deals knows."""
    family = Q(round=parent) | Q(round__parent=parent)
    ids = set(NonMatch.objects.filter(family).values_list("need", flat=True))
    ids |= set(Recommendation.objects.filter(family).values_list("need", flat=True))
    now = compute(parent.programme, parent.province, at=at)
    wanted = Need.objects.filter(pk__in=ids, filing__state="listed", parked_reason="").order_by("pk")
    return [need for need in wanted if need.pk not in now.closed and now.remaining.get(need.pk, need.amount) > 0]


def start(parent: Round, *, reason: str, by: Person, at: dt.datetime) -> Round | None:
    """Plan and freeze a child round; None when no need of the parent seeks. The `rounds` worker solves it as any other."""
    if not seeking(parent, at=at):
        return None
    child = rounds.plan_child(parent, reason=reason, by=by, at=at)
    return commitments.freeze(child, by=by, at=at, seen=child.version)


def publish(child: Round, *, at: dt.datetime) -> Published:
    """Under the approval of its parent, by the system; listed daily."""
    return publish_round(child, by=system(at), at=at, seen=child.version)
