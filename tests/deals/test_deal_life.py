"""Lives of deals in any order of steps (`tests.deals.life`), with every invariant asked after each step."""

import os
from collections import Counter

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from deals.actions import DEAL_ACTIONS, INVITATION_ACTIONS
from deals.docking.steps import DOCKING_ACTIONS
from deals.invariants import CHECKS
from tests.deals.life.claiming import TAKEN, Claiming
from tests.deals.life.docking import Docking
from tests.deals.life.inviting import Inviting
from tests.deals.life.lending import Lending
from tests.deals.life.limits import Limits
from tests.deals.life.projects import Projects
from tests.deals.life.promises import Promises

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_prepared")]


class Life(Projects, Inviting, Docking, Lending, Claiming, Limits, Promises):
    """A province where two firms, three branches and the offices go on as they please, while time runs."""

    @rule(data=st.data())
    def goes_on(self, data):
        """Something takes its next step by whoever is to take it, as in most lives; the other rules are for what goes astray."""
        kinds = [ways for kind in (self.next_of_claim, self.next_of_deal, self.next_of_invitation) if (ways := list(kind()))]
        if kinds:
            row, verb, right, call, facts = data.draw(st.sampled_from(data.draw(st.sampled_from(kinds))))
            self.go(call, row, data.draw(st.sampled_from(right)), right, verb, **facts)

    goes_on_again = goes_on_further = goes_on_and_on = goes_on


@pytest.fixture
def _prepared(db):
    with connection.cursor() as cursor:
        for number, check in enumerate(CHECKS):
            cursor.execute(f"PREPARE check_{number} AS {check.sql}")
        yield
        cursor.execute("DEALLOCATE ALL")


def live(world, cast, *, examples, steps, **how):
    Life.steps, Life.done = Counter(), Counter()
    run_state_machine_as_test(
        lambda: Life(world, cast),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            database=None,
            **how,
        ),
    )


def test_any_order_of_steps_keeps_every_promise(world, cast):
    live(world, cast, examples=3, steps=25, derandomize=True)

    assert Life.steps["taken"] > 50


@pytest.mark.long
def test_five_thousand_steps_keep_every_promise(world, cast, record_property):
    lives = int(os.environ.get("FULCRUM_LIVES", "110"))  # fewer to look for something, more over night

    live(world, cast, examples=lives, steps=60)

    done = {what: number for what, number in Life.done.items() if not what.startswith("refused")}
    refused = sum(Life.done.values()) - sum(done.values())
    record_property("lives", f"{Life.steps['taken']:,} steps, {sum(done.values()):,} commands done, {refused:,} refused: {done}")
    assert Life.steps["taken"] >= 46 * lives
    assert lives < 100 or {*INVITATION_ACTIONS, *DEAL_ACTIONS, *DOCKING_ACTIONS, *TAKEN} <= set(Life.done)
