"""What everybody may read: the sums of a day as the rows gave them, without those that tell of one firm."""

import hashlib
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction

from common.errors import Conflict, NotAllowed
from deals.models import PublishedFigures
from deals.monitoring import funnel, publishing
from deals.monitoring.scope import scope_of
from deals.monitoring.sql import STAGES
from tests.deals.monitoring import rows


@pytest.mark.parametrize(
    ("numbers", "hidden"),
    [
        ([5, 4, 0], set()),
        ([5, 4, 1], {1, 2}),
        ([5, 2, 2], {1, 2}),
        ([1, 0, 0], {0}),
        ([3, 1, 4], {0, 1}),
        ([], set()),
    ],
)
def test_small_numbers_are_left_out_and_cannot_be_worked_out(numbers, hidden):
    found = publishing.left_out(numbers, least=3)

    assert found == hidden
    told = sum(number for place, number in enumerate(numbers) if place not in found)
    assert not found or sum(numbers) < 3 or sum(numbers) - told >= 3


@pytest.mark.django_db
def test_published_is_what_the_rows_say(world, cast):
    for _each in range(3):
        rows.need(world, "outstanding", region="420111", amount=1000)
        rows.need(world, "signed", region="429004", amount=2000)
    rows.need(world, "listed", region="420115", amount=500)

    row = publishing.publish(cast.zhao)

    told, whole = publishing.read(row), funnel.total(scope_of(cast.zhao), funnel.Cut())
    assert hashlib.sha256(row.text.encode()).hexdigest() == row.sha256
    for stage in STAGES:
        assert told["total"][stage]["filings"] == whole.filings[stage]
        assert Decimal(told["total"][stage]["yuan"]) == whole.amounts[stage]
        assert sum(city["stages"][stage]["filings"] for city in told["cities"]) == whole.filings[stage]
        assert sum(Decimal(city["stages"][stage]["yuan"]) for city in told["cities"]) == whole.amounts[stage]
    assert [city["code"] for city in told["cities"]] == ["420100", "420200", "429004"]
    assert {one["what"]: one["counties"] for one in told["indexes"]} == {"paid": 3, "outstanding": 3, "subsidy": 3}


@pytest.mark.django_db
def test_published_once_a_day_by_the_province_and_never_changed(world, cast):
    with pytest.raises(NotAllowed):
        publishing.publish(cast.wang)
    row = publishing.publish(cast.zhao)

    with pytest.raises(Conflict):
        publishing.publish(cast.sun)
    with pytest.raises(ProgrammingError), transaction.atomic():
        PublishedFigures.objects.filter(pk=row.pk).update(text="{}")
