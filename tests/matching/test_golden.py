"""Stored rounds of earlier days are still proved and replayed, byte for byte. How to make them anew: tests/matching/golden/README.md."""

import json
import os
import random
from decimal import Decimal
from hashlib import sha256
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from matching import canonical, optimizer, pins, refusals, result, rounds, solving, verify
from matching.commitments import Commitments
from matching.models import Floor, Recommendation, Round, RoundData
from matching.outcome import Outcome
from matching.problem import build
from matching.snapshot import read
from matching.telling import non_matches, recommendations, tell
from tests.factories import HUBEI, NOW, TODAY, WAN
from tests.matching import provinces

FOLDER = Path(__file__).parent / "golden"
FORMAT = 1
MAKE = "FULCRUM_MAKE_GOLDEN" in os.environ
FIGURES = ("number", "needs", "options", "matched", "value", "bound", "snapshot_sha256", "problem_sha256", "result_sha256")
STEPS = 20_000


def asked(world, number, seed, **options):
    """Needs of many sizes, terms and banks in two counties."""
    rng = random.Random(seed)
    made = []
    for _ in range(number):
        region, near = rng.choice((("420111", ("ICBC-WH", "CCB-WH", "HBB-WH")), ("429004", ("CCB-XT",))))
        facts = {"wan": rng.randrange(100, 6000, 10), "term_months": rng.choice((24, 36, 60)), "open_to_other_banks": rng.random() < 0.7}
        made += provinces.needs(world, region=region, branches=rng.sample(near, min(rng.randrange(1, 3), len(near))), **(facts | options))
    return made


def sixty(world, cast):
    asked(world, 60, 1)
    for code, wan in (("ICBC-WH", 40_000), ("CCB-WH", 25_000), ("CCB-XT", 12_000), ("HB-ADDON:2026", 200), ("HB-ADDON:2027", 400)):
        provinces.limit(code, wan)
    return provinces.solved(world, cast, steps=STEPS)


def floors(world, cast):
    made = asked(world, 30, 2)
    for region, wan in (("429004", 30_000), ("420111", 20_000)):
        floor = Floor.objects.create(
            programme=world.programme, name=region, amount=Decimal(wan) * WAN, penalty_num=3, penalty_den=8, document_no="【示例】",
            valid_from=TODAY, province=HUBEI,
        )  # fmt: skip
        floor.regions.add(world.regions[region])
    here = [need for need in made if need.project.region.code == "420111" and need.open_to_other_banks]
    for need, kind in zip(here, ("pin", "pin", "pin", "ban"), strict=False):
        pins.approve_pin(pins.set_pin(need, world["HBB-WH"], kind=kind, reason="协调", by=cast.zhao, at=NOW), by=cast.sun, at=NOW)
    return provinces.solved(world, cast, steps=STEPS)


def child(world, cast):
    asked(world, 24, 3)
    provinces.limit("ICBC-WH", 20_000)
    parent, published = provinces.published(world, cast)
    refused = published.leads[::3]
    for lead in refused:
        refusals.refuse(lead.need, lead.branch, code="own_funds", by=cast.bai, at=NOW)
    stays = {lead.need_id: Decimal(0) for lead in published.leads if lead not in refused}
    made = rounds.plan_child(parent, reason="银行谢绝", by=cast.system, at=provinces.LATER)
    rounds.freeze(made, commitments=Commitments(remaining=stays), by=cast.system, at=provinces.LATER, seen=made.version)
    return solving.solve(made, at=provinces.LATER)


MAKERS = {"sixty": sixty, "floors": floors, "child": child}
MADE = json.loads((FOLDER / "rounds.json").read_text(encoding="utf-8")) if (FOLDER / "rounds.json").exists() else {"rounds": {}}


def stored(name):
    """(header, arrays, result) bytes."""
    return *canonical.split((FOLDER / f"{name}.snapshot").read_bytes()), (FOLDER / f"{name}.result").read_bytes()


@pytest.mark.skipif(not MAKE, reason="writes files; only on request")
@pytest.mark.django_db
@pytest.mark.parametrize("name", MAKERS)
def test_golden_round_is_made(world, cast, name):
    round_ = MAKERS[name](world, cast)

    assert (round_.state, round_.failure, verify.verify(round_).breaches) == ("solved", "", [])
    data = RoundData.objects.get(round=round_)
    (FOLDER / f"{name}.snapshot").write_bytes(canonical.join(bytes(data.header), bytes(data.arrays)))
    (FOLDER / f"{name}.result").write_bytes(bytes(data.result))
    MADE["format"] = FORMAT
    MADE["rounds"][name] = {figure: getattr(round_, figure) for figure in FIGURES}
    text = json.dumps(MADE, ensure_ascii=False, indent=1, sort_keys=True)
    (FOLDER / "rounds.json").write_text(text + "\n", encoding="utf-8")


@pytest.mark.skipif(MAKE, reason="they are being made")
def test_golden_rounds_are_all_there():
    assert MADE["format"] == FORMAT
    assert set(MADE["rounds"]) == set(MAKERS)


@pytest.mark.skipif(MAKE, reason="they are being made")
@pytest.mark.parametrize("name", MAKERS)
def test_golden_bytes_give_the_same_problem_proof_choice_and_bytes(name):
    """Without a database: whoever holds the two files can do this."""
    header, arrays, found = stored(name)
    figures = MADE["rounds"][name]

    built = build(read(header, arrays))
    solution, written_for = result.read(found)
    fixed, impossible = built.pins
    report = optimizer.check(built.problem, solution, fixed=fixed)

    assert (canonical.digest(header, arrays), built.sha256) == (figures["snapshot_sha256"], figures["problem_sha256"])
    assert built.snapshot.packed == (header, arrays)
    assert (report.violations, impossible) == ((), ())
    assert (report.value, report.bound) == (figures["value"], figures["bound"])
    assert np.array_equal(optimizer.replay(built.problem, solution, fixed=fixed), solution.choice)
    assert result.write(solution, **written_for) == found
    assert sha256(found).hexdigest() == figures["result_sha256"]


@pytest.mark.skipif(MAKE, reason="they are being made")
@pytest.mark.django_db
@pytest.mark.parametrize("name", MAKERS)
def test_commands_prove_a_golden_round(world, name):
    """The needs and banks of that day are not here, only the round: so its rows go in without their references."""
    header, arrays, found = stored(name)
    figures = MADE["rounds"][name]
    built, (solution, _written_for) = build(read(header, arrays)), result.read(found)
    told = Outcome(built, solution, standbys=built.snapshot.policy["standbys"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        round_ = Round.objects.create(programme=world.programme, province=HUBEI, planned_for=TODAY, state="solved", **figures)
        RoundData.objects.create(round=round_, header=header, arrays=arrays, result=found)
        tell(recommendations(round_, told.advice()), non_matches(round_, told.unmatched()))
        cursor.execute("SET LOCAL session_replication_role = origin")

    for command in ("verify_round", "replay_round"):
        out = StringIO()
        call_command(command, figures["number"], stdout=out)
        assert json.loads(out.getvalue())["ok"] is True
    assert Recommendation.objects.filter(round=round_, rank=0).count() == figures["matched"]


@pytest.mark.skipif(MAKE, reason="they are being made")
def test_golden_rounds_differ_in_what_they_hold():
    held = {name: build(read(*stored(name)[:2])) for name in MAKERS}

    assert held["sixty"].snapshot.needs == 60
    assert (held["floors"].problem.floors, int((held["floors"].pins[0] >= 0).sum())) == (2, 3)
    assert held["child"].snapshot.header["round"]["parent"] is not None
    assert len(held["child"].snapshot["refused_need"]) > 0
    assert {r.kind for r in held["sixty"].resources} == {"appetite", "case_load", "budget"}
