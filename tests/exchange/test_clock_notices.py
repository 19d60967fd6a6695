"""The clocks of a review as notices: the officer at a half, the whole office at four fifths, the tier above once overdue; each once."""

import datetime as dt

import pytest
import time_machine

from common.models import AuditEvent
from common.workdays import SHANGHAI
from exchange import telling
from exchange.models import Channel, Notice
from organisations import tasks
from organisations.models import User
from projects.case import assigning, consultations
from tests import people
from tests.factories import NOW
from tests.projects.cases import passed, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ways(settings):
    settings.EMAIL_URL = "set"


def strike(*parts):
    """Whom that moment told what; the tasks run twice, as they may."""
    at = dt.datetime(*parts, tzinfo=SHANGHAI)
    last = AuditEvent.objects.latest("id").pk
    with time_machine.travel(at, tick=False):
        tasks.remind()
        tasks.remind()
    events = list(AuditEvent.objects.filter(pk__gt=last).order_by("id"))
    for _again in range(2):
        telling.tell(events, at=at)
    rows = Notice.objects.filter(event__in=events, channel=Channel.IN_APP).select_related("recipient")
    return {(row.recipient.username, row.kind) for row in rows}


def test_the_officer_then_the_office_then_the_tier_above_are_told(world, cast):
    submitted(world, cast)  # with Chen of the county for three working days from Monday 2 March

    assert strike(2026, 3, 3, 9) == set()
    assert strike(2026, 3, 4, 9) == {("chen", "filing.remind_half")}
    assert strike(2026, 3, 5, 9) == {("chen", "filing.remind_soon"), ("hu", "filing.remind_soon")}
    assert strike(2026, 3, 6, 9) == {(name, "filing.overdue") for name in ("chen", "hu", "wang", "gao", "zhao", "sun")}
    assert strike(2026, 3, 9, 9) == set()


def test_the_named_officer_alone_is_told_first(world, cast):
    filing = passed(submitted(world, cast), cast.chen, cast.hu)  # with the city, where Wang and Gao hold every stage
    assigning.assign(filing, assignee=cast.gao.user_id, by=cast.wang, at=NOW)

    assert strike(2026, 3, 4, 9) == {("gao", "filing.remind_half")}


def test_each_event_is_one_row_for_a_recipient_and_a_way(world, cast):
    User.objects.filter(pk__in=[cast.chen.user_id, cast.hu.user_id]).update(email="officer@example.com")
    submitted(world, cast)

    for day in (4, 5, 6):
        strike(2026, 3, day, 9)

    rows = Notice.objects.filter(recipient__in=[cast.chen.user_id, cast.hu.user_id], kind__startswith="filing.").exclude(
        kind="filing.submit"
    )
    told = list(rows.values_list("event__verb", "recipient__username", "channel"))
    assert len(told) == len(set(told)) == 10  # Chen of three events, Hu of two, by two ways each


def test_a_consultation_reminds_the_asked_unit_and_is_supervised(world, cast):
    people.member(world["NDRC-420111"].organisation, "handler", name="li")
    filing = submitted(world, cast)
    consultations.ask(filing, to_unit="NDRC-420111", question="是否符合产业政策？", by=cast.chen, at=NOW)  # five working days
    passed(filing, cast.chen, cast.hu)

    half = strike(2026, 3, 5, 9)
    over = strike(2026, 3, 10, 9)

    assert ("li", "consultation.remind_half") in half
    assert {name for name, kind in over if kind == "consultation.overdue"} == {"li", "zhao", "sun"}
