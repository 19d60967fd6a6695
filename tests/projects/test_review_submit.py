"""Submitting: the typed rows, the version, the way through the units; one project once in a track."""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent, Deadline
from projects import drafting, review
from projects.models import EquipmentItem, Filing, FilingVersion, IntendedBank, Need, Project, ReviewStep
from tests.factories import NOW, form
from tests.projects.cases import day, draft, running, submitted


def written() -> dict[str, int]:
    return {
        model.__name__: model.objects.count() for model in (Project, EquipmentItem, Need, IntendedBank, FilingVersion, ReviewStep, Deadline)
    }


def test_submitting_writes_the_typed_rows_the_version_and_the_way(world, cast):
    filing = draft(world, cast, later_needs=[{"year": "2027", "amount": "300"}])

    review.submit(filing, by=cast.lin, at=NOW, seen=0)

    row = Filing.objects.get(pk=filing.pk)
    assert (row.state, row.version, row.submitted_at, row.batch) == ("in_review", 1, NOW, world.batches[0])
    assert (row.current_step.unit.code, row.current_step.stage) == ("IND-420111", "handler")
    project = row.project
    assert (project.firm, project.region.code, project.total_investment) == (cast.firm, "420111", Decimal(40_000_000))
    assert [item.name for item in project.equipment.order_by("position")] == ["数控加工中心", "制造执行系统"]
    assert list(row.needs.order_by("year").values_list("year", "amount", "term_months", "rate_cap_bp")) == [
        (2026, Decimal(20_000_000), 60, 350),
        (2027, Decimal(3_000_000), 60, 350),
    ]
    assert [bank.branch.code for bank in row.needs.get(year=2027).intended_banks.order_by("rank")] == ["ICBC-WH", "CCB-WH"]
    version = row.versions.get()
    assert (version.number, version.form) == (1, filing.form)
    assert [step.unit.code for step in row.steps.order_by("position")] == ["IND-420111"] * 2 + ["IND-420100"] * 3 + ["IND-420000"] * 3
    event = AuditEvent.objects.get(subject="projects.filing", subject_id=filing.pk, verb="submit")
    assert (event.source, event.target, event.by_user_id, event.seen_version) == ("draft", "in_review", cast.lin.user_id, 0)
    clock = running(filing)["review"]
    assert (clock.organisation_id, clock.starts_at, clock.due_at) == (
        world["IND-420111"].organisation_id,
        NOW,
        day(3, 5).replace(hour=23, minute=59, second=59),
    )
    assert row.current_step.due_at == clock.due_at


def test_an_invalid_form_is_told_everything_and_leaves_nothing_half_saved(world, cast):
    filing = draft(world, cast, term_months="6", amount="9999", region="999999")
    before = written()

    with pytest.raises(Invalid) as refused:
        review.submit(filing, by=cast.lin, at=NOW, seen=0)

    assert {problem.field for problem in refused.value.problems} == {"term_months", "amount", "region"}
    assert Filing.objects.get(pk=filing.pk).state == "draft"
    assert written() == before
    assert not AuditEvent.objects.filter(verb="submit").exists()


def test_only_the_firm_submits_and_a_stranger_learns_nothing_of_the_form(world, cast):
    filing = draft(world, cast, term_months="6")

    for by in (cast.mo_firm, cast.chen, cast.mo_county, cast.zhao, cast.bai, cast.system):
        with pytest.raises(NotAllowed) as refused:
            review.submit(filing, by=by, at=NOW, seen=0)
        assert [problem.field for problem in refused.value.problems] == [""]

    assert Filing.objects.get(pk=filing.pk).state == "draft"


def test_submitting_what_someone_has_changed_since_is_stale(world, cast):
    filing = draft(world, cast)
    drafting.save_form(Filing.objects.get(pk=filing.pk), form=filing.form | {"name": "新"}, by=cast.su, at=NOW, seen=0)

    with pytest.raises(Stale):
        review.submit(filing, by=cast.lin, at=NOW, seen=0)

    assert not Project.objects.exists()


def test_submitting_twice_is_a_conflict(world, cast):
    filing = submitted(world, cast)

    with pytest.raises(Conflict):
        review.submit(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert Project.objects.count() == 1


def test_one_project_is_filed_once_in_a_track(world, cast):
    first = submitted(world, cast)
    again = draft(world, cast, project_code=first.form["project_code"])

    with pytest.raises(Invalid) as refused:
        review.submit(again, by=cast.lin, at=NOW, seen=0)

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("project_code", "already_filed")]


def test_one_project_may_go_through_both_tracks_if_both_say_the_same(world, cast):
    first = submitted(world, cast)
    same = draft(world, cast, track="ndrc", project_code=first.form["project_code"])
    other = draft(world, cast, track="ndrc", project_code=first.form["project_code"], own_capital="1500", completes_on="2027-07-31")

    with pytest.raises(Invalid) as refused:
        review.submit(other, by=cast.lin, at=NOW, seen=0)
    review.submit(same, by=cast.lin, at=NOW, seen=0)

    assert [problem.field for problem in refused.value.problems] == ["completes_on", "own_capital"]
    assert same.project_id == first.project_id
    assert Filing.objects.get(pk=same.pk).current_step.unit.code == "NDRC-420111"
    assert EquipmentItem.objects.filter(project=first.project).count() == 2


def test_the_same_code_of_another_firm_is_another_project(world, cast):
    first = submitted(world, cast)
    theirs = drafting.start_filing(
        cast.other_firm,
        programme=world.programme,
        track="industry",
        by=cast.mo_firm,
        at=NOW,
        form=form(project_code=first.form["project_code"]),
    )

    review.submit(theirs, by=cast.mo_firm, at=NOW, seen=0)

    assert theirs.project_id != first.project_id


def test_a_project_left_out_may_be_filed_again_and_stays_the_same_project(world, cast):
    first = submitted(world, cast)
    Filing.objects.filter(pk=first.pk).update(state="not_listed")
    again = draft(world, cast, project_code=first.form["project_code"], own_capital="1500")

    review.submit(again, by=cast.lin, at=NOW, seen=0)

    assert again.project_id == first.project_id
    assert Project.objects.get().own_capital == Decimal(15_000_000)


def test_a_late_submission_falls_into_the_next_batch(world, cast):
    filing = draft(world, cast)

    review.submit(filing, by=cast.lin, at=day(3, 17), seen=0)

    assert filing.batch == world.batches[1]


@pytest.mark.django_db(transaction=True)
def test_one_project_submitted_twice_at_the_same_moment_is_filed_once(world, cast):
    code = form()["project_code"]
    drafts = [draft(world, cast, project_code=code), draft(world, cast, project_code=code)]
    answers: list = [None, None]
    ready = threading.Barrier(2)

    def run(place):
        ready.wait(10)
        try:
            answers[place] = review.submit(Filing.objects.get(pk=drafts[place].pk), by=cast.lin, at=NOW, seen=0)
        except Exception as error:  # noqa: BLE001 -- the test looks at whatever happened
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(type(answer).__name__ for answer in answers) == ["Filing", "Invalid"]
    assert Project.objects.count() == 1
