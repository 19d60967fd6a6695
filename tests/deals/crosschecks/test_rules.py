"""Each rule on cases small enough to see through: the fraud, the clean one, the boundary."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from deals.crosschecks.rules import Back, Company, Ground, Limits, Use, check, plain

LIMITS = Limits(related_share_bp=2500, round_trip_days=3, round_trip_share_bp=8000, assessment_days=5)
DAY, NEXT = dt.date(2026, 3, 10), dt.timedelta(days=1)
FIRM, SUPPLIER, OTHER = "91420100AAAAAAAAA1", "91420100BBBBBBBBB2", "91420100CCCCCCCCC3"
INVOICE = "26422000000012345678"
USE = Use(1, "甲 #1", FIRM, "武汉机床有限公司", SUPPLIER, INVOICE, ("SN-1",), DAY, Decimal(1000))
TWIN = replace(USE, drawdown=2, label="乙 #1", firm_uscc=OTHER, invoice=INVOICE, serials=("SN-2",))


def found(use, **ground):
    others = ground.pop("others", ())
    by_invoice, by_serial = {}, {}
    for other in (use, *others):
        by_invoice.setdefault(plain(other.invoice), []).append(other)
        for serial in other.serials:
            by_serial.setdefault(plain(serial), []).append(other)
    return [(one.rule, one.key) for one in check(use, Ground(limits=LIMITS, by_invoice=by_invoice, by_serial=by_serial, **ground))]


def test_clean_one_is_not_flagged():
    companies = {FIRM: Company("甲", "张三", "normal"), SUPPLIER: Company("机床", "李四", "normal")}

    assert found(USE, others=[replace(TWIN, invoice="26422000000012345679")], companies=companies, shares={(FIRM, SUPPLIER): 2499}) == []


@pytest.mark.parametrize(
    "written", [INVOICE, "2642 2000 0000 1234 5678", "２６４２２０００００００１２３４５６７８", "26422000-000012345678 "]
)
def test_second_use_of_an_invoice_is_seen_however_it_is_written(written):
    assert found(USE, others=[replace(TWIN, invoice=written, supplier="另一公司", supplier_uscc="")]) == [("same_invoice", "2")]


def test_foreign_numbers_repeat_from_one_supplier_to_another():
    mine, theirs = replace(USE, invoice="INV-2026/7"), replace(TWIN, invoice="inv 2026 7")

    assert found(mine, others=[theirs]) == [("same_invoice", "2")]
    assert found(mine, others=[replace(theirs, supplier="Siemens", supplier_uscc=OTHER)]) == []
    assert found(mine, others=[replace(theirs, supplier="武汉 机床（有限公司", supplier_uscc="")]) == [("same_invoice", "2")]


def test_no_invoice_is_no_second_use():
    assert found(replace(USE, invoice=""), others=[replace(TWIN, invoice=" ")]) == []


def test_same_machine_twice():
    assert found(USE, others=[replace(TWIN, invoice="1", serials=("sn１", "x"))]) == [("same_serial", "SN1:2")]


@pytest.mark.parametrize(
    ("ground", "key"),
    [
        ({"shares": {(FIRM, SUPPLIER): 2500}}, "owned"),
        ({"shares": {(SUPPLIER, FIRM): 10_000}}, "owner"),
        ({"companies": {FIRM: Company("甲", "张三", "normal"), SUPPLIER: Company("机床", "张三", "normal")}}, "person"),
    ],
)
def test_supplier_related_to_the_borrower(ground, key):
    assert found(USE, **ground) == [("related_supplier", key)]


def test_borrower_paying_itself_and_supplier_known_by_name_only():
    assert found(replace(USE, supplier_uscc=FIRM)) == [("related_supplier", "self")]
    nameless = replace(USE, supplier_uscc="")
    assert found(nameless, shares={(FIRM, SUPPLIER): 5000}) == []
    assert found(nameless, shares={(FIRM, SUPPLIER): 5000}, by_name={plain(USE.supplier): SUPPLIER}) == [("related_supplier", "owned")]


def test_nameless_heads_are_not_the_same_person():
    assert found(USE, companies={FIRM: Company("甲", "", "normal"), SUPPLIER: Company("机床", "", "normal")}) == []


@pytest.mark.parametrize(
    ("days", "amount", "is_flagged"), [(0, 1000, True), (0, 800, True), (3, 1000, True), (4, 1000, False), (0, 799, False)]
)
def test_money_that_came_and_went(days, amount, is_flagged):
    use = replace(USE, back=(Back(DAY + days * NEXT, Decimal(amount)),))

    assert (("round_trip", "") in found(use)) is is_flagged


@pytest.mark.parametrize(
    ("drawn", "back", "is_flagged"),
    [
        (dt.date(2026, 3, 27), dt.date(2026, 4, 5), True),
        (dt.date(2026, 3, 26), dt.date(2026, 4, 5), False),
        (dt.date(2026, 3, 27), dt.date(2026, 4, 6), False),
        (dt.date(2026, 3, 27), dt.date(2026, 3, 31), False),
    ],
)
def test_money_that_stayed_over_the_end_of_a_month(drawn, back, is_flagged):
    use = replace(USE, drawn_on=drawn, back=(Back(back, Decimal(1000)),))

    assert (("assessment_day", "") in found(use)) is is_flagged


@pytest.mark.parametrize(("uscc", "key"), [(SUPPLIER, "supplier"), (FIRM, "firm")])
def test_company_that_is_no_more(uscc, key):
    assert found(USE, companies={uscc: Company("某", "张三", "struck_off", DAY)}) == [("struck_off", key)]
