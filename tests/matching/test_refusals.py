"""A bank's no: kept once, lifted when the firm asks, outlived by changed facts."""

import pytest

from common.models import AuditEvent
from matching import refusals
from matching.models import Refusal
from projects.models import Need
from tests.factories import NOW
from tests.matching import provinces
from tests.matching.provinces import LATER

pytestmark = pytest.mark.django_db


def test_refusal_is_kept_once(world, cast):
    (need,) = provinces.needs(world)

    first = refusals.refuse(need, world["ICBC-WH"], code="own_funds", by=cast.bai, at=NOW)
    again = refusals.refuse(need, world["ICBC-WH"], code="collateral_short", by=cast.bai, at=LATER)

    assert again == first
    assert refusals.standing([need.pk]) == {(need.pk, world["ICBC-WH"].pk)}
    assert AuditEvent.objects.filter(subject="matching.refusal", verb="refuse").count() == 1


def test_refusal_on_new_facts_replaces_the_old_one(world, cast):
    (need,) = provinces.needs(world)
    first = refusals.refuse(need, world["ICBC-WH"], code="own_funds", by=cast.bai, at=NOW)
    Need.objects.filter(pk=need.pk).update(term_months=72)
    assert refusals.standing([need.pk]) == set()

    second = refusals.refuse(need, world["ICBC-WH"], code="collateral_short", by=cast.bai, at=LATER)

    first.refresh_from_db()
    assert (first.lifted_at, second.lifted_at) == (LATER, None)
    assert refusals.standing([need.pk]) == {(need.pk, world["ICBC-WH"].pk)}


def test_lifted_refusal_stands_no_more_and_stays_on_record(world, cast):
    (need,) = provinces.needs(world)
    refusals.refuse(need, world["ICBC-WH"], code="own_funds", by=cast.bai, at=NOW)

    lifted = refusals.lift(need, world["ICBC-WH"], because="企业请求", by=cast.lin, at=LATER)

    assert lifted.lifted_because == "企业请求"
    assert refusals.standing([need.pk]) == set()
    assert Refusal.objects.count() == 1
    assert refusals.lift(need, world["ICBC-WH"], because="再次", by=cast.lin, at=LATER) is None


def test_order_of_securities_is_not_a_new_fact(world):
    (need,) = provinces.needs(world)
    before = refusals.facts_digests([need.pk])
    Need.objects.filter(pk=need.pk).update(securities=list(reversed(need.securities)))

    assert refusals.facts_digests([need.pk]) == before
