"""One step on a list: a result for each row."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from common.models import AuditEvent
from common.steps import Step, Taken, only, take_many
from projects.models import Filing
from tests import factories
from tests.common.steps.cases import STEPS, by_owner, events
from tests.factories import NOW


def test_take_many_answers_row_by_row_in_the_order_given(world, cast):
    mine, other = factories.filings(world, [cast.firm, cast.other_firm], state="in_pool")
    drafts = factories.filings(world, [cast.firm] * 2, state="draft")
    Filing.objects.filter(pk=drafts[1].pk).update(title="")

    results = take_many(STEPS, "send", [drafts[1], mine, drafts[0], other], by=cast.lin, at=NOW)

    assert [result.obj for result in results] == [drafts[1], mine, drafts[0], other]
    assert [type(result.error) for result in results] == [Invalid, Conflict, type(None), Conflict]
    assert Filing.objects.get(pk=drafts[0].pk).state == "withdrawn"
    assert [event.subject_id for event in AuditEvent.objects.filter(verb="send")] == [drafts[0].pk]


def test_take_many_costs_the_same_for_three_rows_and_for_three_hundred(world, cast):
    owners = [cast.firm] * 303
    drafts = factories.filings(world, owners, state="draft")

    counts = []
    for rows in (drafts[:3], drafts[3:]):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            results = take_many(STEPS, "send", rows, by=cast.lin, at=NOW)
        counts.append(len(queries))
        assert all(result.error is None for result in results)

    assert counts == [5, 6]  # savepoint, lock, update, insert (many: numbers, then rows), release
    assert AuditEvent.objects.filter(verb="send").count() == 303


def test_take_many_takes_a_row_named_twice_once_and_reports_one_that_is_gone(draft, cast):
    gone = Filing(pk=0, version=0)

    results = take_many(STEPS, "send", [draft, draft, gone], by=cast.lin, at=NOW)

    assert [(result.obj, type(result.error)) for result in results] == [(draft, type(None)), (gone, NotFound)]
    assert [event.verb for event in events(draft)] == ["send"]


def test_take_many_lets_each_row_have_its_own_actor_version_and_changes(world, cast):
    mine, other, late = factories.filings(world, [cast.firm, cast.other_firm, cast.firm], state="draft")

    results = take_many(
        STEPS,
        "send",
        [mine, other, late],
        by={mine.pk: cast.lin, other.pk: cast.mo_firm, late.pk: cast.lin},
        at=NOW,
        seen={mine.pk: 0, other.pk: 0, late.pk: 7},
        changes=lambda admitted: {
            filing.pk: {"title": f"第{filing.pk}号", "form": {"a": [1, "二"]}, "open_fields": ["x", "y"]} for filing in admitted
        },
    )

    assert [type(result.error) for result in results] == [type(None), type(None), Stale]
    assert [event.by_user_id for event in AuditEvent.objects.filter(verb="send").order_by("subject_id")] == [
        cast.lin.user_id,
        cast.mo_firm.user_id,
    ]
    row = Filing.objects.get(pk=other.pk)
    assert (row.title, row.form, row.open_fields) == (f"第{other.pk}号", {"a": [1, "二"]}, ["x", "y"])
    assert Filing.objects.get(pk=late.pk).version == 0


def test_take_many_writes_values_of_every_kind(world, cast):
    filings = factories.filings(world, [cast.firm] * 2, state="draft")
    changes = {
        filings[0].pk: {"listed_on": NOW.date(), "submitted_at": NOW, "batch": world.batches[1]},
        filings[1].pk: {"listed_on": None, "batch": None},
    }

    take_many(STEPS, "send", filings, by=cast.lin, at=NOW, changes=changes)

    rows = Filing.objects.filter(pk__in=changes).order_by("pk").values_list("listed_on", "submitted_at", "batch", "form")
    assert list(rows) == [(NOW.date(), NOW, world.batches[1].pk, filings[0].form), (None, None, None, filings[1].form)]


def test_take_many_cuts_nothing_to_fit(draft, cast):
    with pytest.raises(Exception, match="value too long"):
        take_many(STEPS, "send", [draft], by=cast.lin, at=NOW, changes={draft.pk: {"list_number": "长" * 61}})


def test_take_many_writes_nothing_when_one_row_breaks_the_database(world, cast):
    drafts = factories.filings(world, [cast.firm] * 2, state="draft")
    steps = {"send": Step(frozenset({"draft"}), "listed", by_owner, "送出")}  # listed without a project: refused by the database

    with pytest.raises(Exception, match="submitted_has_project"), transaction.atomic():
        take_many(steps, "send", drafts, by=cast.lin, at=NOW)

    assert {filing.state for filing in Filing.objects.all()} == {"draft"}
    assert not AuditEvent.objects.filter(verb="send").exists()


def test_only_returns_the_object_or_raises_its_error(draft):
    assert only([Taken(draft)]) is draft
    with pytest.raises(NotAllowed):
        only([Taken(draft, NotAllowed())])


def test_take_many_leaves_unread_what_the_caller_did_not_load(filing, cast):
    (row,) = Filing.objects.filter(pk=filing.pk).defer("form")

    taken = only(take_many(STEPS, "drop", [row], by=cast.lin, at=NOW, note="不再需要"))

    assert (taken.state, taken.get_deferred_fields()) == ("retired", {"form"})
    assert taken.form == filing.form
