"""What live deals and invitations mean for a round: read anew each time, nothing stored twice."""

from decimal import Decimal

import pytest
from django.utils import translation

from common.errors import Conflict
from deals import bank_review, commitments, declarations, invitations, rematch
from deals.models import Deal
from deals.subsidies import accrual, claims
from matching import explain, solving
from matching.models import NonMatch, Round
from organisations.models import PolicyParameter
from tests import factories, people
from tests.deals import cases
from tests.deals.cases import AMOUNT
from tests.deals.subsidies import example
from tests.deals.subsidies.example import END
from tests.factories import HUBEI, NOW
from tests.matching import provinces


def compute(world, at=NOW):
    return commitments.compute(world.programme, HUBEI, at=at)


def test_nothing_under_way_commits_nothing(world, cast):
    cases.open_need(world, cast)

    found = compute(world)

    assert (found.remaining, found.closed, found.busy_pairs) == ({}, frozenset(), frozenset())
    assert (found.case_load, found.exposure, found.budget_use) == ({}, {}, {})


def test_named_letters_close_the_need_unless_the_firm_asks(world, cast):
    closed = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]
    asking = cases.invited(world, cast, "ICBC-WH", owner=cast.other_firm, asks_for_suggestions=True)["ICBC-WH"]

    found = compute(world)

    assert found.closed == {closed.need_id}
    assert found.busy_pairs == {(row.need_id, world["ICBC-WH"].pk) for row in (closed, asking)}
    assert found.case_load == {world["ICBC-WH"].pk: 2}
    assert found.remaining == {}


def test_three_banks_looking_close_the_need(world, cast):
    row = cases.invited(world, cast, "ICBC-WH", "CCB-WH", "HBB-WH", asks_for_suggestions=True)["ICBC-WH"]

    assert compute(world).closed == {row.need_id}


def test_open_recommendation_counts_as_taken(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH")

    found = compute(world)

    assert found.remaining == {row.need_id: 0}
    assert found.closed == {row.need_id}
    assert found.exposure == {(cast.firm.pk, world.banks["CCB"].pk): AMOUNT}


def test_offer_before_the_firm_closes_the_need(world, cast):
    deal = cases.intent(world, cast)

    found = compute(world)

    assert found.closed == {deal.need_id}
    assert found.remaining == {}
    assert found.case_load == {world["ICBC-WH"].pk: 1}


def test_partial_approval_reopens_the_rest_if_the_firm_asks(world, cast):
    deal = cases.approved(world, cast, approved_amount=AMOUNT / 4, asks_for_suggestions=True)

    found = compute(world)

    assert (found.remaining, found.closed) == ({deal.need_id: AMOUNT * 3 / 4}, frozenset())
    type(deal.need).objects.update(asks_for_suggestions=False)
    assert compute(world).closed == {deal.need_id}


def test_signed_deals_are_exposure_but_no_case(world, cast):
    cases.signed(world, cast, amount=AMOUNT / 2)

    found = compute(world)

    assert found.case_load == {}
    assert found.exposure == {(cast.firm.pk, world.banks["ICBC"].pk): AMOUNT / 2}


def test_ended_business_commits_nothing(world, cast):
    deal = cases.intent(world, cast)
    bank_review.decline(deal, by=cast.bai, at=NOW, seen=deal.version, code="own_funds")

    found = compute(world)

    assert (found.closed, found.busy_pairs, found.exposure) == (frozenset(), frozenset(), {})


def test_live_deals_are_expected_to_use_the_budget(world, cast):
    cases.confirmed(world, cast)

    use = compute(world).budget_use

    scheme = world.addon.scheme_id
    assert set(use) == {(scheme, 2026), (scheme, 2027), (scheme, 2028)}
    by_days = AMOUNT * 50 * 731 / (10_000 * 360)  # half a point for two years, a leap day among them
    assert sum(use.values()) == pytest.approx(by_days, abs=1)


def test_what_the_ledger_holds_is_not_counted_twice(world, cast):
    deal = example.loan(world, cast)
    before = compute(world, END).budget_use[world.addon.scheme_id, 2025]
    accrual.accrue(deal, until=example.QUARTERS[0], by=cast.system, at=END)
    example.pay_interest(deal, cast.bai, [(example.QUARTERS[0], "6966.67")])
    claim = deal.claims.get(scheme=world.addon.scheme_id)
    claims.file(claim, by=cast.lin, at=END, seen=claim.version)
    claims.review(claim, by=cast.zhao, at=END, seen=claim.version)
    claims.approve(claim, by=cast.qian, at=END, seen=claim.version)

    assert compute(world, END).budget_use[world.addon.scheme_id, 2025] == before - Decimal("1222.22")


def test_recommendations_reserve_what_they_forecast(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH")
    row.recommendation.subsidy_by_year = {
        str(world.addon.scheme_id): {"2027": "1000.00"},
        str(world.central.scheme_id): {"2027": "3000.00"},
    }
    row.recommendation.save(update_fields=["subsidy_by_year"])

    assert compute(world).budget_use == {(world.addon.scheme_id, 2027): 1000}


def test_same_queries_for_any_number(world, cast, django_assert_max_num_queries):
    for owner in factories.firms(world, 3):
        cases.invited(world, cast, owner=owner)
    cases.confirmed(world, cast)

    with django_assert_max_num_queries(22):
        compute(world)


# rounds from here


@pytest.fixture
def in_force(world):
    for key, value in (("expected_drawdown_days", 60), ("round_interval_days", 30)):
        PolicyParameter.objects.get_or_create(
            key=key, province="100000", valid_from=factories.SINCE, defaults={"value": value, "unit": "days", "source": "测试"}
        )


def test_child_round_takes_what_seeks_again(world, cast, in_force):
    needs = [cases.open_need(world, cast, owner=owner) for owner in (cast.firm, cast.other_firm)]
    round_, _leads = cases.publication(world, cast, needs[:1], ["CCB-WH"])
    (letter,) = invitations._invite_leads(round_.recommendations.filter(rank=0), by=cast.sun, at=NOW)
    NonMatch.objects.create(round=round_, need=needs[1], code="x", province=HUBEI)

    assert rematch.seeking(round_, at=NOW) == [needs[1]]
    invitations.withhold(letter, by=cast.lin, at=NOW, seen=letter.version)
    assert rematch.seeking(round_, at=NOW) == needs


def test_no_child_round_without_a_need_that_seeks(world, cast):
    round_, _leads = cases.publication(world, cast, [], [])

    assert rematch.start(round_, reason="谢绝", by=cast.zhao, at=NOW) is None
    assert Round.objects.count() == 1


def test_appetite_does_not_fall_while_a_round_is_computed(world, cast):
    by = people.member(world["ICBC-WH"].organisation, "branch_manager")
    terms = {
        "programme": world.programme,
        "period": "2026",
        "valid_from": world.appetites["ICBC-WH"].valid_from,
        "valid_to": world.appetites["ICBC-WH"].valid_to,
        "by": by,
        "at": NOW,
    }
    round_, _leads = cases.publication(world, cast, [], [])
    Round.objects.filter(pk=round_.pk).update(state="solving")

    with pytest.raises(Conflict):
        declarations.declare(world.banks["ICBC"], world["ICBC-WH"], limit=Decimal(1), **terms)
    Round.objects.filter(pk=round_.pk).update(state="published")
    declarations.declare(world.banks["ICBC"], world["ICBC-WH"], limit=Decimal(1), **terms)

    assert cases.balance(world, "ICBC-WH") == (0, 0)
    assert Deal.objects.count() == 0


def in_the_other_track(world, cast, need, **options):
    """The same project listed in the development-and-reform track too, asking for the same year's money."""
    other = cases.open_need(world, cast, track="ndrc", **options)
    other.filing.project = other.project = need.project
    other.filing.save(update_fields=["project"])
    other.save(update_fields=["project"])
    return other


def test_project_of_two_tracks_takes_part_once_with_the_filing_listed_first(world, cast):
    first = cases.open_need(world, cast)
    second = in_the_other_track(world, cast, first)

    assert compute(world).doubled == {second.pk}
    type(first.filing).objects.filter(pk=first.filing_id).update(listed_on=NOW.date() + cases.DAY)
    assert compute(world).doubled == {first.pk}


def test_the_track_in_business_goes_first_and_the_other_stands_back(world, cast):
    first = cases.open_need(world, cast)
    second = in_the_other_track(world, cast, first)
    cases.published(world, cast, second, "CCB-WH")

    found = compute(world)

    assert found.doubled == {first.pk}
    assert found.remaining == {second.pk: 0}


def test_money_taken_in_a_track_that_left_the_list_is_taken_of_the_other(world, cast):
    deal = cases.approved(world, cast, approved_amount=AMOUNT / 4)
    other = in_the_other_track(world, cast, deal.need)
    type(deal.filing).objects.filter(pk=deal.filing_id).update(state="removed")

    found = compute(world)

    assert found.doubled == frozenset()
    assert found.remaining[other.pk] == AMOUNT * 3 / 4


def test_other_years_and_other_projects_stand_in_nobodys_way(world, cast):
    first = cases.open_need(world, cast)
    other_year = in_the_other_track(world, cast, first)
    type(other_year).objects.filter(pk=other_year.pk).update(year=2027)
    cases.open_need(world, cast, track="ndrc")

    assert compute(world).doubled == frozenset()


def test_round_tells_the_second_track_why_it_stands_back(world, cast):
    first = cases.open_need(world, cast)
    second = in_the_other_track(world, cast, first)

    round_ = provinces.planned(world, cast, steps=2000)
    commitments.freeze(round_, by=cast.zhao, at=NOW, seen=round_.version)
    solving.solve(round_, at=NOW)

    assert list(round_.recommendations.filter(rank=0).values_list("need", flat=True)) == [first.pk]
    told = NonMatch.objects.get(round=round_, need=second)
    assert {group["code"] for group in told.explanation["refused"]} == {"project_doubled"}
    assert any("设备资金不重复推荐" in sentence for sentence in explain.why_not(told))
    with translation.override("en"):
        assert any("another track" in sentence for sentence in explain.why_not(told))
