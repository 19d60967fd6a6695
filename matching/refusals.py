"""A bank's no to a need: kept, so that the pair is not recommended again until the facts changed or the firm asks."""

import datetime as dt
import hashlib
from collections.abc import Collection

from django.db import transaction

from common.steps import Actor, record
from lenders.models import Branch
from matching.models import Refusal
from projects.models import Need

FACTS = (
    "id",
    "amount",
    "term_months",
    "rate_cap_bp",
    "securities",
    "project__content",
    "project__total_investment",
    "project__own_capital",
)


def refuse(need: Need, branch: Branch, *, code: str, by: Actor, at: dt.datetime) -> Refusal:
    """Record that the branch declined the need for the coded reason. Told twice, it answers with the first."""
    with transaction.atomic():
        Need.objects.select_for_update(no_key=True).get(pk=need.pk)
        facts = facts_digests({need.pk})[need.pk]
        standing = Refusal.objects.filter(need=need, branch=branch, lifted_at=None).first()
        if standing is not None and standing.facts_sha256 == facts:
            return standing
        if standing is not None:
            _lift(standing, because="情况变化后再次谢绝", by=by, at=at)
        refusal = Refusal.objects.create(need=need, branch=branch, code=code, facts_sha256=facts, refused_at=at, province=need.province)
        record(refusal, "refuse", by=by, at=at, note=code)
    return refusal


def lift(need: Need, branch: Branch, *, because: str, by: Actor, at: dt.datetime) -> Refusal | None:
    """The firm asks again, or the bank reconsiders: the pair may be recommended again. None when nothing stood."""
    with transaction.atomic():
        standing = Refusal.objects.select_for_update(no_key=True).filter(need=need, branch=branch, lifted_at=None).first()
        if standing is not None:
            _lift(standing, because=because, by=by, at=at)
    return standing


def standing(needs: Collection[int]) -> set[tuple[int, int]]:
    """Refused (need, branch) pairs whose facts have not changed since; the others may be recommended again."""
    rows = list(Refusal.objects.filter(lifted_at=None, need__in=needs).values_list("need_id", "branch_id", "facts_sha256"))
    now = facts_digests({row[0] for row in rows})
    return {(need, branch) for need, branch, facts in rows if facts == now[need]}


def facts_digests(needs: Collection[int]) -> dict[int, str]:
    """Need → digest of what a bank's decision rests on: amount, term, price, security and the project itself."""
    rows = Need.objects.filter(pk__in=needs).order_by("id").values_list(*FACTS)
    return {row[0]: hashlib.sha256("\x1f".join(_text(value) for value in row).encode()).hexdigest() for row in rows}


def _lift(refusal: Refusal, *, because: str, by: Actor, at: dt.datetime) -> None:
    refusal.lifted_at, refusal.lifted_because = at, because
    refusal.save(update_fields=["lifted_at", "lifted_because"])
    record(refusal, "lift", by=by, at=at, note=because)


def _text(value: object) -> str:
    return ",".join(sorted(value)) if isinstance(value, list) else str(value)
