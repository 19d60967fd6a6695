"""The one shape of a step, on filings with a small table of its own."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common import steps
from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, Stale
from common.models import AuditEvent
from common.steps import Step, Taken, allowed_verbs, amend, insert_rows, lock, only, record, record_many, take, take_many, update_rows
from organisations.actors import Person
from projects.models import Filing, Need
from tests import factories
from tests.factories import NOW


def by_owner(filing: Filing, by: Person) -> bool:
    return by.seat(filing.firm_id) is not None


def titled(filing: Filing):
    if not filing.title:
        yield Problem("title", "required", "须有名称。", "请填写。")


STEPS = {
    "send": Step(frozenset({"draft"}), "withdrawn", by_owner, "送出", missing=titled),
    "drop": Step(
        frozenset({"draft", "in_pool"}), lambda filing: "withdrawn" if filing.returns else "retired", by_owner, "放弃", needs_note=True
    ),
}


@pytest.fixture
def filing(cast, world):
    return factories.filing(world, cast.firm, state="in_pool")


@pytest.fixture
def draft(cast, world):
    filing = factories.filing(world, cast.firm, state="in_pool")
    Filing.objects.filter(pk=filing.pk).update(state="draft")
    filing.state = "draft"
    return filing


def events(obj) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(subject="projects.filing", subject_id=obj.pk).order_by("id"))


def test_take_moves_the_state_and_writes_who_when_and_what(draft, cast):
    seen = draft.version

    taken = take(STEPS, "send", draft, by=cast.lin, at=NOW, seen=seen, note="请审核", changes={"returns": 2}, facts={"reason": "x"})

    assert taken is draft
    row = Filing.objects.get(pk=draft.pk)
    assert (row.state, row.version, row.returns) == ("withdrawn", seen + 1, 2)
    (event,) = events(draft)
    assert (event.verb, event.source, event.target, event.seen_version) == ("send", "draft", "withdrawn", seen)
    assert (event.by_user_id, event.by_organisation_id, event.by_label) == (cast.lin.user_id, cast.firm.pk, cast.lin.label)
    assert (event.at, event.note, event.province) == (NOW, "请审核", draft.province)
    assert event.changes == {"returns": [0, 2], "reason": "x"}


def test_take_writes_only_what_it_names(draft, cast):
    Filing.objects.filter(pk=draft.pk).update(list_number="别处写的")
    draft.list_number = "没有保存的"

    take(STEPS, "send", draft, by=cast.lin, at=NOW, seen=draft.version)

    assert Filing.objects.get(pk=draft.pk).list_number == "别处写的"


def test_target_may_depend_on_the_object(draft, cast):
    take(STEPS, "drop", draft, by=cast.lin, at=NOW, seen=draft.version, note="不做了", changes={"title": "甲"})

    assert draft.state == "retired"


@pytest.mark.parametrize("wrong", ["stale", "conflict", "not_allowed", "missing", "no_note", "also", "deleted"])
def test_a_refused_take_leaves_row_and_audit_as_they_were(wrong, draft, cast):
    by, seen, verb, note, also, error = cast.lin, draft.version, "send", "", lambda _obj: (), Invalid
    if wrong == "stale":
        seen, error = draft.version + 1, Stale
    if wrong == "conflict":
        Filing.objects.filter(pk=draft.pk).update(state="listed")
        error = Conflict
    if wrong == "not_allowed":
        by, error = cast.mo_firm, NotAllowed
    if wrong == "missing":
        Filing.objects.filter(pk=draft.pk).update(title="")
    if wrong == "no_note":
        verb, note = "drop", "  "
    if wrong == "also":
        also = lambda _obj: [Problem("x", "y", "z")]  # noqa: E731 -- one case of seven
    if wrong == "deleted":
        draft.pk, error = 0, NotFound
    before = Filing.objects.filter(pk=draft.pk).values().first()

    with pytest.raises(error):
        take(STEPS, verb, draft, by=by, at=NOW, seen=seen, note=note, also=also, changes={"returns": 9})

    assert Filing.objects.filter(pk=draft.pk).values().first() == before
    assert events(draft) == []


def test_invalid_lists_every_problem(draft, cast):
    Filing.objects.filter(pk=draft.pk).update(title="")
    steps = {"send": Step(frozenset({"draft"}), "withdrawn", by_owner, "送出", missing=titled, needs_note=True)}

    with pytest.raises(Invalid) as refused:
        take(steps, "send", draft, by=cast.lin, at=NOW, seen=draft.version, also=lambda _obj: [Problem("form", "bad", "坏了")])

    assert [problem.field for problem in refused.value.problems] == ["title", "form", "note"]


def test_stale_tells_the_own_organisation_everything_that_happened(draft, cast):
    take(STEPS, "send", draft, by=cast.su, at=NOW, seen=draft.version, note="已补齐", changes={"returns": 1})

    with pytest.raises(Stale) as refused:
        take(STEPS, "drop", Filing.objects.get(pk=draft.pk), by=cast.lin, at=NOW, seen=draft.version - 1, note="撤")

    (told,) = refused.value.changed
    assert told == {
        "verb": "send",
        "by": cast.su.label,
        "at": timezone.localtime(NOW).isoformat(),
        "note": "已补齐",
        "changes": {"returns": [0, 1]},
    }
    assert refused.value.version == draft.version


def test_stale_is_no_window_into_another_tenant(draft, cast):
    take(STEPS, "send", draft, by=cast.lin, at=NOW, seen=draft.version, note="内部意见", changes={"returns": 1})

    with pytest.raises(Stale) as refused:
        take(STEPS, "drop", Filing.objects.get(pk=draft.pk), by=cast.mo_firm, at=NOW, seen=0, note="撤")

    assert refused.value.changed == ()


def test_stale_tells_another_organisation_that_may_act_who_but_not_what(draft, cast):
    record(draft, "examine", by=cast.chen, at=NOW, note="只供内部", changes={"secret": [1, 2]})

    with pytest.raises(Stale) as refused:
        take(STEPS, "send", draft, by=cast.lin, at=NOW, seen=draft.version - 1)

    assert refused.value.changed == ({"verb": "examine", "by": cast.chen.label, "at": timezone.localtime(NOW).isoformat()},)


def test_stale_does_not_tell_a_record_of_the_version_that_was_seen(draft, cast):
    record(draft, "read", by=cast.lin, at=NOW)
    seen = draft.version
    take(STEPS, "send", draft, by=cast.su, at=NOW, seen=seen)
    record(draft, "examine", by=cast.su, at=NOW)

    with pytest.raises(Stale) as refused:
        take(STEPS, "drop", Filing.objects.get(pk=draft.pk), by=cast.lin, at=NOW, seen=seen, note="撤")

    assert [told["verb"] for told in refused.value.changed] == ["send", "examine"]


def test_take_asks_permission_without_queries_when_relations_are_loaded(filing, cast, django_assert_num_queries):
    loaded = Filing.objects.with_progress().get(pk=filing.pk)
    steps = {"send": Step(frozenset({"in_pool"}), "listed", lambda f, by: bool(f.firm.name and f.steps.all()) and by_owner(f, by), "送出")}

    with django_assert_num_queries(5):  # savepoint, lock, update, insert, release
        take(steps, "send", loaded, by=cast.lin, at=NOW, seen=loaded.version)

    assert loaded.firm == cast.firm


def test_allowed_verbs_are_those_of_the_state_and_the_person(draft, cast):
    assert allowed_verbs(STEPS, draft, cast.lin) == ["send", "drop"]
    assert allowed_verbs(STEPS, draft, cast.mo_firm) == []
    assert allowed_verbs(STEPS, Filing(state="listed", firm=cast.firm), cast.lin) == []


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


def test_amend_changes_fields_and_version_but_not_the_state(filing, cast):
    need = filing.needs.get()

    amend(
        need,
        "adjust",
        by=cast.lin,
        at=NOW,
        seen=0,
        changes={"amount": Decimal("12.34")},
        allow=lambda row, by: by.seat(row.firm_id) is not None,
    )

    assert Need.objects.values_list("amount", "version").get(pk=need.pk) == (Decimal("12.34"), 1)
    event = AuditEvent.objects.get(subject="projects.need", subject_id=need.pk)
    assert (event.verb, event.changes) == ("adjust", {"amount": ["20000000.00", "12.34"]})


def test_amend_refuses_the_stale_the_stranger_the_wrong_state_and_the_faulty(draft, cast):
    def change(by, seen, *, source="draft", also=lambda _obj: ()):
        amend(draft, "edit", by=by, at=NOW, seen=seen, changes={"title": "新"}, allow=by_owner, source=frozenset({source}), also=also)

    for error, arguments in (
        (Stale, {"by": cast.lin, "seen": draft.version + 1}),
        (NotAllowed, {"by": cast.mo_firm, "seen": draft.version}),
        (Conflict, {"by": cast.lin, "seen": draft.version, "source": "listed"}),
        (Invalid, {"by": cast.lin, "seen": draft.version, "also": lambda _obj: [Problem("title", "x", "y")]}),
    ):
        with pytest.raises(error):
            change(**arguments)

    assert Filing.objects.get(pk=draft.pk).title != "新"
    assert events(draft) == []


def test_amend_may_keep_less_in_the_audit_than_it_wrote(draft, cast):
    amend(
        draft,
        "edit",
        by=cast.lin,
        at=NOW,
        seen=draft.version,
        changes={"title": "新"},
        allow=by_owner,
        told=lambda changed: {"fields": sorted(changed)},
    )

    assert events(draft)[0].changes == {"fields": ["title"]}


def test_record_changes_no_version(draft, cast):
    record(draft, "read", by=cast.chen, at=NOW, changes={"file": "甲"})
    record_many([draft], "read", by={draft.pk: cast.hu}, at=NOW + timedelta(minutes=1))

    assert [(event.verb, event.by_user_id, event.target) for event in events(draft)] == [
        ("read", cast.chen.user_id, "draft"),
        ("read", cast.hu.user_id, "draft"),
    ]
    assert Filing.objects.get(pk=draft.pk).version == draft.version


def test_audit_events_can_be_neither_changed_nor_deleted(draft, cast):
    event = record(draft, "read", by=cast.chen, at=NOW)

    for forbidden in (lambda: AuditEvent.objects.filter(pk=event.pk).update(note="改"), event.delete):
        with pytest.raises(Exception, match="Cannot "), transaction.atomic():
            forbidden()


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


def copy_of(filing: Filing, **other: object) -> Filing:
    """A filing like this one that is not in the database."""
    values = {
        field.attname: getattr(filing, field.attname) for field in Filing._meta.concrete_fields if field.attname not in ("id", "batch_id")
    }
    return Filing(**{**values, "state": "draft", **other})


@pytest.fixture(params=[1, 1000], ids=["copied", "inserted"])
def both_ways(request, monkeypatch):
    monkeypatch.setattr(steps, "COPIED_FROM", request.param)


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


def this_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return cursor.fetchone()[0]


def test_insert_rows_of_nothing_asks_nothing(db):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        insert_rows([])

    assert len(queries) == 0


def test_take_many_leaves_unread_what_the_caller_did_not_load(filing, cast):
    (row,) = Filing.objects.filter(pk=filing.pk).defer("form")

    taken = only(take_many(STEPS, "drop", [row], by=cast.lin, at=NOW, note="不再需要"))

    assert (taken.state, taken.get_deferred_fields()) == ("retired", {"form"})
    assert taken.form == filing.form
