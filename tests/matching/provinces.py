"""Small provinces whose best round can be found by hand, and the steps that take a round through its life."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from ledger.models import LedgerAccount
from matching import collect, optimizer, rounds, solving
from matching.candidates import PASSED, RULES, Ground, screen
from matching.commitments import Commitments
from matching.models import Round
from matching.problem import Built
from matching.snapshot import Snapshot
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


def snapshot(world, *, commitments: Commitments | None = None, seed: int = 0, **options) -> Snapshot:
    """The province as a round would freeze it now, without a round."""
    round_ = Round(programme=world.programme, province=HUBEI, number="2026-01", planned_for=NOW.date(), seed=seed, **options)
    next_day = NOW.date() + dt.timedelta(days=30)
    return collect.snapshot_of(round_, weights=world.weights, commitments=commitments or Commitments(), next_round_on=next_day, at=NOW)


def verdicts(found: Snapshot, need) -> dict[str, str]:
    """Branch code → code of the first rule that refuses it for this need, "" for a candidate."""
    row = found["need_id"].searchsorted([need.pk])
    refused_by = screen(Ground(found), row).refused_by[0].tolist()
    codes = [branch["code"] for branch in found.header["branches"]]
    return {code: "" if place == PASSED else RULES[place].code for code, place in zip(codes, refused_by, strict=True)}


def options(built: Built) -> list[tuple[int, str, bool]]:
    """(need id, branch code, without discretionary subsidy) of each option."""
    s, o = built.snapshot, built.options
    return [
        (int(s["need_id"][need]), s.header["branches"][branch]["code"], bool(bare))
        for need, branch, bare in zip(o.need.tolist(), o.branch.tolist(), o.is_bare.tolist(), strict=True)
    ]


def solution(built: Built, *, steps: int = 2000):
    """Solved, and nothing to complain of."""
    fixed, impossible = built.pins
    found = optimizer.solve(built.problem, budget=optimizer.Budget(steps=steps), gap=0, fixed=fixed)
    assert not impossible
    assert optimizer.check(built.problem, found, fixed=fixed).ok
    return found


def chosen(built: Built, found) -> set[tuple[int, str, bool]]:
    """What the solution chose, as `options` names it."""
    named = options(built)
    return {named[option] for option in found.choice.tolist() if option >= 0}
