"""A request sent twice acts once, also at the same moment."""

import threading
import time

import pytest
from django.db import connection

from common.errors import Conflict, Invalid
from common.models import AuditEvent, IdempotencyKey
from organisations.actors import Person, Seat
from organisations.idempotency import answer_once
from tests.factories import HUBEI, NOW


def by(organisation_id=1, user_id=1) -> Person:
    return Person(user_id=user_id, label="甲", at=NOW, seats=(Seat(organisation_id, "firm", "firm_owner", HUBEI),))


class Work:
    """Something that leaves a trace each time it is done."""

    def __init__(self, *, seconds=0.0, error=None):
        self.seconds, self.error = seconds, error

    def __call__(self):
        AuditEvent.objects.create(subject="x.y", subject_id=1, verb="worked", by_label="甲", at=NOW, province=HUBEI)
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        return 201, {"number": self.done(), "名": "值"}

    @staticmethod
    def done() -> int:
        return AuditEvent.objects.filter(verb="worked").count()


def ask(work, *, key="k", body=None, route="/api/x/", actor=None):
    return answer_once(by=actor or by(), at=NOW, route=route, key=key, body=body or {"a": 1, "b": 2}, act=work)


@pytest.mark.django_db
def test_the_same_request_gets_the_same_answer_and_acts_once():
    first = ask(Work())
    again = ask(Work(), body={"b": 2, "a": 1})

    assert first == again == (201, {"number": 1, "名": "值"})
    assert Work.done() == 1


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused():
    ask(Work())

    with pytest.raises(Invalid) as refused:
        ask(Work(), body={"a": 2})

    assert (refused.value.status, refused.value.problems[0].code) == (422, "key_reused")
    assert Work.done() == 1


@pytest.mark.django_db
def test_a_key_belongs_to_its_organisation_person_and_route():
    ask(Work())
    ask(Work(), actor=by(organisation_id=2))
    ask(Work(), actor=by(user_id=2))
    ask(Work(), route="/api/y/")

    assert Work.done() == IdempotencyKey.objects.count() == 4


@pytest.mark.django_db
def test_without_a_key_it_is_simply_done():
    ask(Work(), key="")
    ask(Work(), key="")

    assert (Work.done(), IdempotencyKey.objects.count()) == (2, 0)


@pytest.mark.django_db
def test_a_refused_request_keeps_no_answer_and_may_be_sent_again():
    with pytest.raises(Conflict):
        ask(Work(error=Conflict()))

    assert (Work.done(), IdempotencyKey.objects.count()) == (0, 0)
    assert ask(Work())[0] == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["k" * 81, "a\x00b"])
def test_a_key_the_table_cannot_hold_is_refused(key):
    with pytest.raises(Invalid):
        ask(Work(), key=key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first_fails", [False, True])
def test_a_twin_at_the_same_moment_waits_and_does_not_act_twice(first_fails):
    answers: dict[str, object] = {}
    started = threading.Event()

    class Slow(Work):
        def __call__(self):
            started.set()
            return super().__call__()

    def run(name, work):
        try:
            answers[name] = ask(work)
        except Conflict as error:
            answers[name] = error
        finally:
            connection.close()

    first = threading.Thread(target=run, args=("first", Slow(seconds=0.4, error=Conflict() if first_fails else None)))
    twin = threading.Thread(target=run, args=("twin", Work()))
    first.start()
    started.wait(10)
    twin.start()
    first.join(20)
    twin.join(20)

    assert answers["twin"] == (201, {"number": 1, "名": "值"})
    assert isinstance(answers["first"], Conflict) if first_fails else answers["first"] == answers["twin"]
    assert Work.done() == 1
