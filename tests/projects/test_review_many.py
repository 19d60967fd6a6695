"""Many cases in one step: each by its own merits, at the price of one."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import Conflict, Invalid, NotAllowed
from common.steps import allowed_verbs
from projects import review
from projects.models import Filing, Project, ReviewStep
from projects.states import FILING_STEPS
from tests import people
from tests.factories import NOW
from tests.projects.cases import draft, submitted


def test_many_are_submitted_and_passed_each_by_its_own_merits(world, cast):
    drafts = [draft(world, cast), draft(world, cast, term_months="6"), draft(world, cast, region="420205", intended_banks=[])]

    submissions = review.submit_many(drafts, by=cast.lin, at=NOW)
    passes = review.pass_many(drafts, by=cast.chen, at=NOW, note="同意")

    assert [type(result.error) for result in submissions] == [type(None), Invalid, type(None)]
    assert [type(result.error) for result in passes] == [type(None), Conflict, NotAllowed]
    assert [Filing.objects.get(pk=filing.pk).version for filing in drafts] == [2, 0, 1]
    assert list(ReviewStep.objects.exclude(passed_at=None).values_list("filing", "opinion")) == [(drafts[0].pk, "同意")]


def test_one_list_of_drafts_may_not_name_a_project_twice_in_a_track(world, cast):
    one = draft(world, cast)
    code = one.form["project_code"]
    two, third = draft(world, cast, project_code=code), draft(world, cast, track="ndrc", project_code=code)

    results = review.submit_many([one, two, third], by=cast.lin, at=NOW)

    assert [type(result.error) for result in results] == [type(None), Invalid, type(None)]
    assert Project.objects.count() == 1
    assert one.project_id == third.project_id


def test_a_crew_passes_each_case_under_the_name_of_whose_it_is(world, cast):
    class Crew:
        def on(self, filing):
            return cast.chen if filing.current_step.unit.code == "IND-420111" else cast.xu

    rows = [submitted(world, cast), submitted(world, cast, region="429004", intended_banks=[])]

    results = review.pass_many(rows, by=Crew(), at=NOW)

    assert [result.error for result in results] == [None, None]
    assert [filing.steps.get(position=1).passed_by_id for filing in rows] == [cast.chen.user_id, cast.xu.user_id]


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
