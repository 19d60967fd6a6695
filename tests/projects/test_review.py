"""The way of a case through the units, by people of every tier, and everybody who may not."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent, Deadline
from common.steps import allowed_verbs
from common.workdays import SHANGHAI
from organisations.models import Membership, ReviewChain, ReviewReason
from projects import drafting, review
from projects.actions import FILING_ACTIONS
from projects.models import EquipmentItem, Filing, FilingVersion, IntendedBank, Need, Project, ReviewStep
from projects.states import FILING_STEPS
from tests import factories, people
from tests.factories import HUBEI, NOW, SINCE, form
from tests.projects.cases import draft, passed, submitted


def day(month: int, of_month: int, hour: int = 10) -> dt.datetime:
    return dt.datetime(2026, month, of_month, hour, tzinfo=SHANGHAI)


def running(filing: Filing) -> dict[str, Deadline]:
    return {row.kind: row for row in Deadline.objects.filter(subject_id=filing.pk, closed_at=None)}


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


def test_one_list_of_drafts_may_not_name_a_project_twice_in_a_track(world, cast):
    one = draft(world, cast)
    code = one.form["project_code"]
    two, third = draft(world, cast, project_code=code), draft(world, cast, track="ndrc", project_code=code)

    results = review.submit_many([one, two, third], by=cast.lin, at=NOW)

    assert [type(result.error) for result in results] == [type(None), Invalid, type(None)]
    assert Project.objects.count() == 1
    assert one.project_id == third.project_id


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


def test_a_case_climbs_to_the_pool_through_every_stage(world, cast):
    filing = submitted(world, cast)
    stops = []
    for officer in (cast.chen, cast.hu, cast.wang, cast.gao, cast.wang, cast.zhao, cast.sun, cast.zhao):
        stops.append((filing.current_step.unit.code, filing.current_step.stage))
        assert "pass" in allowed_verbs(FILING_STEPS, filing, officer)
        review.pass_step(filing, by=officer, at=NOW, seen=filing.version, note="同意")

    assert stops == [
        ("IND-420111", "handler"),
        ("IND-420111", "checker"),
        ("IND-420100", "handler"),
        ("IND-420100", "checker"),
        ("IND-420100", "signer"),
        ("IND-420000", "handler"),
        ("IND-420000", "checker"),
        ("IND-420000", "signer"),
    ]
    row = Filing.objects.get(pk=filing.pk)
    assert (row.state, row.current_step, row.version) == ("in_pool", None, 9)
    assert list(row.steps.order_by("position").values_list("passed_by__username", flat=True)) == [
        "chen",
        "hu",
        "wang",
        "gao",
        "wang",
        "zhao",
        "sun",
        "zhao",
    ]
    assert set(row.steps.values_list("opinion", "passed_at")) == {("同意", NOW)}
    assert running(filing) == {}


def test_each_unit_has_its_own_clock_which_its_stages_share(world, cast):
    filing = submitted(world, cast)

    passed(filing, cast.chen, at=day(3, 4))
    at_county = running(filing)["review"]
    passed(filing, cast.hu, at=day(3, 6))
    at_city = running(filing)["review"]

    assert (at_county.organisation_id, at_county.due_at.date()) == (world["IND-420111"].organisation_id, dt.date(2026, 3, 5))
    assert (at_city.organisation_id, at_city.due_at.astimezone(SHANGHAI).date()) == (
        world["IND-420100"].organisation_id,
        dt.date(2026, 3, 11),
    )
    city = filing.steps.filter(unit=world["IND-420100"]).order_by("position")
    assert {step.due_at for step in city} == {at_city.due_at}
    assert [step.started_at for step in city] == [day(3, 6), None, None]
    assert Deadline.objects.get(pk=at_county.pk).closed_at == day(3, 6)


def test_a_case_that_misses_a_closing_moves_to_the_next_batch_by_itself(world, cast):
    filing = submitted(world, cast)

    passed(filing, cast.chen, cast.hu, at=day(3, 19))  # after the city's closing

    assert filing.batch == world.batches[1]


def test_only_the_stage_of_the_unit_where_it_lies_may_act(world, cast):
    filing = submitted(world, cast)
    strangers = ["hu", "lin", "mo_firm", "mo_county", "dong", "wang", "zhao", "qian", "bai", "mo_bank", "system"]

    for by in (getattr(cast, name) for name in strangers):
        for verb in ("pass", "return", "refuse", "not_accept"):
            more = {"fields": ["name"]} if verb == "return" else {}
            with pytest.raises(NotAllowed):
                FILING_ACTIONS[verb](filing, by=by, at=NOW, seen=filing.version, note="x", **more)
            assert verb not in allowed_verbs(FILING_STEPS, filing, by)

    row = Filing.objects.get(pk=filing.pk)
    assert (row.state, row.current_step_id, row.version) == ("in_review", filing.current_step_id, 1)
    assert AuditEvent.objects.filter(subject_id=filing.pk).count() == 2  # started and submitted


def test_a_unit_sees_only_what_its_chain_carries_to_it(world, cast):
    filing = submitted(world, cast)

    seeing = {name for name in cast.users if Filing.objects.visible_to(getattr(cast, name)).filter(pk=filing.pk).exists()}

    assert seeing == {"lin", "su", "chen", "hu", "wang", "gao", "zhao", "sun"}


def test_a_reader_of_a_county_does_not_see_the_province(world, cast):
    filing = submitted(world, cast)
    county = people.member(world["IND-420115"].organisation, "reader")
    bank = people.member(world["ICBC-WH"].organisation, "reader")
    province = people.member(world["FIN-420000"].organisation, "reader")

    assert not Filing.objects.visible_to(county).exists()
    assert not Filing.objects.visible_to(bank).exists()
    assert Filing.objects.visible_to(province).get() == filing


def test_passing_what_a_colleague_has_passed_is_stale_and_says_so(world, cast):
    deputy = people.member(world["IND-420111"].organisation, "handler")
    filing = submitted(world, cast)
    on_screen = Filing.objects.get(pk=filing.pk)
    passed(filing, cast.chen, note="材料齐全")

    with pytest.raises(Stale) as refused:
        review.pass_step(on_screen, by=deputy, at=NOW, seen=1)

    assert [(change["verb"], change["note"]) for change in refused.value.changed] == [("pass", "材料齐全")]


def test_nobody_passes_a_second_stage_of_the_unit_while_others_can(world, cast):
    filing = passed(submitted(world, cast), cast.chen, cast.hu, cast.wang)

    with pytest.raises(NotAllowed):
        passed(filing, cast.wang)

    passed(filing, cast.gao)
    assert filing.current_step.stage == "signer"


def test_a_unit_of_two_is_not_stuck_at_its_third_stage(world, cast):
    filing = passed(submitted(world, cast), cast.chen, cast.hu, cast.wang, cast.gao)

    assert "pass" in allowed_verbs(FILING_STEPS, filing, cast.wang)
    assert "pass" in allowed_verbs(FILING_STEPS, filing, cast.gao)


def test_a_county_of_one_person_still_works_and_skips_the_city(world, cast):
    filing = submitted(world, cast, region="429004", intended_banks=["CCB-XT"])

    passed(filing, cast.xu, cast.xu)

    assert (filing.current_step.unit.code, filing.state) == ("IND-420000", "in_review")
    assert not filing.steps.filter(unit__kind="city").exists()
    assert not Filing.objects.visible_to(cast.wang).filter(pk=filing.pk).exists()


def test_the_only_checker_leaves_the_first_stage_to_a_colleague(world, cast):
    both = people.member(world["IND-420205"].organisation, "handler", "checker", name="both")
    helper = people.member(world["IND-420205"].organisation, "handler", name="helper")
    both = people.person(people.User.objects.get(username="both"), at=NOW)
    filing = submitted(world, cast, region="420205", intended_banks=[])

    with pytest.raises(NotAllowed):
        passed(filing, both)

    passed(filing, helper, both)
    assert filing.current_step.unit.code == "IND-420200"


def test_whoever_passed_it_in_one_unit_does_not_pass_it_in_another(world, cast):
    Membership.objects.create(
        user=cast.users["chen"], organisation=world["IND-420100"].organisation, role="handler", valid_from=SINCE, province=HUBEI
    )
    chen = people.person(cast.users["chen"], at=NOW)
    filing = passed(submitted(world, cast), chen, cast.hu)

    with pytest.raises(NotAllowed):
        passed(filing, chen)

    passed(filing, cast.wang)


def test_nobody_reviews_what_their_own_firm_filed(world, cast):
    Membership.objects.create(user=cast.users["chen"], organisation=cast.firm, role="firm_clerk", valid_from=SINCE, province=HUBEI)
    chen = people.person(cast.users["chen"], at=NOW)

    with pytest.raises(NotAllowed):
        passed(submitted(world, cast), chen)


def test_a_seat_that_has_ended_no_longer_acts(world, cast):
    Membership.objects.filter(user=cast.users["chen"]).update(valid_to=dt.date(2026, 3, 1))
    chen = people.person(cast.users["chen"], at=NOW)

    with pytest.raises(NotAllowed):
        passed(submitted(world, cast), chen)


def test_a_zone_receives_as_a_county_level_unit(world, cast):
    filing = submitted(world, cast, zone="ZONE-DONGHU")

    assert filing.current_step.unit.code == "ZONE-DONGHU"
    with pytest.raises(NotAllowed):
        passed(filing, cast.chen)
    passed(filing, cast.dong, cast.pan)
    assert filing.current_step.unit.code == "IND-420100"


def test_a_reorganised_chain_leaves_running_cases_alone(world, cast):
    running_case = submitted(world, cast)
    ReviewChain.objects.filter(process="industry", unit=world["IND-420111"]).update(next_unit=world["IND-420000"], stages=["handler"])

    new_case = submitted(world, cast)
    passed(running_case, cast.chen, cast.hu)

    assert running_case.current_step.unit.code == "IND-420100"
    assert [step.unit.code for step in new_case.steps.order_by("position")] == ["IND-420111"] + ["IND-420000"] * 3


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
    Filing.objects.filter(pk=filing.pk).update(returns=2)

    review.return_step(filing, by=cast.zhao, at=NOW, seen=filing.version, note="x", fields=["name"])

    assert running(filing)["escalation"].organisation_id == world["IND-420000"].organisation_id


@pytest.mark.parametrize(("verb", "state"), [("refuse", "refused"), ("not_accept", "not_accepted")])
def test_three_verbs_end_differently_and_stop_every_clock(verb, state, world, cast):
    ReviewReason.objects.create(code="why", verb=verb, sentence="不符合条件。", sentence_en="x")
    filing = submitted(world, cast)

    FILING_ACTIONS[verb](filing, by=cast.chen, at=NOW, seen=filing.version, code="why")

    assert (Filing.objects.get(pk=filing.pk).state, running(filing)) == (state, {})
    event = AuditEvent.objects.get(verb=verb)
    assert (event.note, event.changes) == ("不符合条件。", {"reason": "why"})


@pytest.mark.parametrize("state", ["draft", "in_review", "returned", "in_pool", "reported", "listed"])
def test_the_firm_withdraws_at_any_time_and_says_why(state, world, cast):
    filing = factories.filing(world, cast.firm, state=state)

    with pytest.raises(Invalid):
        review.withdraw(filing, by=cast.lin, at=NOW, seen=filing.version)
    with pytest.raises(NotAllowed):
        review.withdraw(filing, by=cast.mo_firm, at=NOW, seen=filing.version, note="x")
    review.withdraw(filing, by=cast.lin, at=NOW, seen=filing.version, note="改用自有资金")

    assert Filing.objects.get(pk=filing.pk).state == "withdrawn"


def test_review_steps_are_for_cases_in_review(world, cast):
    for state in set(Filing.State.values) - {"in_review"}:
        filing = factories.filing(world, cast.firm, state=state)
        for verb in ("pass", "return", "refuse", "not_accept"):
            with pytest.raises((Conflict, NotAllowed)):
                FILING_ACTIONS[verb](filing, by=cast.chen, at=NOW, seen=filing.version, note="x")
        assert Filing.objects.get(pk=filing.pk).state == state


def test_many_are_submitted_and_passed_each_by_its_own_merits(world, cast):
    drafts = [draft(world, cast), draft(world, cast, term_months="6"), draft(world, cast, region="420205", intended_banks=[])]

    submissions = review.submit_many(drafts, by=cast.lin, at=NOW)
    passes = review.pass_many(drafts, by=cast.chen, at=NOW, note="同意")

    assert [type(result.error) for result in submissions] == [type(None), Invalid, type(None)]
    assert [type(result.error) for result in passes] == [type(None), Conflict, NotAllowed]
    assert [Filing.objects.get(pk=filing.pk).version for filing in drafts] == [2, 0, 1]
    assert list(ReviewStep.objects.exclude(passed_at=None).values_list("filing", "opinion")) == [(drafts[0].pk, "同意")]


def test_many_cost_the_same_for_three_as_for_thirty(world, cast):
    def submit_and_pass(number):
        rows = [draft(world, cast) for _ in range(number)]
        counts = []
        for step in (
            lambda: review.submit_many(rows, by=cast.lin, at=NOW),
            lambda: review.pass_many(rows, by=cast.chen, at=NOW),
            lambda: review.pass_many(rows, by={filing.pk: cast.hu for filing in rows}, at=NOW),
            lambda: review.return_many(rows, by=cast.wang, at=NOW, note="x", fields=["name"]),
            lambda: review.resubmit_many(rows, by=cast.lin, at=NOW),
            lambda: review.refuse_many(rows, by=cast.wang, at=NOW, note="x"),
        ):
            with CaptureQueriesContext(connection) as queries:
                assert [result.error for result in step()] == [None] * number
            counts.append(len(queries))
        return counts

    submit_and_pass(1)

    assert submit_and_pass(3) == submit_and_pass(30)


def test_nothing_at_all_is_no_error(world):
    assert review.submit_many([], by=people.system(NOW), at=NOW) == []
    assert review.pass_many([], by=people.system(NOW), at=NOW) == []


def test_buttons_on_a_list_cost_no_queries(world, cast, django_assert_num_queries):
    for _ in range(3):
        submitted(world, cast)
    rows = list(Filing.objects.visible_to(cast.chen).with_progress())

    with django_assert_num_queries(0):
        verbs = [allowed_verbs(FILING_STEPS, filing, cast.chen) for filing in rows]

    assert verbs == [["pass", "return", "refuse", "not_accept"]] * 3


def test_the_field_history_of_a_project_is_kept(world, cast):
    filing = submitted(world, cast)
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["own_capital"])
    drafting.save_form(filing, form=filing.form | {"own_capital": "1300"}, by=cast.lin, at=NOW, seen=filing.version)

    review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    history = filing.project.events.order_by("pgh_id").values_list("own_capital", flat=True)
    assert list(history) == [Decimal(12_000_000), Decimal(13_000_000)]


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


def test_a_crew_passes_each_case_under_the_name_of_whose_it_is(world, cast):
    class Crew:
        def on(self, filing):
            return cast.chen if filing.current_step.unit.code == "IND-420111" else cast.xu

    rows = [submitted(world, cast), submitted(world, cast, region="429004", intended_banks=[])]

    results = review.pass_many(rows, by=Crew(), at=NOW)

    assert [result.error for result in results] == [None, None]
    assert [filing.steps.get(position=1).passed_by_id for filing in rows] == [cast.chen.user_id, cast.xu.user_id]
