"""Lists and pages cost the same number of queries for one row and for three."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Entry
from tests import factories
from tests.factories import NOW, TODAY
from tests.portal import cases

pytestmark = pytest.mark.django_db


def queries(client, address: str) -> int:
    client.get(address)  # what is loaded once per process
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return len(captured)


def fill_review(world, cast, n):
    for filing in factories.filings(world, factories.firms(world, n), state="in_review"):
        filing.steps.filter(position=1).update(due_at=NOW)


def fill_pool(world, cast, n):
    factories.filings(world, factories.firms(world, n), state="in_pool")


def fill_own(world, cast, n):
    for state in ("draft", "returned"):
        factories.filings(world, [cast.firm] * n, state=state)


def fill_banks(world, cast, n):
    """Invitations, deals with drawdowns and claims at one branch, and the firm's consents."""
    rounds = cases.round_(world)
    for filing in factories.filings(world, [cast.firm] * n):
        cases.recommendation(world, rounds, filing)
        cases.invitation(world, filing)
        cases.disclosure(world, filing, "ICBC-WH")
        cases.invitation(world, filing, "HBB-WH", state="awaiting_consent", origin="recommended")
        cases.disclosure(world, filing, "HBB-WH", scope="outline", basis="consent")
    for filing in factories.filings(world, [cast.firm] * n):
        loan = cases.deal(world, filing, state="drawing")
        cases.disclosure(world, filing, "ICBC-WH", basis="deal")
        cases.drawdown(loan, 1)
        cases.claim(world, loan)
        cases.claim(world, loan, state="filed", period_end=TODAY + dt.timedelta(days=90))
    for filing in factories.filings(world, [cast.firm] * n):
        cases.deal(world, filing, state="intent")


def fill_rounds(world, cast, n):
    for number, filing in enumerate(factories.filings(world, factories.firms(world, 2 * n))):
        rounds = cases.round_(world, state="published" if number % 2 else "planned")
        cases.recommendation(world, rounds, filing)


def fill_round(world, cast, n):
    rounds = cases.round_(world)
    for _child in range(n):
        cases.round_(world, parent=rounds)
    made = factories.filings(world, factories.firms(world, 2 * n))
    for filing in made[:n]:
        cases.recommendation(world, rounds, filing)
    for filing in made[n:]:
        cases.non_match(rounds, filing)
    return rounds.pk


def fill_accounts(world, cast, n):
    account = world.appetites["ICBC-WH" if n == 1 else "CCB-WH"].account
    Entry.objects.bulk_create(
        Entry(
            account=account,
            seq=seq + 2,
            kind="limit",
            amount=0,
            limit_after=account.limit,
            held_after=0,
            posted_after=0,
            business_key=f"k{seq}",
            at=NOW,
            by_label="测试",
            province="420000",
        )
        for seq in range(n)
    )
    return account.pk


def fill_filing(world, cast, n):
    """One filing with n of everything on its page."""
    filing = factories.filing(world, cast.firm)
    rounds = cases.round_(world)
    for rank, branch in enumerate(["ICBC-WH", "CCB-WH", "HBB-WH"][:n]):
        cases.recommendation(world, rounds, filing, branch, rank=rank, state="published" if rank == 0 else "standby")
        cases.invitation(world, filing, branch, state="accepted")
        cases.disclosure(world, filing, branch)
        loan = cases.deal(world, filing, branch, state="drawing")
        cases.drawdown(loan)
        cases.claim(world, loan)
    return filing.pk


def fill_deal(world, cast, n):
    loan = cases.deal(world, factories.filing(world, cast.firm), state="drawing")
    for number in range(1, n + 1):
        cases.drawdown(loan, number, amount=loan.amount / 10)
        cases.claim(world, loan, period_end=TODAY + dt.timedelta(days=number))
    return loan.pk


PAGES: list[tuple[str, str, Callable[..., int | None]]] = [
    ("chen", "/", fill_review),
    ("chen", "/inbox/", fill_review),
    ("zhao", "/filings/", fill_review),
    ("zhao", "/filings/?state=in_pool", fill_pool),
    ("zhao", "/adequacy/", fill_pool),
    ("zhao", "/progress/", fill_banks),
    ("zhao", "/", fill_rounds),
    ("zhao", "/rounds/", fill_rounds),
    ("zhao", "/rounds/{pk}/", fill_round),
    ("zhao", "/rounds/{pk}/recommendations/", fill_round),
    ("zhao", "/rounds/{pk}/non-matches/", fill_round),
    ("zhao", "/accounts/{pk}/", fill_accounts),
    ("zhao", "/filings/{pk}/", fill_filing),
    ("lin", "/filings/{pk}/", fill_filing),
    ("lin", "/", fill_own),
    ("lin", "/", fill_banks),
    ("lin", "/filings/mine/", fill_own),
    ("lin", "/deals/?state=signed", fill_banks),
    ("lin", "/deals/{pk}/", fill_deal),
    ("bai", "/", fill_banks),
    ("bai", "/invitations/", fill_banks),
    ("bai", "/deals/?state=signed", fill_banks),
    ("mo_bank", "/invitations/", fill_banks),
    ("qian", "/", fill_banks),
    ("qian", "/claims/", fill_banks),
]


@pytest.mark.parametrize(("who", "address", "fill"), PAGES, ids=[f"{who} {address}" for who, address, _fill in PAGES])
def test_page_costs_the_same_for_one_row_and_three(world, cast, as_, who, address, fill):
    client = as_(who)
    costs = []
    for n in (1, 3):
        pk = fill(world, cast, n)
        costs.append(queries(client, address.format(pk=pk)))

    assert costs[0] == costs[1]
