"""Rows by the thousand."""

from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from common.models import AuditEvent, Deadline
from common.steps import among, copy_rows, insert_missing, insert_rows, record_many, update_rows
from common.steps import rows as written_rows
from projects.models import Filing, Need
from tests import factories
from tests.factories import NOW


def copy_of(filing: Filing, **other: object) -> Filing:
    """A filing like this one that is not in the database."""
    values = {
        field.attname: getattr(filing, field.attname) for field in Filing._meta.concrete_fields if field.attname not in ("id", "batch_id")
    }
    return Filing(**{**values, "state": "draft", **other})


@pytest.fixture(params=[1, 1000], ids=["copied", "inserted"])
def both_ways(request, monkeypatch):
    monkeypatch.setattr(written_rows, "COPIED_FROM", request.param)


def this_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return cursor.fetchone()[0]


def test_update_rows_writes_every_kind_of_value_exactly(world, cast):
    moment = NOW.replace(microsecond=123_456)
    filings = factories.filings(world, [cast.firm] * 3, state="in_pool")
    needs = list(Need.objects.order_by("pk"))
    for number, (filing, need) in enumerate(zip(filings, needs, strict=True)):
        filing.submitted_at, filing.listed_on, filing.open_fields = moment, NOW.date(), ["a,b", '"c"', "{d}"][: number + 1]
        filing.form, filing.title, filing.batch = {"x": [1.5, None, "“引号”\\"]}, "'; DROP TABLE x; --%s", None
        need.amount, need.rate_cap_bp, need.open_to_other_banks = Decimal("1234567890123456.78"), None, number == 1

    update_rows(filings, ["submitted_at", "listed_on", "open_fields", "form", "title", "batch"])
    update_rows(needs, ["amount", "rate_cap_bp", "open_to_other_banks"])

    for filing in filings:
        row = Filing.objects.get(pk=filing.pk)
        assert (row.submitted_at, row.listed_on, row.open_fields) == (moment, NOW.date(), filing.open_fields)
        assert (row.form, row.title, row.batch_id) == (filing.form, filing.title, None)
    assert list(Need.objects.order_by("pk").values_list("amount", "rate_cap_bp", "open_to_other_banks")) == [
        (Decimal("1234567890123456.78"), None, False),
        (Decimal("1234567890123456.78"), None, True),
        (Decimal("1234567890123456.78"), None, False),
    ]


def test_update_rows_refuses_what_it_cannot_write(draft):
    draft.title = object()

    with pytest.raises(TypeError):
        update_rows([draft], ["title"])


@pytest.mark.usefixtures("both_ways")
def test_insert_rows_writes_every_kind_of_value_exactly(filing):
    moment = NOW.replace(microsecond=123_456)
    form = {"x": [1.5, None, "“引号”\\"], "n": Decimal("0.10"), "t": "a\tb\nc\\N"}
    other = {"submitted_at": moment, "listed_on": NOW.date(), "open_fields": ["a,b", '"c"', "{d}"], "title": "'; --%s\t\\N", "form": form}

    rows = [copy_of(filing, **other), copy_of(filing, form={}, track=Filing.State.DRAFT)]
    insert_rows(rows)

    first, second = Filing.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    assert [first.pk, second.pk] == [row.pk for row in rows]
    assert (first.submitted_at, first.listed_on, first.open_fields, first.title) == (
        moment,
        NOW.date(),
        other["open_fields"],
        other["title"],
    )
    assert (first.form, second.form, second.track) == ({**form, "n": "0.10"}, {}, "draft")
    assert (first.firm_id, first.version, second.batch_id, second.submitted_at) == (
        filing.firm_id,
        filing.version,
        None,
        filing.submitted_at,
    )


@pytest.mark.usefixtures("both_ways")
def test_insert_rows_gives_ids_that_the_next_single_row_continues(filing, cast):
    rows = [copy_of(filing), copy_of(filing)]

    insert_rows(rows)
    rows[0].title = "甲"
    rows[0].save(update_fields=["title"])
    single = copy_of(filing)
    single.save()

    assert rows[0].pk < rows[1].pk < single.pk
    assert Filing.objects.get(pk=rows[0].pk).title == "甲"


@pytest.mark.usefixtures("both_ways")
def test_insert_rows_keeps_constraints_triggers_and_defaults_of_the_database(filing, cast):
    record_many([filing, filing], "look", by=cast.lin, at=NOW)

    events = AuditEvent.objects.filter(verb="look")
    assert set(events.values_list("transaction_id", flat=True)) == {this_transaction()}
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        events.update(note="x")
    with pytest.raises(IntegrityError, match="submitted_has_project"), transaction.atomic():
        insert_rows([copy_of(filing, state="in_pool", project_id=None)])


def test_insert_rows_of_nothing_asks_nothing(db):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        insert_rows([])

    assert len(queries) == 0


def opened(thing, kind, at):
    same = {"subject": "x.thing", "organisation_id": 7, "starts_at": NOW, "province": "420000"}
    insert_missing(Deadline, ("subject_id", "kind", "due_at"), [(thing, kind, at)], same=same)


def test_copy_rows_fills_what_is_the_same_and_what_defaults_say(cast):
    same = {"subject": "x.thing", "verb": "look", "by_user": cast.lin.user_id, "by_label": "a\tb\\N", "at": NOW, "province": "420000"}

    copy_rows(AuditEvent, ("subject_id", "changes"), [(1, {"a": "“b”\\"}), (2, {})], same=same)

    rows = AuditEvent.objects.filter(subject="x.thing").order_by("pk")
    assert [(row.subject_id, row.changes) for row in rows] == [(1, {"a": "“b”\\"}), (2, {})]
    assert {(row.by_user_id, row.by_label, row.note, row.seen_version, row.source, row.transaction_id) for row in rows} == {
        (cast.lin.user_id, "a\tb\\N", "", 0, "", this_transaction())
    }


def test_insert_missing_leaves_what_is_there(db):
    opened(1, "review", NOW)

    opened(1, "review", NOW.replace(hour=1))
    opened(2, "review", NOW.replace(hour=1))

    rows = Deadline.objects.order_by("subject_id")
    assert [(row.subject_id, row.due_at, row.paused_days) for row in rows] == [(1, NOW, 0), (2, NOW.replace(hour=1), 0)]


def test_insert_missing_refuses_what_does_not_fit_and_nothing_is_nothing(db):
    insert_missing(Deadline, ("subject_id",), [])
    with pytest.raises(DataError), transaction.atomic():
        opened(1, "x" * 41, NOW)

    assert not Deadline.objects.exists()


def test_among_asks_for_thousands_in_one_parameter(filing):
    with CaptureQueriesContext(connection) as queries:
        found = list(Filing.objects.filter(pk__in=among([filing.pk, *range(-3000, 0)])).values_list("pk", flat=True))

    assert (found, len(queries)) == ([filing.pk], 1)
