"""A budget's forecast: what is expected of it does not depend on how far a claim has come."""

from decimal import Decimal

import pytest

from deals.models import SubsidyClaim
from deals.subsidies import claims
from deals.subsidies.outlook import outlook
from ledger import accounts
from ledger.models import LedgerAccount
from schemes.models import Budget, BudgetDocument
from tests.deals import cases, claim_cases
from tests.deals.claim_cases import JULY
from tests.factories import HUBEI

DOCUMENT = "鄂财金示〔2026〕071号"


def years():
    return {row.year: row for row in outlook(HUBEI, at=JULY)}


def test_a_loan_is_expected_to_ask_until_its_window_ends(world, cast):
    signed = cases.signed(world, cast)
    cases.drawn(world, cast, signed)
    BudgetDocument.objects.filter(budget__fiscal_year=2028).delete()
    Budget.objects.filter(fiscal_year=2028).delete()

    found = years()

    assert sorted(found) == [2026, 2027, 2028]
    assert all(row.expected > 0 and row.held == row.posted == row.asked == row.owed == 0 for row in found.values())
    assert (found[2027].limit, found[2028].limit) == (20_000_000, None)
    assert found[2028].left == -found[2028].expected


def test_the_need_of_a_year_stays_the_same_on_a_claims_way_to_payment(world, cast):
    rows = claim_cases.reviewed(world, cast)
    needed = [years()[2026].needed]
    assert years()[2026].asked == rows[0].eligible

    claims.approve_many(rows, by=cast.qian, at=JULY)
    needed.append(years()[2026].needed)
    claims.settle_many(rows, by=cast.qian, at=JULY, document_no=DOCUMENT)
    needed.append(years()[2026].needed)

    assert len(set(needed)) == 1
    assert years()[2026].posted == rows[0].eligible


def test_what_is_owed_is_said_beside_what_is_asked(world, cast):
    rows = claim_cases.reviewed(world, cast)
    account = LedgerAccount.objects.get(code="budget:HB-ADDON:2026")
    accounts.set_limit(account.pk, Decimal(20_000), business_key="limit", by=cast.system, at=JULY)
    before = years()[2026].needed

    claims.approve_many(rows, by=cast.qian, at=JULY)
    claims.settle_many(rows, by=cast.qian, at=JULY, document_no=DOCUMENT)

    row, owed = years()[2026], SubsidyClaim.objects.get(carried=1)
    assert (row.owed, row.posted, row.asked, row.needed) == (owed.eligible, 20_000, 0, before)
    assert row.left == 20_000 - before


@pytest.mark.django_db
def test_nothing_lent_and_no_budget_is_an_empty_list():
    assert outlook("990000", at=JULY) == []
