"""The demonstration's own course on a small province: it runs to its end, it can be run again, and a budget of nothing unmatches nobody."""

import json

import pytest

from deals import commitments, invariants
from deals.subsidies.models import SubsidyClaim
from ledger import accounts
from matching import rounds, solving, tasks
from matching.models import Recommendation, Round
from organisations.actors import system
from schemes.models import Budget, SchemeVersion
from seeds.demo import account
from seeds.demo.course import Course
from seeds.demo.people import Staff
from seeds.demo.stages import done, moment
from seeds.models import DemoStage
from seeds.stories import ROUND_ON

pytestmark = pytest.mark.long
FIRMS, FILINGS = 150, 220


class Nobody:
    """Stands for the worker processes: the test solves in its own."""

    def stand_at(self, at):
        pass

    def watch(self):
        pass


@pytest.fixture
def course(db, monkeypatch):
    monkeypatch.setenv("FULCRUM_DEMO", "1")
    found = Course(FIRMS, FILINGS)
    for stage in found.setting():
        stage.once(done())

    def solve(pk):
        solving.solve(Round.objects.get(pk=pk), at=moment(ROUND_ON, "09:20"))

    monkeypatch.setattr(tasks.solve_round, "delay", solve)
    return found


def _happen(course, *, until="9"):
    finished = done()
    for stage in course.events(Nobody(), lambda _round: None):
        if stage.name >= until:
            return
        stage.once(finished)


def test_the_course_runs_to_its_end_and_only_once(course):
    _happen(course)
    first = account.figures()
    stages = DemoStage.objects.count()

    _happen(course)

    assert json.loads(json.dumps(first)) == account.figures()
    assert DemoStage.objects.count() == stages
    assert (first["filings"], first["invariants"], first["round"]["checked"]) == (FILINGS, "ok", True)
    assert first["round"]["gap"] <= 0.03
    assert min(first["deals"].values()) > 0
    assert SubsidyClaim.objects.filter(state=SubsidyClaim.State.SETTLED).values("scheme__channel").distinct().count() == 2


def test_a_budget_of_nothing_unmatches_nobody_and_promises_no_subsidy(course):
    _happen(course, until=f"{ROUND_ON} 09:00")
    full = _solved(course, "with")
    at = moment(ROUND_ON, "09:30")
    rounds.void(full, by=course.staff.office(course.office.organisation_id, "signer"), at=at, seen=full.version, note="测算")
    for budget in Budget.objects.filter(scheme__code="HB-ADDON").select_related("account"):
        used = budget.account.held + budget.account.posted
        accounts.set_limit(budget.account_id, used, business_key=f"test:{budget.pk}", by=system(at), at=at)

    empty = _solved(course, "without")

    addon = set(SchemeVersion.objects.filter(scheme__code="HB-ADDON").values_list("code", flat=True))
    stacks = [json.dumps(row.stack) for row in Recommendation.objects.filter(round=empty, rank=0)]
    assert empty.matched >= full.matched > 0
    assert not [stack for stack in stacks if any(code in stack for code in addon)]
    assert list(invariants.breaches()) == []


def _solved(course, number):
    at = moment(ROUND_ON, "09:00")
    by = Staff(at=at).office(course.office.organisation_id, "handler")
    planned = rounds.plan(course.programme, province="420000", planned_for=ROUND_ON, by=by, at=at, number=number)
    commitments.freeze(planned, by=by, at=at, seen=planned.version)
    solving.solve(planned, at=at)
    planned.refresh_from_db()
    return planned
