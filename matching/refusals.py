"""A bank's no to a need: kept, so that the pair is not recommended again until the facts changed or the firm asks."""

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from common.steps import Actor, lock, record
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
    (refusal,) = refuse_many([(need, branch, code, by)], at=at)
    return refusal


def refuse_many(rows: Sequence[tuple[Need, Branch, str, Actor]], *, at: dt.datetime) -> list[Refusal]:
    """`refuse` for (need, branch, code, actor) rows, in a few queries."""
    ids = {need.pk for need, _branch, _code, _by in rows}
    with transaction.atomic():
        lock(Need.objects.filter(pk__in=ids))
        facts = facts_digests(ids)
        known = {(row.need_id, row.branch_id): row for row in Refusal.objects.filter(need__in=ids, lifted_at=None)}
        fresh: list[Refusal] = []
        actors: list[Actor] = []
        for need, branch, code, by in rows:
            before = known.get((need.pk, branch.pk))
            if before is not None and before.facts_sha256 == facts[need.pk]:
                continue
            if before is not None:
                _lift(before, because="情况变化后再次谢绝", by=by, at=at)
            row = Refusal(need=need, branch=branch, code=code, facts_sha256=facts[need.pk], refused_at=at, province=need.province)
            known[need.pk, branch.pk] = row
            fresh.append(row)
            actors.append(by)
        Refusal.objects.bulk_create(fresh, batch_size=1000)
        for row, by in zip(fresh, actors, strict=True):
            record(row, "refuse", by=by, at=at, note=row.code)
    return [known[need.pk, branch.pk] for need, branch, _code, _by in rows]


def lift(need: Need, branch: Branch, *, because: str, by: Actor, at: dt.datetime) -> Refusal | None:
    """The firm asks again, or the bank reconsiders: the pair may be recommended again. None when nothing stood."""
    with transaction.atomic():
        standing = Refusal.objects.select_for_update(no_key=True).filter(need=need, branch=branch, lifted_at=None).first()
        if standing is not None:
            _lift(standing, because=because, by=by, at=at)
    return standing


def standing(needs: Collection[int] | QuerySet[Any]) -> set[tuple[int, int]]:
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
