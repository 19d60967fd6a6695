"""Several people at the same rows at the same moment."""

import threading

import pytest
from django.db import connection, transaction

from common.errors import Stale
from common.models import AuditEvent
from common.steps import lock, take, take_many
from projects.models import Filing, Need
from tests import factories
from tests.common.steps.cases import STEPS
from tests.factories import NOW


def in_threads(*jobs):
    """Run the jobs at the same time, each on a connection of its own; what each returned or raised."""
    ready = threading.Barrier(len(jobs))
    answers: list = [None] * len(jobs)

    def run(place, job):
        ready.wait(10)
        try:
            answers[place] = job()
        except Exception as error:  # noqa: BLE001 -- the test looks at whatever happened
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_people_on_one_row_one_wins_and_the_other_is_told(world, cast):
    filing = factories.filing(world, cast.firm, state="draft")

    def send(by):
        return lambda: take(STEPS, "send", Filing.objects.get(pk=filing.pk), by=by, at=NOW, seen=0, note=by.label)

    answers = in_threads(send(cast.lin), send(cast.su))

    (loser,) = [answer for answer in answers if isinstance(answer, Exception)]
    (winner,) = [answer for answer in answers if not isinstance(answer, Exception)]
    assert isinstance(loser, Stale)
    assert [change["verb"] for change in loser.changed] == ["send"]
    assert winner.version == Filing.objects.get(pk=filing.pk).version == 1
    assert AuditEvent.objects.filter(verb="send").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_lists_that_overlap_in_opposite_order_do_not_deadlock(world, cast):
    filings = factories.filings(world, [cast.firm] * 40, state="draft")

    def send(rows):
        return lambda: take_many(STEPS, "send", rows, by=cast.lin, at=NOW, seen=dict.fromkeys([f.pk for f in rows], 0))

    def copies():
        return list(Filing.objects.order_by("pk"))

    answers = in_threads(send(copies()), send(copies()[::-1]))

    errors = [[type(result.error) for result in results if result.error] for results in answers]
    assert sorted(map(len, errors)) == [0, len(filings)]
    assert AuditEvent.objects.filter(verb="send").count() == len(filings)


@pytest.mark.django_db(transaction=True)
def test_lock_does_not_stop_new_rows_that_point_to_the_locked_one(world, cast):
    filing = factories.filing(world, cast.firm, state="draft")
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            lock(Filing.objects.filter(pk=filing.pk))
            held.set()
            return done.wait(20)

    def add():
        held.wait(20)
        Need.objects.create(
            filing=filing,
            project=factories.filing(world, cast.firm).project,
            firm=cast.firm,
            year=2030,
            amount=1,
            term_months=12,
            securities=[],
            province="420000",
        )
        done.set()
        return "added"

    assert in_threads(hold, add) == [True, "added"]
