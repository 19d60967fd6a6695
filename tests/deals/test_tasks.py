"""Time does its part once, however often the task runs."""

import datetime as dt

from common.models import AuditEvent, Deadline
from deals import tasks
from deals.actions import ANSWER_ACTIONS, ANSWER_ROW_ACTIONS, DEAL_ACTIONS, FILING_ACTIONS, INVITATION_ACTIONS, ROUND_ACTIONS
from deals.docking.states import DOCKING_STEPS
from deals.docking.steps import DOCKING_ACTIONS
from deals.funding.states import BATCH_STEPS
from deals.funding.steps import BATCH_ACTIONS
from deals.models import AccrualLine
from deals.recovery.actions import RECOVERY_ACTIONS
from deals.recovery.states import RECOVERY_STEPS
from deals.states import DEAL_STEPS, INVITATION_STEPS
from deals.subsidies.actions import CLAIM_ACTIONS
from deals.subsidies.states import STEPS_OF_CHANNEL
from matching.states import ROUND_STEPS
from organisations import reminders
from projects.actions import FORWARD_ACTIONS
from projects.answers.states import ANSWER_STEPS, ROW_STEPS
from projects.forwarding.states import FORWARD_STEPS
from projects.states import FILING_STEPS
from tests.deals import cases
from tests.deals.cases import DAY
from tests.deals.subsidies import example
from tests.factories import NOW

BY_SYSTEM = {
    "filing": {"roll", "reinstate"},
    "invitation": {"expire", "lapse", "withdraw"},
    "deal": {"lapse"},
    "round": {"start", "solve", "fail", "publish_child"},
}


def test_reminders_at_a_half_at_four_fifths_and_overdue(world, cast):
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]

    assert reminders.remind(at=NOW + DAY) == 0
    assert reminders.remind(at=NOW + 2 * DAY) == 1
    assert reminders.remind(at=NOW + 2 * DAY) == 0
    assert reminders.remind(at=NOW + 3 * DAY) == 1
    assert reminders.remind(at=NOW + 4 * DAY) == 1
    assert reminders.remind(at=NOW + 9 * DAY) == 0

    assert cases.verbs(row) == ["invite", "remind_half", "remind_soon", "overdue"]
    assert cases.fresh(row).state == "open"  # noticed, never decided
    deadline = Deadline.objects.get(subject="deals.invitation")
    assert (deadline.reminded_at_50, deadline.overdue_noticed_at) == (NOW + 2 * DAY, NOW + 4 * DAY)


def test_late_run_makes_up_for_all_marks(world, cast):
    cases.invited(world, cast, "ICBC-WH")

    assert reminders.remind(at=NOW + 30 * DAY) == 3


def test_accrual_task_books_every_loan_once(world, cast):
    example.loan(world, cast)

    assert tasks.accrue_due(until=example.QUARTERS[0], at=example.END) == 2
    assert tasks.accrue_due(until=example.QUARTERS[0], at=example.END) == 0
    assert AccrualLine.objects.count() == 2


def test_tasks_ask_the_clock_of_the_service(world, cast, monkeypatch):
    cases.invited(world, cast, "ICBC-WH")
    monkeypatch.setattr(tasks, "now", lambda: NOW + 60 * DAY)

    assert (tasks.expire(), tasks.accrue()) == (1, 0)
    assert AuditEvent.objects.filter(verb="expire").count() == 1
    assert dt.timedelta(days=1) == DAY


def test_every_step_a_person_takes_has_its_action():
    assert set(INVITATION_ACTIONS) == set(INVITATION_STEPS) - BY_SYSTEM["invitation"]
    assert set(DEAL_ACTIONS) == set(DEAL_STEPS) - BY_SYSTEM["deal"]
    assert set(FILING_ACTIONS) == set(FILING_STEPS) - BY_SYSTEM["filing"]
    assert set(ROUND_ACTIONS) == set(ROUND_STEPS) - BY_SYSTEM["round"]
    assert set(CLAIM_ACTIONS) == set().union(*STEPS_OF_CHANNEL.values()) - {"drop"}  # by a decision of recovery or an objection
    assert set(RECOVERY_ACTIONS) == set(RECOVERY_STEPS) - {"close"}
    assert set(BATCH_ACTIONS) == set(BATCH_STEPS)
    assert set(DOCKING_ACTIONS) == set(DOCKING_STEPS) - {"offer_rest", "seek", "return", "settle", "end"}  # as banks and begin() have it
    assert set(FORWARD_ACTIONS) == set(FORWARD_STEPS)
    assert set(ANSWER_ACTIONS) == set(ANSWER_STEPS)
    assert set(ANSWER_ROW_ACTIONS) == set(ROW_STEPS) - {"settle", "doubt"}  # taken with the whole answer
