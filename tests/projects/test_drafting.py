"""A draft keeps everything as typed; a returned case opens only what was named and what is tied to it."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent
from projects import drafting, review
from projects.drafting import editable_fields, save_form, start_filing, start_many
from projects.form_fields import FIELDS
from projects.models import Filing, Project
from tests import factories
from tests.factories import NOW, form
from tests.projects.cases import draft, submitted


def test_a_draft_is_started_by_its_own_firm(world, cast):
    filing = start_filing(cast.firm, programme=world.programme, track="ndrc", by=cast.su, at=NOW)

    assert (filing.state, filing.firm, filing.track, filing.form, filing.project) == ("draft", cast.firm, "ndrc", {}, None)
    event = AuditEvent.objects.get(subject="projects.filing", subject_id=filing.pk)
    assert (event.verb, event.by_user_id) == ("start", cast.su.user_id)


def test_nobody_else_starts_one_for_it(world, cast):
    for stranger in (cast.mo_firm, cast.chen, cast.zhao, cast.bai, cast.system):
        with pytest.raises(NotAllowed):
            start_filing(cast.firm, programme=world.programme, track="industry", by=stranger, at=NOW)

    assert not Filing.objects.exists()


def test_many_drafts_cost_as_much_as_one(world, cast, django_assert_num_queries):
    with django_assert_num_queries(4):  # savepoint, two inserts, release
        start_many(
            [(cast.firm, form()), (cast.other_firm, form()), (cast.firm, {})],
            programme=world.programme,
            track="industry",
            by={cast.firm.pk: cast.lin, cast.other_firm.pk: cast.mo_firm},
            at=NOW,
        )

    assert [event.by_user_id for event in AuditEvent.objects.order_by("id")] == [cast.lin.user_id, cast.mo_firm.user_id, cast.lin.user_id]


def test_a_draft_keeps_what_was_typed_whatever_the_rules_say(world, cast):
    filing = draft(world, cast)
    typed = form(name="  新名称 ", term_months="6", amount="很多", intended_banks=["x"] * 9)

    save_form(filing, form=typed, by=cast.su, at=NOW, seen=filing.version)

    row = Filing.objects.get(pk=filing.pk)
    assert (row.form, row.title, row.version, row.form_saved_at) == (typed, "新名称", 1, NOW)


def test_the_audit_names_the_changed_fields_without_repeating_the_form(world, cast):
    filing = draft(world, cast)

    save_form(filing, form=filing.form | {"term_months": "72", "rate_cap": ""}, by=cast.lin, at=NOW, seen=0)

    assert AuditEvent.objects.get(verb="save").changes == {"fields": ["rate_cap", "term_months"]}


def test_typed_dates_and_decimals_compare_as_they_are_kept():
    old = {"a": "2026-03-01", "b": "12.50", "c": ""}

    assert drafting.changed_fields(old, {"a": dt.date(2026, 3, 1), "b": Decimal("12.50"), "d": []}) == []


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800", float("nan"), {"x": [{"y": float("inf")}]}, "长" * 200_000])
def test_what_the_database_cannot_hold_is_refused_and_the_draft_stays(bad, world, cast):
    filing = draft(world, cast)

    with pytest.raises(Invalid):
        save_form(filing, form=filing.form | {"content": bad}, by=cast.lin, at=NOW, seen=0)

    assert Filing.objects.get(pk=filing.pk).version == 0


@pytest.mark.parametrize("bad", [["a list"], "text"])
def test_a_form_that_is_none_is_refused(bad, world, cast):
    with pytest.raises(Invalid):
        start_filing(cast.firm, programme=world.programme, track="industry", by=cast.lin, at=NOW, form=bad)


def test_another_firm_cannot_save_into_it_nor_learn_what_it_says(world, cast):
    filing = draft(world, cast)

    with pytest.raises(NotAllowed):
        save_form(filing, form={}, by=cast.mo_firm, at=NOW, seen=0)
    with pytest.raises(Stale) as refused:
        save_form(Filing.objects.get(pk=filing.pk), form={}, by=cast.mo_firm, at=NOW, seen=9)

    assert refused.value.changed == ()
    assert Filing.objects.get(pk=filing.pk).form == filing.form


def test_two_clerks_do_not_overwrite_each_other(world, cast):
    filing = draft(world, cast)
    hers, his = Filing.objects.get(pk=filing.pk), Filing.objects.get(pk=filing.pk)
    save_form(hers, form=hers.form | {"name": "甲"}, by=cast.su, at=NOW, seen=0)

    with pytest.raises(Stale) as refused:
        save_form(his, form=his.form | {"name": "乙"}, by=cast.lin, at=NOW, seen=0)

    assert refused.value.changed[-1]["changes"] == {"fields": ["name"]}
    assert Filing.objects.get(pk=filing.pk).title == "甲"


def test_a_case_in_review_cannot_be_edited(world, cast):
    filing = submitted(world, cast)

    with pytest.raises(Conflict):
        save_form(filing, form={}, by=cast.lin, at=NOW, seen=filing.version)

    assert editable_fields(filing) == frozenset()


def test_a_returned_case_opens_the_named_fields_and_those_tied_to_them(world, cast):
    filing = submitted(world, cast)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="设备单价有误", fields=["equipment"])

    assert {"equipment", "equipment_investment", "total_investment", "amount"} <= editable_fields(filing)
    typed = filing.form | {
        "equipment": [{"name": "数控加工中心", "unit_price": "80", "quantity": "40", "amount": "3200"}],
        "equipment_investment": "3200",
        "total_investment": "4200",
        "amount": "2100",
    }
    save_form(filing, form=typed, by=cast.lin, at=NOW, seen=filing.version)
    review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    project = Project.objects.get(pk=filing.project_id)
    assert (project.total_investment, project.equipment_investment) == (Decimal(42_000_000), Decimal(32_000_000))
    assert [(row.position, row.amount) for row in project.equipment.order_by("position")] == [(1, Decimal(32_000_000))]
    assert filing.needs.get().amount == Decimal(21_000_000)


def test_a_returned_case_refuses_a_change_elsewhere_and_names_it(world, cast):
    filing = submitted(world, cast)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["name"])

    with pytest.raises(Invalid) as refused:
        save_form(
            filing, form=filing.form | {"name": "好名称", "term_months": "72", "region": "420115"}, by=cast.lin, at=NOW, seen=filing.version
        )

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [
        ("region", "field_locked"),
        ("term_months", "field_locked"),
    ]
    assert Filing.objects.get(pk=filing.pk).form["name"] == "智能化产线改造项目"


def test_a_draft_may_be_changed_everywhere(world, cast):
    assert editable_fields(factories.filing(world, cast.firm, state="draft")) == FIELDS.keys()
