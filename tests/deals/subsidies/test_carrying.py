"""What a budget could not cover and is owed waits as a claim of its own, and the next document serves it before all others."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Invalid
from deals import invariants
from deals.models import RecoveryPart, SubsidyClaim
from deals.recovery import steps
from deals.subsidies import accrual, claims
from ledger import accounts
from ledger.models import LedgerAccount
from schemes.models import SchemeVersion
from tests.deals import cases, claim_cases
from tests.deals.claim_cases import JULY
from tests.deals.recovery import courses

LATER = JULY + dt.timedelta(days=30)
DOCUMENT = "鄂财金示〔2026〕071号"
ELIGIBLE = Decimal("25555.56")


@pytest.fixture
def waiting(two_reviewed):
    return two_reviewed


def limit(cast, amount):
    account = LedgerAccount.objects.get(code="budget:HB-ADDON:2026")
    accounts.set_limit(account.pk, Decimal(amount), business_key=f"limit:{amount}", by=cast.system, at=JULY)


def paid_short(cast, rows, *, available=40_000, document_no=DOCUMENT):
    """Arranged and paid from a budget of so much; the claims carried over."""
    limit(cast, available)
    claims.approve_many(rows, by=cast.qian, at=JULY)
    assert [result.error for result in claims.settle_many(rows, by=cast.qian, at=JULY, document_no=document_no)] == [None] * len(rows)
    return list(SubsidyClaim.objects.filter(carried__gt=0, state="reviewed").order_by("pk"))


def decided(cast, deal):
    """The whole loan's subsidy is taken back by a decision of a month later."""
    row = courses.doubt(deal, cast, at=LATER, suspended_from=JULY.date())
    steps.explain(row, explanation="设备款已付，部分转回", by=cast.bai, at=LATER, seen=row.version)
    row.refresh_from_db()
    row = steps.find(row, finding="设备款转回借款人账户", by=cast.qian, at=LATER, seen=row.version)
    facts = {"document_no": courses.DECISION, "decided_on": LATER.date(), "pay_by": LATER.date() + dt.timedelta(days=30)}
    return steps.decide(row, by=cast.feng, at=LATER, seen=row.version, **facts)


def broken():
    return [breach.rule for breach in invariants.breaches()]


def test_what_is_owed_waits_as_a_claim_of_its_own(world, cast, waiting):
    (owed,) = paid_short(cast, waiting)

    short = cases.fresh(waiting[1])
    assert (short.paid, owed.requested, owed.eligible) == (40_000 - ELIGIBLE, 2 * ELIGIBLE - 40_000, 2 * ELIGIBLE - 40_000)
    assert (owed.period, owed.carried, owed.office_id, owed.claimant_id) == (short.period, 1, short.office_id, short.claimant_id)
    assert (cases.verbs(owed), broken()) == (["carry"], [])


@pytest.mark.parametrize("rule", ["first_come", "pro_rata", "priority_then_pro_rata"])
def test_what_other_rules_cut_has_lapsed(world, cast, waiting, rule):
    SchemeVersion.objects.update(shortfall_rule=rule)

    assert paid_short(cast, waiting) == []
    assert broken() == []


def test_next_document_serves_what_is_owed_before_all_others(world, cast, waiting):
    (owed,) = paid_short(cast, waiting)
    (new,) = claim_cases.claims(world, cast, start=2)["HB-ADDON"][-1:]
    claims.file(new, by=cast.lin, at=JULY, seen=new.version)
    claims.review(new, by=cast.zhao, at=JULY, seen=new.version)
    limit(cast, 55_000)  # 15,000 more

    results = claims.approve_many([new, owed], by=cast.qian, at=LATER)

    assert [result.error for result in results] == [None, None]
    assert (cases.fresh(owed).arranged, cases.fresh(new).arranged) == (owed.eligible, 15_000 - owed.eligible)


def test_nothing_is_approved_past_what_is_owed(world, cast, waiting):
    (owed,) = paid_short(cast, waiting)
    (new,) = claim_cases.claims(world, cast, start=2)["HB-ADDON"][-1:]
    claims.file(new, by=cast.lin, at=JULY, seen=new.version)
    claims.review(new, by=cast.zhao, at=JULY, seen=new.version)
    limit(cast, 1_000_000)

    with pytest.raises(Invalid) as refusal:
        claims.approve(new, by=cast.qian, at=LATER, seen=new.version)
    claims.approve(owed, by=cast.qian, at=LATER, seen=owed.version)
    claims.approve(new, by=cast.qian, at=LATER, seen=new.version)

    assert [problem.code for problem in refusal.value.problems] == ["carried_first"]


def test_what_is_owed_may_be_carried_over_again_until_all_is_paid(world, cast, waiting):
    rows, ended = waiting, JULY
    for available, document_no in ((40_000, "一号"), (45_000, "二号"), (60_000, "三号")):
        rows, ended = paid_short(cast, rows, available=available, document_no=document_no), rows

    paid = SubsidyClaim.objects.filter(scheme__code="HB-ADDON", period_end=waiting[0].period_end).values_list("carried", "paid")
    assert (rows, len(ended)) == ([], 1)
    assert sum(amount for _carried, amount in paid) == 2 * ELIGIBLE
    assert sorted(carried for carried, _paid in paid) == [0, 0, 1, 2]
    assert broken() == []


def test_lines_booked_later_go_to_a_claim_with_lines(world, cast, waiting):
    (owed,) = paid_short(cast, waiting)

    accrual.accrue(owed.deal, until=dt.date(2026, 9, 20), by=cast.system, at=LATER + dt.timedelta(days=60))

    assert cases.fresh(owed).requested == owed.requested
    assert broken() == []


def test_decision_of_recovery_withholds_what_is_owed(world, cast, waiting):
    (owed,) = paid_short(cast, waiting)

    taken_back = decided(cast, owed.deal)

    parts = dict(RecoveryPart.objects.filter(recovery=taken_back).values_list("claim", "amount"))
    assert (cases.fresh(owed).state, parts[owed.pk]) == ("refused", owed.eligible)
    assert taken_back.amount == cases.fresh(waiting[1]).paid + sum(
        row.paid for row in SubsidyClaim.objects.filter(deal=owed.deal, scheme=owed.scheme, state="settled").exclude(pk=waiting[1].pk)
    )
    assert broken() == []


def test_share_withheld_before_payment_is_not_owed_either(world, cast, waiting):
    limit(cast, 40_000)
    claims.approve_many(waiting, by=cast.qian, at=JULY)
    decided(cast, waiting[1].deal)

    claims.settle_many([row for row in waiting if cases.fresh(row).state == "approved"], by=cast.qian, at=LATER, document_no=DOCUMENT)

    assert not SubsidyClaim.objects.filter(carried=1, deal=waiting[1].deal).exists()
    assert broken() == []
