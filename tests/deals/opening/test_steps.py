"""Loans of the stock enter in mid-life: what was paid before and what accrues after come to the whole, to the fen."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db.models import Sum

from common.errors import Conflict, Invalid, NotAllowed
from deals import drawdowns, invariants
from deals.models import AccrualLine, Deal, OpeningLoan, SubsidyClaim
from deals.opening import steps
from deals.subsidies import accrual
from ledger.models import Entry
from projects.models import Filing, Need, Project
from schemes import formulas
from schemes.formulas import Balances, Change
from schemes.models import SchemeVersion
from tests.deals import cases
from tests.deals.opening import stock
from tests.deals.opening.stock import AT, CENTRAL, LATER, PROVINCE, day, paid

pytestmark = pytest.mark.django_db
UNTIL = day("2027-06-20")


@pytest.fixture(autouse=True)
def _rules(world):
    stock.rules_of_2025(world)


def sums(deal, **which):
    rows = AccrualLine.objects.filter(drawdown__deal=deal, **which).order_by()
    return {row["version__scheme__code"]: row["sum"] for row in rows.values("version__scheme__code").annotate(sum=Sum("amount"))}


def broken():
    return [str(breach) for breach in invariants.breaches()]


def test_confirmed_loan_stands_in_mid_life_and_moves_no_account(world, cast):
    entries = Entry.objects.count()

    deal = stock.confirmed(world, cast, paid=(paid(CENTRAL, "2025-03-10", "2025-12-20", "220000"),))

    assert (deal.origin, deal.opening_as_of, deal.state, deal.account_id) == ("opening", stock.AS_OF, "completed", None)
    assert (deal.signed_amount, deal.need.amount, deal.filing.state, deal.filing.list_number) == (
        20_000_000,
        20_000_000,
        "listed",
        "2024-03",
    )
    assert [drawdowns.balance(row) for row in deal.drawdowns.order_by("number")] == [5_000_000, 12_000_000]
    assert SubsidyClaim.objects.get(deal=deal).paid == 220_000
    assert cases.verbs(deal) == ["carry_in"]
    assert Entry.objects.count() == entries
    assert broken() == []


@pytest.mark.parametrize(
    ("central", "province"),
    [
        ((("2025-03-10", "2025-12-20"),), (("2025-03-10", "2025-12-20"),)),
        ((("2025-03-10", "2025-12-20"),), ()),
        ((("2025-03-10", "2025-06-20"), ("2025-06-21", "2025-11-30")), (("2025-03-10", "2025-05-15"),)),
        ((("2025-06-21", "2025-09-20"),), (("2025-04-01", "2025-08-20"),)),  # a quarter before it was never paid
    ],
    ids=["to an interest day", "one scheme never paid", "to a day in mid-quarter", "with a gap"],
)
def test_paid_before_and_accrued_after_come_to_the_loan_that_lived_here(world, cast, central, province):
    whole = stock.confirmed(world, cast, stock.told(world))
    accrual.accrue(whole, until=UNTIL, by=cast.system, at=LATER)
    rows = [(CENTRAL, *days) for days in central] + [(PROVINCE, *days) for days in province]
    loan = stock.told(world)
    amounts = closed_form(rows)

    deal = stock.confirmed(world, cast, replace(loan, paid=tuple(paid(*row, amount) for row, amount in zip(rows, amounts, strict=True))))
    accrual.accrue(deal, until=UNTIL, by=cast.system, at=LATER)

    before, after = sums(deal, kind="opening"), sums(deal, kind="accrued")
    assert before.get(CENTRAL, 0) == sum(amount for row, amount in zip(rows, amounts, strict=True) if row[0] == CENTRAL)
    assert {code: before.get(code, 0) + amount for code, amount in after.items()} == sums(whole)
    assert broken() == []


def closed_form(rows):
    """What these days alone come to by the bare formulas, each drawdown rounded once a period."""
    drawn = (
        Balances(stock.A, Decimal(8_000_000), (Change(day("2025-08-05"), Decimal(-3_000_000)),)),
        Balances(stock.B, Decimal(12_000_000)),
    )
    periods = formulas.interest_periods(stock.A, day("2030-03-09"))
    return [
        sum(
            formulas.total(
                formulas.accrue(
                    row, first=max(row.opened_on, day(start)), last=day(end), rate_bp=150 if scheme == CENTRAL else 50, periods=periods
                )
            )
            for row in drawn
            if row.opened_on <= day(end)
        )
        for scheme, start, end in rows
    ]


def test_second_person_confirms_and_nobody_else(world, cast):
    loan = stock.proposed(world, cast)

    for by in (cast.zhao, cast.qian, cast.chen, cast.bai):
        with pytest.raises(NotAllowed):
            steps.confirm(loan, by=by, at=AT, seen=loan.version)
    with pytest.raises(NotAllowed):
        steps.propose(stock.told(world), province="420000", by=cast.wang, at=AT)

    assert (Deal.objects.count(), OpeningLoan.objects.get().state) == (0, "proposed")


def test_told_again_is_the_same_row_and_other_words_are_refused(world, cast):
    loan = stock.told(world)
    first = stock.proposed(world, cast, loan)

    assert stock.proposed(world, cast, loan).pk == first.pk
    with pytest.raises(Conflict):
        stock.proposed(world, cast, replace(loan, rate_bp=300))
    steps.confirm(first, by=cast.sun, at=AT, seen=first.version)

    assert stock.proposed(world, cast, loan).state == "confirmed"
    assert Deal.objects.count() == 1


def test_sent_back_it_is_corrected_and_the_corrector_does_not_confirm(world, cast):
    loan = stock.told(world)
    row = stock.proposed(world, cast, loan)
    row = steps.reject(row, by=cast.sun, at=AT, seen=row.version, note="利率与合同不符")

    row = steps.revise(row, replace(loan, rate_bp=310), by=cast.sun, at=AT, seen=row.version)

    with pytest.raises(NotAllowed):
        steps.confirm(row, by=cast.sun, at=AT, seen=row.version)
    deal = steps.confirm(row, by=cast.zhao, at=AT, seen=row.version).deal
    assert (deal.rate_bp, deal.rate_periods.get().rate_bp) == (310, 310)
    assert cases.verbs(row) == ["enter", "reject", "revise", "confirm"]


def test_two_loans_of_one_project_share_firm_project_and_filing_and_raise_its_need(world, cast):
    loan = stock.told(world)
    first = stock.confirmed(world, cast, loan)

    second = stock.confirmed(world, cast, replace(loan, contract_no="HT-2025-B", amount=Decimal(21_000_000)))

    assert (second.filing_id, second.need_id) == (first.filing_id, first.need_id)
    assert (Project.objects.filter(code=loan.project_code).count(), Filing.objects.filter(pk=first.filing_id).count()) == (1, 1)
    assert (Need.objects.get(pk=first.need_id).amount, second.state) == (41_000_000, "drawing")
    assert broken() == []


def test_rest_of_an_old_contract_is_drawn_here_without_any_appetite(world, cast):
    deal = stock.confirmed(world, cast, amount=Decimal(25_000_000))

    cases.drawn(world, cast, deal, at=AT, slip_no="JJ-3", amount=Decimal(2_000_000))
    deal.refresh_from_db()
    drawdowns.close_drawing(deal, by=cast.bai, at=AT, seen=deal.version, note="余额不再提")

    assert not Entry.objects.filter(business_key__startswith=f"deal:{deal.pk}:").exists()
    assert broken() == []


def test_caps_count_what_was_paid_before_in_its_year(world, cast):
    SchemeVersion.objects.filter(pk=world.central.pk).update(firm_year_cap=Decimal(200_000))
    deal = stock.confirmed(world, cast, paid=(paid(CENTRAL, "2025-03-10", "2025-09-20", "139500"),))

    accrual.accrue(deal, until=day("2026-03-20"), by=cast.system, at=LATER)

    last, first = SubsidyClaim.objects.filter(deal=deal, scheme__code=CENTRAL, is_opening=False).order_by("-period_end")
    assert (first.period_end, first.requested, first.eligible) == (day("2025-12-20"), Decimal("64458.33"), Decimal("60500.00"))
    assert last.eligible == last.requested  # another year


def test_amount_that_differs_from_ours_is_kept_as_paid_and_never_corrected(world, cast):
    deal = stock.confirmed(world, cast, paid=(paid(CENTRAL, "2025-03-10", "2025-12-20", "250000.01"),))

    accrual.accrue(deal, until=day("2025-12-20"), by=cast.system, at=LATER)
    accrual.accrue(deal, until=day("2025-12-20"), by=cast.system, at=LATER)

    assert sums(deal, version__scheme__code=CENTRAL) == {CENTRAL: Decimal("250000.01")}
    assert broken() == []


def test_late_word_of_a_repayment_moves_only_what_was_not_paid_before(world, cast):
    deal = stock.confirmed(world, cast, paid=(paid(CENTRAL, "2025-03-10", "2025-12-20", "203958.34"),))
    accrual.accrue(deal, until=day("2026-03-20"), by=cast.system, at=LATER)
    row = deal.drawdowns.get(number=2)

    drawdowns.repay(row, by=cast.bai, at=LATER, on=day("2025-12-11"), amount=Decimal(2_000_000), slip_no="HK-late")
    accrual.accrue(deal, until=day("2026-03-20"), by=cast.system, at=LATER)

    adjusted = AccrualLine.objects.get(drawdown__deal=deal, kind="adjusted", version__scheme__code=CENTRAL)
    assert (adjusted.interest_on, adjusted.amount) == (day("2026-03-20"), Decimal("-7500.00"))  # 2 m for ninety days


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"outstanding": Decimal(16_000_000)}, {("outstanding", "does_not_add_up")}),
        ({"amount": Decimal(19_000_000)}, {("amount", "out_of_range")}),
        ({"size": "", "region": ""}, {("size", "required"), ("region", "required")}),
        ({"firm_uscc": "91420111MA00000000"}, {("firm_uscc", "uscc_check_digit")}),
        ({"as_of": day("2026-03-03")}, {("as_of", "in_future")}),
        ({"interest_paid_to": day("2026-01-01")}, {("interest_paid_to", "out_of_range")}),
        (
            {"repayments": (stock.back("JJ-9", "2025-08-05", 1),)},
            {("repayments.0.slip_no", "not_found"), ("outstanding", "does_not_add_up")},
        ),
        ({"paid": (paid(CENTRAL, "2025-03-10", "2025-12-31", 1),)}, {("paid.0.period_end", "out_of_range")}),
        (
            {"paid": (paid(CENTRAL, "2025-03-10", "2025-06-20", 1), paid(CENTRAL, "2025-06-20", "2025-09-20", 1))},
            {("paid.1.period_start", "overlaps")},
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_does_not_add_up_is_named_at_its_cell(world, cast, changes, expected):
    with pytest.raises(Invalid) as refused:
        stock.proposed(world, cast, **changes)

    assert {(problem.field, problem.code) for problem in refused.value.problems} == expected
    assert OpeningLoan.objects.count() == 0


def test_contract_on_record_is_not_entered_again(world, cast):
    deal = cases.signed(world, cast)

    with pytest.raises(Invalid) as refused:
        stock.proposed(world, cast, contract_no=deal.contract_no)

    assert [problem.code for problem in refused.value.problems] == ["used"]
