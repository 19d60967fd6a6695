"""Filings found by words, by a code, and by the units that they go through."""

import pytest
from django.db import DatabaseError, transaction

from organisations.models import Organisation
from projects import queries
from projects.models import Filing
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def filing(world):
    return factories.filing(world, factories.firm(world), state="in_review")


def found(words):
    return list(Filing.objects.filter(queries.named(words)))


def test_a_filing_is_found_by_part_of_its_title_and_of_its_firms_name(filing):
    Filing.objects.update(title="年产5万台Robot产线改造")
    Organisation.objects.filter(pk=filing.firm_id).update(name="湖北一百%有限公司")

    assert [found(words) for words in ("产线", "robot", "线", "一百%", "湖北一百%有限公司")] == [[filing]] * 5
    assert [found(words) for words in ("线产", "百分", "一_%", "%")][:3] == [[], [], []]


def test_a_filing_is_found_by_the_whole_code_of_its_project_or_firm_alone(filing):
    code, uscc = filing.project.code, filing.firm.uscc

    assert [found(code), found(uscc), found(uscc.lower())] == [[filing]] * 3
    assert [found(code[:-1]), found(uscc[:-1])] == [[], []]


def test_many_of_a_name_are_found_as_few_are(world, filing, monkeypatch):
    monkeypatch.setattr(queries, "NAMED", 0)

    assert (found("改造"), found("湖北测试"), found(filing.project.code)) == ([filing], [filing], [filing])


def test_the_units_of_a_filing_follow_its_steps(filing):
    filing.refresh_from_db()

    assert filing.units == sorted(set(filing.steps.values_list("unit", flat=True)))


def test_the_way_of_a_case_stays(world, filing):
    with pytest.raises(DatabaseError, match="Cannot update rows"), transaction.atomic():
        filing.steps.filter(position=1).update(unit=world.units["IND-420115"])
