"""Cases that end in review: refused, not accepted, withdrawn."""

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from organisations.models import ReviewReason
from projects import review
from projects.actions import FILING_ACTIONS
from projects.models import Filing
from tests import factories
from tests.factories import NOW
from tests.projects.cases import running, submitted


@pytest.mark.parametrize(("verb", "state"), [("refuse", "refused"), ("not_accept", "not_accepted")])
def test_three_verbs_end_differently_and_stop_every_clock(verb, state, world, cast):
    ReviewReason.objects.create(code="why", verb=verb, sentence="不符合条件。", sentence_en="x")
    filing = submitted(world, cast)

    FILING_ACTIONS[verb](filing, by=cast.chen, at=NOW, seen=filing.version, code="why")

    assert (Filing.objects.get(pk=filing.pk).state, running(filing)) == (state, {})
    event = AuditEvent.objects.get(verb=verb)
    assert (event.note, event.changes) == ("不符合条件。", {"reason": "why"})


@pytest.mark.parametrize("state", ["draft", "in_review", "returned", "in_pool", "reported", "listed"])
def test_the_firm_withdraws_at_any_time_and_says_why(state, world, cast):
    filing = factories.filing(world, cast.firm, state=state)

    with pytest.raises(Invalid):
        review.withdraw(filing, by=cast.lin, at=NOW, seen=filing.version)
    with pytest.raises(NotAllowed):
        review.withdraw(filing, by=cast.mo_firm, at=NOW, seen=filing.version, note="x")
    review.withdraw(filing, by=cast.lin, at=NOW, seen=filing.version, note="改用自有资金")

    assert Filing.objects.get(pk=filing.pk).state == "withdrawn"


def test_review_steps_are_for_cases_in_review(world, cast):
    for state in set(Filing.State.values) - {"in_review"}:
        filing = factories.filing(world, cast.firm, state=state)
        for verb in ("pass", "return", "refuse", "not_accept"):
            with pytest.raises((Conflict, NotAllowed)):
                FILING_ACTIONS[verb](filing, by=cast.chen, at=NOW, seen=filing.version, note="x")
        assert Filing.objects.get(pk=filing.pk).state == state
