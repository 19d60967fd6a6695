"""What the database itself holds for every app: append-only rows, one open deadline of a kind, one answer per key."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from common.errors import Invalid
from common.models import AuditEvent, AuditSeal, CalendarException, Deadline, IdempotencyKey
from tests.factories import HUBEI, NOW

pytestmark = pytest.mark.django_db


def event(**changed) -> AuditEvent:
    return AuditEvent.objects.create(
        **{"subject": "x.y", "subject_id": 1, "verb": "v", "by_label": "甲", "at": NOW, "province": HUBEI} | changed
    )


def test_a_text_longer_than_its_column_is_refused_by_name():
    with pytest.raises(Invalid) as refused:
        event(verb="v" * 61)

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("verb", "too_long")]


def deadline(**changed) -> Deadline:
    facts = {"subject": "x.y", "subject_id": 1, "kind": "review", "organisation_id": 1, "starts_at": NOW, "due_at": NOW + timedelta(days=3)}
    return Deadline.objects.create(**facts | {"province": HUBEI} | changed)


def seal() -> AuditSeal:
    return AuditSeal.objects.create(first_event_id=1, last_event_id=1, events=1, horizon=1, previous_digest="", digest="d" * 64, at=NOW)


@pytest.mark.parametrize("make", [event, seal])
def test_append_only_rows_refuse_update_and_delete_from_django_and_from_sql(make):
    row = make()
    table = row._meta.db_table

    for forbidden in (
        lambda: type(row).objects.update(at=NOW + timedelta(days=1)),
        lambda: type(row).objects.all().delete(),
        lambda: connection.cursor().execute(f"UPDATE {table} SET at = now()"),  # noqa: S608 -- our own table
        lambda: connection.cursor().execute(f"DELETE FROM {table}"),  # noqa: S608 -- our own table
    ):
        with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
            forbidden()

    assert type(row).objects.get() == row


def test_an_audit_event_knows_the_transaction_that_wrote_it():
    first, second = event(), event()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (current,) = cursor.fetchone()

    assert set(AuditEvent.objects.values_list("transaction_id", flat=True)) == {current}
    assert first.pk < second.pk


def test_one_open_deadline_of_a_kind():
    first = deadline()

    with pytest.raises(IntegrityError, match="one_open_deadline_of_a_kind"), transaction.atomic():
        deadline()
    deadline(kind="correction")
    Deadline.objects.filter(pk=first.pk).update(closed_at=NOW)
    deadline()

    assert Deadline.objects.filter(closed_at=None).count() == 2


def test_a_key_is_answered_once_for_each_organisation_and_route():
    key = {"organisation_id": 1, "route": "/a", "key": "k", "body_sha256": "", "at": NOW}
    IdempotencyKey.objects.create(**key)

    IdempotencyKey.objects.create(**key | {"organisation_id": 2})
    IdempotencyKey.objects.create(**key | {"route": "/b"})
    with pytest.raises(IntegrityError, match="idempotency_key_once"), transaction.atomic():
        IdempotencyKey.objects.create(**key)


def test_a_day_has_one_calendar_row():
    CalendarException.objects.create(day=date(2030, 1, 1), is_working=False, source="x")

    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarException.objects.create(day=date(2030, 1, 1), is_working=True, source="y")
