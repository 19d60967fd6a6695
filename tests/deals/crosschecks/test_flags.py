"""Three planted frauds are flagged and stop the approval until they are answered; clean claims pass; nothing refuses a fact."""

from decimal import Decimal

import pytest

from common.errors import Invalid, NotAllowed
from deals import drawdowns, tasks
from deals.crosschecks import flags, words
from deals.crosschecks.models import CompanyRecord, CrossCheckFlag, Shareholding
from deals.models import Drawdown, SubsidyClaim
from deals.subsidies import accrual, claims
from tests.deals import cases
from tests.deals.subsidies import example
from tests.deals.subsidies.example import END, QUARTERS, A
from tests.factories import HUBEI, SINCE

INVOICE, FORGED = "26422000000012345678", "２６４２ 2000-0000 1234 5678"
SUPPLIER = "91420100MA4K000001"
GROSS = (Decimal("6966.67"), Decimal("112416.67"))


def filed(world, cast):
    """A provincial claim of the first quarter, filed; its first drawdown was paid with an invoice."""
    deal = example.loan(world, cast)
    Drawdown.objects.filter(number=1).update(invoice_no=INVOICE, payee_uscc=SUPPLIER)
    accrual.accrue(deal, until=QUARTERS[1], by=cast.system, at=END)
    example.pay_interest(deal, cast.bai, zip(QUARTERS, GROSS, strict=False), start=A)
    row = SubsidyClaim.objects.get(scheme__level="province", period_end=QUARTERS[0])
    return claims.file(row, by=cast.lin, at=END, seen=row.version)


def reviewed(row, cast):
    claims.review(row, by=cast.zhao, at=END, seen=row.version)
    return row


def approve(row, cast):
    row.refresh_from_db()
    return claims.approve(row, by=cast.qian, at=END, seen=row.version)


def rules_of(row):
    return list(CrossCheckFlag.objects.filter(claim=row).order_by("rule").values_list("rule", flat=True))


def test_clean_claim_is_not_flagged(world, cast):
    row = reviewed(filed(world, cast), cast)

    assert (rules_of(row), approve(row, cast).state) == ([], "approved")


def test_forged_second_use_of_an_invoice(world, cast):
    row = filed(world, cast)
    other = cases.signed(world, cast, "CCB-WH", at=END, contract_no="HT-2")
    drawdowns.draw(
        other,
        by=cast.an,
        at=END,
        seen=other.version,
        slip_no="JJ-9",
        drawn_on=END.date(),
        amount=Decimal(1_000_000),
        payee="另一家公司",
        invoice_no=FORGED,
    )

    reviewed(row, cast)

    flag = CrossCheckFlag.objects.get(claim=row)
    assert (flag.rule, flag.evidence["as_written"]) == ("same_invoice", FORGED)
    assert FORGED in words.told(flag.rule, flag.evidence)
    with pytest.raises(Invalid) as refusal:
        approve(row, cast)
    assert [problem.code for problem in refusal.value.problems] == ["flag_open"]


def test_same_day_round_trip(world, cast):
    row = filed(world, cast)
    drawdown = Drawdown.objects.get(number=1)
    drawdowns.repay(drawdown, by=cast.bai, at=END, on=A, amount=Decimal(7_000_000), slip_no="HK-1")

    reviewed(row, cast)

    assert rules_of(row) == ["round_trip"]


def test_supplier_owned_by_the_borrower(world, cast):
    row = filed(world, cast)
    facts = {"valid_from": SINCE, "source": "股权登记", "province": HUBEI}
    Shareholding.objects.create(holder_uscc=cast.firm.uscc, company_uscc=SUPPLIER, share_bp=6000, **facts)

    reviewed(row, cast)

    flag = CrossCheckFlag.objects.get(claim=row)
    assert (flag.rule, words.told(flag.rule, flag.evidence)) == (
        "related_supplier",
        "供应商 武汉示例机床有限公司 由借款人持股 60%。",
    )


def test_answered_with_a_reason_the_claim_may_be_approved(world, cast):
    row = filed(world, cast)
    CompanyRecord.objects.create(uscc=SUPPLIER, name="武汉示例机床有限公司", state="struck_off", on=SINCE, source="登记", province=HUBEI)
    reviewed(row, cast)
    flag = CrossCheckFlag.objects.get(claim=row)

    with pytest.raises(Invalid):
        flags.dismiss(flag, by=cast.qian, at=END, seen=flag.version)
    for stranger in (cast.lin, cast.bai, cast.tan, cast.system):
        with pytest.raises(NotAllowed):
            flags.dismiss(flag, by=stranger, at=END, seen=flag.version, note="没有问题")
    flags.uphold(flag, by=cast.qian, at=END, seen=flag.version, note="划付时已注销")
    with pytest.raises(Invalid) as refusal:
        approve(row, cast)
    assert refusal.value.problems[0].code == "flag_upheld"
    flag.refresh_from_db()
    flags.dismiss(flag, by=cast.qian, at=END, seen=flag.version, note="划付在前，注销在后")

    assert (approve(row, cast).state, cases.verbs(flag)) == ("approved", ["flag", "uphold", "dismiss"])


def test_what_turned_up_since_the_review_is_asked_before_approval(world, cast):
    row = reviewed(filed(world, cast), cast)
    CompanyRecord.objects.create(uscc=SUPPLIER, name="武汉示例机床有限公司", state="revoked", on=SINCE, source="登记", province=HUBEI)

    with pytest.raises(Invalid) as refusal:
        approve(row, cast)
    assert [problem.code for problem in refusal.value.problems] == ["flag_new"]
    assert (tasks.cross_check_due(at=END), tasks.cross_check_due(at=END)) == (1, 0)

    assert rules_of(row) == ["struck_off"]


def test_neither_firm_nor_bank_sees_what_was_flagged(world, cast):
    row = filed(world, cast)
    CompanyRecord.objects.create(uscc=SUPPLIER, name="某", state="revoked", on=SINCE, source="登记", province=HUBEI)
    reviewed(row, cast)

    for who, sees in (("qian", True), ("zhao", True), ("lin", False), ("bai", False), ("mo_county", False)):
        assert CrossCheckFlag.objects.visible_to(getattr(cast, who)).exists() is sees, who


def test_machines_are_known_by_their_numbers(world, cast):
    deal = cases.signed(world, cast)
    how = {"serial_nos": "SN-1，sn２; SN-1", "invoice_no": "INV 2026/7"}

    row = cases.drawn(world, cast, deal, **how)

    assert [(one.serial_no, one.key) for one in row.serials.order_by("pk")] == [("SN-1", "SN1"), ("sn２", "SN2")]
    row.refresh_from_db()
    assert (row.invoice_no, row.invoice_key) == ("INV 2026/7", "INV20267")


def test_many_claims_cost_the_same(world, cast, django_assert_max_num_queries):
    row = filed(world, cast)
    rows = list(SubsidyClaim.objects.filter(pk=row.pk))

    with django_assert_max_num_queries(16):
        flags.flag(rows, by=cast.system, at=END)
