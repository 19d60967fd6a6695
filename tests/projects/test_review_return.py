"""Returned to the firm and handed in again: what is open, whose clock runs, who hears of it the third time."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Invalid
from common.models import AuditEvent
from common.workdays import SHANGHAI
from organisations.models import ReviewReason
from projects import drafting, review
from projects.models import Filing, FilingVersion, IntendedBank, Project
from tests.factories import NOW, form
from tests.projects.cases import day, passed, running, submitted


def test_returning_pauses_the_unit_and_starts_the_firms_clock_in_working_days(world, cast):
    filing = submitted(world, cast)  # Monday 2 March; the county is due on Thursday 5

    review.return_step(filing, by=cast.chen, at=day(3, 3), seen=filing.version, note="名称不一致", fields=["name"])

    row = Filing.objects.get(pk=filing.pk)
    assert (row.state, row.returns, row.open_fields) == ("returned", 1, ["name"])
    clocks = running(filing)
    assert clocks["review"].paused_at == day(3, 3)
    assert (clocks["correction"].organisation_id, clocks["correction"].due_at.astimezone(SHANGHAI).date()) == (
        cast.firm.pk,
        dt.date(2026, 3, 10),
    )
    event = AuditEvent.objects.get(verb="return")
    assert (event.note, event.changes) == ("名称不一致", {"returns": [0, 1], "open_fields": [[], ["name"]]})


def test_new_year_closes_no_returned_case(world, cast):
    filing = submitted(world, cast)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="名称不一致", fields=["name"])

    review.resubmit(filing, by=cast.lin, at=NOW.replace(year=2027), seen=filing.version)

    assert (filing.state, filing.form["year"]) == ("in_review", "2026")


def test_resubmitting_goes_back_to_who_returned_it_with_the_days_given_back(world, cast):
    filing = passed(submitted(world, cast), cast.chen)
    review.return_step(filing, by=cast.hu, at=day(3, 3), seen=filing.version, note="x", fields=["name"])
    drafting.save_form(filing, form=filing.form | {"name": "改正后的名称"}, by=cast.su, at=day(3, 5), seen=filing.version)

    review.resubmit(filing, by=cast.lin, at=day(3, 6), seen=filing.version)

    row = Filing.objects.get(pk=filing.pk)
    assert (row.state, row.title, row.open_fields, row.current_step.stage) == ("in_review", "改正后的名称", [], "checker")
    assert row.project.name == "改正后的名称"
    clocks = running(filing)
    assert set(clocks) == {"review"}
    assert (clocks["review"].paused_at, clocks["review"].due_at.astimezone(SHANGHAI).date()) == (None, dt.date(2026, 3, 10))
    assert row.current_step.due_at == clocks["review"].due_at
    assert list(row.versions.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert row.steps.get(position=1).passed_by_id == cast.chen.user_id


def test_resubmitting_keeps_a_need_of_the_same_year_and_drops_one_no_longer_asked(world, cast):
    filing = submitted(world, cast, later_needs=[{"year": 2027, "amount": "100"}, {"year": 2028, "amount": "100"}])
    kept = filing.needs.get(year=2027).pk
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["later_needs", "intended_banks"])
    typed = filing.form | {"later_needs": [{"year": 2027, "amount": "150"}], "intended_banks": ["CCB-WH"]}
    drafting.save_form(filing, form=typed, by=cast.lin, at=NOW, seen=filing.version)

    review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert list(filing.needs.order_by("year").values_list("year", "amount", "version")) == [
        (2026, Decimal(20_000_000), 1),
        (2027, Decimal(1_500_000), 1),
    ]
    assert filing.needs.get(year=2027).pk == kept
    assert set(IntendedBank.objects.filter(need__filing=filing).values_list("branch__code", "rank")) == {("CCB-WH", 1)}


def test_resubmitting_is_judged_again_and_leaves_nothing_half_saved(world, cast):
    filing = submitted(world, cast)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["term_months"])
    drafting.save_form(filing, form=filing.form | {"term_months": "6"}, by=cast.lin, at=NOW, seen=filing.version)

    with pytest.raises(Invalid):
        review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert Filing.objects.get(pk=filing.pk).state == "returned"
    assert FilingVersion.objects.count() == 1
    assert set(running(filing)) == {"review", "correction"}


def test_a_returned_case_cannot_move_to_another_county(world, cast):
    filing = submitted(world, cast)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["region"])
    drafting.save_form(filing, form=filing.form | {"region": "420115"}, by=cast.lin, at=NOW, seen=filing.version)

    with pytest.raises(Invalid) as refused:
        review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("region", "receiver_changes")]
    assert Project.objects.get().region.code == "420111"


def test_a_project_code_may_be_added_but_not_taken_from_another_project(world, cast):
    other = submitted(world, cast)
    filing = submitted(world, cast, project_code="")
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["project_code"])
    drafting.save_form(filing, form=filing.form | {"project_code": other.form["project_code"]}, by=cast.lin, at=NOW, seen=filing.version)

    with pytest.raises(Invalid):
        review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    good = form()["project_code"]
    drafting.save_form(filing, form=filing.form | {"project_code": good}, by=cast.lin, at=NOW, seen=filing.version)
    review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)
    assert Filing.objects.get(pk=filing.pk).project.code == good


@pytest.mark.parametrize(
    ("given", "field"),
    [({"fields": []}, "fields"), ({"fields": ["nothing"]}, "fields"), ({"fields": ["name"], "note": " "}, "note"), ({"code": "x"}, "code")],
)
def test_a_return_names_fields_and_says_why(given, field, world, cast):
    filing = submitted(world, cast)

    with pytest.raises(Invalid) as refused:
        review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, **{"note": "理由", "fields": ["name"]} | given)

    assert [problem.field for problem in refused.value.problems] == [field]
    assert Filing.objects.get(pk=filing.pk).state == "in_review"


def test_a_coded_reason_brings_its_sentence_and_its_fields(world, cast):
    ReviewReason.objects.create(
        code="amounts", verb="return", sentence="数字不一致。", sentence_en="x", fields=["total_investment", "own_capital", "gone"]
    )
    filing = submitted(world, cast)

    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, code="amounts")

    assert filing.open_fields == ["total_investment", "own_capital"]
    event = AuditEvent.objects.get(verb="return")
    assert (event.note, event.changes["reason"]) == ("数字不一致。", "amounts")


def test_a_third_return_is_escalated_to_the_unit_above(world, cast):
    filing = submitted(world, cast)
    for _time in range(3):
        review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["name"])
        escalated = AuditEvent.objects.filter(verb="escalate").count()
        assert escalated == (1 if filing.returns == 3 else 0)
        if filing.returns < 3:
            review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    clock = running(filing)["escalation"]
    assert clock.organisation_id == world["IND-420100"].organisation_id

    review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)
    passed(filing, cast.chen, cast.hu)
    assert set(running(filing)) == {"review"}


def test_the_province_has_nobody_above_to_escalate_to(world, cast):
    filing = passed(submitted(world, cast), cast.chen, cast.hu, cast.wang, cast.gao, cast.wang)
    filing.steps.filter(unit=world["IND-420000"], stage="handler").update(returns=2)

    review.return_step(filing, by=cast.zhao, at=NOW, seen=filing.version, note="x", fields=["name"])

    assert running(filing)["escalation"].organisation_id == world["IND-420000"].organisation_id


def test_the_field_history_of_a_project_is_kept(world, cast):
    filing = submitted(world, cast)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["own_capital"])
    drafting.save_form(filing, form=filing.form | {"own_capital": "1300"}, by=cast.lin, at=NOW, seen=filing.version)

    review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    history = filing.project.events.order_by("pgh_id").values_list("own_capital", flat=True)
    assert list(history) == [Decimal(12_000_000), Decimal(13_000_000)]
