"""One step on one object, and an edit that changes no state."""

from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, Stale
from common.models import AuditEvent
from common.steps import Step, allowed_verbs, amend, take
from projects.models import Filing, Need
from tests.common.steps.cases import STEPS, by_owner, events, titled
from tests.factories import NOW


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
