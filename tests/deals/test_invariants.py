"""The recomputation finds nothing on what the steps wrote, and names the row of anything written past them."""

import io
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from deals import bank_review, deal_steps, drawdowns, invariants
from deals.models import AccrualLine, Deal, Drawdown, Invitation, SubsidyClaim
from deals.subsidies import accrual, claims
from ledger.models import Entry, LedgerAccount
from matching.models import Recommendation
from tests import factories
from tests.deals import cases
from tests.deals.subsidies import example
from tests.deals.subsidies.example import END, QUARTERS
from tests.factories import NOW

PROTECTED = ("ledger_entry", "common_auditevent")


def check():
    out = io.StringIO()
    code = 0
    try:
        call_command("check_invariants", stdout=out)
    except SystemExit as stop:
        code = stop.code
    return code, out.getvalue()


def corrupt(sql, *values):
    """Write past the steps: triggers and the check of the limit switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_ledgeraccount DROP CONSTRAINT IF EXISTS within_limit")
        for table in PROTECTED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        for table in PROTECTED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@contextmanager
def undone():
    """What is written inside is taken back at the end, so that one flow serves many corruptions."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def found():
    return {(breach.table, breach.row, breach.rule) for breach in invariants.breaches()}


def course(world, cast):
    """One deal from draft to settled subsidy, others at every stage before, and every way out."""
    deal = example.loan(world, cast)
    accrual.accrue(deal, until=QUARTERS[1], by=cast.system, at=END)
    example.pay_interest(deal, cast.bai, [(QUARTERS[0], "6966.67"), (QUARTERS[1], "112416.67")])
    for row, settled in zip(SubsidyClaim.objects.filter(scheme__level="province").order_by("period_end"), (True, False), strict=True):
        claims.file(row, by=cast.lin, at=END, seen=row.version)
        claims.review(row, by=cast.zhao, at=END, seen=row.version)
        claims.approve(row, by=cast.qian, at=END, seen=row.version)
        if settled:
            claims.settle(row, by=cast.qian, at=END, seen=row.version, document_no="文")
    need = factories.filing(world, cast.firm, branches=("ICBC-WH",)).needs.get()
    lead = cases.published(world, cast, need, "ICBC-WH", "CCB-WH")
    cases.published(world, cast, cases.open_need(world, cast), "CCB-WH")
    cases.confirmed(world, cast)
    small = cases.signed(world, cast, amount=cases.AMOUNT / 2, contract_no="HT-9")
    cases.drawn(world, cast, small, amount=cases.AMOUNT / 4)
    drawdowns.close_drawing(small, by=cast.bai, at=NOW, seen=small.version, note="结余")
    gone = cases.intent(world, cast, "CCB-WH")
    bank_review.decline(gone, by=cast.an, at=NOW, seen=gone.version, code="own_funds")
    back = cases.confirmed(world, cast, "CCB-WH")
    deal_steps.withdraw(back, by=cast.lin, at=NOW, seen=back.version, note="改选")
    return {"deal": deal, "lead": lead, "small": small}


@pytest.fixture
def kept_course(states, kept_world, kept_cast):
    return states.add(course, kept_world, kept_cast)


@pytest.fixture
def flow(kept_course, db):
    return kept_course()


def test_flow_as_written_by_the_steps_holds(flow):
    assert check() == (0, "ok\n")


def test_one_changed_entry_is_named(flow):
    entry = Entry.objects.filter(kind="post").order_by("id").first()
    corrupt("UPDATE ledger_entry SET posted_after = posted_after + 0.01 WHERE id = %s", entry.pk)

    code, text = check()

    assert code == 1
    assert f"ledger_entry #{entry.pk}: " in text
    assert "ok" not in text.splitlines()


def account(code):
    return LedgerAccount.objects.get(code=f"appetite:{code}:2026").pk


BREACHES = {
    "balance": (
        "UPDATE ledger_ledgeraccount SET held = held + 1 WHERE id = %s",
        lambda: account("ICBC-WH"),
        "ledger_ledgeraccount",
        "an account does not show the balance of its last entry",
    ),
    "open holds": (
        "UPDATE ledger_ledgeraccount SET held = held + 1 WHERE id = %s",
        lambda: account("ICBC-WH"),
        "ledger_ledgeraccount",
        "what is held is not the sum of open holds",
    ),
    "sum of children": (
        "UPDATE ledger_ledgeraccount SET posted = posted + 1 WHERE id = %s",
        lambda: account("ICBC"),
        "ledger_ledgeraccount",
        "an account is not the sum of those below it and its own movements",
    ),
    "sequence": (
        "UPDATE ledger_entry SET seq = seq + 100 WHERE id = %s",
        lambda: Entry.objects.filter(account=account("CCB-WH")).latest("seq").pk,
        "ledger_entry",
        "the sequence of an account has a gap",
    ),
    "twin above": (
        "UPDATE ledger_entry SET business_key = 'x' WHERE id = %s",
        lambda: Entry.objects.filter(account=account("ICBC-WH"), kind="post").first().pk,
        "ledger_entry",
        "a movement is missing on the account above",
    ),
    "overdrawn hold": (
        "UPDATE ledger_entry SET from_hold = from_hold + 1 WHERE hold_id = %s",
        lambda: Entry.objects.filter(account=account("ICBC-WH"), kind="post").first().hold_id,
        "ledger_entry",
        "more was taken from a hold than it held",
    ),
    "budget": (
        "UPDATE schemes_budgetdocument SET amount = 1 WHERE budget_id = %s",
        lambda: SubsidyClaim.objects.get(state="approved").scheme.budgets.get(fiscal_year=2027).pk,
        "schemes_budget",
        "a budget has more than its documents brought",
    ),
    "recommendation": (
        "UPDATE matching_recommendation SET amount = amount + 1 WHERE id = %s",
        lambda: Recommendation.objects.filter(branch__code="CCB-WH", rank=0).get().pk,
        "matching_recommendation",
        "an unanswered recommendation is not held for in full",
    ),
    "deal": (
        "UPDATE deals_deal SET amount = amount - 1 WHERE id = %s",
        lambda: Deal.objects.get(state="confirmed").pk,
        "deals_deal",
        "an unsigned deal is not held for in full",
    ),
    "signed": (
        "UPDATE deals_deal SET signed_amount = signed_amount - 1 WHERE id = %s",
        lambda: Deal.objects.get(contract_no="HT-9").pk,
        "deals_deal",
        "a signed loan is not posted as signed and drawn",
    ),
    "drawn": (
        "UPDATE deals_drawdown SET amount = amount + 100000000 WHERE deal_id = %s",
        lambda: Deal.objects.get(contract_no="HT-9").pk,
        "deals_deal",
        "drawn, signed, approved are not in order",
    ),
    "need": (
        "UPDATE projects_need SET amount = 1 WHERE id = %s",
        lambda: Deal.objects.get(state="confirmed").need_id,
        "projects_need",
        "confirmed deals exceed the need",
    ),
    "claim approved": (
        "UPDATE deals_subsidyclaim SET arranged = arranged - 1 WHERE id = %s",
        lambda: SubsidyClaim.objects.get(state="approved").pk,
        "deals_subsidyclaim",
        "an approved claim is not held for as arranged",
    ),
    "claim settled": (
        "UPDATE deals_subsidyclaim SET paid = paid - 1 WHERE id = %s",
        lambda: SubsidyClaim.objects.get(state="settled").pk,
        "deals_subsidyclaim",
        "a settled claim is not posted as paid",
    ),
    "claim lines": (
        "UPDATE deals_subsidyclaim SET requested = requested + 1 WHERE id = %s",
        lambda: SubsidyClaim.objects.get(state="settled").pk,
        "deals_subsidyclaim",
        "a claim asks for other than its accrued lines",
    ),
    "state": (
        "UPDATE deals_deal SET state = 'signed' WHERE id = %s",
        lambda: Deal.objects.get(state="confirmed").pk,
        "deals_deal",
        "the last audited step led to another state",
    ),
    "no event": (
        "DELETE FROM common_auditevent WHERE subject = 'deals.invitation' AND subject_id = %s",
        lambda: Invitation.objects.filter(state="awaiting_consent").first().pk,
        "deals_invitation",
        "the last audited step led to another state",
    ),
}


def test_whatever_is_written_past_the_steps_is_named(flow, subtests):
    for case, (sql, row, table, rule) in BREACHES.items():
        with subtests.test(case), undone():
            pk = row()
            named = SubsidyClaim.objects.get(state="approved").scheme.budgets.get(fiscal_year=2027).pk if case == "budget" else pk

            corrupt(sql, pk)

            assert (table, named, rule) in found()


def test_rows_that_no_longer_belong_together_are_named(world, cast, flow, subtests):
    lead, small = flow["lead"], flow["small"]

    with subtests.test("hold left behind"), undone():
        deal = Deal.objects.get(state="confirmed")
        corrupt("UPDATE deals_deal SET state = 'declined' WHERE id = %s", deal.pk)
        hold = Entry.objects.get(account=deal.account, business_key=deal.hold_key)
        assert ("ledger_entry", hold.pk, "something is held for what has ended") in found()

    with subtests.test("file without a basis"), undone():
        corrupt("UPDATE deals_invitation SET viewed_at = now() WHERE id = %s", lead.pk)
        corrupt("DELETE FROM projects_disclosure WHERE filing_id = %s", lead.filing_id)
        rules = {rule for table, row, rule in found() if (table, row) == ("deals_invitation", lead.pk)}
        assert rules == {"a bank has a file before it without a basis", "a bank opened a file without a basis"}

    with subtests.test("line of another scheme"), undone():
        line = AccrualLine.objects.filter(version__scheme__level="central").first()
        other = SubsidyClaim.objects.filter(scheme__level="province").first()
        corrupt("UPDATE deals_accrualline SET claim_id = %s WHERE id = %s", other.pk, line.pk)
        assert ("deals_accrualline", line.pk, "a claim holds lines of another deal or scheme") in found()

    with subtests.test("more repaid than drawn"), undone():
        row = Drawdown.objects.get(deal=small)
        drawdowns.repay(row, by=cast.bai, at=NOW, on=row.drawn_on, amount=row.amount, slip_no="HK")
        corrupt("UPDATE deals_repayment SET amount = amount + 1 WHERE drawdown_id = %s", row.pk)
        assert ("deals_drawdown", row.pk, "more came back than was drawn") in found()

    with subtests.test("fourth bank"), undone():
        for code in ("ICBC-HB", "CCB-WH", "HBB-WH"):
            Invitation.objects.create(
                need=lead.need,
                filing=lead.filing,
                branch=world[code],
                origin="named",
                state="awaiting_consent",
                sent_at=NOW,
                province=factories.HUBEI,
            )
        assert ("projects_need", lead.need_id, "more banks look at a need than may") in found()

    with subtests.test("hold of another account"), undone():
        post = Entry.objects.filter(account=account("ICBC-WH"), kind="post", hold__isnull=False).first()
        other = Entry.objects.filter(account=account("CCB-WH"), kind="hold").first()
        corrupt("UPDATE ledger_entry SET hold_id = %s WHERE id = %s", other.pk, post.pk)
        assert ("ledger_entry", post.pk, "a movement draws on a hold of another account") in found()

    with subtests.test("limit overrun"), undone():
        corrupt('UPDATE ledger_ledgeraccount SET "limit" = 1 WHERE id = %s', account("ICBC-WH"))
        assert ("ledger_ledgeraccount", account("ICBC-WH"), "promised and done exceed the limit") in found()
