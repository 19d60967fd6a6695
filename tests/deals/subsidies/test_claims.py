"""Each claim goes to the money by its channel, decided by the office its scheme names, never above interest, caps and budget."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from deals.bulk import succeeded
from deals.models import SubsidyClaim
from deals.subsidies import accrual, caps, claims
from ledger.models import LedgerAccount
from organisations.models import Organisation, Unit
from schemes.models import Budget, Scheme, SchemeVersion
from tests import people
from tests.deals import cases
from tests.deals.subsidies import example
from tests.deals.subsidies.example import END, QUARTERS, A
from tests.factories import HUBEI, NOW

GROSS = (Decimal("6966.67"), Decimal("112416.67"))
FIRST, SECOND = Decimal("1222.22"), Decimal("19722.22")
DOCUMENT = "鄂财金示〔2027〕009号"


@pytest.fixture
def deal(loan):
    return loan


def ready(deal, cast, *, slips=GROSS):
    """Two quarters accrued, with the slips of both: claims by level in order of period."""
    accrual.accrue(deal, until=QUARTERS[1], by=cast.system, at=END)
    example.pay_interest(deal, cast.bai, zip(QUARTERS, slips, strict=False))
    return {level: list(SubsidyClaim.objects.filter(scheme__level=level).order_by("period_end")) for level in ("central", "province")}


def at_approval(deal, cast, **options):
    """Both provincial claims filed and reviewed."""
    rows = ready(deal, cast, **options)["province"]
    for row in rows:
        claims.file(row, by=cast.lin, at=END, seen=row.version)
        claims.review(row, by=cast.zhao, at=END, seen=row.version)
    return rows


def budget(world, year=2027):
    account = LedgerAccount.objects.get(code=f"budget:HB-ADDON:{year}")
    return account.limit, account.held, account.posted


def shrink(world, amount, year=2027):
    LedgerAccount.objects.filter(code=f"budget:HB-ADDON:{year}").update(limit=amount)


# the firm reclaims


def test_firm_claim_from_forecast_to_settlement(world, cast, deal):
    row = ready(deal, cast)["province"][0]

    claims.file(row, by=cast.lin, at=END, seen=row.version)
    assert (row.state, row.eligible, row.cuts, row.prepared_by_id) == ("filed", FIRST, [], cast.lin.user_id)
    claims.review(row, by=cast.zhao, at=END, seen=row.version)
    claims.approve(row, by=cast.qian, at=END, seen=row.version)
    assert (row.state, row.arranged, row.fiscal_year, budget(world)[1:]) == ("approved", FIRST, 2027, (FIRST, 0))
    claims.settle(row, by=cast.qian, at=END, seen=row.version, document_no=DOCUMENT)

    assert (row.state, row.paid, row.document_no, budget(world)[1:]) == ("settled", FIRST, DOCUMENT, (0, FIRST))
    assert cases.verbs(row) == ["forecast", "file", "review", "approve", "settle"]


def test_settlement_on_actuals_frees_the_rest(world, cast, deal):
    row = at_approval(deal, cast)[0]
    claims.approve(row, by=cast.qian, at=END, seen=row.version)

    with pytest.raises(Invalid) as refusal:
        claims.settle(row, by=cast.qian, at=END, seen=row.version, document_no=" ", paid=FIRST + 1)
    claims.settle(row, by=cast.qian, at=END, seen=row.version, document_no=DOCUMENT, paid=Decimal(1000))

    assert [problem.field for problem in refusal.value.problems] == ["paid", "document_no"]
    assert (row.paid, budget(world)[1:]) == (1000, (0, 1000))


def test_firm_claims_only_what_interest_it_paid(world, cast, deal):
    row = ready(deal, cast, slips=GROSS[:1])["province"][1]

    with pytest.raises(Invalid) as refusal:
        claims.file(row, by=cast.lin, at=END, seen=row.version)

    assert refusal.value.problems[0].field == "interest_receipts"
    assert cases.fresh(row).state == "forecast"


def test_gap_between_slips_is_noticed(world, cast, deal):
    accrual.accrue(deal, until=QUARTERS[1], by=cast.system, at=END)
    example.pay_interest(deal, cast.bai, [(dt.date(2025, 5, 20), 1)], start=dt.date(2025, 3, 21))
    example.pay_interest(deal, cast.bai, [(QUARTERS[1], 1)], start=dt.date(2025, 5, 22))
    row = SubsidyClaim.objects.get(scheme__level="province", period_end=QUARTERS[1])

    with pytest.raises(Invalid):
        claims.file(row, by=cast.lin, at=END, seen=row.version)


def test_province_yields_before_the_centre_when_interest_is_short(world, cast, deal):
    row = ready(deal, cast, slips=(Decimal(4000),))["province"][0]

    claims.file(row, by=cast.lin, at=END, seen=row.version)

    assert row.eligible == Decimal("333.33")  # 4,000 paid, 3,666.67 of it covered by the centre
    assert caps.told(row.cuts) == [(Decimal("888.89"), "贴息合计不得超过实付利息。")]


def test_caps_cut_in_the_order_of_claims(world, cast, deal):
    SchemeVersion.objects.filter(pk=world.addon.pk).update(firm_year_cap=Decimal(10_000), per_loan_cap=Decimal(9_000))

    rows = ready(deal, cast)["province"]

    assert [row.eligible for row in rows] == [FIRST, 9_000 - FIRST]
    assert [cut["reason"] for cut in rows[1].cuts] == ["cap_per_loan"]
    claims.file(rows[1], by=cast.lin, at=END, seen=rows[1].version)
    assert rows[1].eligible == 9_000 - FIRST


@pytest.mark.parametrize("who", ["mo_firm", "bai", "zhao", "qian"])
def test_only_the_firm_files(world, cast, deal, who):
    row = ready(deal, cast)["province"][0]

    with pytest.raises(NotAllowed):
        claims.file(row, by=getattr(cast, who), at=END, seen=row.version)


@pytest.mark.parametrize("who", ["tan", "zhao", "lin", "bai", "system"])
def test_wrong_office_approves_nothing(world, cast, deal, who):
    row = at_approval(deal, cast)[0]

    with pytest.raises(NotAllowed):
        claims.approve(row, by=getattr(cast, who), at=END, seen=row.version)

    assert (cases.fresh(row).state, budget(world)[1:]) == ("reviewed", (0, 0))


def test_refusal_needs_a_reason(world, cast, deal):
    row = at_approval(deal, cast)[0]

    with pytest.raises(Invalid):
        claims.refuse(row, by=cast.qian, at=END, seen=row.version)
    claims.refuse(row, by=cast.qian, at=END, seen=row.version, note="发票已作废")

    assert row.state == "refused"


# the budget


def test_short_budget_is_arranged_down_with_the_reason(world, cast, deal):
    rows = at_approval(deal, cast)
    shrink(world, 10_000)

    results = claims.approve_many(rows, by=cast.qian, at=END)

    assert len(succeeded(results)) == 2
    assert [row.arranged for row in rows] == [FIRST, 10_000 - FIRST]
    assert rows[1].cuts == [{"amount": str(FIRST + SECOND - 10_000), "reason": "carried_over"}]
    assert budget(world) == (10_000, 10_000, 0)


def test_short_budget_may_be_shared_in_proportion(world, cast, deal):
    rows = at_approval(deal, cast)
    SchemeVersion.objects.filter(pk=world.addon.pk).update(shortfall_rule="pro_rata")
    shrink(world, 10_000)

    claims.approve_many(rows, by=cast.qian, at=END)

    assert sum(row.arranged for row in rows) == 10_000
    assert {cut["reason"] for row in rows for cut in row.cuts} == {"pro_rata_share"}


def test_empty_budget_arranges_nothing_and_promises_nothing(world, cast, deal):
    row = at_approval(deal, cast)[0]
    shrink(world, 0)

    claims.approve(row, by=cast.qian, at=END, seen=row.version)
    claims.settle(row, by=cast.qian, at=END, seen=row.version, document_no=DOCUMENT)

    assert (row.state, row.arranged, row.paid, budget(world)) == ("settled", 0, 0, (0, 0, 0))


def test_year_without_a_budget_is_refused_with_the_remedy(world, cast, deal):
    row = at_approval(deal, cast)[0]

    with pytest.raises(Invalid) as refusal:
        claims.approve(row, by=cast.qian, at=END, seen=row.version, fiscal_year=2031)

    assert (refusal.value.problems[0].code, bool(refusal.value.problems[0].remedy)) == ("no_budget", True)


def test_document_of_an_earlier_year_may_be_used(world, cast, deal):
    row = at_approval(deal, cast)[0]

    claims.approve(row, by=cast.qian, at=END, seen=row.version, fiscal_year=2026)

    assert (row.fiscal_year, budget(world, 2026)[1]) == (2026, FIRST)


# the bank nets


def test_central_claim_is_decided_by_the_citys_finance_with_two_people(world, cast, deal):
    row = ready(deal, cast)["central"][0]
    second = people.member(world["FIN-420100"].organisation, "signer")

    claims.evidence(row, by=cast.bai, at=END, seen=row.version)
    claims.review(row, by=cast.tan, at=END, seen=row.version)
    for who in (cast.tan, cast.qian, cast.bai):
        with pytest.raises(NotAllowed):
            claims.approve(row, by=who, at=END, seen=row.version)
    claims.approve(row, by=second, at=END, seen=row.version)
    claims.settle(row, by=second, at=END, seen=row.version, document_no=DOCUMENT)

    assert (row.state, row.paid) == ("settled", Decimal("3666.67"))


def test_another_citys_finance_decides_nothing(world, cast, deal):
    office = Organisation.objects.create(kind="unit", name="黄石市财政局", province=HUBEI)
    Unit.objects.create(organisation=office, code="FIN-420200", kind="city", line="finance", region=world["420200"], province=HUBEI)
    stranger = people.member(office, "handler", "signer")
    row = ready(deal, cast)["central"][0]
    claims.evidence(row, by=cast.bai, at=END, seen=row.version)

    for verb in (claims.review, claims.record):
        extra = {"amount": row.eligible, "document_no": DOCUMENT} if verb is claims.record else {}
        with pytest.raises(NotAllowed):
            verb(row, by=stranger, at=END, seen=row.version, **extra)

    assert not SubsidyClaim.objects.visible_to(stranger).exists()
    assert SubsidyClaim.objects.visible_to(cast.tan).exists()


def test_what_is_decided_outside_is_recorded_never_approved(world, cast, deal):
    Scheme.objects.filter(pk=world.central.scheme_id).update(authority="external")
    row = ready(deal, cast)["central"][0]
    assert row.office is None
    claims.evidence(row, by=cast.bai, at=END, seen=row.version)

    for who in (cast.tan, cast.qian, cast.zhao):
        with pytest.raises(NotAllowed):
            claims.review(row, by=who, at=END, seen=row.version)
    with pytest.raises(Invalid) as refusal:
        claims.record(row, by=cast.bai, at=END, seen=row.version, amount=row.eligible + 1, document_no=DOCUMENT)
    claims.record(row, by=cast.bai, at=END, seen=row.version, amount=Decimal(3600), document_no=DOCUMENT)
    claims.settle(row, by=cast.bai, at=END, seen=row.version, document_no=DOCUMENT)

    assert refusal.value.problems[0].field == "amount"
    assert (row.state, row.arranged, row.paid, row.document_no) == ("settled", 3600, 3600, DOCUMENT)
    assert not Budget.objects.filter(scheme=world.central.scheme).exists()


def test_what_is_decided_here_is_not_recorded_past_the_second_person_and_the_budget(world, cast, deal):
    row = ready(deal, cast)["central"][0]

    for who in (cast.tan, cast.qian, cast.bai):
        with pytest.raises(NotAllowed):
            claims.record(row, by=who, at=END, seen=row.version, amount=row.eligible, document_no=DOCUMENT)

    assert cases.fresh(row).state == "forecast"


def test_channels_have_their_own_steps(world, cast, deal):
    rows = ready(deal, cast)

    with pytest.raises(Conflict) as refusal:
        claims.file(rows["central"][0], by=cast.lin, at=END, seen=0)
    assert refusal.value.code == "no_such_step"
    with pytest.raises(Conflict):
        claims.evidence(rows["province"][0], by=cast.bai, at=END, seen=0)


def test_nothing_to_do_answers_nothing(db, cast):
    assert claims.file_many([], by=cast.lin, at=NOW) == []
    assert claims.approve_many([], by=cast.qian, at=NOW) == []


def test_steps_by_lists_cost_the_same_for_any_number(world, cast, deal, django_assert_max_num_queries):
    accrual.accrue(deal, until=dt.date(2027, 3, 20), by=cast.system, at=END)
    ends = sorted(SubsidyClaim.objects.filter(scheme__level="province").values_list("period_end", flat=True))
    example.pay_interest(deal, cast.bai, [(end, 150_000) for end in ends], start=A)
    rows = list(SubsidyClaim.objects.filter(scheme__level="province").order_by("period_end"))

    with django_assert_max_num_queries(20 + 6 * len(rows)):
        claims.file_many(rows, by=cast.lin, at=END)
    with django_assert_max_num_queries(26):
        claims.review_many(rows, by=cast.zhao, at=END)
    with django_assert_max_num_queries(36):
        claims.approve_many(rows, by=cast.qian, at=END)
    with django_assert_max_num_queries(30):
        claims.settle_many(rows, by=cast.qian, at=END, document_no=DOCUMENT)

    assert {row.state for row in rows} == {"settled"}
    assert budget(world)[2] == sum(row.paid for row in rows) > 0
