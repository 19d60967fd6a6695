"""Extended, replaced, moved: the loan goes on or ends, and the one that takes its place is linked to it."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from deals import drawdowns, invariants, loan_events, needs
from deals.costs.sheet import sheets
from deals.direct import confirm_direct
from deals.loans import loans
from deals.models import Deal, Extension
from deals.monitoring import funnel
from deals.monitoring.scope import scope_of
from tests.deals import cases
from tests.factories import NOW, TODAY, WAN

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(days=200)
ON = LATER.date()
EXTENSION = {"agreement_no": "ZQ-1", "agreed_on": ON, "months": 12}
NEW = {"contract_no": "HT-2", "contract_on": ON, "rate_bp": 270, "term_months": 36}


@pytest.fixture
def deal(world, cast):
    """20 m yuan signed, drawn in two halves of which 4 m came back."""
    deal = cases.signed(world, cast)
    for number, part in ((1, 8000), (2, 2000)):
        amount = deal.signed_amount * part / 10_000
        row = cases.drawn(world, cast, deal, slip_no=f"JJ-{number}", amount=amount, equipment_amount=amount / 2)
        deal.refresh_from_db()
    drawdowns.repay(row, by=cast.bai, at=LATER, on=ON, amount=400 * WAN, slip_no="HK-1")
    return deal


def broken():
    return [str(breach) for breach in invariants.breaches()]


def test_extension_moves_the_last_day_and_leaves_the_contract(cast, deal):
    before = loans([deal])[deal.pk].maturity

    taken = loan_events.extend(deal, by=cast.bai, at=LATER, seen=deal.version, **EXTENSION)

    assert (taken.state, taken.term_months, Extension.objects.get().months) == ("completed", 60, 12)
    assert loans([deal])[deal.pk].maturity == before.replace(year=before.year + 1)
    assert loan_events.extend(deal, by=cast.bai, at=LATER, seen=deal.version, **EXTENSION).version == taken.version
    with pytest.raises(Conflict):
        loan_events.extend(deal, by=cast.bai, at=LATER, seen=taken.version, **(EXTENSION | {"months": 6}))
    with pytest.raises(NotAllowed):
        loan_events.extend(deal, by=cast.lin, at=LATER, seen=taken.version, **(EXTENSION | {"agreement_no": "ZQ-2"}))
    with pytest.raises(Stale):
        loan_events.extend(deal, by=cast.bai, at=LATER, seen=taken.version - 1, **(EXTENSION | {"agreement_no": "ZQ-2"}))


def test_refinanced_loan_is_repaid_and_the_new_one_owes_the_same(world, cast, deal):
    before = cases.balance(world, "ICBC-WH")

    taken = loan_events.refinance(deal, by=cast.bai, at=LATER, seen=deal.version, on=ON, slip_no="JX-1", **NEW)

    new = Deal.objects.get(succeeds=deal)
    assert (taken.state, [drawdowns.balance(row) for row in deal.drawdowns.all()]) == ("repaid", [0, 0])
    assert (new.state, new.succession, new.signed_amount, new.account_id) == ("completed", "refinanced", 1600 * WAN, None)
    row = new.drawdowns.get()
    assert (row.amount, row.equipment_amount, row.drawn_on, row.paid_to_supplier_on) == (1600 * WAN, 800 * WAN, ON, TODAY)
    assert cases.balance(world, "ICBC-WH") == before
    assert sheets([new], on=ON)[new.pk].subsidies == ()
    assert needs.left([deal.need])[deal.need_id] == 0
    assert loan_events.refinance(deal, by=cast.bai, at=LATER, seen=deal.version, on=ON, slip_no="JX-1", **NEW).version == taken.version
    assert broken() == []


def test_moved_loan_is_confirmed_and_drawn_at_the_new_bank(world, cast, deal):
    held, posted = cases.balance(world, "CCB-WH")

    loan_events.move(deal, by=cast.lin, at=LATER, seen=deal.version, branch="CCB-WH", amount=1600 * WAN, **NEW)
    new = Deal.objects.get(succeeds=deal)
    confirm_direct(new, by=cast.an, at=LATER, seen=new.version)
    new.refresh_from_db()
    cases.drawn(world, cast, new, at=LATER, slip_no="JJ-9", drawn_on=ON, paid_to_supplier_on=ON)
    deal.refresh_from_db()
    drawdowns.repay_all(deal, by=cast.bai, at=LATER, seen=deal.version, on=ON, slip_no="JQ-1")

    new.refresh_from_db()
    deal.refresh_from_db()
    assert (deal.state, new.state, new.succession) == ("repaid", "completed", "moved")
    assert cases.balance(world, "CCB-WH") == (held, posted + 1600 * WAN)
    assert broken() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount": 1601 * WAN}, ("amount", "out_of_range")),
        ({"branch": "ICBC-WH"}, ("branch", "same_branch")),
        ({"contract_on": ON + dt.timedelta(days=1)}, ("contract_on", "in_future")),
    ],
)
def test_what_cannot_be_moved_is_named(cast, deal, changes, expected):
    facts = {"branch": "CCB-WH", "amount": 1600 * WAN} | NEW | changes

    with pytest.raises(Invalid) as refused:
        loan_events.move(deal, by=cast.lin, at=LATER, seen=deal.version, **facts)

    assert expected in {(problem.field, problem.code) for problem in refused.value.problems}
    assert not Deal.objects.filter(succeeds=deal).exists()


def test_loan_that_took_anothers_place_is_counted_once(cast, deal):
    def row():
        total = funnel.total(scope_of(cast.zhao), funnel.Cut())
        return total.amounts["signed"], total.amounts["drawn"], total.filings["signed"]

    before = row()
    loan_events.refinance(deal, by=cast.bai, at=LATER, seen=deal.version, on=ON, slip_no="JX-1", **NEW)

    assert row() == before == (2000 * WAN, 2000 * WAN, 1)


def test_loan_that_another_bank_takes_over_is_not_refinanced_too(world, cast, deal):
    loan_events.move(deal, by=cast.lin, at=LATER, seen=deal.version, branch="CCB-WH", amount=1600 * WAN, **NEW)
    deal.refresh_from_db()

    with pytest.raises(Invalid) as refusal:
        loan_events.refinance(deal, by=cast.bai, at=LATER, seen=deal.version, on=ON, slip_no="JX-1", **(NEW | {"contract_no": "HT-3"}))

    assert [problem.code for problem in refusal.value.problems] == ["already_succeeded"]
