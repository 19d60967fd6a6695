"""Claims arranged together: a short budget is shared to the fen by each rule, each claim shows its cut and why; notice, objection, document."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection, transaction

from common.errors import Conflict, Invalid, NotAllowed, Stale
from deals import invariants
from deals.funding import steps
from deals.models import BatchObjection, CrossCheckFlag, FundingBatch, SubsidyClaim
from deals.subsidies import caps, claims
from ledger.models import LedgerAccount
from organisations.models import FirmProfile, PolicyParameter
from schemes.models import SchemeVersion
from tests.deals import cases, claim_cases
from tests.deals.claim_cases import JULY

NOTICE = {"notice_from": dt.date(2026, 7, 1), "phone": "027-8000"}
AFTER = JULY + dt.timedelta(days=20)
DOCUMENT = {"document_no": "鄂财金示〔2026〕015号", "issued_on": AFTER.date()}
NUMBER = "2026-01"


def three_reviewed(world, cast):
    return claim_cases.reviewed(world, cast, number=3)


@pytest.fixture
def kept_waiting(states, kept_world, kept_cast):
    return states.add(three_reviewed, kept_world, kept_cast)


@pytest.fixture
def waiting(kept_waiting, db):
    """Three reviewed claims of three loans of the firm, 25,555.56 each."""
    return kept_waiting()


def drafted(cast, *, by=None, **changed):
    facts = {"scheme": "HB-ADDON", "fiscal_year": 2026, "number": NUMBER} | changed
    return steps.draft(by=by or cast.qian, at=JULY, **facts)


def published(cast, batch=None, *, by=None):
    batch = batch or drafted(cast)
    return steps.publish(batch, by=by or cast.feng, at=JULY, seen=batch.version, **NOTICE)


def issued(cast, batch=None):
    batch = batch or published(cast)
    return steps.issue(batch, by=cast.feng, at=AFTER, seen=batch.version, **DOCUMENT)


def shrink(amount):
    LedgerAccount.objects.filter(code="budget:HB-ADDON:2026").update(limit=amount)


def budget():
    account = LedgerAccount.objects.get(code="budget:HB-ADDON:2026")
    return account.held, account.posted


def arranged(rows):
    return [cases.fresh(row).arranged for row in rows]


def test_batch_from_draft_to_payment(world, cast, waiting):
    batch = drafted(cast)
    assert (batch.claims.count(), batch.state, batch.is_large) == (3, "draft", False)
    batch = published(cast, batch)
    assert (batch.notice_to, batch.available) == (dt.date(2026, 7, 8), 10_000_000)  # five working days after 1 July
    total = sum(row.eligible for row in waiting)
    assert budget() == (total, 0)

    batch = issued(cast, batch)
    batch = steps.pay(batch, by=cast.qian, at=AFTER, seen=batch.version, paid_on=AFTER.date())

    assert (batch.state, budget()) == ("paid", (0, total))
    assert {(row.state, row.document_no) for row in SubsidyClaim.objects.filter(batch=batch)} == {("settled", DOCUMENT["document_no"])}
    assert cases.verbs(batch) == ["draft", "publish", "issue", "pay"]


def test_whatever_is_written_past_the_steps_is_named(world, cast, waiting, subtests):
    batch = issued(cast)
    batch = steps.pay(batch, by=cast.qian, at=AFTER, seen=batch.version, paid_on=AFTER.date())
    assert list(invariants.breaches()) == []
    for sql, rule in (
        ("UPDATE deals_fundingbatch SET available = 1 WHERE id = %s", "a batch arranges more than there was"),
        ("UPDATE deals_subsidyclaim SET state = 'approved' WHERE batch_id = %s", "a batch is paid and a claim of it is not"),
    ):
        with subtests.test(rule), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(sql, [batch.pk])
            assert rule in {breach.rule for breach in invariants.breaches()}
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("rule", "expected", "reason"),
    [
        ("first_come", ["25555.56", "14444.44", "0.00"], "budget_exhausted"),
        ("carry_over", ["25555.56", "14444.44", "0.00"], "carried_over"),
        ("pro_rata", ["13333.34", "13333.33", "13333.33"], "pro_rata_share"),
        ("priority_then_pro_rata", ["13333.34", "13333.33", "13333.33"], "pro_rata_share"),
    ],
)
def test_short_budget_is_shared_to_the_fen_by_the_rule_of_the_version(world, cast, waiting, rule, expected, reason):
    SchemeVersion.objects.update(shortfall_rule=rule)
    shrink(40_000)

    batch = published(cast)

    assert (arranged(waiting), budget()[0]) == ([Decimal(share) for share in expected], 40_000)
    assert (batch.shortfall_rule, batch.available) == (rule, 40_000)
    for row in SubsidyClaim.objects.filter(batch=batch):
        assert row.eligible - row.arranged == sum(amount for amount, _why in caps.told(row.cuts))
        assert {cut["reason"] for cut in row.cuts} <= {reason}


def test_honoured_firms_come_first_where_the_rule_says_so(world, cast, waiting):
    SchemeVersion.objects.update(shortfall_rule="priority_then_pro_rata")
    shrink(40_000)
    FirmProfile.objects.update(honours=["专精特新"])

    assert {rank.priority for rank in steps.ranks(waiting).values()} == {steps.HONOURED}


def test_large_batch_is_published_by_somebody_else(world, cast, waiting):
    PolicyParameter.objects.filter(key="maker_checker_above").update(value=50_000)
    batch = drafted(cast)

    for by in (cast.qian, replace(cast.feng, covers={cast.qian.user_id: "钱财政"})):
        with pytest.raises(NotAllowed):
            published(cast, batch, by=by)

    assert (batch.is_large, published(cast, batch, by=cast.feng).state) == (True, "notice")


def test_small_batch_may_be_published_by_its_drafter(world, cast, waiting):
    assert published(cast, by=cast.qian).state == "notice"


@pytest.mark.parametrize("who", ["tan", "lin", "bai", "zhao", "system"])
def test_only_the_deciding_office_drafts(world, cast, waiting, who):
    with pytest.raises((NotAllowed, Invalid)):
        drafted(cast, by=getattr(cast, who))

    assert not FundingBatch.objects.exists()


def test_claim_of_a_batch_is_approved_with_it(world, cast, waiting):
    drafted(cast)
    row = cases.fresh(waiting[0])

    with pytest.raises(Invalid) as refusal:
        claims.approve(row, by=cast.qian, at=JULY, seen=row.version)

    assert [problem.code for problem in refusal.value.problems] == ["in_batch"]


def test_objection_upheld_takes_its_claim_away_and_frees_the_budget(world, cast, waiting):
    batch = published(cast)
    facts = {"claim": waiting[1].pk, "objector": "某某", "text": "设备未到厂", "received_on": JULY.date()}
    batch = steps.object_to(batch, by=cast.qian, at=JULY, seen=batch.version, **facts)
    steps.object_to(batch, by=cast.qian, at=JULY, seen=batch.version, **facts)
    objection = BatchObjection.objects.get()

    with pytest.raises(Invalid):
        steps.uphold(objection, by=cast.qian, at=JULY, seen=objection.version)
    steps.uphold(objection, by=cast.qian, at=JULY, seen=objection.version, note="查实")

    assert [cases.fresh(row).state for row in waiting] == ["approved", "refused", "approved"]
    assert budget()[0] == waiting[0].eligible + waiting[2].eligible
    batch = issued(cast, cases.fresh(batch))
    assert steps.pay(batch, by=cast.qian, at=AFTER, seen=batch.version, paid_on=AFTER.date()).state == "paid"
    assert budget() == (0, waiting[0].eligible + waiting[2].eligible)


def test_open_objection_stops_its_claim_only(world, cast, waiting):
    batch = published(cast)
    facts = {"claim": waiting[1].pk, "objector": "某某", "text": "设备未到厂", "received_on": JULY.date()}
    batch = steps.object_to(batch, by=cast.qian, at=JULY, seen=batch.version, **facts)

    batch = issued(cast, batch)

    stopped = cases.fresh(waiting[1])
    assert ([row.pk for row in batch.claims.order_by("pk")], stopped.batch_id) == ([waiting[0].pk, waiting[2].pk], None)
    objection = BatchObjection.objects.get()
    with pytest.raises(Invalid) as refusal:
        claims.settle(stopped, by=cast.qian, at=AFTER, seen=stopped.version, document_no="x")
    assert refusal.value.problems[0].code == "objected"
    steps.dismiss(objection, by=cast.qian, at=AFTER, seen=objection.version, note="不属实")
    claims.settle(stopped, by=cast.qian, at=AFTER, seen=stopped.version, document_no="x")


def test_document_waits_for_the_end_of_the_notice(world, cast, waiting):
    batch = published(cast)

    with pytest.raises(Invalid) as refusal:
        steps.issue(batch, by=cast.feng, at=JULY, seen=batch.version, document_no=" ", issued_on=JULY.date())

    assert [problem.code for problem in refusal.value.problems] == ["notice_runs", "required"]


def test_same_number_again_is_the_same_batch(world, cast, waiting):
    first = drafted(cast)

    assert drafted(cast).pk == first.pk
    with pytest.raises(Conflict):
        drafted(cast, fiscal_year=2027)
    with pytest.raises(Invalid):
        drafted(cast, number="2026-02")
    published(cast, first)
    with pytest.raises(Stale):
        steps.publish(first, by=cast.feng, at=JULY, seen=0, **NOTICE)


def test_claims_are_picked_and_taken_out_again(world, cast, waiting):
    batch = drafted(cast, claims=f"{waiting[0].pk}，{waiting[2].pk}")
    assert [row.pk for row in batch.claims.order_by("pk")] == [waiting[0].pk, waiting[2].pk]
    for named in ("x", f"{waiting[0].pk}"):
        with pytest.raises(Invalid):
            drafted(cast, number="2026-02", claims=named)

    with pytest.raises(Invalid):
        steps.leave(batch, claim=waiting[1].pk, by=cast.qian, at=JULY, seen=batch.version, note="不在其中")
    steps.leave(batch, claim=waiting[2].pk, by=cast.qian, at=JULY, seen=batch.version, note="下批安排")

    assert [row.pk for row in batch.claims.all()] == [waiting[0].pk]
    assert drafted(cast, number="2026-02").claims.count() == 2


def test_flagged_claim_waits_for_its_answer(world, cast, waiting):
    CrossCheckFlag.objects.create(
        claim=waiting[0], drawdown=waiting[0].deal.drawdowns.get(), rule="round_trip", found_at=JULY, province=waiting[0].province
    )

    assert drafted(cast).claims.count() == 2


def test_void_draft_gives_its_claims_back(world, cast, waiting):
    batch = drafted(cast)
    steps.void(batch, by=cast.qian, at=JULY, seen=batch.version, note="重新草拟")

    assert drafted(cast, number="2026-02").claims.count() == 3


def test_one_claim_that_may_not_be_approved_stops_the_publication(world, cast, waiting):
    batch = drafted(cast, by=cast.qian)
    SubsidyClaim.objects.filter(pk=waiting[0].pk).update(prepared_by=cast.feng.user_id)

    with pytest.raises(Invalid) as refusal:
        published(cast, batch, by=cast.feng)

    assert str(waiting[0].pk) in str(refusal.value.problems[0].message)
    assert (cases.fresh(batch).state, budget()) == ("draft", (0, 0))
