"""Sealing the audit trail, and every way of tampering with it by somebody who owns the database."""

import threading
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from common.errors import Conflict
from common.models import AuditEvent, AuditSeal
from organisations.audit import horizon, seal, unsealed, verify
from tests.factories import HUBEI, NOW

pytestmark = pytest.mark.django_db(transaction=True)


def event(number: int = 1, **changed) -> AuditEvent:
    facts = {
        "subject": "x.y",
        "subject_id": number,
        "verb": "v",
        "by_label": "甲",
        "at": NOW,
        "note": "意见",
        "changes": {"b": [1, "二"], "a": None},
    }
    return AuditEvent.objects.create(**facts | {"province": HUBEI} | changed)


@pytest.fixture
def sealed(alone_on_the_server):
    """Two seals of three and two events."""
    for number in range(3):
        event(number)
    first = seal(NOW)
    for number in range(3, 5):
        event(number)
    return first, seal(NOW)


@contextmanager
def as_owner_of_the_database():
    """With triggers switched off, as only the database's owner can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def where(breaches) -> list[str]:
    return [breach.where.split(" (")[0] for breach in breaches]


def test_seals_follow_each_other_and_cover_every_event_once(sealed):
    first, second = sealed

    assert (first.events, second.events) == (3, 2)
    assert second.previous_digest == first.digest
    assert first.horizon <= second.horizon
    assert seal(NOW) is None
    assert unsealed() == 0
    assert verify() == []


@contextmanager
def a_slow_writer():
    """Another session that has written event 2 and has not committed."""
    begun, done = threading.Event(), threading.Event()

    def slowly():
        with transaction.atomic():
            event(2)
            begun.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=slowly)
    thread.start()
    begun.wait(20)
    try:
        yield
    finally:
        done.set()
        thread.join(20)


def test_the_horizon_of_the_server_never_passes_a_running_transaction():
    with a_slow_writer():
        later = event(3)
        assert horizon() < AuditEvent.objects.get(pk=later.pk).transaction_id
        sealed_now = seal(NOW)

    assert sealed_now is None
    assert unsealed() == 2


def test_an_event_of_a_running_transaction_waits_for_the_next_seal(alone_on_the_server):
    event(1)
    with a_slow_writer():
        event(3)
        first = seal(NOW)
    second = seal(NOW)

    assert (first.events, second.events) == (1, 2)
    assert verify() == []


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE common_auditevent SET note = '改' WHERE id = %s",
        "UPDATE common_auditevent SET changes = '{}' WHERE id = %s",
        "UPDATE common_auditevent SET at = at + interval '1 second' WHERE id = %s",
        "UPDATE common_auditevent SET by_label = '乙' WHERE id = %s",
        "UPDATE common_auditevent SET by_organisation_id = 7 WHERE id = %s",
        "DELETE FROM common_auditevent WHERE id = %s",
    ],
)
def test_a_changed_or_deleted_event_shows_in_its_seal(tamper, sealed):
    first, _second = sealed

    with as_owner_of_the_database() as cursor:
        cursor.execute(tamper, [first.first_event_id + 1])

    assert where(verify()) == [f"AuditSeal {first.pk}"]


def test_an_event_slipped_in_later_shows(sealed):
    first, _second = sealed
    old = AuditEvent.objects.get(pk=first.first_event_id).transaction_id

    event(9, transaction_id=old)

    assert where(verify()) == [f"AuditSeal {first.pk}"]


def test_an_event_of_a_transaction_that_never_was_shows(sealed):
    forged = event(9, transaction_id=2**50)

    assert where(verify()) == [f"AuditEvent {forged.pk}"]


def test_a_deleted_seal_shows_even_if_its_events_are_deleted_too(sealed):
    first, second = sealed

    with as_owner_of_the_database() as cursor:
        cursor.execute("DELETE FROM common_auditevent WHERE id <= %s", [first.last_event_id])
        cursor.execute("DELETE FROM common_auditseal WHERE id = %s", [first.pk])

    assert f"AuditSeal {second.pk}" in where(verify())


def test_a_seal_made_anew_shows_in_the_next(sealed):
    first, second = sealed

    with as_owner_of_the_database() as cursor:
        cursor.execute("UPDATE common_auditseal SET digest = %s WHERE id = %s", ["f" * 64, first.pk])

    assert where(verify()) == [f"AuditSeal {first.pk}", f"AuditSeal {second.pk}"]


def test_a_chain_cut_short_shows_where_its_end_was_kept_elsewhere(sealed):
    _first, second = sealed

    with as_owner_of_the_database() as cursor:
        cursor.execute("DELETE FROM common_auditevent WHERE id >= %s", [second.first_event_id])
        cursor.execute("DELETE FROM common_auditseal WHERE id = %s", [second.pk])

    assert verify() == []
    assert where(verify(expect=second.digest)) == [second.digest[:12]]


def test_a_guard_switched_off_shows(sealed):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE common_auditevent DISABLE TRIGGER USER")
        try:
            assert where(verify()) == ["common_auditevent"]
        finally:
            cursor.execute("ALTER TABLE common_auditevent ENABLE TRIGGER USER")

    assert verify() == []


def test_a_database_rebuilt_from_a_dump_is_not_sealed_in_silence(sealed):
    with as_owner_of_the_database() as cursor:
        cursor.execute("UPDATE common_auditseal SET horizon = 1::bigint << 60")

    with pytest.raises(Conflict):
        seal(NOW)


def test_two_sealers_do_not_seal_an_event_twice(alone_on_the_server):
    for number in range(50):
        event(number)
    ready = threading.Barrier(2)

    def run():
        ready.wait(10)
        seal(NOW)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sum(AuditSeal.objects.values_list("events", flat=True)) == 50
    assert verify() == []


def test_the_command_prints_ok_or_each_breach(sealed, capsys):
    first, second = sealed
    event(9)

    call_command("verify_audit", expect=first.digest)
    assert capsys.readouterr().out == f"ok: 2 seals, 1 events not sealed yet, last digest {second.digest}\n"
    call_command("verify_audit", "--seal")
    assert capsys.readouterr().out.startswith("ok: 3 seals, 0 events")

    with as_owner_of_the_database() as cursor:
        cursor.execute("UPDATE common_auditevent SET verb = 'w' WHERE id = %s", [second.last_event_id])
    with pytest.raises(CommandError, match="1 breaches"):
        call_command("verify_audit")
    assert f"AuditSeal {second.pk}" in capsys.readouterr().err
