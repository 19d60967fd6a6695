"""The worked example to the fen through real rows, and what a later fact or version does to lines already booked."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import Sum

from deals import drawdowns
from deals.models import AccrualLine, Deal, Drawdown, Recovery, SubsidyClaim
from deals.subsidies import accrual, versions
from deals.subsidies.reasons import SENTENCES
from schemes.models import SchemeVersion
from tests.deals import cases
from tests.deals.cases import AMOUNT
from tests.deals.subsidies import example
from tests.deals.subsidies.example import END, QUARTERS
from tests.factories import HUBEI, NOW


def by_day(level, **filters):
    """Interest day → (balance-days, amount) of a scheme level."""
    rows = AccrualLine.objects.filter(version__scheme__level=level, **filters).order_by("interest_on").values("interest_on")
    sums = rows.annotate(days=Sum("balance_days"), sum=Sum("amount")).values_list("interest_on", "days", "sum")
    return {on: (days, amount) for on, days, amount in sums}


@pytest.fixture
def deal(loan):
    return loan


def accrue(deal, cast, until=dt.date(2027, 6, 20)):
    return accrual.accrue(deal, until=until, by=cast.system, at=END)


def test_worked_example_to_the_fen(world, cast, deal):

    accrue(deal, cast)

    central, province = by_day("central"), by_day("province")
    assert [central[on] for on in QUARTERS] == [
        (88_000_000, Decimal("3666.67")),
        (1_420_000_000, Decimal("59166.67")),
        (1_840_000_000, Decimal("76666.67")),
    ]
    assert [province[on][1] for on in QUARTERS] == [Decimal("1222.22"), Decimal("19722.22"), Decimal("25555.55")]
    lines = AccrualLine.objects.filter(version__scheme__level="central")
    assert lines.aggregate(sum=Sum("amount"))["sum"] == Decimal("608333.34")
    assert lines.filter(drawdown__number=1).aggregate(sum=Sum("amount"))["sum"] == Decimal("243333.34")
    assert lines.filter(drawdown__number=2).aggregate(sum=Sum("amount"))["sum"] == Decimal("365000.00")
    assert lines.aggregate(sum=Sum("unrounded"))["sum"].quantize(Decimal("0.01")) == Decimal("608333.33")
    assert [row.period_end for row in lines.filter(drawdown__number=1).order_by("period_end")][-1] == dt.date(2027, 3, 9)


def test_claims_follow_deal_scheme_and_interest_day(world, cast, deal):

    accrue(deal, cast, QUARTERS[1])

    rows = SubsidyClaim.objects.order_by("scheme__level", "period_end").values_list("scheme__level", "period_end", "requested", "eligible")
    assert list(rows) == [
        ("central", QUARTERS[0], Decimal("3666.67"), Decimal("3666.67")),
        ("central", QUARTERS[1], Decimal("59166.67"), Decimal("59166.67")),
        ("province", QUARTERS[0], Decimal("1222.22"), Decimal("1222.22")),
        ("province", QUARTERS[1], Decimal("19722.22"), Decimal("19722.22")),
    ]
    central = SubsidyClaim.objects.filter(scheme__level="central")[0]
    province = SubsidyClaim.objects.filter(scheme__level="province")[0]
    assert (central.claimant, central.office) == (world["ICBC-WH"].organisation, world["FIN-420100"])
    assert (province.claimant, province.office) == (cast.firm, world["FIN-420000"])
    assert not AccrualLine.objects.filter(claim=None).exists()


def test_running_again_books_nothing_new(world, cast, deal):
    first = accrue(deal, cast)
    events = cases.verbs(deal)

    assert accrue(deal, cast) == []
    assert (AccrualLine.objects.count(), cases.verbs(deal)) == (len(first), events)


def test_only_past_interest_days_are_booked(world, cast, deal):

    accrue(deal, cast, dt.date(2025, 3, 19))
    assert not AccrualLine.objects.exists()
    accrue(deal, cast, dt.date(2025, 3, 20))
    assert set(AccrualLine.objects.values_list("interest_on", flat=True)) == {QUARTERS[0]}


def test_repayment_told_late_makes_an_adjustment(world, cast, deal):
    accrue(deal, cast, QUARTERS[1])
    first = deal.drawdowns.get(number=1)
    drawdowns.repay(first, by=cast.bai, at=END, on=dt.date(2025, 6, 11), amount=Decimal(8_000_000), slip_no="HK-1")

    fresh = accrue(deal, cast, QUARTERS[1])

    assert sorted((row.kind, row.interest_on, row.amount) for row in fresh) == [
        ("adjusted", QUARTERS[1], Decimal("-3333.34")),  # ten days of 8 m at 1.5 pp: 27,333.33 instead of 30,666.67
        ("adjusted", QUARTERS[1], Decimal("-1111.11")),
    ]
    claim = SubsidyClaim.objects.get(scheme__level="central", period_end=QUARTERS[1])
    assert (claim.requested, claim.version) == (Decimal("55833.33"), 1)
    assert accrue(deal, cast, QUARTERS[1]) == []


def test_version_that_reaches_back_makes_adjustments(world, cast, deal):
    SchemeVersion.objects.filter(pk=world.central.pk).update(rate_bp=100)
    accrue(deal, cast, QUARTERS[0])
    later = SchemeVersion.objects.get(pk=world.central.pk)
    later.pk, later.code, later.rate_bp, later.announced_on = None, "CENTRAL-B", 150, dt.date(2025, 7, 25)
    later.save(force_insert=True)

    fresh = accrue(deal, cast, QUARTERS[0])

    assert [(row.kind, row.version, row.amount) for row in fresh] == [("adjusted", later, Decimal("1222.23"))]
    assert by_day("central")[QUARTERS[0]][1] == Decimal("3666.67")


def test_adjustment_of_a_closed_claim_goes_to_the_next(world, cast, deal):
    accrue(deal, cast, QUARTERS[1])
    SubsidyClaim.objects.filter(period_end=QUARTERS[0]).update(state="filed")
    Drawdown.objects.filter(number=1).update(paid_to_supplier_on=dt.date(2025, 3, 11))

    accrue(deal, cast, QUARTERS[1])

    moved = AccrualLine.objects.get(kind="adjusted", version__scheme__level="central")
    assert (moved.interest_on, moved.amount, moved.claim.period_end) == (QUARTERS[0], Decimal("-333.34"), QUARTERS[1])
    assert SubsidyClaim.objects.get(scheme__level="central", period_end=QUARTERS[0]).requested == Decimal("3666.67")


def test_negative_remainder_waits_for_a_period_that_can_bear_it(world, cast, deal):
    accrue(deal, cast, QUARTERS[0])
    SubsidyClaim.objects.update(state="filed")
    drawdowns.repay(deal.drawdowns.get(number=1), by=cast.bai, at=END, on=dt.date(2025, 3, 11), amount=Decimal(8_000_000), slip_no="HK-1")

    accrue(deal, cast, QUARTERS[0])
    assert AccrualLine.objects.filter(claim=None).count() == 2

    accrue(deal, cast, QUARTERS[1])
    assert not AccrualLine.objects.filter(claim=None).exists()


def test_suspicion_stops_the_accrual_from_its_day(world, cast, deal):
    Recovery.objects.create(
        deal=deal,
        scheme=world.central.scheme,
        state="doubt",
        reason="资金回流",
        suspended_from=dt.date(2025, 3, 16),
        province=HUBEI,
        office=world["FIN-420100"],
    )

    accrue(deal, cast, QUARTERS[0])

    assert by_day("central")[QUARTERS[0]][1] == Decimal("2000.00")  # six of eleven days
    assert by_day("province")[QUARTERS[0]][1] == Decimal("1222.22")


@pytest.mark.parametrize(("part", "amount"), [("equipment", "1833.33"), ("whole", "3666.67")])
def test_each_version_says_what_part_it_subsidises(world, cast, part, amount, deal):
    Drawdown.objects.filter(number=1).update(equipment_amount=4_000_000)
    SchemeVersion.objects.filter(pk=world.central.pk).update(subsidised_part=part)

    accrue(deal, cast, QUARTERS[0])

    assert by_day("central")[QUARTERS[0]][1] == Decimal(amount)


def test_window_may_be_counted_from_the_first_drawdown(world, cast, deal):
    SchemeVersion.objects.filter(pk=world.central.pk).update(window_anchor="first_drawdown")

    accrue(deal, cast)

    last = AccrualLine.objects.filter(version=world.central).order_by("period_end", "drawdown__number").last()
    assert (last.drawdown.number, last.period_end) == (2, dt.date(2027, 3, 9))


def test_plain_years_spread_rate_times_years(world, cast, deal):
    SchemeVersion.objects.filter(pk=world.central.pk).update(convention="plain_years")

    accrue(deal, cast)

    assert sum(amount for _days, amount in by_day("central").values()) == pytest.approx(Decimal(600_000), abs=Decimal("0.05"))


def test_loan_cap_of_the_firm_counts_across_banks(world, cast, deal):
    SchemeVersion.objects.filter(pk=world.central.pk).update(firm_loan_cap=Decimal(10_000_000))

    accrue(deal, cast, QUARTERS[1])

    second = AccrualLine.objects.get(version=world.central, drawdown__number=2)
    assert second.balance_days == 2_000_000 * 57  # 8 m are used by the first drawdown


# which version


def choose(deal, *, known_on=None):
    deal = Deal.objects.select_related("firm__firm", "filing__project", "branch").get(pk=deal.pk)
    known = versions.book(province=HUBEI, known_on=known_on or END.date())
    return {
        row.number: {
            known.versions[scheme][0].level: (choice.version, choice.reason) for scheme, choice in versions.choose(row, deal, known).items()
        }
        for row in deal.drawdowns.order_by("number")
    }


def reason(deal, level="central", **known):
    version, why = choose(deal, **known)[1][level]
    assert version is None
    assert SENTENCES[why]
    return why


def test_drawdown_of_2027_waits_for_the_states_notice(world, cast):
    deal = cases.signed(world, cast)
    later = dt.datetime(2027, 1, 5, 9, tzinfo=NOW.tzinfo)
    cases.drawn(world, cast, deal, at=later, drawn_on=dt.date(2027, 1, 4), paid_to_supplier_on=dt.date(2027, 1, 4))

    assert reason(deal, known_on=later.date()) == "awaiting_notice"
    assert "待国家通知" in str(SENTENCES["awaiting_notice"])
    assert accrual.accrue(deal, until=dt.date(2027, 6, 20), by=cast.system, at=dt.datetime(2027, 6, 21, tzinfo=NOW.tzinfo)) == []
    assert not SubsidyClaim.objects.exists()


def test_earlier_drawdowns_run_to_the_end_of_their_window(world, cast):
    deal = cases.signed(world, cast)
    cases.drawn(world, cast, deal)

    accrual.accrue(deal, until=dt.date(2028, 6, 20), by=cast.system, at=dt.datetime(2028, 7, 1, tzinfo=NOW.tzinfo))

    assert AccrualLine.objects.filter(version=world.central).order_by("period_end").last().period_end == dt.date(2028, 3, 1)


def test_day_the_version_became_known_matters(world, cast, deal):

    assert choose(deal)[1]["central"][0].id == world.central.pk
    assert choose(deal, known_on=dt.date(2025, 1, 5)) == {1: {}, 2: {}}


def test_conditions_of_a_version(world, cast, deal):
    first = Drawdown.objects.filter(number=1)

    first.update(relending="reported")
    assert reason(deal) == "relending_missing"
    first.update(relending="accepted", paid_to_supplier_on=None)
    assert reason(deal) == "not_paid"
    first.update(paid_to_supplier_on=dt.date(2026, 1, 5))
    assert reason(deal) == "out_of_dates"  # drawn in 2025, paid after the window of payments
    first.update(paid_to_supplier_on=dt.date(2025, 3, 10))
    SchemeVersion.objects.filter(pk=world.central.pk).update(firm_sizes=["small"])
    assert reason(deal) == "firm_not_admitted"
    SchemeVersion.objects.filter(pk=world.central.pk).update(firm_sizes=[], contract_to=dt.date(2025, 1, 1))
    assert reason(deal) == "out_of_dates"
    SchemeVersion.objects.filter(pk=world.central.pk).update(contract_to=None)
    deal.filing.__class__.objects.filter(pk=deal.filing_id).update(state="removed")
    assert reason(deal) == "not_listed"


def test_local_bank_has_no_central_subsidy(world, cast):
    deal = example.loan(world, cast, "HBB-WH", relending="not_eligible")

    assert reason(deal) == "bank_not_admitted"
    assert choose(deal)[1]["province"][0].id == world.addon.pk


def test_scheme_of_another_region_does_not_reach(world, cast, deal):
    world.addon.scheme.region = world.regions["420200"]
    world.addon.scheme.save(update_fields=["region"])

    assert reason(deal, "province") == "other_region"


def test_schemes_that_no_rule_adds_up_are_not_held_together(world, cast):
    from schemes.models import Stacking

    deal = example.loan(world, cast)
    Stacking.objects.update(rule="forbidden")

    assert choose(deal)[1]["central"][0].id == world.central.pk
    assert reason(deal, "province") == "not_together"


def test_window_that_is_over_pays_nothing(world, cast, deal):
    SchemeVersion.objects.filter(pk=world.central.pk).update(window_anchor="first_drawdown", window_months=1)

    accrue(deal, cast)

    assert set(AccrualLine.objects.filter(version=world.central).values_list("drawdown__number", flat=True)) == {1}


def test_many_deals_cost_the_same_queries(world, cast, django_assert_max_num_queries):
    from deals import bank_review, deal_steps, invitations
    from deals.bulk import succeeded
    from deals.models import Invitation
    from tests import factories, people
    from tests.factories import TODAY

    owners = factories.firms(world, 6)
    invitations.list_many(factories.filings(world, owners, state="reported", branches=("ICBC-WH",)), by=cast.zhao, at=NOW, list_number="1")
    deals = succeeded(bank_review.accept_many(list(Invitation.objects.order_by("pk")), by=cast.bai, at=NOW))
    deal_steps.confirm_many(deals, by={deal.pk: people.member(deal.firm, "firm_owner") for deal in deals}, at=NOW)
    deal_steps.start_diligence_many(deals, by=cast.bai, at=NOW)
    deal_steps.approve_credit_many(
        deals, by=cast.bai, at=NOW, terms={deal.pk: {"amount": AMOUNT, "rate_bp": 285, "term_months": 60} for deal in deals}
    )
    contracts = {deal.pk: cases.CONTRACT | {"contract_no": f"HT-{deal.pk}", "amount": AMOUNT} for deal in deals}
    deal_steps.sign_many(deals, by=cast.bai, at=NOW, contracts=contracts)
    facts = {"slip_no": "JJ", "drawn_on": TODAY, "amount": AMOUNT, "payee": "甲", "paid_to_supplier_on": TODAY}
    drawdowns.draw_many([(deal, facts) for deal in deals], by=cast.bai, at=NOW)

    with django_assert_max_num_queries(70):
        lines = accrual.accrue_many(deals, until=dt.date(2026, 6, 20), by=cast.system, at=NOW)

    assert len(lines) == 24
