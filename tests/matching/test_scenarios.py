"""Scenarios: a solved round with other limits, weights, floors; what it says, who may ask, and that it commits nothing."""

from decimal import Decimal

import pytest
from django.utils import timezone

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from ledger.models import Entry, LedgerAccount
from matching import optimizer, overrides, result, rounds, scenarios, solving, tasks
from matching.models import Floor, NonMatch, Recommendation, RoundData, Scenario
from matching.optimizer import Progress
from matching.outcome import Outcome
from tests.factories import HUBEI, NOW, WAN
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(world, cast):
    """Five needs of 2,000 万元 that only ICBC in Wuhan may serve, which has room for three; a floor for a county."""
    floor = Floor.objects.create(
        programme=world.programme, name="洪山保底", amount=Decimal(9000) * WAN, penalty_num=1, penalty_den=256, document_no="【示例】",
        valid_from=NOW.date(), province=HUBEI,
    )  # fmt: skip
    floor.regions.add(world.regions["420111"])
    provinces.needs(world, 5, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 7000)
    round_ = provinces.solved(world, cast)
    assert round_.matched == 3
    return round_


def account(code="ICBC-WH"):
    return str(LedgerAccount.objects.get(code=f"appetite:{code}:2026").pk)


def asked(base, by, **changes):
    return scenarios.ask(base, name="测算", changes=changes, by=by, at=NOW, time_limit_s=Decimal("0.3"))


def solved(base, cast, **changes):
    scenario = scenarios.solve(asked(base, cast.zhao, **changes), at=NOW, clock=timezone.now)
    assert (scenario.state, scenario.failure) == ("solved", "")
    return scenario


def test_raised_limit_says_who_gains(base, cast):
    scenario = solved(base, cast, appetites={account(): str(Decimal(10_000) * WAN)})

    report = scenario.report
    without = set(NonMatch.objects.filter(round=base).values_list("need_id", flat=True))
    assert {row["need"] for row in report["gained"]} == without
    assert (report["lost"], report["moved"]) == ([], [])
    assert (report["base"]["matched"], report["scenario"]["matched"]) == (3, 5)
    assert Decimal(report["scenario"]["amount"]) - Decimal(report["base"]["amount"]) == 4000 * WAN
    assert [(row["needs"], row["before"], row["after"]) for row in report["regions"]] == [(5, 3, 5)]
    assert report["overrides"] == [["appetites", "appetite:ICBC-WH:2026", "70000000.00", "100000000.00"]]
    assert Decimal(report["scenario"]["gap"]) >= 0


def test_lowered_limit_says_who_loses_and_prices_it(base, cast):
    scenario = solved(base, cast, appetites={account(): str(Decimal(4000) * WAN)})

    assert (len(scenario.report["lost"]), scenario.report["scenario"]["matched"]) == (1, 2)
    dearest = scenario.report["limits"][0]
    assert (dearest["kind"], dearest["name"]) == ("appetite", "appetite:ICBC-WH:2026")
    assert dearest["after"] > 0


def test_nothing_changed_is_the_round_itself(base, cast):
    scenario = solved(base, cast, weights={"amount": 1}, appetite_percent=100)

    assert scenario.overrides == {}
    assert scenario.report["base"] == scenario.report["scenario"]
    assert [scenario.report[name] for name in ("gained", "lost", "moved")] == [[], [], []]
    stored = bytes(RoundData.objects.get(round=base).result)
    assert bytes(Scenario.objects.get(pk=scenario.pk).result) == stored


def test_scenario_commits_nothing(base, cast):
    before = (Entry.objects.count(), Recommendation.objects.count(), NonMatch.objects.count(), rounds.snapshot_of(base).sha256)

    scenario = solved(base, cast, appetites={account(): str(Decimal(10_000) * WAN)}, weights={"cost": 20})

    assert (Entry.objects.count(), Recommendation.objects.count(), NonMatch.objects.count(), rounds.snapshot_of(base).sha256) == before
    verbs = AuditEvent.objects.filter(subject="matching.scenario", subject_id=scenario.pk).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["ask", "solve"]


def test_result_of_a_scenario_is_stored_and_stands_the_check(base, cast):
    scenario = solved(base, cast, weights={"cost": 50, "firm_ranking": 0}, appetite_percent=120)

    snapshot = overrides.apply(rounds.snapshot_of(base), scenario.overrides)
    built = scenarios.build(snapshot)
    solution, written_for = result.read(bytes(Scenario.objects.get(pk=scenario.pk).result))
    assert optimizer.check(built.problem, solution, fixed=built.pins[0]).ok
    assert written_for == {"snapshot_sha256": snapshot.sha256, "problem_sha256": built.sha256}
    assert Outcome(built, solution).left.min() >= 0


def test_weight_moved_tells_the_points_of_every_weight(base, cast):
    scenario = solved(base, cast, weights={"amount": 3})

    rows = {row["term"]: row for row in scenario.report["weights"]}
    assert rows["amount"]["before"] == {"weight": 1, "points": 6000}
    assert rows["amount"]["after"] == {"weight": 3, "points": 18_000}


def test_floor_tells_what_it_reaches_and_costs(base, cast):
    floor = str(Floor.objects.get().pk)

    scenario = solved(base, cast, floors={floor: {"amount_yuan": 70_000_000, "penalty": [1, 2]}})

    (row,) = scenario.report["floors"]
    assert (row["before"]["asked_yuan"], row["before"]["reached_yuan"]) == (90_000_000, 60_000_000)
    assert (row["after"]["asked_yuan"], row["after"]["penalty"]) == (70_000_000, 5_000_000)


def test_raised_limit_never_lowers_the_optimum(world, cast):
    provinces.needs(world, 3, wan=2000, branches=("ICBC-WH",), open_to_other_banks=False)
    provinces.needs(world, 3, wan=3000, branches=("ICBC-WH", "CCB-WH"), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 5000)
    provinces.limit("CCB-WH", 3500)
    snapshot, base = scenarios.based_on(provinces.solved(world, cast))
    values = []

    for wan in (5200, 5500, 7000, 9000, 15_000):
        changed = overrides.apply(snapshot, {"appetites": {account(): str(Decimal(wan) * WAN)}})
        solution = scenarios.warm(changed, base, time_limit_s=30.0, seed=0, gap=0.0).solved.solution
        assert solution.gap == 0
        values.append((solution.value, solution.bound))

    assert values == sorted(values)
    assert values[0] < values[-1]


def test_pin_without_room_is_named_and_the_rest_is_solved(world, cast):
    from matching import pins

    first, _second = provinces.needs(world, 2, branches=("ICBC-WH",), open_to_other_banks=False)
    pins.approve_pin(pins.set_pin(first, world["ICBC-WH"], kind="pin", reason="协调", by=cast.zhao, at=NOW), by=cast.sun, at=NOW)
    base = provinces.solved(world, cast)

    scenario = solved(base, cast, appetites={account(): "0"})

    assert scenario.report["impossible_pins"] == [first.pk]
    assert scenario.report["scenario"]["matched"] == 0


@pytest.mark.parametrize("name", ["wang", "chen", "bai", "lin", "qian", "mo_bank", "mo_firm", "system"])
def test_only_the_provincial_office_asks(base, cast, name):
    with pytest.raises(NotAllowed):
        asked(base, getattr(cast, name), appetite_percent=110)

    assert not Scenario.objects.exists()


def test_scenarios_are_seen_by_those_who_see_rounds(base, cast):
    scenario = asked(base, cast.zhao, appetite_percent=110)

    seen = {
        name
        for name in ("zhao", "sun", "wang", "chen", "bai", "lin", "mo_bank", "mo_firm")
        if scenario in Scenario.objects.visible_to(getattr(cast, name))
    }
    assert seen == {"zhao", "sun"}


@pytest.mark.parametrize(
    "changes",
    [
        {"appetites": {"999999": "1"}},
        {"appetites": {"x": "1"}},
        {"weights": {"charm": 1}},
        {"weights": {"coverage": 0}},
        {"weights": {"amount": -1}},
        {"weights": {"amount": 1.5}},
        {"case_loads": {"1": -1}},
        {"budgets": {"1:1999": "5"}},
        {"floors": {"1": {"penalty": [3, 3]}}},
        {"appetite_percent": 0},
        {"appetite_percent": "110"},
        {"amounts": {}},
        {"weights": []},
    ],
)
def test_override_that_means_nothing_is_refused(base, cast, changes):
    with pytest.raises(Invalid):
        asked(base, cast.zhao, **changes)


def test_round_without_a_result_is_no_base(world, cast):
    provinces.needs(world)
    with pytest.raises(Conflict, match="尚未算出结果"):
        asked(provinces.frozen(world, cast), cast.zhao, appetite_percent=110)


def test_a_round_has_few_scenarios_under_way(base, cast):
    for percent in range(101, 101 + scenarios.LIVE_MAX):
        asked(base, cast.zhao, appetite_percent=percent)

    with pytest.raises(Conflict):
        asked(base, cast.zhao, appetite_percent=150)


def test_task_solves_once_and_leaves_a_lease_alone(base, cast):
    scenario = asked(base, cast.zhao, appetite_percent=110)
    Scenario.objects.filter(pk=scenario.pk).update(lease_until=timezone.now() + solving.lease())
    tasks.solve_scenario(scenario.pk)
    assert Scenario.objects.get(pk=scenario.pk).state == "asked"

    Scenario.objects.filter(pk=scenario.pk).update(lease_until=None)
    tasks.solve_scenario(scenario.pk)
    first = Scenario.objects.get(pk=scenario.pk)
    tasks.solve_scenario(scenario.pk)

    again = Scenario.objects.get(pk=scenario.pk)
    assert (again.state, again.version, again.result_sha256) == ("solved", first.version, first.result_sha256)


def test_cancelled_scenario_is_left_alone(base, cast, monkeypatch):
    scenario = asked(base, cast.zhao, appetite_percent=50)
    real = optimizer.solve

    def cancel_meanwhile(*args, progress, **options):
        current = Scenario.objects.get(pk=scenario.pk)
        scenarios.cancel(current, by=cast.sun, at=NOW, seen=current.version)
        monkeypatch.setattr(scenarios, "HEARTBEAT_S", 0.0)
        assert progress(Progress("search", 1, 2, 0.5, 3, 0.1)) is False
        return real(*args, progress=progress, **options)

    monkeypatch.setattr(optimizer, "solve", cancel_meanwhile)

    after = scenarios.solve(scenario, at=NOW)

    assert (after.state, after.failure, after.result_sha256) == ("cancelled", "", "")


def test_failed_check_fails_the_scenario_with_the_reason(base, cast, monkeypatch):
    from matching.optimizer import Report, Violation

    monkeypatch.setattr(optimizer, "check", lambda *a, **k: Report(0, 0, (Violation("capacity", "resource 3 is exceeded by 7"),)))

    scenario = scenarios.solve(asked(base, cast.zhao, appetite_percent=50), at=NOW)

    assert (scenario.state, scenario.failure) == ("failed", "ValueError: resource 3 is exceeded by 7")


def test_watch_sends_scenarios_nobody_has_begun(base, cast, monkeypatch):
    scenario = asked(base, cast.zhao, appetite_percent=110)
    now = timezone.now()
    Scenario.objects.filter(pk=scenario.pk).update(asked_at=now)
    assert scenarios.waiting(clock=lambda: now) == []
    assert scenarios.waiting(clock=lambda: now + solving.lease()) == [scenario.pk]
