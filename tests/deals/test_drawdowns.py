"""Facts from the bank's books: recorded as they are, once for each slip, refused only where they cannot be."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from deals import drawdowns, invariants
from deals.actions import DEAL_ACTIONS
from deals.models import Deal, Drawdown, Repayment
from projects.models import EquipmentItem
from schemes.models import SchemeVersion
from tests import people
from tests.deals import cases
from tests.deals.cases import AMOUNT
from tests.factories import HUBEI, NOW, TODAY, WAN

FACTS = {"drawn_on": TODAY, "payee": "武汉示例机床有限公司"}


def draw(deal, by, amount, slip="JJ-1", **changed):
    return drawdowns.draw(deal, by=by, at=NOW, seen=deal.version, slip_no=slip, amount=Decimal(amount), **FACTS | changed)


def fields(refusal):
    assert all(problem.remedy for problem in refusal.value.problems)
    return [problem.field for problem in refusal.value.problems]


@pytest.fixture
def deal(world, cast):
    return cases.signed(world, cast)


def test_drawing_in_parts_until_all_is_drawn(cast, deal):
    first = draw(deal, cast.bai, AMOUNT / 4, equipment_amount=AMOUNT / 8, invoice_no="1" * 20)
    assert (deal.state, first.number, first.equipment_amount, first.relending) == ("drawing", 1, AMOUNT / 8, "not_reported")

    second = draw(deal, cast.bai, 3 * AMOUNT / 4, "JJ-2")

    assert (deal.state, second.number, second.equipment_amount) == ("completed", 2, 3 * AMOUNT / 4)
    assert cases.verbs(first) == ["draw"]
    assert cases.verbs(deal)[-2:] == ["draw", "draw"]


def test_the_same_slip_again_is_the_same_drawdown(cast, deal):
    first = draw(deal, cast.bai, AMOUNT / 4)
    version = deal.version

    again = drawdowns.draw(deal, by=cast.bai, at=NOW, seen=0, slip_no="JJ-1", amount=AMOUNT / 4, **FACTS)

    assert (again, Drawdown.objects.count(), cases.fresh(deal).version) == (first, 1, version)


def test_the_same_slip_with_other_facts_is_a_conflict(cast, deal):
    draw(deal, cast.bai, AMOUNT / 4)

    with pytest.raises(Conflict) as refusal:
        draw(deal, cast.bai, AMOUNT / 2)

    assert refusal.value.code == "other_facts"


def test_what_cannot_be_drawn_is_named(world, cast, deal):
    stranger = EquipmentItem.objects.create(
        project=cases.open_need(world, cast, owner=cast.other_firm).project,
        position=9,
        name="x",
        unit_price=1,
        quantity=1,
        amount=1,
        province=HUBEI,
    )

    with pytest.raises(Invalid) as refusal:
        drawdowns.draw(
            deal,
            by=cast.bai,
            at=NOW,
            seen=deal.version,
            slip_no=" ",
            drawn_on=TODAY + dt.timedelta(days=1),
            amount=AMOUNT + 1,
            equipment_amount=AMOUNT + 2,
            payee=" ",
            paid_to_supplier_on=TODAY,
            is_entrusted=False,
            invoice_no="123",
            equipment=[stranger],
        )

    assert fields(refusal) == [
        "amount",
        "equipment_amount",
        "drawn_on",
        "paid_to_supplier_on",
        "slip_no",
        "payee",
        "not_entrusted_reason",
        "invoice_no",
        "equipment",
    ]
    assert cases.fresh(deal).state == "signed"


def test_large_payment_is_entrusted_or_says_why_not(world, cast, deal):
    threshold = 1000 * WAN

    with pytest.raises(Invalid) as refusal:
        draw(deal, cast.bai, threshold + 1, is_entrusted=False)

    assert fields(refusal) == ["not_entrusted_reason"]
    assert draw(deal, cast.bai, threshold, is_entrusted=False).amount == threshold  # exactly at the threshold is not above it


def test_reason_lets_a_large_payment_pass(cast, deal):
    row = draw(deal, cast.bai, AMOUNT, is_entrusted=False, not_entrusted_reason="供应商账户冻结，经审批自主支付")

    assert (row.is_entrusted, bool(row.not_entrusted_reason)) == (False, True)


def test_only_the_lending_branch_records(cast, deal):
    for by in (cast.an, cast.lin, cast.zhao):
        with pytest.raises(NotAllowed):
            draw(deal, by, AMOUNT)


def test_nothing_is_drawn_from_what_is_not_signed(world, cast):
    deal = cases.approved(world, cast)

    with pytest.raises(Conflict):
        draw(deal, cast.bai, AMOUNT)

    assert not Drawdown.objects.exists()


def test_stale_drawing_is_told(cast, deal):
    with pytest.raises(Stale):
        drawdowns.draw(deal, by=cast.bai, at=NOW, seen=0, slip_no="JJ-1", amount=AMOUNT, **FACTS)


def test_draw_many_answers_row_by_row(cast, deal):
    rows = [(deal, FACTS | {"slip_no": f"JJ-{n}", "amount": AMOUNT / 2}) for n in range(3)]

    results = drawdowns.draw_many(rows, by=cast.bai, at=NOW)

    assert [result.error is None for result in results] == [True, True, False]


def test_paying_the_supplier_later(cast, deal):
    row = draw(deal, cast.bai, AMOUNT)

    drawdowns.pay_supplier(row, by=cast.bai, at=NOW, seen=row.version, paid_on=TODAY)
    assert row.paid_to_supplier_on == TODAY

    with pytest.raises(Invalid) as refusal:
        drawdowns.pay_supplier(row, by=cast.bai, at=NOW, seen=row.version, paid_on=TODAY - dt.timedelta(days=1))
    assert fields(refusal) == ["paid_on"]


def test_closing_takes_back_what_was_never_drawn(world, cast, deal):
    draw(deal, cast.bai, AMOUNT / 4)

    drawdowns.close_drawing(deal, by=cast.bai, at=NOW, seen=deal.version, note="项目结余")

    assert (deal.state, cases.balance(world, "ICBC-WH")) == ("completed", (0, AMOUNT / 4))


def test_closing_needs_a_reason(cast, deal):
    with pytest.raises(Invalid):
        drawdowns.close_drawing(deal, by=cast.bai, at=NOW, seen=deal.version)


# repayment


def test_repaying_and_refunding_lower_the_balance_once_a_slip(cast, deal):
    row = draw(deal, cast.bai, AMOUNT)

    first = drawdowns.repay(row, by=cast.bai, at=NOW, on=TODAY, amount=Decimal(100), slip_no="HK-1")
    again = drawdowns.repay(row, by=cast.bai, at=NOW, on=TODAY, amount=Decimal(100), slip_no="HK-1")
    drawdowns.refund(row, by=cast.bai, at=NOW, on=TODAY, amount=Decimal(50), slip_no="TK-1")

    assert (first, drawdowns.balance(row)) == (again, AMOUNT - 150)
    assert list(Repayment.objects.order_by("id").values_list("kind", flat=True)) == ["repaid", "refunded"]
    with pytest.raises(Conflict):
        drawdowns.repay(row, by=cast.bai, at=NOW, on=TODAY, amount=Decimal(101), slip_no="HK-1")


def test_what_cannot_be_repaid_is_named(cast, deal):
    row = draw(deal, cast.bai, AMOUNT)

    with pytest.raises(Invalid) as refusal:
        drawdowns.repay(row, by=cast.bai, at=NOW, on=TODAY + dt.timedelta(days=1), amount=AMOUNT + 1, slip_no="")

    assert fields(refusal) == ["amount", "on", "slip_no"]
    with pytest.raises(NotAllowed):
        drawdowns.repay(row, by=cast.lin, at=NOW, on=TODAY, amount=Decimal(1), slip_no="HK-1")


def test_paying_off_repays_every_drawdown(cast, deal):
    rows = [draw(deal, cast.bai, AMOUNT / 2, f"JJ-{n}") for n in range(2)]
    drawdowns.repay(rows[0], by=cast.bai, at=NOW, on=TODAY, amount=AMOUNT / 2, slip_no="HK-0")

    drawdowns.repay_all(deal, by=cast.bai, at=NOW, seen=deal.version, on=TODAY, slip_no="HK-1")

    assert (deal.state, [drawdowns.balance(row) for row in rows]) == ("repaid", [0, 0])
    assert Repayment.objects.count() == 2


# re-lending


def test_local_bank_lends_outside_the_facility(world, cast):
    from deals import facility

    assert facility.status_of_new(world.banks["HBB"].pk, drawn_on=TODAY) == "not_eligible"
    assert facility.status_of_new(world.banks["ICBC"].pk, drawn_on=TODAY) == "not_reported"
    assert facility.status_of_new(world.banks["ICBC"].pk, drawn_on=dt.date(2024, 5, 1)) == "not_eligible"  # nothing announced yet


def test_facility_goes_by_schemes_that_ask_for_support(world):
    from deals import facility
    from schemes.models import BankEligibility, Scheme

    SchemeVersion.objects.filter(pk=world.central.pk).update(requires_relending=True)
    other = Scheme.objects.create(
        code="SME",
        name="中小",
        level="central",
        authority="external",
        channel="bank_net",
        is_discretionary=False,
        yield_rank=4,
        province="100000",
    )
    sme = SchemeVersion.objects.get(pk=world.central.pk)
    sme.pk, sme.code, sme.scheme, sme.requires_relending, sme.announced_on = None, "SME-1", other, False, dt.date(2026, 2, 1)
    sme.save(force_insert=True)
    BankEligibility.objects.create(version=sme, bank=world.banks["HBB"], province="100000")

    assert facility.status_of_new(world.banks["HBB"].pk, drawn_on=TODAY) == "not_eligible"


@pytest.fixture
def central_bank(world):
    from organisations.models import Organisation, Unit

    office = Organisation.objects.create(kind="unit", name="人民银行湖北省分行", province=HUBEI)
    Unit.objects.create(
        organisation=office, code="PBC-420000", kind="province", line="central_bank", region=world.regions["420000"], province=HUBEI
    )
    return people.member(office, "handler")


def test_bank_reports_and_the_central_bank_answers(cast, deal, central_bank):
    row = draw(deal, cast.bai, AMOUNT)

    drawdowns.set_relending(row, by=cast.bai, at=NOW, seen=row.version, status="reported", month="2026-03")
    with pytest.raises(NotAllowed):
        drawdowns.set_relending(row, by=cast.bai, at=NOW, seen=row.version, status="accepted")
    drawdowns.set_relending(row, by=central_bank, at=NOW, seen=row.version, status="accepted", note="第3批")

    assert (row.relending, row.relending_note, cases.verbs(row)) == ("accepted", "第3批", ["draw", "relending", "relending"])


def test_list_of_the_central_bank_tells_what_fits_nothing(cast, deal, central_bank):
    row = draw(deal, cast.bai, AMOUNT)
    fit = {"contract_no": "HT-1", "slip_no": "JJ-1", "status": "accepted", "month": "2026-03"}

    results = drawdowns.import_relending([fit, fit | {"slip_no": "JJ-9"}, fit], by=central_bank, at=NOW, province=HUBEI)

    assert [result.error is None for result in results] == [True, False, True]
    assert (cases.fresh(row).relending, cases.fresh(row).version) == ("accepted", 1)


def test_relending_that_cannot_be(cast, deal, central_bank):
    row = draw(deal, cast.bai, AMOUNT)

    with pytest.raises(Invalid):
        drawdowns.set_relending(row, by=central_bank, at=NOW, seen=row.version, status="perhaps")
    Drawdown.objects.filter(pk=row.pk).update(relending="not_eligible")
    row.refresh_from_db()
    with pytest.raises(Conflict):
        drawdowns.set_relending(row, by=central_bank, at=NOW, seen=row.version, status="accepted")
    assert Deal.objects.get().state == "completed"


@pytest.mark.parametrize("ends", ["repay", "refinance"])
def test_loan_that_ends_half_drawn_gives_back_what_was_never_drawn(world, cast, ends):
    deal = cases.signed(world, cast)
    cases.drawn(world, cast, deal, amount=AMOUNT / 4)
    facts = {"on": TODAY, "slip_no": "JQ-1"}
    if ends == "refinance":
        facts |= {"contract_no": "HT-2", "contract_on": TODAY, "rate_bp": 270, "term_months": 24}

    deal.refresh_from_db()
    ended = DEAL_ACTIONS[ends](deal, by=cast.bai, at=NOW, seen=deal.version, **facts)

    account = world.appetites["ICBC-WH"].account
    account.refresh_from_db()
    assert (ended.state, account.held, account.posted) == ("repaid", 0, AMOUNT / 4)
    assert list(invariants.breaches()) == []
