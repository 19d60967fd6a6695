"""What every model that knows who may see it has in common; what each shows to whom is the permission matrix's matter."""

import pytest
from django.apps import apps

from common.errors import Invalid
from deals.models import Deal
from deals.states import approval_present
from matching.models import Round
from matching.states import parent_published
from organisations.actors import Person, system
from projects.answers.states import answer_stands
from projects.models import AnswerRow, MinistryAnswer
from tests.factories import NOW

PARTS = {"common", "organisations", "ledger", "lenders", "schemes", "projects", "matching", "deals", "exchange"}
SEEN = [model for model in apps.get_models() if model._meta.app_label in PARTS and hasattr(getattr(model, "objects", None), "visible_to")]


@pytest.mark.parametrize("model", SEEN, ids=lambda model: model._meta.label)
def test_system_sees_all_and_who_holds_no_seat_nothing(model, kept_scene, db):
    stranger = Person(user_id=10**6, label="无岗位", seats=(), at=NOW)

    assert model.objects.visible_to(system(NOW)).count() == model.objects.count()
    assert list(model.objects.visible_to(stranger)) == []


def test_there_are_many_of_them():
    assert len(SEEN) > 30


@pytest.mark.parametrize(
    ("missing", "row", "code"),
    [
        (approval_present, Deal(approved_amount=None), "required"),
        (parent_published, Round(parent=None), "no_published_parent"),
        (parent_published, Round(parent=Round(state="solved")), "no_published_parent"),
        (answer_stands, AnswerRow(answer=MinistryAnswer(state="void")), "void"),
    ],
)
def test_what_no_course_of_steps_leads_to_is_refused_all_the_same(missing, row, code):
    problems = list(missing(row))

    assert [problem.code for problem in problems] == [code]
    assert Invalid(problems).problems[0].message
