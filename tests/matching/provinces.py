"""Small provinces whose best round can be found by hand, and the steps that take a round through its life."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from ledger.models import LedgerAccount
from matching import rounds, solving
from matching.commitments import Commitments
from matching.models import Round
from tests import factories
from tests.factories import HUBEI, NOW, WAN
from tests.people import Cast

LATER = NOW + dt.timedelta(hours=1)


def needs(world, number=1, *, wan=2000, branches=("ICBC-WH",), region="420111", firm=None, **options):
    """The needs of listed filings of as many firms."""
    owners = [firm] * number if firm else factories.firms(world, number, region=region)
    made = factories.filings(world, owners, region=region, branches=branches, amount=Decimal(wan) * WAN, **options)
    return [filing.needs.get() for filing in made]


def limit(code, wan):
    """Declare another limit on an account (`ICBC-WH` an appetite, `HB-ADDON:2026` a budget); None = not declared."""
    accounts = LedgerAccount.objects.filter(code__in=[f"appetite:{code}:2026", f"budget:{code}"])
    assert accounts.update(limit=None if wan is None else Decimal(wan) * WAN) == 1


def planned(world, cast: Cast, **options) -> Round:
    return rounds.plan(world.programme, province=HUBEI, planned_for=NOW.date(), by=cast.zhao, at=NOW, **options)


def frozen(world, cast: Cast, *, commitments: Commitments | None = None, **options) -> Round:
    round_ = planned(world, cast, **options)
    return rounds.freeze(round_, commitments=commitments or Commitments(), by=cast.zhao, at=NOW, seen=round_.version)


def solved(world, cast: Cast, **options) -> Round:
    round_ = frozen(world, cast, **{"steps": 2000, **options})
    solving.solve(round_, at=NOW, clock=timezone.now)
    assert (round_.state, round_.failure) == ("solved", "")
    return round_


def published(world, cast: Cast, **options) -> tuple[Round, rounds.Published]:
    round_ = solved(world, cast, **options)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)
    return round_, rounds.publish(round_, by=cast.sun, at=NOW, seen=round_.version)


def leads(round_: Round) -> dict[int, str]:
    """Need → code of the branch that leads."""
    return dict(round_.recommendations.filter(rank=0).order_by("need").values_list("need_id", "branch__code"))


def built(world, cast: Cast, **options):
    """The problem of a round frozen just now."""
    from matching.problem import build

    return build(rounds.snapshot_of(frozen(world, cast, **options)))
