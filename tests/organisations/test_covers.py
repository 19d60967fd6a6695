"""替岗: the deputy sees and does what the absent officer would, under their own name; two of one task stay two pairs of eyes."""

import datetime as dt

import pytest
from rest_framework.test import APIClient

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from common.steps import allowed_verbs
from exchange.receivers import Desk, Seating
from organisations import covers
from organisations.actors import person
from organisations.models import Cover, PolicyParameter, User
from projects import queries, review
from projects.case import assigning
from projects.models import Filing, ReviewStep
from projects.states import FILING_STEPS
from tests import factories, people
from tests.factories import NOW, TODAY
from tests.people import signed_in
from tests.projects.cases import submitted

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
WEEK = {"from_on": TODAY, "to_on": TODAY + 6 * DAY}


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture
def unit(world):
    return world["IND-420111"].organisation


@pytest.fixture
def third(unit):
    """A second checker of the county, so that Hu is not the only one."""
    return people.member(unit, "checker", name="third")


def named(unit, absent, deputy, *, by=None, **days):
    return covers.name(
        absent=f"{unit.pk}:{absent.user_id}", deputy=f"{unit.pk}:{deputy.user_id}", by=by or absent, at=NOW, **{**WEEK, **days}
    )


def again(who, at=NOW):
    return person(User.objects.get(pk=who.user_id), at=at)


def test_the_deputy_finds_and_does_what_the_absent_would_and_the_record_names_both(world, cast, unit, third):
    filing = submitted(world, cast)  # with Chen, the county's only handler
    assert not Filing.objects.filter(queries.waiting_for(cast.hu), pk=filing.pk).exists()
    named(unit, cast.chen, cast.hu)
    hu = again(cast.hu)

    assert Filing.objects.filter(queries.waiting_for(hu), pk=filing.pk).exists()
    review.pass_step(filing, by=hu, at=NOW, seen=filing.version, note="属实")

    event = AuditEvent.objects.get(subject="projects.filing", subject_id=filing.pk, verb="pass")
    assert (event.by_user_id, event.by_label) == (hu.user_id, f"{hu.label}代 陈经办 办理")
    step = ReviewStep.objects.get(filing=filing, position=1)
    assert (step.passed_by_id, step.passed_for_id, step.passed_as) == (hu.user_id, cast.chen.user_id, "胡复核代 陈经办 办理")


def test_neither_seconds_what_was_begun_in_the_others_place(world, cast, unit, third):
    filing = submitted(world, cast)
    named(unit, cast.chen, cast.hu)
    hu = again(cast.hu)
    review.pass_step(filing, by=hu, at=NOW, seen=filing.version)

    review.load_steps([filing])
    assert allowed_verbs(FILING_STEPS, filing, hu) == []
    with pytest.raises(NotAllowed):
        review.pass_step(filing, by=hu, at=NOW, seen=filing.version)
    assert review.pass_step(filing, by=third, at=NOW, seen=filing.version).current_step.unit == world["IND-420100"]


def test_what_the_absent_began_is_seconded_by_somebody_else_while_there_is_one(world, cast, unit, third):
    filing = submitted(world, cast)
    review.pass_step(filing, by=cast.chen, at=NOW, seen=filing.version)
    named(unit, cast.chen, cast.hu)
    review.load_steps([filing])

    assert allowed_verbs(FILING_STEPS, filing, again(cast.hu)) == []
    assert "pass" in allowed_verbs(FILING_STEPS, filing, third)


def test_the_only_checker_takes_no_earlier_stage_in_a_colleagues_place_while_somebody_else_is_there(world, cast, unit):
    people.member(unit, "handler", name="third")
    filing = submitted(world, cast)
    named(unit, cast.chen, cast.hu)
    review.load_steps([filing])

    assert allowed_verbs(FILING_STEPS, filing, again(cast.hu)) == []


def test_a_task_named_to_the_absent_is_done_in_their_place_and_others_in_ones_own(world, cast):
    city = world["IND-420100"].organisation
    mine, theirs = (factories.filing(world, firm, state="in_review") for firm in (cast.firm, cast.other_firm))
    for filing in (mine, theirs):
        review.pass_step(filing, by=cast.chen, at=NOW, seen=filing.version)
        review.pass_step(filing, by=cast.hu, at=NOW, seen=filing.version)
    assigning.assign(theirs, assignee=cast.gao.user_id, by=cast.wang, at=NOW)
    named(city, cast.gao, cast.wang)
    wang = again(cast.wang)

    for filing in (mine, theirs):
        row = Filing.objects.get(pk=filing.pk)
        review.return_step(row, by=wang, at=NOW, seen=row.version, note="请补充", fields=["content"])

    said = {event.subject_id: event.by_label for event in AuditEvent.objects.filter(verb="return")}
    assert said == {mine.pk: wang.label, theirs.pk: f"{wang.label}代 高市级 办理"}


def test_it_ends_by_itself_and_begins_on_its_day(cast, unit):
    named(unit, cast.chen, cast.hu, from_on=TODAY + DAY, to_on=TODAY + 2 * DAY)

    held = [again(cast.hu, at=NOW + days * DAY).unit_seat(cast.chen.seats[0].unit_id, "handler") is not None for days in range(4)]

    assert held == [False, True, True, False]


def test_ended_early_by_the_absent_or_the_administrator_only(cast, unit):
    row = named(unit, cast.chen, cast.hu)
    admin = people.member(unit, "unit_admin", name="admin")
    for stranger in (cast.hu, cast.wang, cast.lin):
        with pytest.raises(NotAllowed):
            covers.end(row, by=stranger, at=NOW)

    covers.end(row, by=admin, at=NOW)

    assert again(cast.hu).covers == {}
    assert AuditEvent.objects.filter(subject="organisations.cover").order_by("id").values_list("verb", flat=True)[0] == "name_cover"
    with pytest.raises(Conflict):
        covers.end(row, by=admin, at=NOW)


def test_the_administrator_names_for_others_and_an_officer_only_for_themselves(cast, unit):
    admin = people.member(unit, "unit_admin", name="admin")

    for stranger in (cast.hu, cast.mo_county, cast.lin):
        with pytest.raises(NotAllowed):
            named(unit, cast.chen, cast.hu, by=stranger)
    assert named(unit, cast.chen, cast.hu, by=admin).named_by_id == admin.user_id


def test_overlaps_are_refused_with_whom_and_when(cast, unit, third):
    named(unit, cast.chen, cast.hu)

    refusals = {}
    for name, absent, deputy in (("twice", cast.chen, third), ("deputy away", cast.hu, third), ("chain", third, cast.chen)):
        with pytest.raises(Invalid) as refusal:
            named(unit, absent, deputy, from_on=TODAY + 6 * DAY, to_on=TODAY + 9 * DAY)
        refusals[name] = [(problem.field, problem.code, str(problem.message)) for problem in refusal.value.problems]

    span = f"{TODAY.isoformat()}至{WEEK['to_on'].isoformat()}"
    assert refusals == {
        "twice": [("absent", "overlaps", f"陈经办在{span}已由胡复核替岗，日期重叠。")],
        "deputy away": [("absent", "overlaps", f"胡复核在{span}正代陈经办办理，不能同时由他人替岗。")],
        "chain": [("deputy", "overlaps", f"陈经办在{span}外出，由胡复核替岗，不能代他人办理。")],
    }
    assert named(unit, cast.chen, third, from_on=TODAY + 7 * DAY, to_on=TODAY + 9 * DAY).pk  # the day after is free


def test_deputy_is_another_officer_of_the_same_office_and_days_make_sense(world, cast, unit):
    other = world["IND-420100"].organisation

    for wrong in (
        {"deputy": f"{other.pk}:{cast.wang.user_id}"},
        {"deputy": f"{unit.pk}:{cast.wang.user_id}"},
        {"deputy": f"{unit.pk}:{cast.chen.user_id}"},
        {"deputy": "x"},
        {"to_on": TODAY - DAY},
        {"to_on": TODAY + 100 * DAY},
    ):
        with pytest.raises(Invalid):
            covers.name(
                **{"absent": f"{unit.pk}:{cast.chen.user_id}", "deputy": f"{unit.pk}:{cast.hu.user_id}", **WEEK, **wrong},
                by=cast.chen,
                at=NOW,
            )
    assert not Cover.objects.exists()


def test_the_deputy_is_told_what_the_absent_would_be(cast, unit):
    named(unit, cast.chen, cast.hu)
    desk = Desk(unit.pk, frozenset({"handler"}))

    told = [Seating({desk}, on=day).at(desk) for day in (TODAY, TODAY + 30 * DAY)]

    assert told == [{cast.chen.user_id, cast.hu.user_id}, {cast.chen.user_id}]


def test_loading_people_costs_no_more_queries_for_it(cast, unit, django_assert_num_queries):
    named(unit, cast.chen, cast.hu)

    with django_assert_num_queries(2):
        person(cast.users["hu"], at=NOW)


def test_officer_names_a_deputy_on_the_page_and_what_was_typed_is_kept(cast, unit):
    client = signed_in(cast, "chen")
    sent = {"absent": f"{unit.pk}:{cast.chen.user_id}", "deputy": f"{unit.pk}:{cast.hu.user_id}", "reason": "年休假"}

    refused = client.post("/covers/", {**sent, "from_on": "2026-03-05", "to_on": "2026-03-04"})
    done = client.post("/covers/", {**sent, "from_on": "2026-03-05", "to_on": "2026-03-06"})
    row = Cover.objects.get()
    ended = client.post(f"/covers/{row.pk}/end/")

    assert refused.status_code == 422
    assert 'value="2026-03-04"' in refused.content.decode()
    assert (done.status_code, ended.status_code) == (302, 302)
    assert "年休假" in client.get("/covers/").content.decode()
    assert Cover.objects.get().ended_by_id == cast.chen.user_id
    assert [signed_in(cast, name).get("/covers/").status_code for name in ("hu", "lin", "bai")] == [200, 403, 403]
    assert signed_in(cast, "wang").post(f"/covers/{row.pk}/end/").status_code == 404


def test_the_api_names_shows_and_ends(cast, unit):
    chen, wang = (signed_in(cast, name, APIClient) for name in ("chen", "wang"))
    sent = {
        "absent": f"{unit.pk}:{cast.chen.user_id}",
        "deputy": f"{unit.pk}:{cast.hu.user_id}",
        "from_on": "2026-03-02",
        "to_on": "2026-03-06",
    }

    made = chen.post("/api/covers/", sent, format="json")
    twice = chen.post("/api/covers/", sent, format="json")
    seats = signed_in(cast, "hu", APIClient).get("/api/me/").json()["seats"]
    ended = chen.post(f"/api/covers/{made.json()['id']}/end/")

    assert (made.status_code, made.json()["absent"], made.json()["deputy"]) == (201, "陈经办", "胡复核")
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (422, "overlaps")
    assert [(seat["role"], seat["absent_id"]) for seat in seats] == [("checker", None), ("handler", cast.chen.user_id)]
    assert (ended.status_code, ended.json()["ended_at"] is not None) == (200, True)
    assert wang.get("/api/covers/").json()["results"] == []


def test_how_long_a_cover_may_last_is_policy(world, cast, unit):
    PolicyParameter.objects.filter(key="cover_days_max").update(value=3)

    with pytest.raises(Invalid) as refused:
        named(unit, cast.chen, cast.hu, to_on=TODAY + 3 * DAY)

    assert [str(problem.message) for problem in refused.value.problems] == ["替岗至多 3 天。"]
    assert named(unit, cast.chen, cast.hu, to_on=TODAY + 2 * DAY).pk


@pytest.mark.parametrize(("away", "left"), [("chen", "hu"), ("hu", "chen")])
def test_a_unit_of_two_works_on_while_one_is_away_and_the_record_says_for_whom(away, left, world, cast, unit):
    filing = submitted(world, cast)
    absent, deputy = getattr(cast, away), getattr(cast, left)
    named(unit, absent, deputy)

    for _stage in ("handler", "checker"):
        review.pass_step(filing, by=again(deputy), at=NOW, seen=filing.version)

    steps = ReviewStep.objects.filter(filing=filing, unit__organisation=unit).order_by("position")
    assert {step.passed_by_id for step in steps} == {deputy.user_id}
    assert [step.passed_for_id for step in steps].count(absent.user_id) == 1
    assert Filing.objects.get(pk=filing.pk).current_step.unit.code == "IND-420100"
