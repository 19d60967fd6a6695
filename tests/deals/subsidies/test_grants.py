"""Grants on the same project: added, compared or excluding, as the rule of each scheme says, to the fen."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import Sum

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from deals.models import AccrualLine, OtherSupport, SubsidyClaim
from deals.subsidies import accrual, claims, grants
from schemes.models import GrantStacking
from tests.deals.subsidies import example
from tests.deals.subsidies.example import END, QUARTERS

pytestmark = pytest.mark.django_db

PAPER = {"document_no": "鄂经信规划函〔2025〕12号", "amount": Decimal(10_000), "on": dt.date(2025, 3, 15)}
GROSS = (Decimal("6966.67"), Decimal("112416.67"))


@pytest.fixture
def deal(loan):
    return loan


def granted(deal, cast, kind="renewal_grant", **changed):
    return grants.register(deal.filing.project, kind=kind, by=cast.qian, at=END, **(PAPER | changed))


def rule(world, name, kind="renewal_grant"):
    GrantStacking.objects.create(scheme=world.addon.scheme, kind=kind, rule=name, source="测试")


def accrued(deal, cast, until=QUARTERS[1]):
    accrual.accrue(deal, until=until, by=cast.system, at=END)
    rows = SubsidyClaim.objects.order_by("period_end")
    return {level: [row.eligible for row in rows.filter(scheme__level=level)] for level in ("central", "province")}


def of_days(scheme):
    rows = AccrualLine.objects.filter(version__scheme=scheme).order_by("interest_on").values_list("interest_on")
    return dict(rows.annotate(sum=Sum("amount")))


@pytest.mark.parametrize("name", ["additive", ""])
def test_grant_of_ten_percent_and_the_add_on_are_held_side_by_side(world, cast, deal, name):
    if name:
        rule(world, name)
    granted(deal, cast, amount=Decimal(2_000_000))

    assert accrued(deal, cast) == {
        "central": [Decimal("3666.67"), Decimal("59166.67")],
        "province": [Decimal("1222.22"), Decimal("19722.22")],
    }


def test_of_grant_and_subsidy_the_higher_is_had_in_all(world, cast, deal):
    rule(world, "only_higher")
    granted(deal, cast)

    eligible = accrued(deal, cast)

    assert eligible["province"] == [0, Decimal("10944.44")]  # 1,222.22 + 19,722.22 − 10,000
    assert eligible["central"] == [Decimal("3666.67"), Decimal("59166.67")]
    first, second = SubsidyClaim.objects.filter(scheme__level="province").order_by("period_end")
    assert first.cuts == [{"amount": "1222.22", "reason": "counted_grant"}]
    assert second.cuts == [{"amount": "8777.78", "reason": "counted_grant"}]


def test_cut_stays_when_the_claim_is_filed(world, cast, deal):
    rule(world, "only_higher")
    granted(deal, cast)
    accrued(deal, cast)
    example.pay_interest(deal, cast.bai, zip(QUARTERS, GROSS, strict=False))
    second = SubsidyClaim.objects.filter(scheme__level="province").order_by("period_end")[1]

    claims.file(second, by=cast.lin, at=END, seen=second.version)

    assert second.eligible == Decimal("10944.44")
    assert [cut["reason"] for cut in second.cuts] == ["counted_grant"]


def test_grant_is_compared_from_its_own_day_on(world, cast, deal):
    rule(world, "only_higher")
    granted(deal, cast, on=dt.date(2025, 6, 1))

    assert accrued(deal, cast)["province"] == [Decimal("1222.22"), Decimal("9722.22")]


def test_grant_of_another_kind_is_not_counted(world, cast, deal):
    rule(world, "only_higher", kind="first_set")
    granted(deal, cast)

    assert accrued(deal, cast)["province"] == [Decimal("1222.22"), Decimal("19722.22")]


def test_no_day_from_a_grant_on_that_excludes_the_scheme(world, cast, deal):
    rule(world, "forbidden", kind="treasury_bond")
    granted(deal, cast, kind="treasury_bond", on=dt.date(2025, 6, 1))

    eligible = accrued(deal, cast, QUARTERS[2])

    assert eligible["province"] == [Decimal("1222.22"), Decimal("14166.67")]  # 8 m × 72 days and 12 m × 37 days
    assert len(eligible["central"]) == 3


def test_grant_told_late_makes_adjustment_lines_and_edits_nothing(world, cast, deal):
    rule(world, "forbidden", kind="treasury_bond")
    accrued(deal, cast)
    before = list(AccrualLine.objects.order_by("pk").values_list("pk", "amount"))
    granted(deal, cast, kind="treasury_bond", on=dt.date(2025, 6, 1))

    accrued(deal, cast)

    assert of_days(world.addon.scheme)[QUARTERS[1]] == Decimal("14166.67")
    assert list(AccrualLine.objects.order_by("pk").values_list("pk", "amount"))[: len(before)] == before


@pytest.mark.parametrize("who", ["lin", "bai", "chen", "wang"])
def test_grants_are_registered_by_provincial_offices(deal, cast, who):
    with pytest.raises(NotAllowed):
        grants.register(deal.filing.project, kind="other", by=getattr(cast, who), at=END, **PAPER)


def test_same_document_is_registered_once_and_never_with_other_figures(deal, cast):
    first = granted(deal, cast)

    again = granted(deal, cast)

    assert (again, AuditEvent.objects.filter(subject="deals.othersupport").count()) == (first, 1)
    with pytest.raises(Conflict):
        granted(deal, cast, amount=Decimal(1))


def test_every_mistake_of_a_registration_is_named(deal, cast):
    with pytest.raises(Invalid) as refusal:
        granted(deal, cast, kind="gift", document_no=" ", amount=Decimal(0), on=dt.date(2030, 1, 1))

    assert [problem.field for problem in refusal.value.problems] == ["kind", "document_no", "amount", "on"]
    assert not OtherSupport.objects.exists()
