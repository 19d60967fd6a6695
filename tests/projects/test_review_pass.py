"""The way of a case through the units, by people of every tier, and everybody who may not."""

import datetime as dt

import pytest

from common.errors import NotAllowed, Stale
from common.models import AuditEvent, Deadline
from common.steps import allowed_verbs
from common.workdays import SHANGHAI
from organisations.models import Membership, ReviewChain
from projects import review
from projects.actions import FILING_ACTIONS
from projects.models import Filing
from projects.states import FILING_STEPS
from tests import people
from tests.factories import HUBEI, NOW, SINCE
from tests.projects.cases import day, passed, running, submitted


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
