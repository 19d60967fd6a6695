"""Every edge case of the domain notes (§1.5) and of practice 30–36 to the fen, each beside the sentence it comes from.

`COURSES` are loans told in a line and booked through the real rows; `ELSEWHERE` names the test of each case that has one of its own.
"""

import datetime as dt
import importlib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F, Sum

from common.workdays import SHANGHAI
from deals import loan_events
from deals.direct import confirm_direct
from deals.models import AccrualLine, Deal, Drawdown, Extension, Repayment, SubsidyClaim
from deals.subsidies import accrual
from projects.models import Filing
from schemes.models import SchemeVersion
from tests import factories
from tests.deals.subsidies import example

pytestmark = pytest.mark.django_db
EIGHT = 8_000_000
LATER = dt.datetime(2028, 12, 31, 10, tzinfo=SHANGHAI)
Q1, Q2, Q3, Q4 = (dt.date.fromisoformat(f"2025-{day}") for day in ("03-20", "06-20", "09-20", "12-20"))


@dataclass(frozen=True)
class Course:
    """One loan of 8 m yuan at 2.85 %, and what comes of it: interest day → (central, province), in yuan."""

    case: str
    source: str
    expected: dict[str, tuple[str, str]]
    contract: str = "2025-03-10"
    months: int = 60
    drawn: str = "2025-03-10"
    paid: str | None = "2025-03-10"
    back: tuple[tuple[str, str, int], ...] = ()  # what came back: repaid or refunded, day, yuan
    central: dict[str, Any] = field(default_factory=dict)  # the version of 2025, changed
    both: dict[str, Any] = field(default_factory=dict)
    version_2026: dict[str, Any] = field(default_factory=dict)
    until: str = "2025-06-20"
    equipment: int | None = None
    extended: tuple[int, ...] = ()  # months by which it was extended, agreement by agreement
    refinanced: str | None = None  # the day on which a new loan of the same bank took its place
    leaves_out: bool = False  # the quarters before are as any other


COURSES = (
    Course(
        "money to the borrower 03-01, to the supplier 03-10: 2025 counts from the payment",
        "domain 1.5",
        {"2025-03-20": ("3666.67", "1222.22"), "2025-06-20": ("30666.67", "10222.22")},
        contract="2025-03-01",
        drawn="2025-03-01",
    ),
    Course(
        "money to the borrower 03-01, to the supplier 03-10: 2026 counts from the issue",
        "domain 1.5, 财金〔2026〕2号",
        {"2026-03-20": ("6666.67", "1222.22")},
        contract="2026-03-01",
        drawn="2026-03-01",
        paid="2026-03-10",
        until="2026-03-20",
    ),
    Course(
        "paid to the firm first (自主支付), to the supplier six weeks later",
        "practice 35",
        {"2025-06-20": ("19000.00", "6333.33")},
        paid="2025-04-25",
    ),
    Course("never paid to a supplier", "practice 35", {}, paid=None),
    Course(
        "a leap day in the window is one day more, and the window ends the day before the same day",
        "domain 1.5",
        {"2027-12-20": ("30333.33", "10111.11"), "2028-03-20": ("26666.67", "8888.89")},
        contract="2026-03-10",
        drawn="2026-03-10",
        paid="2026-03-10",
        until="2028-12-20",
        leaves_out=True,
    ),
    Course(
        "early repayment in mid-quarter: the day itself does not count (算头不算尾)",
        "domain 1.5",
        {"2025-03-20": ("3666.67", "1222.22"), "2025-06-20": ("24291.67", "8097.22")},
        back=(("repaid", "2025-05-01", 3_000_000),),
    ),
    Course(
        "refund by the supplier reverses the balance from its day",
        "domain 1.5",
        {"2025-03-20": ("3666.67", "1222.22"), "2025-06-20": ("23916.67", "7972.22")},
        back=(("refunded", "2025-04-01", 2_000_000),),
    ),
    Course(
        "settled on an interest day: nothing of that day, nothing after it",
        "domain 1.5",
        {"2025-03-20": ("3666.67", "1222.22"), "2025-06-20": ("30333.33", "10111.11")},
        back=(("repaid", "2025-06-20", EIGHT),),
        until="2025-12-20",
    ),
    Course(
        "settled on the day after the drawdown: one day",
        "domain 1.5",
        {"2025-03-20": ("333.33", "111.11")},
        back=(("repaid", "2025-03-11", EIGHT),),
    ),
    Course(
        "overdue days after maturity are not subsidised",
        "domain 1.5, practice 29",
        {"2025-09-09": ("27000.00", "9000.00")},
        months=6,
        until="2026-03-20",
        leaves_out=True,
    ),
    Course(
        "drawn before, paid after the boundary of the versions: neither covers it",
        "domain 1.5, practice 32",
        {},
        contract="2025-12-29",
        drawn="2025-12-29",
        paid="2026-01-06",
        until="2026-03-20",
    ),
    Course(
        "the January 2026 transition is a setting: let in, it counts from the issue",
        "practice 32",
        {"2026-03-20": ("27333.33", "8222.22")},
        contract="2025-12-29",
        drawn="2025-12-29",
        paid="2026-01-06",
        version_2026={"drawdown_from": dt.date(2025, 12, 1)},
        until="2026-03-20",
    ),
    Course(
        "a contract of before the window is not covered",
        "domain 1.2 (V2024)",
        {"2025-03-20": ("0", "1222.22")},
        contract="2024-03-01",
        central={"contract_from": dt.date(2024, 3, 7)},
        until="2025-03-20",
    ),
    Course(
        "the supplement of 2025 lets an older contract in",
        "practice 32, domain 1.2 (V2025)",
        {"2025-03-20": ("3666.67", "1222.22")},
        contract="2024-03-01",
        until="2025-03-20",
    ),
    Course(
        "only the equipment, and only from the payment on; repayments count in proportion",
        "domain 1.5, domain 1.2",
        {"2025-03-20": ("1375.00", "458.33"), "2025-06-20": ("9109.38", "3036.46")},
        equipment=3_000_000,
        back=(("repaid", "2025-05-01", 3_000_000),),
    ),
    Course(
        "interest paid every month is rounded every month",
        "practice 30",
        {"2025-03-20": ("3666.67", "1222.22"), "2025-04-20": ("10333.33", "3444.44"), "2025-05-20": ("10000.00", "3333.33")},
        both={"interest_months": list(range(1, 13))},
        until="2025-05-20",
    ),
    Course(
        "interest paid at maturity with the principal is one line",
        "practice 30",
        {"2026-03-09": ("121666.67", "40555.56")},
        months=12,
        both={"interest_months": []},
        until="2026-12-20",
    ),
    Course(
        "interest after 20 December is of the next year, for caps as for budgets",
        "practice 31",
        {
            "2025-03-20": ("3666.67", "1222.22"),
            "2025-06-20": ("30666.67", "10222.22"),
            "2025-09-20": ("30666.67", "10222.22"),
            "2025-12-20": ("30333.33", "10111.11"),
            "2026-03-20": ("30000.00", "10000.00"),
        },
        central={"firm_year_cap": Decimal("95333.34")},
        until="2026-03-20",
    ),
    Course(
        "a cap of the year one fen less cuts the last claim of the year by that fen",
        "practice 31",
        {
            "2025-03-20": ("3666.67", "1222.22"),
            "2025-06-20": ("30666.67", "10222.22"),
            "2025-09-20": ("30666.67", "10222.22"),
            "2025-12-20": ("30333.32", "10111.11"),
            "2026-03-20": ("30000.00", "10000.00"),
        },
        central={"firm_year_cap": Decimal("95333.33")},
        until="2026-03-20",
    ),
    Course(
        "a term shorter than the window ends the subsidy",
        "domain 1.1",
        {"2025-03-20": ("3666.67", "1222.22"), "2025-04-09": ("6666.67", "2222.22")},
        months=1,
        until="2025-12-20",
    ),
    Course(
        "a drawdown on the interest day has a period of one day",
        "domain 1.5",
        {"2025-03-20": ("333.33", "111.11")},
        drawn="2025-03-20",
        paid="2025-03-20",
        until="2025-03-20",
    ),
    Course(
        "an extension lengthens no subsidised term",
        "practice 35 (infer)",
        {"2025-09-09": ("27000.00", "9000.00")},
        months=6,
        extended=(6,),
        until="2026-12-20",
        leaves_out=True,
    ),
    Course(
        "an extension counts where the version says so, from the day after the old term",
        "practice 35",
        {
            "2025-03-20": ("3666.67", "1222.22"),
            "2025-06-20": ("30666.67", "10222.22"),
            "2025-09-09": ("27000.00", "9000.00"),
            "2025-09-20": ("3666.67", "1222.22"),
            "2025-12-20": ("30333.33", "10111.11"),
            "2026-01-09": ("6666.67", "2222.22"),
            "2026-03-09": ("19666.67", "6555.56"),
        },
        months=6,
        extended=(4, 2),
        both={"extension_counts": True},
        until="2026-12-20",
    ),
    Course(
        "refinanced: the old loan earns until the day before, the new one is no loan for equipment",
        "practice 35, domain 1.3 (infer)",
        {"2025-03-20": ("3666.67", "1222.22"), "2025-06-20": ("24000.00", "8000.00")},
        refinanced="2025-06-01",
        until="2026-12-20",
    ),
    Course(
        "refinanced under a version that lets the rest of the window go on: no day lost, none twice",
        "practice 35",
        {
            "2025-03-20": ("3666.67", "1222.22"),
            "2025-06-20": ("30666.67", "10222.22"),
            "2025-09-20": ("30666.67", "10222.22"),
            "2025-12-20": ("30333.33", "10111.11"),
        },
        refinanced="2025-06-21",
        both={"refinanced_rule": "rest"},
        until="2025-12-20",
    ),
    Course(
        "refinanced with a part back before: the equipment's part goes on in proportion",
        "practice 35, domain 1.5",
        {"2025-03-20": ("1375.00", "458.33"), "2025-06-20": ("9109.38", "3036.46"), "2025-09-20": ("7187.50", "2395.83")},
        equipment=3_000_000,
        back=(("repaid", "2025-05-01", 3_000_000),),
        refinanced="2025-06-21",
        both={"refinanced_rule": "rest"},
        until="2025-09-20",
    ),
)
# Case → the test that has it for its own.
ELSEWHERE = {
    "domain 1.5: the worked example": "deals.subsidies.test_accrual.test_worked_example_to_the_fen",
    "domain 1.5: window from the first drawdown": "deals.subsidies.test_accrual.test_window_may_be_counted_from_the_first_drawdown",
    "domain 1.5: the plain form": "deals.subsidies.test_accrual.test_plain_years_spread_rate_times_years",
    "domain 1.5: interest less than the subsidies": "deals.subsidies.test_claims.test_province_yields_before_the_centre_when_interest_is_short",
    "domain 1.5: claw-back of the whole loan": "deals.recovery.test_story.test_diversion_runs_from_the_doubt_to_the_last_receipt",
    "domain 1.5: claw-back of one drawdown": "deals.recovery.test_story.test_only_the_affected_drawdown_where_the_version_says_so",
    "domain 1.5: claw-back of a part": "deals.recovery.test_story.test_diverted_part_from_its_day_where_the_version_says_so",
    "practice 30: ours against the slip": "deals.test_interest.test_slip_that_differs_is_kept_with_a_query",
    "practice 30: the bank collects net": "deals.test_interest.test_net_of_what_the_bank_deducted_agrees_too",
    "practice 30: floating rate": "deals.test_interest.test_floating_rate_changes_from_its_day_on",
    "practice 31: paid from the budget of the document's year": "deals.subsidies.test_claims.test_document_of_an_earlier_year_may_be_used",
    "practice 32: a version that reaches back": "deals.subsidies.test_accrual.test_version_that_reaches_back_makes_adjustments",
    "practice 32: a drawdown of 2027": "deals.subsidies.test_accrual.test_drawdown_of_2027_waits_for_the_states_notice",
    "practice 32: earlier drawdowns run on": "deals.subsidies.test_accrual.test_earlier_drawdowns_run_to_the_end_of_their_window",
    "practice 33: who yields": "schemes.formulas.test_limits.test_the_city_yields_first_then_the_province_and_central_money_last",
    "practice 33: the higher of grant and subsidy": "deals.subsidies.test_grants.test_of_grant_and_subsidy_the_higher_is_had_in_all",
    "practice 33: a grant that excludes": "deals.subsidies.test_grants.test_no_day_from_a_grant_on_that_excludes_the_scheme",
    "practice 34: an invoice used twice": "deals.crosschecks.test_flags.test_forged_second_use_of_an_invoice",
    "practice 34: an invoice reversed or void": (
        "deals.test_invoices.test_void_invoice_is_flagged_and_keeps_the_claim_from_approval_until_answered"
    ),
    "practice 34: asked again before settlement and yearly": (
        "deals.test_invoices.test_invoice_is_asked_again_within_a_year_before_money_goes_out"
    ),
    "practice 34: the tolerance": ("deals.test_invoices.test_more_paid_than_the_invoice_says_is_a_question_beyond_the_tolerance"),
    "practice 34: what an invoice number is": "deals.test_drawdowns.test_what_cannot_be_drawn_is_named",
    "practice 35: moved to another bank": "deals.subsidies.test_edges.test_moved_loan_earns_where_the_version_says_so_to_the_end_of_the_first_window",
    "practice 36: the stock enters in mid-life": (
        "deals.opening.test_steps.test_paid_before_and_accrued_after_come_to_the_loan_that_lived_here"
    ),
    "practice 35: firm deregistered": "deals.crosschecks.test_rules.test_company_that_is_no_more",
    "practice 35: floating and refunded": "deals.test_drawdowns.test_repaying_and_refunding_lower_the_balance_once_a_slip",
}


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.case)
def test_edge_case_to_the_fen(world, cast, course):
    deal = lent(world, cast, course)

    accrual.accrue_many([deal, *Deal.objects.filter(succeeds=deal)], until=dt.date.fromisoformat(course.until), by=cast.system, at=LATER)

    expected = {dt.date.fromisoformat(day): tuple(map(Decimal, amounts)) for day, amounts in course.expected.items()}
    found = eligible()
    assert {day: found.get(day) for day in expected} == expected
    if not course.leaves_out:
        assert {day for day in found if any(found[day])} == set(expected)


@pytest.mark.parametrize(("case", "place"), ELSEWHERE.items())
def test_edge_case_has_a_test_of_its_own(case, place):
    module, name = place.rsplit(".", 1)

    assert callable(getattr(importlib.import_module(f"tests.{module}"), name)), case


def test_project_removed_in_mid_window_keeps_what_was_booked_and_earns_no_more(world, cast):
    """Practice 35."""
    deal = lent(world, cast, COURSES[0])
    accrual.accrue(deal, until=Q1, by=cast.system, at=LATER)
    Filing.objects.filter(pk=deal.filing_id).update(state="removed")

    accrual.accrue(deal, until=Q4, by=cast.system, at=LATER)

    assert eligible() == {Q1: (Decimal("3666.67"), Decimal("1222.22"))}


def test_firm_renamed_keeps_its_claims_and_its_caps(world, cast):
    """Practice 35."""
    deal = lent(world, cast, replace(COURSES[0], central={"firm_year_cap": Decimal(10_000)}))
    accrual.accrue(deal, until=Q1, by=cast.system, at=LATER)
    cast.firm.name = "改名后的企业"
    cast.firm.save(update_fields=["name"])

    accrual.accrue(deal, until=Q2, by=cast.system, at=LATER)

    assert eligible()[Q2][0] == Decimal("6333.33")


def test_loan_cap_of_a_firm_runs_across_banks_and_in_any_order_of_booking(world, cast):
    """Practice 35, 财金〔2026〕4号: two loans of a firm at two banks share one cap, the earlier drawdown first, on one day the first booked."""
    first = lent(world, cast, COURSES[0], serial=1)
    second = lent(world, cast, COURSES[0], branch="CCB-WH", serial=2)
    SchemeVersion.objects.filter(pk=world.central.pk).update(firm_loan_cap=Decimal(10_000_000))

    for deals in ([second], [first], [first, second], [second]):
        accrual.accrue_many(deals, until=Q1, by=cast.system, at=LATER)

    sums = AccrualLine.objects.filter(version=world.central).values("drawdown__deal").annotate(sum=Sum("amount"))
    assert {row["drawdown__deal"]: row["sum"] for row in sums} == {first.pk: Decimal("3666.67"), second.pk: Decimal("916.67")}


def test_earlier_drawdown_that_no_version_covers_takes_nothing_of_the_loan_cap(world, cast):
    """财金〔2026〕4号 counts subsidised loans only."""
    deal = lent(world, cast, replace(COURSES[0], paid=None), part=Decimal(4_000_000))
    SchemeVersion.objects.filter(pk=world.central.pk).update(firm_loan_cap=Decimal(4_000_000))
    draw(deal, COURSES[0], number=2, amount=Decimal(4_000_000))

    accrual.accrue(deal, until=Q1, by=cast.system, at=LATER)

    assert eligible()[Q1][0] == Decimal("1833.33")  # 4 m for eleven days


@pytest.mark.parametrize(("rule", "expected"), [("ends", {}), ("rest", {"2027-03-20": ("26333.33", "8777.78")})])
def test_moved_loan_earns_where_the_version_says_so_to_the_end_of_the_first_window(world, cast, rule, expected):
    """Practice 35. By the version of the first loan, though it was drawn anew when that no longer covers a drawdown."""
    first = lent(world, cast, replace(COURSES[0], contract="2025-03-10", drawn="2025-03-10", both={"moved_rule": rule}))
    at = dt.datetime(2026, 12, 21, 10, tzinfo=SHANGHAI)
    contract = {"contract_no": "HT-9", "contract_on": at.date(), "rate_bp": 270, "term_months": 36}
    loan_events.move(first, by=cast.lin, at=at, seen=first.version, branch="CCB-WH", amount=Decimal(EIGHT), **contract)
    moved = Deal.objects.get(succeeds=first)
    confirm_direct(moved, by=cast.an, at=at, seen=moved.version)
    moved.refresh_from_db()
    draw(moved, replace(COURSES[0], drawn="2026-12-21", paid="2026-12-21"), number=1, amount=Decimal(EIGHT))

    accrual.accrue(moved, until=dt.date(2028, 12, 20), by=cast.system, at=LATER)

    assert eligible() == {dt.date.fromisoformat(day): tuple(map(Decimal, amounts)) for day, amounts in expected.items()}


def lent(world, cast, course, *, branch="ICBC-WH", serial=0, part=None):
    """The loan as rows, signed and drawn; the steps that lead there are not what is asked here."""
    if serial < 2:
        example.versions_of_2025(world)
        SchemeVersion.objects.filter(code__in=["V2026", "HB-2026"]).update(**course.version_2026 | {"rate_bp": F("rate_bp")})
        SchemeVersion.objects.update(**course.both | {"rate_bp": F("rate_bp")})
        SchemeVersion.objects.filter(scheme=world.central.scheme).update(requires_relending=False, **course.central)
    filing = factories.filing(world, cast.firm, branches=(branch,))
    deal = Deal.objects.create(
        need=filing.needs.get(),
        filing=filing,
        firm=cast.firm,
        branch=world.branches[branch],
        origin="named",
        state="drawing",
        amount=2 * EIGHT,
        approved_amount=2 * EIGHT,
        signed_amount=2 * EIGHT,
        contract_no=f"HT-{serial}",
        contract_on=dt.date.fromisoformat(course.contract),
        rate_bp=285,
        term_months=course.months,
        started_at=LATER,
        province=factories.HUBEI,
    )
    row = draw(deal, course, number=1, amount=part or Decimal(EIGHT))
    Repayment.objects.bulk_create(
        Repayment(drawdown=row, kind=kind, on=dt.date.fromisoformat(on), amount=amount, slip_no=f"HK-{on}", province=factories.HUBEI)
        for kind, on, amount in course.back
    )
    Extension.objects.bulk_create(
        Extension(deal=deal, agreement_no=f"ZQ-{n}", agreed_on=deal.contract_on, months=months, province=factories.HUBEI)
        for n, months in enumerate(course.extended)
    )
    if course.refinanced:
        on = dt.date.fromisoformat(course.refinanced)
        contract = {"contract_no": "HT-NEW", "contract_on": on, "rate_bp": 270, "term_months": 36}
        loan_events.refinance(deal, by=cast.bai, at=LATER, seen=deal.version, on=on, slip_no="JX-1", **contract)
    return deal


def draw(deal, course, *, number, amount):
    return Drawdown.objects.create(
        deal=deal,
        number=number,
        slip_no=f"JJ-{number}",
        drawn_on=dt.date.fromisoformat(course.drawn),
        amount=amount,
        equipment_amount=amount if course.equipment is None else course.equipment,
        payee="武汉示例机床有限公司",
        paid_to_supplier_on=course.paid and dt.date.fromisoformat(course.paid),
        relending="accepted",
        province=factories.HUBEI,
    )


def eligible():
    """Interest day → what may be claimed of the (central, provincial) scheme."""
    rows = SubsidyClaim.objects.order_by("period_end").values_list("period_end", "scheme__level", "eligible")
    found = {}
    for day, level, amount in rows:
        central, province = found.get(day, (Decimal(0), Decimal(0)))
        found[day] = (central + amount, province) if level == "central" else (central, province + amount)
    return found
