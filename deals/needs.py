"""What is left of a need, and who looks at it: always asked, never stored."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce

from common import steps
from common.steps import lock
from deals.models import Deal, Invitation, SecondDocking
from projects.models import Filing, Need

ZERO = Decimal(0)

# What a deal takes of its need: signed, else approved, else offered.
TAKEN = Coalesce(F("signed_amount"), F("approved_amount"), F("amount"))
# A loan that took the place of another fills nothing more.
FILLING = (*Deal.COMMITTED, Deal.State.REPAID)  # a loan repaid has served its need


def lock_all(need_ids: Collection[int]) -> list[Need]:
    """The filings of these needs, then the needs, locked: what every step on an invitation or a deal does first."""
    steps.lock_only(Filing.objects.filter(pk__in=Need.objects.filter(pk__in=need_ids).values("filing")))
    return lock(Need.objects.filter(pk__in=need_ids))


def lock_only(wanted: QuerySet[Need]) -> None:
    """`lock_all` for who needs no more than the locks."""
    steps.lock_only(Filing.objects.filter(pk__in=wanted.values("filing")))
    steps.lock_only(wanted)


def taken_of(deal: Deal) -> Decimal:
    """`TAKEN` of a deal at hand."""
    return next(amount for amount in (deal.signed_amount, deal.approved_amount, deal.amount) if amount is not None)


def taken(need_ids: Collection[int], *, apart_from: Collection[int] = ()) -> dict[int, Decimal]:
    """Need → Σ of its confirmed deals (without those deals), for needs that have any."""
    rows = Deal.objects.filter(need__in=need_ids, state__in=FILLING, succeeds=None).exclude(pk__in=apart_from)
    return dict(rows.order_by().values("need").annotate(sum=Sum(TAKEN)).values_list("need", "sum"))


def left(needs: Collection[Need], *, apart_from: Collection[int] = ()) -> dict[int, Decimal]:
    """Need → what no confirmed deal covers."""
    used = taken([need.pk for need in needs], apart_from=apart_from)
    return {need.pk: need.amount - used.get(need.pk, ZERO) for need in needs}


def looking(need_ids: Collection[int]) -> dict[int, int]:
    """Need → how many banks look at it or wait for the firm's consent."""
    rows = Invitation.objects.live().filter(need__in=need_ids).order_by()
    return dict(rows.values("need").annotate(n=Count("pk")).values_list("need", "n"))


def busy(need_ids: Collection[int]) -> set[tuple[int, int]]:
    """(need, branch) pairs with a live invitation or deal."""
    pairs = set(Invitation.objects.live().filter(need__in=need_ids).values_list("need", "branch"))
    return pairs | set(Deal.objects.live().filter(need__in=need_ids).values_list("need", "branch"))


def asking(**where: Any) -> set[int]:
    """Needs whose firm asked in second docking for what a round suggests."""
    rows = SecondDocking.objects.filter(state=SecondDocking.State.SEEKING, seeks_round=True, **where)
    return set(rows.values_list("need", flat=True))


def offering_rest(need_ids: Collection[int]) -> set[int]:
    """Needs with a bank chosen for a part, whose firm offers the rest to others."""
    return set(SecondDocking.objects.open().filter(need__in=need_ids).exclude(rest_of=None).values_list("need", flat=True))


def chosen(need_ids: Collection[int]) -> dict[int, list[int]]:
    """Need → branches of its confirmed deals."""
    found: dict[int, list[int]] = {}
    for need, branch in Deal.objects.filter(need__in=need_ids, state__in=FILLING).order_by("pk").values_list("need", "branch"):
        found.setdefault(need, []).append(branch)
    return found
