"""A diversion from the doubt to the last receipt, to the fen; and what a doubt, a decision and a clearing do to claims and accrual."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from common.errors import Conflict, Invalid, NotAllowed, Stale
from deals import invariants
from deals.models import AccrualLine, Recovery, RecoveryPart, SubsidyClaim
from deals.recovery import receipts, steps
from deals.subsidies import accrual, caps, claims
from ledger.models import Entry
from organisations.models import FirmBar
from schemes.models import SchemeVersion
from tests import people
from tests.deals import cases
from tests.deals.recovery import courses
from tests.deals.recovery.courses import DECIDED_ON, FIRST, SECOND, SUSPECTED, THIRD, budget
from tests.deals.subsidies.example import END, QUARTERS

LATER = QUARTERS[2]


@pytest.fixture
def deal(paid):
    return paid


def accrued(deal, interest_on, level="province"):
    rows = AccrualLine.objects.filter(drawdown__deal=deal, interest_on=interest_on, version__scheme__level=level)
    return rows.aggregate(sum=Sum("amount"))["sum"]


def claim_of(deal, period_end=LATER):
    return SubsidyClaim.objects.get(deal=deal, scheme__level="province", period_end=period_end)


def unbroken():
    return [str(breach) for breach in invariants.breaches()] == []


def test_diversion_runs_from_the_doubt_to_the_last_receipt(world, cast, deal):
    assert budget() == (0, FIRST + SECOND)

    row = courses.doubt(deal, cast)
    accrual.accrue(deal, until=LATER, by=cast.system, at=END)
    assert accrued(deal, LATER) == Decimal("11388.89")  # 41 days to 31 July, each drawdown rounded by itself
    steps.explain(row, explanation="设备款已付", by=cast.bai, at=END, seen=row.version)
    row.refresh_from_db()
    steps.state(row, statement="款项已用于设备", by=cast.lin, at=END, seen=row.version)
    row.refresh_from_db()
    row = steps.find(row, finding="设备款转回借款人账户", by=cast.qian, at=END, seen=row.version)
    row = courses.decided(row, cast)

    assert (row.state, row.scope, row.amount, row.payer) == ("decided", "whole_loan", FIRST + SECOND, cast.firm)
    assert (claim_of(deal).state, claim_of(deal).eligible) == ("refused", Decimal("11388.89"))
    courses.receive(row, cast, "10000", "SK-1")
    assert budget() == (0, FIRST + SECOND - 10_000)
    courses.receive(row, cast, "10944.43", "SK-2")
    assert cases.fresh(row).state == "decided"
    courses.receive(row, cast, "0.01", "SK-3")

    row.refresh_from_db()
    assert (row.state, row.recovered, row.left, budget()) == ("closed", FIRST + SECOND, 0, (0, 0))
    assert cases.verbs(row) == ["doubt", "explain", "state", "find", "decide", "receive", "receive", "receive", "close"]
    back = Entry.objects.filter(kind="reverse", business_key__startswith=f"recovery:{row.pk}:").order_by("id")
    assert list(back.values_list("amount", flat=True)) == [FIRST, 10_000 - FIRST, Decimal("10944.43"), Decimal("0.01")]
    bar = FirmBar.objects.get(firm=cast.firm)
    assert (bar.kind, bar.source, bar.valid_from) == ("recovery", courses.DECISION, DECIDED_ON)
    accrual.accrue(deal, until=dt.date(2027, 6, 20), by=cast.system, at=END)
    assert accrued(deal, dt.date(2025, 12, 20)) is None or accrued(deal, dt.date(2025, 12, 20)) == 0  # it earns nothing ever again
    assert unbroken()


def test_doubt_stops_every_open_claim_of_the_scheme(world, cast):
    deal = courses.paid(world, cast, until=LATER)
    row = claim_of(deal)
    courses.doubt(deal, cast)

    with pytest.raises(Invalid) as refusal:
        claims.file(row, by=cast.lin, at=END, seen=row.version)

    assert [problem.code for problem in refusal.value.problems] == ["in_doubt"]
    central = SubsidyClaim.objects.get(scheme__level="central", period_end=LATER)
    claims.evidence(central, by=cast.bai, at=END, seen=central.version)  # another scheme's money goes on


def test_what_is_booked_is_not_lowered_by_a_doubt(world, cast):
    deal = courses.paid(world, cast, until=LATER)
    before = accrued(deal, LATER)

    courses.doubt(deal, cast)
    accrual.accrue(deal, until=dt.date(2025, 12, 20), by=cast.system, at=END)

    assert (before, accrued(deal, LATER)) == (THIRD, THIRD)
    assert not accrued(deal, dt.date(2025, 12, 20))


def test_cleared_it_goes_on_with_what_was_due(world, cast, deal):
    row = courses.doubt(deal, cast, suspended_from=dt.date(2025, 8, 1))
    accrual.accrue(deal, until=LATER, by=cast.system, at=END)

    steps.clear(row, by=cast.feng, at=END, seen=row.version, note="凭证齐全，用途相符")

    assert cases.fresh(row).state == "cleared"
    assert accrued(deal, LATER) == claim_of(deal).requested
    assert accrued(deal, LATER) == THIRD
    assert accrued(deal, dt.date(2025, 12, 20)) > 0
    assert unbroken()


def test_nobody_decides_what_they_found_or_clears_what_they_raised(world, cast, deal):
    row = courses.doubt(deal, cast)

    with pytest.raises(NotAllowed):
        steps.clear(row, by=cast.qian, at=END, seen=row.version, note="无事")
    steps.explain(row, explanation="说明", by=cast.bai, at=END, seen=row.version)
    row.refresh_from_db()
    steps.find(row, finding="认定", by=cast.qian, at=END, seen=row.version)
    row.refresh_from_db()
    with pytest.raises(NotAllowed):
        courses.decided(row, cast, by=cast.qian)

    assert courses.decided(row, cast, by=cast.feng).state == "decided"


def test_whoever_stands_in_for_the_finder_decides_as_little(world, cast, deal):
    row = courses.found(deal, cast)
    deputy = replace(cast.feng, covers={cast.qian.user_id: "钱财政"})

    with pytest.raises(NotAllowed):
        courses.decided(row, cast, by=deputy)
    with pytest.raises(NotAllowed):
        steps.clear(row, by=deputy, at=END, seen=row.version, note="无事")


@pytest.mark.parametrize("who", ["lin", "bai", "chen", "tan", "system", "mo_firm"])
def test_strangers_decide_nothing(world, cast, deal, who):
    row = courses.found(deal, cast)

    with pytest.raises(NotAllowed):
        courses.decided(row, cast, by=getattr(cast, who))


def test_bank_is_heard_before_anything_is_found(world, cast, deal):
    row = courses.doubt(deal, cast)

    with pytest.raises(Invalid) as refusal:
        steps.find(row, finding="认定", by=cast.qian, at=END, seen=row.version)
    assert refusal.value.problems[0].code == "not_heard"
    later = END + dt.timedelta(days=30)
    steps.find(row, finding="逾期未说明", by=cast.qian, at=later, seen=row.version)

    assert cases.fresh(row).state == "found"


def test_same_doubt_and_same_receipt_again_are_the_same(world, cast, deal):

    first, again = courses.doubt(deal, cast), courses.doubt(deal, cast)
    with pytest.raises(Conflict):
        courses.doubt(deal, cast, reason="另一事由")

    assert first.pk == again.pk
    steps.explain(first, explanation="说明", by=cast.bai, at=END, seen=0)
    with pytest.raises(Stale):
        steps.explain(again, explanation="说明", by=cast.bai, at=END, seen=0)
    row = cases.fresh(first)
    row = steps.find(row, finding="认定", by=cast.qian, at=END, seen=row.version)
    row = courses.decided(row, cast)
    how = {"on": DECIDED_ON, "slip_no": "SK-1", "by": cast.qian, "at": END}
    receipts.receive(row, amount=Decimal(5000), seen=row.version, **how)
    receipts.receive(row, amount=Decimal(5000), seen=row.version, **how)
    with pytest.raises(Conflict):
        receipts.receive(row, amount=Decimal(6000), seen=row.version, **how)

    assert (cases.fresh(row).recovered, row.receipts.count(), budget()[1]) == (5000, 1, FIRST + SECOND - 5000)


def test_more_than_is_left_is_no_receipt_of_this_recovery(world, cast, deal):
    row = courses.decided(courses.found(deal, cast), cast)

    with pytest.raises(Invalid) as refusal:
        courses.receive(row, cast, FIRST + SECOND + Decimal("0.01"), "SK-1")

    assert refusal.value.problems[0].field == "amount"
    assert budget()[1] == FIRST + SECOND


def test_referred_is_still_collected(world, cast, deal):
    row = courses.decided(courses.found(deal, cast), cast)
    steps.refer(row, by=cast.qian, at=END, seen=row.version, note="逾期未缴，移送法院")

    courses.receive(row, cast, FIRST + SECOND, "SK-1")

    assert cases.fresh(row).state == "closed"


def test_less_than_the_whole_needs_its_reason(world, cast, deal):
    row = courses.found(deal, cast)

    with pytest.raises(Invalid):
        courses.decided(row, cast, amount=Decimal(10_000))
    with pytest.raises(Invalid):
        courses.decided(row, cast, amount=FIRST + SECOND + 1)
    row = courses.decided(cases.fresh(row), cast, amount=Decimal(10_000), note="已主动退回一部分")

    assert row.amount == sum(part.amount for part in row.parts.all()) == 10_000


def test_diverted_part_from_its_day_where_the_version_says_so(world, cast, deal):
    SchemeVersion.objects.update(clawback_scope="diverted_part_from_day")
    row = courses.found(deal, cast, drawdown=2, diverted_amount=Decimal(6_000_000), diverted_from=dt.date(2025, 5, 1))

    row = courses.decided(row, cast)

    assert (row.scope, row.amount) == ("diverted_part_from_day", Decimal("4250.00"))  # 6 m × 51 days × 0.5 % ÷ 360
    accrual.accrue(deal, until=LATER, by=cast.system, at=END)
    assert accrued(deal, LATER) == Decimal("17888.89")  # 8 m and 6 m of the 12 m, for 92 days
    assert claim_of(deal).eligible == Decimal("17888.89")
    courses.receive(row, cast, "4250", "SK-1")
    assert (cases.fresh(row).state, budget()[1]) == ("closed", FIRST + SECOND - 4250)
    assert unbroken()


def test_only_the_affected_drawdown_where_the_version_says_so(world, cast):
    deal = courses.paid(world, cast, until=LATER)
    SchemeVersion.objects.update(clawback_scope="affected_drawdown")
    open_ = courses.reviewed(claim_of(deal), cast)
    row = courses.found(deal, cast, drawdown=2)

    row = courses.decided(row, cast)

    assert row.amount == Decimal("9500.00")  # 12 m × 57 days
    assert [(part.is_withheld, part.amount) for part in row.parts.order_by("pk")] == [
        (False, Decimal("9500.00")),
        (True, Decimal("15333.33")),
    ]
    open_.refresh_from_db()
    assert (open_.state, open_.eligible) == ("reviewed", open_.requested - Decimal("15333.33"))
    assert "按追回决定" in caps.told(open_.cuts)[-1][1]


def test_what_was_approved_and_not_paid_is_freed_by_a_decision(world, cast):
    deal = courses.paid(world, cast, until=LATER)
    open_ = courses.reviewed(claim_of(deal), cast)
    claims.approve(open_, by=cast.qian, at=END, seen=open_.version)
    held = budget()[0]

    courses.decided(courses.found(deal, cast), cast)

    assert (held, budget()) == (open_.arranged, (0, FIRST + SECOND))
    assert cases.fresh(open_).state == "refused"
    assert unbroken()


def test_part_of_what_was_approved_is_not_paid(world, cast):
    deal = courses.paid(world, cast, until=LATER)
    SchemeVersion.objects.update(clawback_scope="affected_drawdown")
    open_ = courses.reviewed(claim_of(deal), cast)
    claims.approve(open_, by=cast.qian, at=END, seen=open_.version)
    courses.decided(courses.found(deal, cast, drawdown=2), cast)

    open_.refresh_from_db()
    claims.settle(open_, by=cast.qian, at=END, seen=open_.version, document_no=courses.DOCUMENT)

    assert (open_.paid, budget()[0]) == (open_.arranged - Decimal("15333.33"), 0)
    assert unbroken()


def test_nothing_paid_is_nothing_to_pay_back(world, cast, deal):
    row = courses.doubt(deal, cast, by=cast.tan, scheme="CENTRAL-EQUIP")
    steps.explain(row, explanation="说明", by=cast.bai, at=END, seen=row.version)
    row.refresh_from_db()
    row = steps.find(row, finding="认定", by=cast.tan, at=END, seen=row.version)
    second = people.member(world["FIN-420100"].organisation, "signer")

    row = courses.decided(row, cast, by=second)

    assert (row.state, row.amount, row.payer) == ("closed", 0, deal.branch.organisation)
    assert set(SubsidyClaim.objects.filter(scheme__level="central").values_list("state", flat=True)) == {"refused"}


def test_who_sees_a_recovery(world, cast, deal):
    row = courses.doubt(deal, cast)

    for who, sees in (
        ("lin", True),
        ("bai", True),
        ("qian", True),
        ("chen", True),
        ("mo_firm", False),
        ("an", False),
        ("mo_county", False),
    ):
        assert Recovery.objects.visible_to(getattr(cast, who)).filter(pk=row.pk).exists() is sees, who


def test_receipts_are_written_once(world, cast, deal):
    row = courses.decided(courses.found(deal, cast), cast)
    courses.receive(row, cast, "1", "SK-1")

    assert RecoveryPart.objects.filter(recovery=row).count() == 2
    with pytest.raises(Exception, match="append_only"):
        row.receipts.update(amount=2)


def test_suspected_day_lies_within_the_loan(world, cast, deal):

    for day in (dt.date(2025, 3, 9), dt.date(2027, 7, 1)):
        with pytest.raises(Invalid):
            courses.doubt(deal, cast, suspended_from=day)
    with pytest.raises(NotAllowed):
        courses.doubt(deal, cast, by=cast.bai, suspended_from=SUSPECTED)


CORRUPTIONS = (
    ("UPDATE deals_recovery SET recovered = recovered - 1 WHERE id = {row}", "a recovery is not the sum of its receipts"),
    ("UPDATE deals_recovery SET recovered = recovered - 1 WHERE id = {row}", "what came back did not go back to the budget"),
    (
        "UPDATE deals_recovery SET recovered = amount WHERE id = {row}",
        "a recovery is closed though something is left, or open though nothing is",
    ),
    ("UPDATE deals_recoverypart SET amount = amount - 1 WHERE recovery_id = {row}", "a recovery asks for other than its parts"),
    ("UPDATE deals_subsidyclaim SET paid = 0 WHERE deal_id = {deal} AND paid > 0", "more is taken back of a claim than was paid"),
    ("UPDATE deals_recovery SET state = 'referred' WHERE id = {row}", "the last audited step led to another state"),
)


def test_whatever_is_written_past_the_steps_is_named(world, cast, deal, subtests):
    row = courses.decided(courses.found(deal, cast), cast)
    courses.receive(row, cast, "100", "SK-1")

    for sql, rule in CORRUPTIONS:
        with subtests.test(rule), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(sql.format(row=row.pk, deal=row.deal_id))
            assert rule in {breach.rule for breach in invariants.breaches()}
            transaction.set_rollback(True)
