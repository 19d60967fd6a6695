"""Bank, firm and task at one need at the same moment: whoever comes second finds what the first has done, and nothing is done twice."""

import pytest

from common.errors import Stale
from deals import bank_review, invariants, tasks
from deals.docking import steps
from deals.models import Deal, Invitation, SecondDocking
from tests.common.steps.test_at_once import in_threads
from tests.deals import cases
from tests.deals.cases import DAY
from tests.deals.docking import courses
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + 40 * DAY


def test_late_bank_and_asking_firm_come_one_after_the_other(world, cast):
    cases.invited(world, cast, "ICBC-WH")
    tasks.expire_due(at=LATER)
    assert sum(in_threads(*[lambda: tasks.dock_due(at=LATER)] * 2)) == 1
    docking = SecondDocking.objects.get()
    late = courses.letter(docking, "ICBC-WH")

    def accept():
        return bank_review.accept(Invitation.objects.get(pk=late.pk), by=cast.bai, at=LATER, seen=late.version)

    def ask():
        return steps.ask(docking, first="HBB-WH", by=cast.lin, at=LATER, seen=docking.version)

    accepted, *asked = in_threads(accept, ask, ask)

    told = sorted(type(answer).__name__ for answer in asked)
    assert isinstance(accepted, Deal)  # late acceptance is possible as long as the firm is free
    assert told in (["SecondDocking", "Stale"], ["Stale", "Stale"])
    assert all(isinstance(answer, SecondDocking | Stale) for answer in asked)
    letters = Invitation.objects.filter(branch__code="HBB-WH").count()
    assert (letters, courses.fresh(docking).rounds_used) == ((1, 1) if told[0] == "SecondDocking" else (0, 0))
    assert courses.fresh(docking).state == "seeking"
    assert list(invariants.breaches()) == []
